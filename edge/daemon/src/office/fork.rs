//! The city holds another continuation of this ledger: a new epoch begins at once.

use edge_domain::Moment;
use edge_store::{Entry, Epoch, Head, NewEpoch, Reader, StoreError, Writer};
use edge_web::Remedy;
use serde::{Deserialize, Serialize};
use sync_engine::{Fork, PastFork};
use sync_wire::record::{DeviceState, EpochBegan, EpochReason, Kind, PreviousEpoch};

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::health::FORKED;
use crate::records::{self, SOFTWARE};
use crate::troubles::{self, FORKS_TOO_OFTEN, ledger_record};

/// The setting that remembers the last fork, for the screen and for `menwei status`.
const LAST_FORK: &str = "last_fork";
/// So often it is tried to begin behind a record that is still the last: the gate goes on writing.
const TRIES_MAX: u32 = 20;

/// The last fork of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastFork {
    /// When it was found, Unix ms by the box's clock.
    pub(crate) at: i64,
    /// The epoch that forked.
    pub(crate) epoch: String,
    /// Its last record that the city has alike.
    pub(crate) common: u64,
    /// Its last record here.
    pub(crate) last: u64,
    /// For so long after it no other epoch begins because of a fork, ms.
    #[serde(default)]
    pub(crate) pause_ms: u64,
    /// The city wanted another epoch before that was over, and has not spoken of this ledger since.
    #[serde(default)]
    pub(crate) wants_more: bool,
    /// That is on record.
    #[serde(default)]
    pub(crate) recorded: bool,
}

impl LastFork {
    /// As the file remembers it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(reader: &Reader) -> Result<Option<Self>, StoreError> {
        let text = reader.setting(LAST_FORK)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// As the engine keeps it, by the clocks of now. A clock that went back makes the pause no longer
    /// than it is.
    pub(crate) fn past(&self, now: &Moment) -> PastFork {
        let ago_ms = now.wall_ms.saturating_sub(self.at).max(0);
        let mono_ms = i64::try_from(now.mono_ms).unwrap_or(i64::MAX);
        PastFork {
            at_ms: mono_ms.saturating_sub(ago_ms),
            pause_ms: self.pause_ms,
            is_told: self.wants_more,
        }
    }

    /// What the screen and `menwei status` say while the city wants more epochs than it gets.
    pub(crate) fn trouble(&self) -> Option<Remedy> {
        let until = self.at.saturating_add_unsigned(self.pause_ms);
        self.wants_more.then(|| troubles::forks_too_often(until))
    }

    /// Notes whether the city wants more. The first time in a pause it goes on record, for the city and
    /// whoever looks into the ledger.
    ///
    /// # Errors
    /// The ledger takes no record.
    pub(crate) async fn note(
        mut self,
        wants_more: bool,
        (writer, clock): (&Writer, &Clock),
    ) -> Result<Self, DaemonError> {
        self.wants_more = wants_more;
        let is_news = wants_more && !std::mem::replace(&mut self.recorded, true);
        let entries = if is_news {
            vec![ledger_record(
                clock.now(),
                DeviceState::Fault,
                FORKS_TOO_OFTEN,
            )?]
        } else {
            Vec::new()
        };
        let text = serde_json::to_string(&self).map_err(std::io::Error::other)?;
        if entries.is_empty() {
            writer.put_setting(LAST_FORK, &text).await?;
        } else {
            let notes = vec![(LAST_FORK.to_owned(), text)];
            writer.append_and_note(entries, notes).await?;
        }
        Ok(self)
    }
}

/// Box and site, as records name them.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The box.
    pub(crate) box_id: String,
    /// Its site.
    pub(crate) site: String,
}

/// Notes what is to be carried over; where the forked epoch is the one that is written to, another one
/// begins. A second time changes nothing.
///
/// # Errors
/// The ledger takes no record, or does not know the epoch.
pub(crate) async fn leave(
    writer: &Writer,
    current: &Epoch,
    fork: &Fork,
    (names, clock): (&Names, &Clock),
) -> Result<(), DaemonError> {
    if current.name != fork.epoch {
        return Ok(writer.fork(&fork.epoch, fork.common).await?);
    }
    let mut tries = 0;
    loop {
        let last = *writer.head().borrow();
        match writer
            .begin_epoch(new_epoch(last, fork, (names, clock))?)
            .await
        {
            Err(StoreError::Overtaken) if tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error.into()),
            Ok(begun) => {
                let (old, common) = (&fork.epoch, fork.common);
                let (new, last) = (begun.name, last.seq);
                tracing::error!(old, common, last, new, "A new epoch began after a fork");
                return Ok(());
            }
        }
    }
}

