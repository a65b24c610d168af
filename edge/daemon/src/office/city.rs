//! The ledger as the way to the city reads it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_store::{
    Epoch, Head, ParkedRecord, ParkedTold, Reader, StoreError, Writer, compared_setting,
};
use sync_engine::{Alarm, DigestRun, EpochStart, Fork, LedgerRecord, OurHashes, PastFork, Survey};
use sync_mqtt::{Ledger, LedgerError, Page};
use sync_wire::ack::Parked;
use sync_wire::ctl::{GAPS_MAX, Part};
use sync_wire::down::VerifyingKey;
use sync_wire::record::DeviceState;
use sync_wire::{Countersign, Hash};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use crate::clock::Clock;
use crate::health::{HealthNews, LedgerAlarm};
use crate::office::carry::Carrier;
use crate::office::desk::Office;
use crate::office::fork::{self, LastFork, Names};
use crate::seal::{self, COMPARED, COMPARED_DAY, DIFFERS_CODE};
use crate::troubles::{FORKS, ledger_record};

/// The store, read on blocking threads so that the office goes on meanwhile.
#[derive(Debug, Clone)]
pub(crate) struct CityLedger {
    names: Names,
    clock: Clock,
    news: mpsc::Sender<HealthNews>,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    carrying: Arc<Notify>,
    recent: Arc<Mutex<Recent>>,
    /// Ends with the last of those who use this ledger, so that the next one finds no other.
    _carrier: Arc<AbortOnDropHandle<Option<()>>>,
    /// What the city signs with, as it was pinned.
    city_key: Option<VerifyingKey>,
}

