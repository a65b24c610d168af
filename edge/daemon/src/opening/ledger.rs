//! Opens the ledger. A damaged file is set aside whole, and the box goes on with a new one.

use std::path::{Path, PathBuf};

use edge_store::{Aside, Entry, Key, NewEpoch, OpeningFacts, Store, StoreError, StoreSettings};
use sync_wire::Kind;
use sync_wire::record::{Carried, DeviceState, EpochBegan, EpochReason, PreviousEpoch, Started};
use tokio::sync::mpsc;

use crate::advice::advice;
use crate::certificate;
use crate::clock::{self, Clock, ClockChange, Known, Machine};
use crate::config::SiteConfig;
use crate::error::DaemonError;
use crate::health::SET_ASIDE;
use crate::office::{self, OffSince};
use crate::records::{self, SOFTWARE};
use crate::seal::{self, Sealing};
use crate::troubles::ledger_record;

const CLOCK_CHANGES_MAX: usize = 16;
/// A restored file that stands ready to take the ledger's place.
const READY: &str = ".restored";
/// A copy that is not whole yet.
const DRAFT: &str = ".copying";

/// The opened ledger with its clock.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The ledger.
    pub(crate) store: Store,
    /// The clock, above its floor.
    pub(crate) clock: Clock,
    /// Jumps and syncs of the clock, to be recorded; and an absence that is declared once the time is
    /// known.
    pub(crate) changes: (mpsc::Receiver<ClockChange>, Option<OffSince>),
    /// What the box signs with, and what it found.
    pub(crate) sealing: Sealing,
}

/// What is done about a damaged file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDamage {
    /// Nothing: the command ends with an error.
    Refuse,
    /// It is set aside, because the gate must work.
    SetAside,
}

/// Opens the ledger, numbers this boot and writes down that the box started.
///
/// # Errors
/// The ledger does not open or takes no record.
pub(crate) async fn open(config: &SiteConfig, on_damage: OnDamage) -> Result<Opened, DaemonError> {
    open_on(clock::HERE, config, on_damage).await
}

/// The same on any machine.
pub(crate) async fn open_on(
    machine: Machine,
    config: &SiteConfig,
    on_damage: OnDamage,
) -> Result<Opened, DaemonError> {
    let key = ledger_key(config)?;
    let path = &config.ledger.path;
    finish_restore(path)?;
    let mut is_set_aside = false;
    let store = match Store::open_with_daily_files(&store_settings(config), &key) {
        Err(error @ StoreError::Damaged { .. }) if on_damage == OnDamage::SetAside => {
            let aside = edge_store::set_aside(path, Aside::Damaged, &stamp())?;
            tracing::error!(file = %aside.display(), %error, "Damaged ledger set aside");
            is_set_aside = true;
            Store::open_with_daily_files(&store_settings(config), &key)?
        }
        opened => opened?,
    };
    let sealing = seal::begin(config, &store, is_set_aside)?;
    let facts = store.facts().clone();
    let writer = store.writer();
    let boot_id = (machine.boot_id)()?;
    let boot = writer.boot_number(&boot_id).await?;
    let (sender, changes) = mpsc::channel(CLOCK_CHANGES_MAX);
    let clock = Clock::of(machine, (boot, &known(config, &facts)), sender);
    let now = clock.now();
    let mut entries = if facts.epoch_is_new {
        first_records(config, &key, &facts, now)?
    } else {
        Vec::new()
    };
    let off_since = facts.alive_at.filter(|at| *at <= now.wall_ms);
    let mut kinds = vec![Kind::Started(Started {
        boot_id,
        software: SOFTWARE.to_owned(),
        off_since,
    })];
    kinds.extend(office::powered_off(off_since, &now));
    for kind in kinds {
        entries.push(Entry::new(records::box_body(now, kind)?));
    }
    if let Some(code) = sealing.alarm() {
        entries.push(ledger_record(now, DeviceState::Fault, code)?);
    }
    // Where the clock is unset, nobody knows yet how long the box was off.
    let off_since = office::off_since(&store, &now)?;
    let notes = off_since.map(OffSince::setting).into_iter().collect();
    writer.append_and_note(entries, notes).await?;
    if facts.epoch_is_new {
        // The lanes read the roster next: people who came along must be in it.
        writer.catch_up().await?;
    }
    sealing.keep(config, &store, now).await?;
    Ok(Opened {
        store,
        clock,
        changes: (changes, off_since),
        sealing,
    })
}

/// The first records of a new file: where it takes the place of a damaged one, what can still be
/// read about people there comes along, so that the gate goes on knowing them.
fn first_records(
    config: &SiteConfig,
    key: &Key,
    facts: &OpeningFacts,
    now: edge_domain::Moment,
) -> Result<Vec<Entry>, DaemonError> {
    let aside = edge_store::last_set_aside(&config.ledger.path)?;
    let remains = aside
        .as_deref()
        .map(|aside| edge_store::remains(aside, key, &config.box_id))
        .unwrap_or_default();
    let began = EpochBegan {
        r#box: config.box_id.clone(),
        site: config.site_code.clone(),
        epoch: facts.epoch.clone(),
        software: SOFTWARE.to_owned(),
        reason: if aside.is_some() {
            EpochReason::Damaged
        } else {
            EpochReason::FirstStart
        },
        previous: remains.newest.map(|(epoch, head)| PreviousEpoch {
            epoch,
            last: head.seq,
            head: head.hash,
        }),
    };
    let mut entries = vec![Entry::new(records::box_body(now, Kind::EpochBegan(began))?)];
    if aside.is_some() {
        entries.push(ledger_record(now, DeviceState::Fault, SET_ASIDE)?);
    }
    tracing::info!(records = remains.people.len(), "People taken over");
    for one in remains.people {
        let carried = Kind::Carried(Carried {
            epoch: one.epoch,
            seq: one.seq,
            body: one.body,
        });
        entries.push(Entry {
            body: records::box_body(now, carried)?,
            data_key: one.data_key,
        });
    }
    Ok(entries)
}

