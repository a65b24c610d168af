//! The ledger as the way to the city reads it.

use std::sync::{Arc, Mutex, PoisonError};

use edge_store::{Hash, Head, Reader, StoreError, Writer};
use sync_engine::{Alarm, LedgerRecord};
use sync_mqtt::{Ledger, LedgerError, Page};
use sync_wire::ack::Parked;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// The setting that holds the list of parked records for the clerk, as JSON.
const PARKED_SETTING: &str = "parked";

/// One epoch of the store, read on blocking threads so that the office goes on meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct CityLedger {
    epoch: String,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
}

impl CityLedger {
    /// The epoch that is written to.
    pub(crate) fn new(epoch: &str, writer: Writer, reader: Reader) -> Self {
        Self {
            epoch: epoch.to_owned(),
            writer,
            reader: Arc::new(Mutex::new(reader)),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader, &str) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (reader, epoch) = (Arc::clone(&self.reader), self.epoch.clone());
        let answer = spawn_blocking(move || {
            question(
                &reader.lock().unwrap_or_else(PoisonError::into_inner),
                &epoch,
            )
        });
        Ok(answer.await??)
    }
}

impl Ledger for CityLedger {
    fn head(&self) -> watch::Receiver<Head> {
        self.writer.head()
    }

    async fn cursor(&self) -> Result<(u64, Vec<(u64, u64)>), LedgerError> {
        let cursor = self.ask(Reader::cursor).await?;
        Ok((cursor.through, cursor.ranges))
    }

    async fn page(
        &self,
        from: u64,
        records_max: u64,
        bytes_max: usize,
    ) -> Result<Page, LedgerError> {
        let records_max = u32::try_from(records_max).unwrap_or(u32::MAX);
        self.ask(move |reader, epoch| {
            let before = reader.hash_at(epoch, from.saturating_sub(1))?;
            let prev = before.ok_or_else(|| StoreError::Damaged {
                what: format!("no record before {from}"),
            })?;
            let records = reader.records(epoch, from, records_max, bytes_max)?;
            let records = records
                .into_iter()
                .map(|record| LedgerRecord {
                    seq: record.seq,
                    body: record.body,
                    hash: record.hash,
                })
                .collect();
            Ok(Page { prev, records })
        })
        .await
    }

    async fn hash_at(&self, seq: u64) -> Result<Option<Hash>, LedgerError> {
        self.ask(move |reader, epoch| reader.hash_at(epoch, seq))
            .await
    }

    async fn save_cursor(&self, through: u64, ranges: Vec<(u64, u64)>) -> Result<(), LedgerError> {
        Ok(self
            .writer
            .advance_cursor(&self.epoch, through, ranges)
            .await?)
    }

    async fn show_parked(&self, parked: Vec<Parked>) -> Result<(), LedgerError> {
        let list = serde_json::to_string(&parked)?;
        Ok(self.writer.put_setting(PARKED_SETTING, &list).await?)
    }

    async fn raise(&self, alarm: Alarm) -> Result<(), LedgerError> {
        tracing::error!(?alarm, "The way to the city raises an alarm");
        Ok(())
    }
}
