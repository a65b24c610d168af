//! The epochs of the file: one chain each, one of them is written to.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sync_wire::Head;

use crate::error::StoreError;
use crate::ledger::Entry;

/// One epoch of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Its place in this file, from 1.
    pub no: u32,
    /// Its name: 16 lower-case hexadecimal digits, random.
    pub name: String,
    /// Its last record that the city has alike, where the rest was carried over into a newer epoch;
    /// `None` where the whole epoch goes up under its own name.
    pub shared: Option<u64>,
    /// Its first record that came out of a recovered file; from there on it changes no read model.
    pub recovered_from: Option<u64>,
}

/// An epoch to begin.
#[derive(Debug, Clone, Default)]
pub struct NewEpoch {
    /// Its name, from [`new_epoch_name`].
    pub name: String,
    /// Its first records, the first of them `epoch_began`.
    pub first: Vec<Entry>,
    /// Begins only if this is still the last record of the epoch before.
    pub after: Option<Head>,
    /// An epoch of this file that forked, with its last record that the city has alike: what follows
    /// there is to be carried over.
    pub forked: Option<(String, u64)>,
    /// Settings stored in the same commit.
    pub settings: Vec<(String, String)>,
}

/// A fresh random name for an epoch.
///
/// # Errors
///
/// The system gives no random bytes.
pub fn new_epoch_name() -> Result<String, StoreError> {
    let random = getrandom::u64().map_err(|_| StoreError::Random)?;
    Ok(format!("{random:016x}"))
}

/// The epoch that is written to now, if the file has any.
pub(crate) fn current(db: &Connection) -> Result<Option<Epoch>, StoreError> {
    db.query_row(
        "SELECT no, epoch, shared, recovered_from FROM epoch WHERE recovered_from IS NOT 1 \
         ORDER BY no DESC LIMIT 1",
        [],
        read,
    )
    .optional()
    .map_err(|e| StoreError::database("read the epoch", e))
}

/// All epochs: those that came whole out of recovered files first, then oldest first.
pub(crate) fn all(db: &Connection) -> Result<Vec<Epoch>, StoreError> {
    let step = "read the epochs";
    let mut query = db
        .prepare(
            "SELECT no, epoch, shared, recovered_from FROM epoch \
             ORDER BY recovered_from IS NOT 1, no",
        )
        .map_err(|e| StoreError::database(step, e))?;
    let rows = query
        .query_map([], read)
        .map_err(|e| StoreError::database(step, e))?;
    rows.collect::<rusqlite::Result<_>>()
        .map_err(|e| StoreError::database(step, e))
}

/// Numbers and names of all epochs, in the order of [`all`], also of a file that is not brought to this
/// version.
pub(crate) fn names(db: &Connection) -> Result<Vec<(u32, String)>, StoreError> {
    let step = "read the epochs of an old file";
    let fault = |e| StoreError::database(step, e);
    let knows_recovered: bool = db
        .query_row(
            "SELECT count(*) FROM pragma_table_info('epoch') WHERE name = 'recovered_from'",
            [],
            |row| row.get(0),
        )
        .map_err(fault)?;
    let sql = if knows_recovered {
        "SELECT no, epoch FROM epoch ORDER BY recovered_from IS NOT 1, no"
    } else {
        "SELECT no, epoch FROM epoch ORDER BY no"
    };
    let mut query = db.prepare(sql).map_err(fault)?;
    let rows = query
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

/// Number of the epoch with this name.
pub(crate) fn number(db: &Connection, name: &str) -> Result<u32, StoreError> {
    db.query_row("SELECT no FROM epoch WHERE epoch = ?1", [name], |row| {
        row.get(0)
    })
    .optional()
    .map_err(|e| StoreError::database("look up an epoch", e))?
    .ok_or_else(|| StoreError::UnknownEpoch {
        epoch: name.to_owned(),
    })
}

/// The epoch with this name, if the file has it.
pub(crate) fn named(db: &Connection, name: &str) -> Result<Option<Epoch>, StoreError> {
    db.query_row(
        "SELECT no, epoch, shared, recovered_from FROM epoch WHERE epoch = ?1",
        [name],
        read,
    )
    .optional()
    .map_err(|e| StoreError::database("look up an epoch", e))
}

/// Reads `no, epoch, shared, recovered_from`.
fn read(row: &Row<'_>) -> rusqlite::Result<Epoch> {
    Ok(Epoch {
        no: row.get(0)?,
        name: row.get(1)?,
        shared: row.get(2)?,
        recovered_from: row.get(3)?,
    })
}

/// Notes from which record on an epoch came out of a recovered file.
pub(crate) fn recovered(db: &Connection, no: u32, from: u64) -> Result<(), StoreError> {
    db.execute(
        "UPDATE epoch SET recovered_from = coalesce(recovered_from, ?2) WHERE no = ?1",
        params![no, from],
    )
    .map(drop)
    .map_err(|e| StoreError::database("note a recovered file", e))
}

/// Notes that the city has an epoch alike up to a record only.
pub(crate) fn share(db: &Connection, name: &str, shared: u64) -> Result<(), StoreError> {
    db.execute(
        "UPDATE epoch SET shared = ?2 WHERE epoch = ?1",
        params![name, shared],
    )
    .map(drop)
    .map_err(|e| StoreError::database("close an epoch", e))
}

/// Begins an epoch for the records of a recovered file.
pub(crate) fn begin_recovered(db: &Connection, name: &str) -> Result<Epoch, StoreError> {
    let begun = begin(db, name)?;
    recovered(db, begun.no, 1)?;
    Ok(Epoch {
        recovered_from: Some(1),
        ..begun
    })
}

/// Begins an epoch.
pub(crate) fn begin(db: &Connection, name: &str) -> Result<Epoch, StoreError> {
    let step = "begin an epoch";
    let no: u32 = db
        .query_row(
            "INSERT INTO epoch (no, epoch) \
             SELECT coalesce(max(no), 0) + 1, ?1 FROM epoch RETURNING no",
            params![name],
            |row| row.get(0),
        )
        .map_err(|e| StoreError::database(step, e))?;
    Ok(Epoch {
        no,
        name: name.to_owned(),
        shared: None,
        recovered_from: None,
    })
}