/// A clock while there is no ledger: nothing that it tells is written down as it stands.
pub(crate) fn clock_without_ledger(config: &SiteConfig) -> Clock {
    let (sender, _changes) = mpsc::channel(CLOCK_CHANGES_MAX);
    let known = Known {
        issued_at: issued_at(config),
        ..Known::default()
    };
    Clock::new(0, &known, sender)
}

/// What is known about time before anybody looks at the wall clock.
fn known(config: &SiteConfig, facts: &OpeningFacts) -> Known {
    Known {
        issued_at: issued_at(config),
        alive_at: facts.alive_at,
        last: facts.last,
    }
}

fn issued_at(config: &SiteConfig) -> Option<i64> {
    let city = config.city.as_ref()?;
    certificate::valid_from_ms(&city.certificate_file)
}

/// Puts a backup of the ledger into its place, under a new epoch. The file before it is set aside.
///
/// # Errors
/// The box runs, or the backup is not a whole ledger of this box; then nothing has changed.
pub(crate) async fn restore(config: &SiteConfig, backup: &Path) -> Result<String, DaemonError> {
    let (key, path) = (ledger_key(config)?, &config.ledger.path);
    if edge_store::is_in_use(path)? {
        let path = path.clone();
        return Err(StoreError::Locked { path }.into());
    }
    let report = edge_store::verify(backup, &key, &mut |_| {})?;
    if let Some((epoch, broken)) = report.first_broken() {
        let seq = broken.seq;
        return Err(DaemonError::Refused(format!(
            "备份不完好（账本 {epoch} 第 {seq} 条起不对），没有恢复，现有账本未动"
        )));
    }
    let draft = suffixed(path, DRAFT);
    for companion in ["", "-wal"] {
        let (from, to) = (suffixed(backup, companion), suffixed(&draft, companion));
        if from.exists() {
            std::fs::copy(&from, &to).map_err(|source| DaemonError::File { file: from, source })?;
        }
    }
    let settings = StoreSettings {
        path: draft.clone(),
        ..store_settings(config)
    };
    let restored = begin_restored(config, &settings, &key).await;
    remove(&suffixed(&draft, ".lock"))?;
    let restored = restored?;
    std::fs::File::open(&draft)?.sync_all()?;
    std::fs::rename(&draft, suffixed(path, READY))?;
    if path.exists() {
        edge_store::set_aside(path, Aside::Replaced, &stamp())?;
    }
    finish_restore(path)?;
    Ok(format!(
        "已恢复：备份里共 {} 条记录，新账本编号 {restored}。平台缺的会自动补传",
        report.records
    ))
}

async fn begin_restored(
    config: &SiteConfig,
    settings: &StoreSettings,
    key: &Key,
) -> Result<String, DaemonError> {
    let store = Store::open(settings, key)?;
    let facts = store.facts().clone();
    let writer = store.writer();
    let boot = writer.boot_number(&clock::boot_id()?).await?;
    let (sender, _changes) = mpsc::channel(CLOCK_CHANGES_MAX);
    let now = Clock::new(boot, &known(config, &facts), sender).now();
    let name = edge_store::new_epoch_name()?;
    let began = EpochBegan {
        r#box: config.box_id.clone(),
        site: config.site_code.clone(),
        epoch: name.clone(),
        software: SOFTWARE.to_owned(),
        reason: EpochReason::Restored,
        previous: Some(PreviousEpoch {
            epoch: facts.epoch,
            last: facts.head.seq,
            head: facts.head.hash,
        }),
    };
    let first = vec![Entry::new(records::box_body(now, Kind::EpochBegan(began))?)];
    writer
        .begin_epoch(NewEpoch {
            name: name.clone(),
            first,
            ..NewEpoch::default()
        })
        .await?;
    store.close()?;
    Ok(name)
}

/// A restored file that stands ready takes the place of a ledger that is not there.
fn finish_restore(path: &Path) -> Result<(), DaemonError> {
    let ready = suffixed(path, READY);
    if !path.exists() && ready.exists() {
        // The note speaks of the file that was replaced.
        remove(&edge_store::head_file_path(path))?;
        std::fs::rename(&ready, path)?;
    }
    Ok(())
}

fn remove(file: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Tells a file that is set aside now from those before: the time, so that names sort.
fn stamp() -> String {
    format!("{:015}", clock::read().wall_ms)
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The key of the ledger.
///
/// # Errors
/// Names the setting and the file that cannot be used.
pub(crate) fn ledger_key(config: &SiteConfig) -> Result<Key, DaemonError> {
    Key::from_file(&config.ledger.key_file).map_err(|error| DaemonError::Setting {
        key: "ledger.key_file",
        file: config.ledger.key_file.clone(),
        why: advice(&error),
    })
}

/// The settings of the store for a site's settings.
fn store_settings(config: &SiteConfig) -> StoreSettings {
    StoreSettings {
        path: config.ledger.path.clone(),
        box_id: config.box_id.clone(),
        site: config.site_code.clone(),
    }
}
