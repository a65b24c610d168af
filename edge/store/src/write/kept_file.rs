//! What is kept beside the ledger for good: sealed parts of pictures and documents that speak for a
//! correction, and sheets as they were.

use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::view::sheets::KeptSheet;

/// A part of a file.
#[derive(Debug)]
pub(crate) struct KeptPart {
    pub(crate) worker: u32,
    /// SHA-256 of the whole file, lower-case hexadecimal.
    pub(crate) digest: String,
    /// Its place, from 0.
    pub(crate) part: u32,
    /// Sealed with the worker's key.
    pub(crate) sealed: Vec<u8>,
}

/// Keeps it; the same again changes nothing.
pub(crate) fn keep(db: &Connection, one: &KeptPart) -> Result<usize, StoreError> {
    db.execute(
        "INSERT INTO evidence (worker, digest, part, sealed) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (worker, digest, part) DO NOTHING",
        params![one.worker, one.digest, one.part, one.sealed],
    )
    .map_err(|e| StoreError::database("keep a file", e))
}

/// Keeps a sheet; the same again changes nothing.
pub(crate) fn keep_sheet(db: &Connection, one: &KeptSheet) -> Result<usize, StoreError> {
    db.execute(
        "INSERT INTO sheet (digest, team, month, made_at, body) VALUES (?1, ?2, ?3, ?4, ?5) \
         ON CONFLICT (digest) DO NOTHING",
        params![one.digest, one.team.0, one.month, one.made_ms, one.body],
    )
    .map_err(|e| StoreError::database("keep a sheet", e))
}
