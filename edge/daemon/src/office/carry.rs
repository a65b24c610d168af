//! After a fork: what the city lacks of the old epoch goes into the one that is written to, a few
//! records at a time, beside the gate's own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_domain::Moment;
use edge_store::{Entry, Reader, StoreError, StoredRecord, ToCarry, Writer};
use sync_wire::Record;
use sync_wire::record::{Carried, Kind};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::records;

/// Records of one commit: a swipe waits behind one such commit at most.
const CHUNK_RECORDS: u32 = 100;
/// Bytes of their bodies.
const CHUNK_BYTES: usize = 128 * 1024;
/// Pause between two commits, in which the gate has the ledger for itself.
const PAUSE: Duration = Duration::from_millis(10);
/// Pause after a read or a commit that failed.
const RETRY: Duration = Duration::from_secs(5);

/// Carries over what is left of forked epochs.
#[derive(Debug)]
pub(crate) struct Carrier {
    /// The ledger.
    pub(crate) reader: Arc<Mutex<Reader>>,
    /// Where the records go.
    pub(crate) writer: Writer,
    /// When they are carried over.
    pub(crate) clock: Clock,
}

impl Carrier {
    /// Begins with what a process before this one left, and goes on whenever it is woken.
    pub(crate) async fn run(self, wake: Arc<Notify>) {
        loop {
            match self.carry_some().await {
                Ok(true) => tokio::time::sleep(PAUSE).await,
                Ok(false) => wake.notified().await,
                Err(error) => {
                    tracing::error!(%error, "Nothing can be carried over from a forked epoch");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// One commit; false where nothing is left.
    async fn carry_some(&self) -> Result<bool, DaemonError> {
        let reader = Arc::clone(&self.reader);
        let look =
            spawn_blocking(move || look(&reader.lock().unwrap_or_else(PoisonError::into_inner)));
        let next = look.await.map_err(std::io::Error::other)??;
        let Some((next, page)) = next else {
            return Ok(false);
        };
        let Some(through) = page.last().map(|record| record.seq) else {
            let (epoch, first) = (&next.epoch, next.first);
            let what = format!("record {first} of epoch {epoch} is missing");
            return Err(StoreError::Damaged { what }.into());
        };
        let now = self.clock.now();
        let entries = page
            .into_iter()
            .map(|record| Ok(Entry::new(wrapped(&next.epoch, record, now)?)))
            .collect::<Result<_, DaemonError>>()?;
        let part = (next.epoch.as_str(), next.first, through);
        self.writer.carry(entries, part).await?;
        if through >= next.last {
            tracing::info!(epoch = next.epoch, through, "Carried over");
        }
        Ok(true)
    }
}

type Page = (ToCarry, Vec<StoredRecord>);

fn look(reader: &Reader) -> Result<Option<Page>, StoreError> {
    let Some(next) = reader.next_to_carry()? else {
        return Ok(None);
    };
    let mut page = reader.records(&next.epoch, next.first, CHUNK_RECORDS, CHUNK_BYTES)?;
    page.retain(|record| record.seq <= next.last);
    Ok(Some((next, page)))
}

/// The record as it goes on; one that was carried over before keeps its origin.
pub(crate) fn wrapped(
    epoch: &str,
    record: StoredRecord,
    now: Moment,
) -> Result<Vec<u8>, DaemonError> {
    let before = Record::from_body(&record.body).ok().map(|one| one.kind);
    let carried = match before {
        Some(Kind::Carried(origin)) => origin,
        _ => Carried {
            epoch: epoch.to_owned(),
            seq: record.seq,
            body: record.body,
        },
    };
    Ok(records::box_body(now, Kind::Carried(carried))?)
}
