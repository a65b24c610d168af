//! Damaged and replaced files: set aside whole, and looked into as far as they can be read.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::record::Kind;
use sync_wire::seal::DataKey;
use sync_wire::{Hash, Head, Record};

use crate::connection;
use crate::daily::shelf::Shelf;
use crate::epoch;
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger::{self, KeyOf};

/// Why a file was set aside: part of its new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aside {
    /// It is damaged.
    Damaged,
    /// A backup took its place.
    Replaced,
}

impl Aside {
    const fn word(self) -> &'static str {
        match self {
            Self::Damaged => ".damaged-",
            Self::Replaced => ".replaced-",
        }
    }
}

/// What belongs to a database file, in the order in which it is renamed: where the power goes in between,
/// the file still stands in its place, and is set aside at the next start.
const COMPANIONS: [&str; 4] = [DAILY, "", "-wal", "-shm"];
/// The folder of its daily files.
const DAILY: &str = "-daily";
/// Most records about people that are taken over.
const PEOPLE_MAX: usize = 200_000;
const STEP: &str = "look into a file that was set aside";

/// A record of another file.
#[derive(Debug, Clone)]
pub struct Remnant {
    /// The epoch that it was recorded in.
    pub epoch: String,
    /// Its number there.
    pub seq: u64,
    /// Its exact bytes.
    pub body: Vec<u8>,
    /// For a `worker` or `visit` record: whose it is and the key, where that can still be read.
    pub data_key: Option<(KeyOf, DataKey)>,
}

/// What can still be read of a file that was set aside.
#[derive(Debug, Clone, Default)]
pub struct Remains {
    /// Its newest epoch, with the last record that can be read.
    pub newest: Option<(String, Head)>,
    /// Its records about people, employers, teams and project, oldest first.
    pub people: Vec<Remnant>,
}

/// Renames a file and what belongs to it, whole; gives its new name. `stamp` tells it from others.
///
/// # Errors
///
/// The system refuses to rename.
pub fn set_aside(path: &Path, why: Aside, stamp: &str) -> Result<PathBuf, StoreError> {
    let to = suffixed(path, &format!("{}{stamp}", why.word()));
    for companion in COMPANIONS {
        let (from, to) = (suffixed(path, companion), suffixed(&to, companion));
        match fs::rename(&from, &to) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io("set aside", &from, error)),
        }
    }
    take_orphan(path, why, &to)?;
    Ok(to)
}

/// The file that was set aside last beside `path`, because it was damaged.
///
/// # Errors
///
/// The folder cannot be read.
pub fn last_set_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(None);
    };
    let mut begin = name.to_os_string();
    begin.push(Aside::Damaged.word());
    let begin = begin.to_string_lossy().into_owned();
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| StoreError::io("read", folder, e))? {
        let entry = entry.map_err(|e| StoreError::io("read", folder, e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&begin)
            && !["-wal", "-shm", DAILY]
                .iter()
                .any(|end| name.ends_with(end))
        {
            found.push(entry.path());
        }
    }
    Ok(found.into_iter().max())
}

/// The folder of the daily files of a database file.
pub(crate) fn daily_folder(path: &Path) -> PathBuf {
    suffixed(path, DAILY)
}

/// Gives a file that was set aside the daily files that were renamed for it when the power went, before
/// the file itself was.
fn take_orphan(path: &Path, why: Aside, to: &Path) -> Result<(), StoreError> {
    let own = daily_folder(to);
    if own.exists() {
        return Ok(());
    }
    let names = beside(path)?.into_iter();
    let mut orphan = names.filter(|one| {
        let text = one.to_string_lossy();
        let base = text.strip_suffix(DAILY);
        base.is_some_and(|base| text.contains(why.word()) && !Path::new(base).exists())
    });
    match orphan.next_back() {
        Some(orphan) => {
            fs::rename(&orphan, &own).map_err(|e| StoreError::io("set aside", &orphan, e))
        }
        None => Ok(()),
    }
}

