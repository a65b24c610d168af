//! What the clerk does becomes records, and the gate knows it at once.

use std::sync::Arc;

use edge_domain::WorkerId;
use edge_store::KeptSheet;
use edge_web::{ActMaker, BoxFuture, Recorder, Refusal, SourceError};

use crate::people::{Change, PeopleDesk};

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
