//! Records that the city has stored and cannot use yet: its word, beside the cursor.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::epoch;
use crate::error::StoreError;

/// A record that is parked at the city.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRecord {
    /// Its number in its epoch.
    pub seq: u64,
    /// Why, as a word of `sync/PROTOCOL.md`.
    pub code: String,
    /// Why, in Chinese.
    pub message: String,
}

/// What the city tells of an epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParkedTold {
    /// These are parked.
    pub named: Vec<ParkedRecord>,
    /// From the first to the last of these numbers nothing else is.
    pub nothing_else_in: Option<(u64, u64)>,
}

const STEP: &str = "keep what is parked";

/// Keeps what the city tells. What was known before costs no page.
pub(crate) fn keep(db: &Connection, epoch: &str, told: &ParkedTold) -> Result<u64, StoreError> {
    let no = epoch::number(db, epoch)?;
    if let Some((from, to)) = told.nothing_else_in {
        let known = seqs(db, no, (from, to))?;
        let named = |seq: &u64| told.named.iter().any(|one| one.seq == *seq);
        for seq in known.into_iter().filter(|seq| !named(seq)) {
            db.execute(
                "DELETE FROM parked WHERE epoch_no = ?1 AND seq = ?2",
                params![no, seq],
            )
            .map_err(fault)?;
        }
    }
    for one in &told.named {
        db.execute(
            "INSERT INTO parked (epoch_no, seq, code, message) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (epoch_no, seq) DO UPDATE \
             SET code = excluded.code, message = excluded.message \
             WHERE (code, message) <> (excluded.code, excluded.message)",
            params![no, one.seq, one.code, one.message],
        )
        .map_err(fault)?;
    }
    count(db)
}

fn seqs(db: &Connection, no: u32, (from, to): (u64, u64)) -> Result<Vec<u64>, StoreError> {
    let to = to.min(i64::MAX.unsigned_abs());
    let mut query = db
        .prepare("SELECT seq FROM parked WHERE epoch_no = ?1 AND seq BETWEEN ?2 AND ?3")
        .map_err(fault)?;
    let rows = query
        .query_map(params![no, from.min(to), to], |row| row.get(0))
        .map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

/// What follows the last record that the city has alike is not what the city speaks of.
pub(crate) fn forget_after(db: &Connection, no: u32, common: u64) -> Result<(), StoreError> {
    db.execute(
        "DELETE FROM parked WHERE epoch_no = ?1 AND seq > ?2",
        params![no, common],
    )
    .map(drop)
    .map_err(fault)
}

/// How many there are, of all epochs.
pub(crate) fn count(db: &Connection) -> Result<u64, StoreError> {
    db.query_row("SELECT count(*) FROM parked", [], |row| row.get(0))
        .map_err(fault)
}

/// One of them.
pub(crate) fn of_record(
    db: &Connection,
    no: u32,
    seq: u64,
) -> Result<Option<ParkedRecord>, StoreError> {
    db.query_row(
        "SELECT seq, code, message FROM parked WHERE epoch_no = ?1 AND seq = ?2",
        params![no, seq],
        read,
    )
    .optional()
    .map_err(fault)
}

/// The oldest of them, each with the number of its epoch.
pub(crate) fn oldest(
    db: &Connection,
    lines_max: usize,
) -> Result<Vec<(u32, ParkedRecord)>, StoreError> {
    let mut query = db
        .prepare("SELECT seq, code, message, epoch_no FROM parked ORDER BY epoch_no, seq LIMIT ?1")
        .map_err(fault)?;
    let rows = query
        .query_map([u64::try_from(lines_max).unwrap_or(u64::MAX)], |row| {
            Ok((row.get(3)?, read(row)?))
        })
        .map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ParkedRecord> {
    Ok(ParkedRecord {
        seq: row.get(0)?,
        code: row.get(1)?,
        message: row.get(2)?,
    })
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