/// What stands in the same place and has the name of `path` in front, in order.
fn beside(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Vec::new());
    };
    let begin = name.to_string_lossy();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| StoreError::io("read", folder, e))? {
        let entry = entry.map_err(|e| StoreError::io("read", folder, e))?;
        if entry.file_name().to_string_lossy().starts_with(&*begin) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Reads what can be read; of a file that does not open at all that is the place of its last record, by
/// its daily files.
pub fn remains(path: &Path, key: &Key, box_id: &str) -> Remains {
    let mut remains = Remains::default();
    let looked = connection::open_for_reading(path, key).and_then(|db| look(&db, &mut remains));
    if let Err(error) = looked {
        tracing::warn!(
            error = crate::error::chain(&error),
            "A part of the old file cannot be read"
        );
    }
    let known = remains
        .newest
        .as_ref()
        .map(|(epoch, head)| (epoch.as_str(), head.seq));
    if let Some(newer) = newest_daily(path, key, box_id, known) {
        remains.newest = Some(newer);
    }
    remains
}

/// The last record in the daily files of a database file, where they have more than is known of it.
fn newest_daily(
    path: &Path,
    key: &Key,
    box_id: &str,
    known: Option<(&str, u64)>,
) -> Option<(String, Head)> {
    let shelf = Shelf::open(&daily_folder(path), key, box_id);
    let epoch = shelf.epochs().last()?;
    let last = shelf.last(epoch);
    if known.is_some_and(|(name, seq)| name != epoch || seq >= last) {
        return None;
    }
    let record = shelf.record(epoch, last)?;
    Some((epoch.clone(), record.head))
}

fn look(db: &Connection, remains: &mut Remains) -> Result<(), StoreError> {
    let epochs = epoch::names(db)?;
    for (no, name) in &epochs {
        people(db, (*no, name), remains)?;
    }
    if let Some((no, name)) = epochs.last() {
        let seq = ledger::last_seq(db, *no)?;
        let hash = ledger::hash_at(db, *no, seq)?;
        remains.newest = hash.map(|hash| (name.clone(), Head { seq, hash }));
    }
    Ok(())
}

fn people(
    db: &Connection,
    (no, name): (u32, &str),
    remains: &mut Remains,
) -> Result<(), StoreError> {
    let fault = |e| StoreError::database(STEP, e);
    let mut query = db
        .prepare("SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(fault)?;
    let mut rows = query
        .query(params![ledger::row_id(no, 1), ledger::last_row_id(no)])
        .map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let (id, body, hash) = ledger::stored(row).map_err(fault)?;
        let head = Head {
            seq: ledger::seq_of(id),
            hash: Hash::from_bytes(hash),
        };
        remains.newest = Some((name.to_owned(), head));
        if remains.people.len() < PEOPLE_MAX {
            remains.people.extend(remnant(db, name, head.seq, body));
        }
    }
    Ok(())
}

/// A record about people; one that was carried over before keeps its origin.
fn remnant(db: &Connection, epoch: &str, seq: u64, body: Vec<u8>) -> Option<Remnant> {
    let kind = Record::from_body(&body).ok()?.kind;
    if let Kind::Carried(one) = kind {
        let kind = Record::from_body(&one.body).ok()?.kind;
        return is_about_people(&kind).then(|| Remnant {
            epoch: one.epoch,
            seq: one.seq,
            data_key: data_key(db, &kind),
            body: one.body,
        });
    }
    is_about_people(&kind).then(|| Remnant {
        epoch: epoch.to_owned(),
        seq,
        data_key: data_key(db, &kind),
        body,
    })
}

/// What happened at a lane or to the box stays in the old file.
const fn is_about_people(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Project(_)
            | Kind::Employer(_)
            | Kind::Team(_)
            | Kind::Worker(_)
            | Kind::Entry(_)
            | Kind::Exit(_)
            | Kind::Contract(_)
            | Kind::Training(_)
            | Kind::FaceConsent(_)
            | Kind::HealthCertificate(_)
            | Kind::Blacklist(_)
            | Kind::Visit(_)
            | Kind::VisitEnded(_)
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is sealed")]
fn data_key(db: &Connection, kind: &Kind) -> Option<(KeyOf, DataKey)> {
    let (whose, number, sql) = match kind {
        Kind::Worker(one) => (
            KeyOf::Worker(one.worker),
            one.worker,
            "SELECT key FROM worker_key WHERE worker = ?1",
        ),
        Kind::Visit(one) => (
            KeyOf::Visit(one.visit),
            one.visit,
            "SELECT key FROM visit_key WHERE visit = ?1",
        ),
        _ => return None,
    };
    let key = db
        .query_row(sql, [number], |row| row.get(0).map(DataKey::from_bytes))
        .optional();
    Some((whose, key.ok()??))
}
