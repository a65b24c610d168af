//! Checks the whole file: every page against its seal, every record against the chain.

use std::path::Path;

use rusqlite::{Connection, params};
use sync_wire::{Hash, Head};

use crate::aside;
use crate::city::cursor;
use crate::connection;
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger;
use crate::migrate;
use crate::proof::checkpoints;
use crate::proof::head_file::SealedNote;
use crate::proof::judge::{
    self, ChainJudge, CheckpointDoubt, CheckpointsSeen, NoteDoubt, SealKeys,
};

/// Records between two reports of progress.
const PROGRESS_RECORDS: u64 = 10_000;

const STEP: &str = "read the ledger";

/// How far a check has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyProgress {
    /// The pages of the file are being checked.
    Pages,
    /// Records checked so far, of all that there are.
    Records {
        /// Checked.
        done: u64,
        /// All.
        total: u64,
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The box that the file belongs to.
    pub box_id: String,
    /// Records checked, over all epochs.
    pub records: u64,
    /// Each epoch, oldest first.
    pub epochs: Vec<EpochReport>,
    /// What the sealed note beside the file says against it.
    pub note: Option<NoteDoubt>,
}

/// What a check found in one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochReport {
    /// Its name.
    pub epoch: String,
    /// Records that fit, up to the first that does not.
    pub records: u64,
    /// The chain at the last of them.
    pub head: Head,
    /// The first that does not fit.
    pub broken: Option<Broken>,
    /// Its checkpoints, up to there.
    pub checkpoints: CheckpointsSeen,
}

/// The first record of an epoch that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Its number.
    pub seq: u64,
    /// What is wrong.
    pub how: BrokenHow,
}

/// What can be wrong with a record, as far as its neighbors tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenHow {
    /// There is none with this number, though there are later ones, or the city or a read model has
    /// seen it.
    Missing,
    /// The next record vouches for its hash: its body was changed.
    BodyChanged,
    /// The next record vouches for its body: its hash was changed.
    HashChanged,
    /// Body and hash do not fit, and nothing tells which of them is true: exchanged with another
    /// record, or the last of the chain.
    Unfit,
}

impl VerifyReport {
    /// Whether every record and every signature fits, and nothing is missing at the end.
    pub fn is_intact(&self) -> bool {
        let sound = |one: &EpochReport| one.broken.is_none() && one.checkpoints.doubts.is_empty();
        self.note.is_none() && self.epochs.iter().all(sound)
    }

    /// Each checkpoint that is not to be believed, with the epoch it is in.
    pub fn doubts(&self) -> impl Iterator<Item = (&str, u64, CheckpointDoubt)> {
        self.epochs.iter().flat_map(|one| {
            let doubts = one.checkpoints.doubts.iter();
            doubts.map(|(seq, doubt)| (one.epoch.as_str(), *seq, *doubt))
        })
    }

    /// The first break, with the epoch it is in.
    pub fn first_broken(&self) -> Option<(&str, Broken)> {
        self.epochs
            .iter()
            .find_map(|one| Some((one.epoch.as_str(), one.broken?)))
    }
}

/// Checks every page and every record of a file; works beside a running box.
///
/// # Errors
///
/// [`StoreError::Damaged`] where pages are not what was written, with their place; otherwise as at
/// opening. A chain that does not fit is no error but part of the report.
pub fn verify(
    path: &Path,
    key: &Key,
    progress: &mut dyn FnMut(VerifyProgress),
) -> Result<VerifyReport, StoreError> {
    verify_sealed(path, key, &SealKeys::default(), progress)
}

/// The same with the keys that signatures are checked with. With the box's own, the sealed note beside
/// the file is compared, too.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_sealed(
    path: &Path,
    key: &Key,
    keys: &SealKeys,
    progress: &mut dyn FnMut(VerifyProgress),
) -> Result<VerifyReport, StoreError> {
    progress(VerifyProgress::Pages);
    let db = connection::open_for_reading(path, key)?;
    migrate::check(&db, path)?;
    connection::check_pages(&db)?;
    let box_id: String = db
        .query_row("SELECT box FROM box", [], |row| row.get(0))
        .map_err(fault)?;
    // Before the ledger is seen: a running box writes on, and its note must not be the newer of both.
    let noted = read_note(path, &box_id, keys)?;
    let view = db.unchecked_transaction().map_err(fault)?;
    let total = view
        .query_row("SELECT count(*) FROM ledger", [], |row| row.get(0))
        .map_err(fault)?;
    let mut done = 0;
    let mut epochs = Vec::new();
    for epoch in epoch::all(&view)? {
        let genesis = Head::genesis(&box_id, &epoch.name);
        let judge = ChainJudge::new((&box_id, &epoch.name), keys);
        epochs.push(check_epoch(&view, (&epoch, judge), genesis, &mut |_| {
            done += 1;
            if done % PROGRESS_RECORDS == 0 || done == total {
                progress(VerifyProgress::Records { done, total });
            }
        })?);
    }
    let note = match noted {
        Some((note, set_aside)) => judge::note_doubt(&view, &note, set_aside)?,
        None => None,
    };
    Ok(VerifyReport {
        box_id,
        records: done,
        epochs,
        note,
    })
}