impl CityLedger {
    /// All epochs of the store. What a fork left to be carried over is carried from now on.
    pub(crate) fn new(office: &Office<'_>) -> Self {
        let writer = office.store.writer();
        let reader = Arc::clone(office.reader);
        let carrier = Carrier {
            reader: Arc::clone(&reader),
            writer: writer.clone(),
            clock: office.clock.clone(),
        };
        let carrying = Arc::new(Notify::new());
        let work = carrier.run(Arc::clone(&carrying));
        let stop = office.stop.clone();
        let carrier = tokio::task::spawn_local(async move { stop.run_until_cancelled(work).await });
        Self {
            names: Names {
                box_id: office.config.box_id.clone(),
                site: office.config.site_code.clone(),
            },
            clock: office.clock.clone(),
            news: office.news.clone(),
            writer,
            reader,
            carrying,
            recent: Arc::default(),
            _carrier: Arc::new(AbortOnDropHandle::new(carrier)),
            city_key: office
                .config
                .city
                .as_ref()
                .and_then(|city| city.signing_key),
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes whether the city wants more epochs than it gets: on record, on the screen, and for
    /// `menwei status`.
    async fn note_wish(&self, wants_more: bool) -> Result<(), LedgerError> {
        let Some(last) = self.ask(LastFork::read).await? else {
            return Ok(());
        };
        let last = last.note(wants_more, (&self.writer, &self.clock)).await?;
        let news = HealthNews::Trouble(FORKS.to_owned(), last.trouble());
        Ok(self.news.send(news).await?)
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

/// Ends of pages that are remembered: more than there are messages on their way.
const RECENT_MAX: usize = 64;

/// The ends of the pages that were read last, with the hashes there: what an acknowledgement names is
/// mostly one of them, and need not be read again.
#[derive(Debug, Default)]
struct Recent {
    epoch: String,
    ends: VecDeque<(u64, Hash)>,
}

impl Recent {
    fn note(&mut self, epoch: &str, last: Option<&LedgerRecord>) {
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
            self.ends.clear();
        }
        if let Some(record) = last {
            if self.ends.len() >= RECENT_MAX {
                self.ends.pop_front();
            }
            self.ends.push_back((record.seq, record.hash));
        }
    }

    /// What is known of these numbers, and those of which nothing is.
    fn look_up(&self, epoch: &str, seqs: &[u64]) -> (OurHashes, Vec<u64>) {
        let known: OurHashes = if self.epoch == epoch {
            let asked = |(seq, _): &&(u64, Hash)| seqs.contains(seq);
            self.ends.iter().filter(asked).copied().collect()
        } else {
            OurHashes::new()
        };
        let unknown = seqs.iter().filter(|seq| !known.contains_key(seq));
        let unknown = unknown.copied().collect();
        (known, unknown)
    }
}

/// All epochs of the file, oldest first, as the city is told of them.
///
/// # Errors
/// The file cannot be read.
pub fn epochs(reader: &Reader) -> Result<Vec<EpochStart>, StoreError> {
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

/// What waits for the city, and the absences declared in it.
fn survey(reader: &Reader) -> Result<Survey, StoreError> {
    Ok(Survey {
        oldest_at: reader.backlog()?.oldest_at,
        gaps: reader.gaps_waiting(GAPS_MAX)?,
    })
}

fn is_unknown_epoch(error: &LedgerError) -> bool {
    let store = error.downcast_ref::<StoreError>();
    matches!(store, Some(StoreError::UnknownEpoch { .. }))
}

fn parked_record(parked: Parked) -> ParkedRecord {
    let word = serde_json::to_value(parked.code).ok();
    let word = word.as_ref().and_then(serde_json::Value::as_str);
    ParkedRecord {
        seq: parked.seq,
        code: word.unwrap_or("other").to_owned(),
        message: parked.message,
    }
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
        let name = epoch.to_owned();
        let asked = self.ask(move |reader| {
            let epoch = name;
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
        });
        let page = asked.await?;
        self.recent().note(epoch, page.records.last());
        Ok(page)
    }

    async fn hashes(&self, epoch: &str, seqs: &[u64]) -> Result<OurHashes, LedgerError> {
        let (mut hashes, unknown) = self.recent().look_up(epoch, seqs);
        if unknown.is_empty() {
            return Ok(hashes);
        }
        let epoch = epoch.to_owned();
        self.ask(move |reader| {
            for seq in unknown {
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

    async fn last_fork(&self) -> Result<Option<PastFork>, LedgerError> {
        let last = self.ask(LastFork::read).await?;
        Ok(last.map(|last| last.past(&self.clock.now())))
    }

    async fn keep_parked(
        &self,
        epoch: &str,
        (parked, nothing_else_in): (Vec<Parked>, Option<(u64, u64)>),
    ) -> Result<(), LedgerError> {
        let told = ParkedTold {
            named: parked.into_iter().map(parked_record).collect(),
            nothing_else_in,
        };
        Ok(self.writer.keep_parked(epoch, told).await?)
    }

    async fn keep_countersigns(
        &self,
        epoch: &str,
        signed: &[Countersign],
    ) -> Result<bool, LedgerError> {
        // Without the city's key nothing can be believed or refused.
        let Some(key) = self.city_key else {
            return Ok(true);
        };
        let seqs: Vec<u64> = signed.iter().map(|one| one.seq).collect();
        let ours = match self.hashes(epoch, &seqs).await {
            Ok(ours) => ours,
            Err(error) if is_unknown_epoch(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let name = (self.names.box_id.as_str(), epoch);
        let is_good =
            |one: &&Countersign| ours.get(&one.seq) == Some(&one.head) && one.holds(&key, name);
        let good: Vec<Countersign> = signed.iter().filter(is_good).cloned().collect();
        let all = good.len() == signed.len();
        if !good.is_empty() {
            self.writer.keep_countersigns(epoch, good).await?;
        }
        Ok(all)
    }

    async fn to_compare(&self, day: i64) -> Result<Option<DigestRun>, LedgerError> {
        let (run, is_over) = self.ask(move |reader| seal::due(reader, day)).await?;
        if is_over {
            let day = day.to_string();
            self.writer.put_setting(COMPARED_DAY, &day).await?;
        }
        Ok(run)
    }

    async fn roots(&self, epoch: &str, runs: &[(u64, u64)]) -> Result<Vec<Part>, LedgerError> {
        let (epoch, runs) = (epoch.to_owned(), runs.to_vec());
        self.ask(move |reader| reader.roots(&epoch, &runs)).await
    }

    async fn compared(
        &self,
        epoch: &str,
        through: u64,
        differs: Vec<u64>,
    ) -> Result<(), LedgerError> {
        if !differs.is_empty() {
            tracing::error!(?differs, "The city has other records");
            let fault = ledger_record(self.clock.now(), DeviceState::Fault, DIFFERS_CODE)?;
            self.writer.append(vec![fault]).await?;
            let remedy = Some(seal::differs(epoch, &differs));
            let news = HealthNews::Trouble(COMPARED.to_owned(), remedy);
            self.news.send(news).await?;
        }
        let (setting, through) = (compared_setting(epoch), through.to_string());
        Ok(self.writer.put_setting(&setting, &through).await?)
    }

    async fn survey(&self) -> Result<Survey, LedgerError> {
        self.ask(survey).await
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
            Alarm::Forked { .. } => {
                // The next pause begins: whether the city wants more still is told again.
                let over = HealthNews::Trouble(FORKS.to_owned(), None);
                self.news.send(over).await?;
                Some(LedgerAlarm::Forked)
            }
            Alarm::CityWentBack { .. } => Some(LedgerAlarm::CityWentBack),
            Alarm::ForksTooOften { .. } => {
                self.note_wish(true).await?;
                None
            }
            Alarm::AgreesAgain => return self.note_wish(false).await,
            Alarm::ForeignAck { .. } | Alarm::LedgerUnreadable { .. } => None,
        };
        tracing::error!(?alarm, "The way to the city raises an alarm");
        if let Some(known) = known {
            self.news.send(HealthNews::Ledger(known)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use edge_store::{Entry, Key, Store, StoreSettings};
    use sync_wire::record::{ClockQuality, Gap, GapCause, Kind, Record, Stamp};

    use sync_engine::LedgerRecord;
    use sync_wire::Hash;

    use super::{RECENT_MAX, Recent, survey};

    #[test]
    fn only_the_ends_of_the_last_pages_of_the_very_epoch_are_known_without_reading() {
        let record = |seq: u64| LedgerRecord {
            seq,
            body: Vec::new(),
            hash: Hash::from_bytes([u8::try_from(seq % 251).unwrap(); 32]),
        };
        let mut recent = Recent::default();
        for seq in (200..=20_000).step_by(200) {
            recent.note("a", Some(&record(seq)));
        }
        recent.note("a", None);
        let expected = BTreeMap::from([(20_000, record(20_000).hash)]);
        assert_eq!(
            recent.look_up("a", &[19_999, 20_000, 200]),
            (expected, vec![19_999, 200])
        );
        assert_eq!(recent.ends.len(), RECENT_MAX);
        assert_eq!(
            recent.look_up("b", &[20_000]),
            (BTreeMap::new(), vec![20_000])
        );
        recent.note("b", Some(&record(7)));
        assert_eq!(
            recent.look_up("a", &[20_000]),
            (BTreeMap::new(), vec![20_000])
        );
    }

    #[tokio::test]
    async fn a_heartbeat_knows_the_absences_that_the_city_does_not_have() {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key");
        std::fs::write(&key_file, [7; 32]).unwrap();
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let settings = StoreSettings {
            path: folder.path().join("ledger.db"),
            box_id: "box-1".to_owned(),
            site: "site-1".to_owned(),
        };
        let store = Store::open(&settings, &Key::from_file(&key_file).unwrap()).unwrap();
        let entry = |at: i64| {
            let stamp = Stamp {
                at,
                boot: 1,
                mono: 1,
                clock: ClockQuality::Synced,
            };
            let kind = Kind::Gap(Gap {
                from: at - 60_000,
                to: at,
                cause: GapCause::Suspended,
                reason: Some("停电".to_owned()),
            });
            Entry::new(Record { stamp, kind }.to_body().unwrap())
        };
        let writer = store.writer();
        let entries = (1..=20).map(|hour| entry(hour * 3_600_000)).collect();
        writer.append(entries).await.unwrap();
        let reader = store.reader().unwrap();
        let all = survey(&reader).unwrap();
        assert_eq!(all.oldest_at, Some(3_600_000));
        let ends: Vec<i64> = all.gaps.iter().map(|gap| gap.to / 3_600_000).collect();
        assert_eq!(ends, (5..=20).collect::<Vec<i64>>(), "the newest sixteen");
        assert!(all.gaps.iter().all(|gap| gap.reason.is_none()));
        let epoch = store.facts().epoch.clone();
        writer
            .advance_cursor(&epoch, 18, vec![(20, 20)])
            .await
            .unwrap();
        let rest = survey(&reader).unwrap();
        let ends: Vec<i64> = rest.gaps.iter().map(|gap| gap.to / 3_600_000).collect();
        assert_eq!(ends, [19]);
    }
}
