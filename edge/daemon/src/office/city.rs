//! The ledger as the way to the city reads it.

use std::sync::{Arc, Mutex, PoisonError};

use edge_store::{Epoch, Head, Reader, StoreError, Writer};
use edge_web::PARKED_SETTING;
use sync_engine::{Alarm, EpochStart, Fork, LedgerRecord, OurHashes, Survey};
use sync_mqtt::{Ledger, LedgerError, Page};
use sync_wire::ack::Parked;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::health::{HealthNews, LedgerAlarm};
use crate::office::carry::Carrier;
use crate::office::desk::Office;
use crate::office::fork::{self, Names};

/// The store, read on blocking threads so that the office goes on meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct CityLedger {
    names: Names,
    clock: Clock,
    news: mpsc::Sender<HealthNews>,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    carrying: Arc<Notify>,
}

impl CityLedger {
    /// All epochs of the store. What a fork left to be carried over is carried from now on.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn new(office: &Office<'_>) -> Result<Self, DaemonError> {
        let writer = office.store.writer();
        let reader = Arc::new(Mutex::new(office.store.reader()?));
        let carrier = Carrier {
            reader: Arc::clone(&reader),
            writer: writer.clone(),
            clock: office.clock.clone(),
        };
        let carrying = Arc::new(Notify::new());
        let work = carrier.run(Arc::clone(&carrying));
        let stop = office.stop.clone();
        tokio::task::spawn_local(async move { stop.run_until_cancelled(work).await });
        Ok(Self {
            names: Names {
                box_id: office.config.box_id.clone(),
                site: office.config.site_code.clone(),
            },
            clock: office.clock.clone(),
            news: office.news.clone(),
            writer,
            reader,
            carrying,
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let reader = Arc::clone(&self.reader);
        let answer = spawn_blocking(move || {
            question(&reader.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Ok(answer.await??)
    }
}

/// All epochs of the file, oldest first.
fn epochs(reader: &Reader) -> Result<Vec<EpochStart>, StoreError> {
    let start = |epoch: Epoch| {
        let cursor = reader.cursor(&epoch.name)?;
        let mut head = reader.head(&epoch.name)?;
        // What follows the last common record of a forked epoch goes up under the newest name.
        if let Some(seq) = epoch.shared.filter(|shared| *shared < head.seq)
            && let Some(hash) = reader.hash_at(&epoch.name, seq)?
        {
            head = Head { seq, hash };
        }
        Ok(EpochStart {
            head,
            epoch: epoch.name,
            through: cursor.through,
            ranges: cursor.ranges,
        })
    };
    reader.epochs()?.into_iter().map(start).collect()
}

impl Ledger for CityLedger {
    fn head(&self) -> watch::Receiver<Head> {
        self.writer.head()
    }

    async fn current(&self) -> Result<EpochStart, LedgerError> {
        let current = self.ask(|reader| Ok(epochs(reader)?.pop())).await?;
        current.ok_or_else(|| "the file has no epoch".into())
    }

    async fn older(&self) -> Result<Vec<EpochStart>, LedgerError> {
        let mut older = self.ask(epochs).await?;
        older.pop();
        Ok(older)
    }

    async fn page(
        &self,
        epoch: &str,
        from: u64,
        (records_max, bytes_max): (u64, usize),
    ) -> Result<Page, LedgerError> {
        let records_max = u32::try_from(records_max).unwrap_or(u32::MAX);
        let epoch = epoch.to_owned();
        self.ask(move |reader| {
            let before = reader.hash_at(&epoch, from.saturating_sub(1))?;
            let prev = before.ok_or_else(|| StoreError::Damaged {
                what: format!("no record before {from}"),
            })?;
            let records = reader.records(&epoch, from, records_max, bytes_max)?;
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

    async fn hashes(&self, epoch: &str, seqs: &[u64]) -> Result<OurHashes, LedgerError> {
        let (epoch, seqs) = (epoch.to_owned(), seqs.to_vec());
        self.ask(move |reader| {
            let mut hashes = OurHashes::new();
            for seq in seqs {
                let hash = reader.hash_at(&epoch, seq)?;
                hashes.extend(hash.map(|hash| (seq, hash)));
            }
            Ok(hashes)
        })
        .await
    }

    async fn save_cursor(
        &self,
        epoch: &str,
        through: u64,
        ranges: Vec<(u64, u64)>,
    ) -> Result<(), LedgerError> {
        Ok(self.writer.advance_cursor(epoch, through, ranges).await?)
    }

    async fn show_parked(&self, _epoch: &str, parked: Vec<Parked>) -> Result<(), LedgerError> {
        let list = serde_json::to_string(&parked)?;
        Ok(self.writer.put_setting(PARKED_SETTING, &list).await?)
    }

    async fn survey(&self) -> Result<Survey, LedgerError> {
        let oldest_at = self.ask(|reader| Ok(reader.backlog()?.oldest_at)).await?;
        Ok(Survey {
            oldest_at,
            gaps: Vec::new(),
        })
    }

    async fn carry_over(&self, fork: Fork) -> Result<EpochStart, LedgerError> {
        let current = self.ask(|reader| Ok(reader.epochs()?.pop())).await?;
        let current = current.ok_or("the file has no epoch")?;
        let about = (&self.names, &self.clock);
        fork::leave(&self.writer, &current, &fork, about).await?;
        self.carrying.notify_one();
        self.current().await
    }

    async fn raise(&self, alarm: Alarm) -> Result<(), LedgerError> {
        let known = match &alarm {
            Alarm::Forked { .. } => Some(LedgerAlarm::Forked),
            Alarm::CityWentBack { .. } => Some(LedgerAlarm::CityWentBack),
            Alarm::ForeignAck { .. } | Alarm::LedgerUnreadable { .. } => None,
        };
        tracing::error!(?alarm, "The way to the city raises an alarm");
        if let Some(known) = known {
            self.news.send(HealthNews::Ledger(known)).await?;
        }
        Ok(())
    }
}
