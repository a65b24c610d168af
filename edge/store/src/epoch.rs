//! The epochs of the file: one chain each, the last one is written to.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;

/// One epoch of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Its place in this file, from 1.
    pub no: u32,
    /// Its name: 16 lower-case hexadecimal digits, random.
    pub name: String,
}

/// The epoch that is written to now, if the file has any.
pub(crate) fn current(db: &Connection) -> Result<Option<Epoch>, StoreError> {
    db.query_row(
        "SELECT no, epoch FROM epoch ORDER BY no DESC LIMIT 1",
        [],
        |row| {
            Ok(Epoch {
                no: row.get(0)?,
                name: row.get(1)?,
            })
        },
    )
    .optional()
    .map_err(|e| StoreError::database("read the epoch", e))
}

/// All epochs, oldest first.
pub(crate) fn all(db: &Connection) -> Result<Vec<Epoch>, StoreError> {
    let step = "read the epochs";
    let mut query = db
        .prepare("SELECT no, epoch FROM epoch ORDER BY no")
        .map_err(|e| StoreError::database(step, e))?;
    let rows = query
        .query_map([], |row| {
            Ok(Epoch {
                no: row.get(0)?,
                name: row.get(1)?,
            })
        })
        .map_err(|e| StoreError::database(step, e))?;
    rows.collect::<rusqlite::Result<_>>()
        .map_err(|e| StoreError::database(step, e))
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

/// Begins an epoch under a fresh random name.
pub(crate) fn begin(db: &Connection) -> Result<Epoch, StoreError> {
    let step = "begin an epoch";
    let random = getrandom::u64().map_err(|_| StoreError::Random)?;
    let name = format!("{random:016x}");
    let no: u32 = db
        .query_row(
            "INSERT INTO epoch (no, epoch) \
             SELECT coalesce(max(no), 0) + 1, ?1 FROM epoch RETURNING no",
            params![name],
            |row| row.get(0),
        )
        .map_err(|e| StoreError::database(step, e))?;
    Ok(Epoch { no, name })
}