/// The sealed note beside the file, and whether another file stood there before.
fn read_note(
    path: &Path,
    box_id: &str,
    keys: &SealKeys,
) -> Result<Option<(SealedNote, bool)>, StoreError> {
    let Some(device) = &keys.device else {
        return Ok(None);
    };
    let note = SealedNote::read(path, box_id, device)?;
    Ok(Some((note, aside::last_set_aside(path)?.is_some())))
}

/// Walks one chain to its end or its first break.
fn check_epoch(
    db: &Connection,
    (epoch, mut judge): (&Epoch, ChainJudge<'_>),
    genesis: Head,
    seen: &mut dyn FnMut(u64),
) -> Result<EpochReport, StoreError> {
    let mut head = genesis;
    let mut broken = None;
    let mut query = db
        .prepare("SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(fault)?;
    let mut rows = query
        .query(params![
            ledger::row_id(epoch.no, 0),
            ledger::last_row_id(epoch.no)
        ])
        .map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let (id, body, hash) = ledger::stored(row).map_err(fault)?;
        let next = head.extend(&body);
        if ledger::seq_of(id) != next.seq {
            broken = Some((next.seq, BrokenHow::Missing));
            break;
        }
        let stored = Hash::from_bytes(hash);
        if stored != next.hash {
            let how = blame(db, epoch.no, next, stored)?;
            broken = Some((next.seq, how));
            break;
        }
        let kept = |at| checkpoints::countersign(db, epoch.no, at);
        judge.record((head, next), &body, kept)?;
        head = next;
        seen(head.seq);
    }
    let expected = seen_elsewhere(db, epoch.no)?;
    if broken.is_none() && head.seq < expected {
        broken = Some((head.seq.saturating_add(1), BrokenHow::Missing));
    }
    Ok(EpochReport {
        epoch: epoch.name.clone(),
        records: head.seq,
        head,
        broken: broken.map(|(seq, how)| Broken { seq, how }),
        checkpoints: judge.seen,
    })
}

/// Asks the next record which of a record's body and hash is true.
fn blame(
    db: &Connection,
    epoch_no: u32,
    computed: Head,
    stored: Hash,
) -> Result<BrokenHow, StoreError> {
    let mut query = db
        .prepare("SELECT id, body, hash FROM ledger WHERE id = ?1")
        .map_err(fault)?;
    let mut rows = query
        .query([ledger::row_id(epoch_no, computed.seq.saturating_add(1))])
        .map_err(fault)?;
    let Some(row) = rows.next().map_err(fault)? else {
        return Ok(BrokenHow::Unfit);
    };
    let (_, body, hash) = ledger::stored(row).map_err(fault)?;
    let fits = |before: Hash| {
        let head = Head {
            seq: computed.seq,
            hash: before,
        };
        head.extend(&body).hash == Hash::from_bytes(hash)
    };
    Ok(if fits(stored) {
        BrokenHow::BodyChanged
    } else if fits(computed.hash) {
        BrokenHow::HashChanged
    } else {
        BrokenHow::Unfit
    })
}

/// The highest record of an epoch that the city or the read models have seen: a chain cut off at
/// its end still fits, but not with them.
fn seen_elsewhere(db: &Connection, epoch_no: u32) -> Result<u64, StoreError> {
    let cursor = cursor::read(db, epoch_no)?;
    let folded: u64 = db
        .query_row(
            "SELECT coalesce(max(through), 0) FROM folded WHERE epoch_no = ?1",
            [epoch_no],
            |row| row.get(0),
        )
        .map_err(fault)?;
    let beyond = cursor.ranges.last().map_or(0, |(_, to)| *to);
    Ok(cursor.through.max(beyond).max(folded))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
