//! What the clerk does becomes records, and the gate knows it at once.

use std::sync::Arc;

use edge_domain::WorkerId;
use edge_store::{ImportJob, ImportRow, KeptSheet, Writer};
use edge_web::{ActMaker, BoxFuture, ImportDesk, ImportMaker, Recorder, Refusal, SourceError};

use crate::people::{Change, PeopleDesk, read_apart};

/// Records of one commit: the gate's own records never wait long behind a team that leaves.
const BATCH_RECORDS: usize = 100;

/// The clerk's side of the desk where people change.
#[derive(Debug)]
pub(crate) struct ClerkDesk(pub(crate) Arc<PeopleDesk>);

impl Recorder for ClerkDesk {
    fn record(&self, maker: ActMaker) -> BoxFuture<'_, Result<Result<(), Refusal>, SourceError>> {
        Box::pin(self.0.carry_out(move |reader, _| {
            Ok(match maker(reader)? {
                Ok(acts) => {
                    let batch = Some(BATCH_RECORDS);
                    let change = Change {
                        acts,
                        batch,
                        ..Change::default()
                    };
                    (change, Ok(()))
                }
                Err(refusal) => (Change::default(), Err(refusal)),
            })
        }))
    }

    fn keep_file(
        &self,
        worker: WorkerId,
        digest: String,
        bytes: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(self.0.keep_file(worker, digest, bytes))
    }

    fn keep_sheet(&self, sheet: KeptSheet) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(self.0.keep_sheet(sheet))
    }
}

/// The clerk's side of the desk where people change, for whole files.
#[derive(Debug)]
pub(crate) struct ClerkImport {
    pub(crate) people: Arc<PeopleDesk>,
    pub(crate) writer: Writer,
}

impl ImportDesk for ClerkImport {
    fn read(&self, file: Vec<u8>) -> BoxFuture<'_, Result<Option<Vec<u8>>, SourceError>> {
        Box::pin(async move { Ok(read_apart(file).await?) })
    }

    fn begin(
        &self,
        job: ImportJob,
        rows: Vec<ImportRow>,
        forget: (i64, Vec<String>),
    ) -> BoxFuture<'_, Result<u64, SourceError>> {
        Box::pin(async move { Ok(self.writer.begin_import(job, rows, forget).await?) })
    }

    fn remove(&self, job: u64) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async move { Ok(self.writer.remove_import(job).await?) })
    }

    fn carry_out(&self, maker: ImportMaker) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(self.people.carry_out(move |reader, _| {
            let Some((acts, step)) = maker(reader)? else {
                return Ok((Change::default(), false));
            };
            let change = Change {
                acts,
                import: Some(step),
                ..Change::default()
            };
            Ok((change, true))
        }))
    }
}