fn new_epoch(
    last: Head,
    fork: &Fork,
    (names, clock): (&Names, &Clock),
) -> Result<NewEpoch, DaemonError> {
    let (now, name) = (clock.now(), edge_store::new_epoch_name()?);
    let began = Kind::EpochBegan(EpochBegan {
        r#box: names.box_id.clone(),
        site: names.site.clone(),
        epoch: name.clone(),
        software: SOFTWARE.to_owned(),
        reason: EpochReason::Forked,
        previous: Some(PreviousEpoch {
            epoch: fork.epoch.clone(),
            last: last.seq,
            head: last.hash,
        }),
    });
    let remembered = LastFork {
        at: now.wall_ms,
        epoch: fork.epoch.clone(),
        common: fork.common,
        last: last.seq,
        pause_ms: fork.pause_ms,
        wants_more: false,
        recorded: false,
    };
    let remembered = serde_json::to_string(&remembered).map_err(std::io::Error::other)?;
    Ok(NewEpoch {
        name,
        first: vec![
            Entry::new(records::box_body(now, began)?),
            ledger_record(now, DeviceState::Fault, FORKED)?,
        ],
        after: Some(last),
        forked: Some((fork.epoch.clone(), fork.common)),
        settings: vec![(LAST_FORK.to_owned(), remembered)],
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use edge_store::{Key, Store, StoreSettings};
    use serde_json::Value;
    use tokio::sync::mpsc;

    use super::*;
    use crate::clock::Known;

    fn open(folder: &std::path::Path) -> Store {
        let key_file = folder.join("key");
        std::fs::write(&key_file, [7; 32]).unwrap();
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let settings = StoreSettings {
            path: folder.join("ledger.db"),
            box_id: "box-1".to_owned(),
            site: "site-1".to_owned(),
        };
        Store::open(&settings, &Key::from_file(&key_file).unwrap()).unwrap()
    }

    /// The codes that stand in the ledger's alarms, all epochs.
    fn alarms(reader: &Reader) -> Vec<String> {
        let mut codes = Vec::new();
        for epoch in reader.epochs().unwrap() {
            for record in reader.records(&epoch.name, 1, 100, 1 << 20).unwrap() {
                let body: Value = serde_json::from_slice(&record.body).unwrap();
                if body["kind"] == "device" && body["device"] == "ledger" {
                    codes.push(body["detail"].as_str().unwrap().to_owned());
                }
            }
        }
        codes
    }

    #[tokio::test]
    async fn the_pause_after_a_fork_outlives_a_restart_and_is_on_record_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let (changes, _) = mpsc::channel(1);
        let clock = Clock::new(1, &Known::default(), changes);
        let names = Names {
            box_id: "box-1".to_owned(),
            site: "site-1".to_owned(),
        };
        let current = store.reader().unwrap().epochs().unwrap().pop().unwrap();
        let fork = Fork {
            epoch: current.name.clone(),
            common: 0,
            pause_ms: 1_200_000,
        };
        let writer = store.writer();
        leave(&writer, &current, &fork, (&names, &clock))
            .await
            .unwrap();
        // Twice asked for, once let go in between.
        for wants_more in [true, false, true] {
            let last = LastFork::read(&store.reader().unwrap()).unwrap().unwrap();
            let last = last.note(wants_more, (&writer, &clock)).await.unwrap();
            assert_eq!(last.trouble().is_some(), wants_more);
        }
        store.close().unwrap();

        let store = open(folder.path());
        let reader = store.reader().unwrap();
        assert_eq!(alarms(&reader), [FORKED, FORKS_TOO_OFTEN]);
        let last = LastFork::read(&reader).unwrap().unwrap();
        let told = last.trouble().unwrap();
        assert_eq!(told.code, "E-DB-05");
        assert!(told.effect.contains("暂不上传"), "{}", told.effect);
        // Ten minutes later, after a boot of the machine.
        let now = |wall_ms| Moment {
            wall_ms,
            mono_ms: 5_000,
            ..clock.now()
        };
        let past = last.past(&now(last.at + 600_000));
        assert_eq!((past.at_ms, past.pause_ms), (-595_000, 1_200_000));
        assert!(past.is_told);
        // A clock that went back does not make the pause longer.
        assert_eq!(last.past(&now(last.at - 86_400_000)).at_ms, 5_000);
    }

    #[tokio::test]
    async fn an_older_file_remembers_a_fork_without_a_pause() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let old = r#"{"at":7,"epoch":"00112233aabbccdd","common":3,"last":9}"#;
        store.writer().put_setting(LAST_FORK, old).await.unwrap();
        let last = LastFork::read(&store.reader().unwrap()).unwrap().unwrap();
        assert_eq!((last.pause_ms, last.trouble()), (0, None));
    }
}
