//! Questions to the file, on a connection of their own that the writer never waits for.

use std::path::Path;

use rusqlite::{Connection, params};
use sync_wire::{Hash, Head};

use crate::connection;
use crate::cursor::{self, Cursor};
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger;

/// A record as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number within its epoch.
    pub seq: u64,
    /// Its exact bytes.
    pub body: Vec<u8>,
    /// The chain's hash at this record.
    pub hash: Hash,
}

/// A read-only connection. Calls block for the time of a query: keep them off the gate's thread.
#[derive(Debug)]
pub struct Reader {
    db: Connection,
    box_id: String,
}

impl Reader {
    pub(crate) fn open(path: &Path, key: &Key, box_id: &str) -> Result<Self, StoreError> {
        Ok(Self {
            db: connection::open_for_reading(path, key)?,
            box_id: box_id.to_owned(),
        })
    }

    /// All epochs of the file, oldest first; the last one is written to.
    pub fn epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        epoch::all(&self.db)
    }

    /// The last record of an epoch.
    pub fn head(&self, epoch: &str) -> Result<Head, StoreError> {
        let no = epoch::number(&self.db, epoch)?;
        let seq = ledger::last_seq(&self.db, no)?;
        match ledger::hash_at(&self.db, no, seq)? {
            Some(hash) => Ok(Head { seq, hash }),
            None => Ok(Head::genesis(&self.box_id, epoch)),
        }
    }

    /// The chain's hash at a record; at 0 the hash that binds the chain to its name. `None` where
    /// the epoch has no such record.
    pub fn hash_at(&self, epoch: &str, seq: u64) -> Result<Option<Hash>, StoreError> {
        let no = epoch::number(&self.db, epoch)?;
        match seq {
            0 => Ok(Some(Head::genesis(&self.box_id, epoch).hash)),
            _ => ledger::hash_at(&self.db, no, seq),
        }
    }

    /// Records from `from` on, oldest first: at most `records_max`, and no more than fit into
    /// `bytes_max` of bodies, but always at least one where there is one.
    pub fn records(
        &self,
        epoch: &str,
        from: u64,
        records_max: u32,
        bytes_max: usize,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let step = "read records";
        let no = epoch::number(&self.db, epoch)?;
        let mut query = self
            .db
            .prepare(
                "SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3",
            )
            .map_err(|e| StoreError::database(step, e))?;
        let mut rows = query
            .query(params![
                ledger::row_id(no, from.max(1)),
                ledger::last_row_id(no),
                records_max
            ])
            .map_err(|e| StoreError::database(step, e))?;
        let mut records = Vec::new();
        let mut bytes: usize = 0;
        while let Some(row) = rows.next().map_err(|e| StoreError::database(step, e))? {
            let (id, body, hash) =
                ledger::stored(row).map_err(|e| StoreError::database(step, e))?;
            bytes = bytes.saturating_add(body.len());
            if bytes > bytes_max && !records.is_empty() {
                break;
            }
            records.push(StoredRecord {
                seq: ledger::seq_of(id),
                body,
                hash: Hash::from_bytes(hash),
            });
        }
        Ok(records)
    }

    /// What the city has acknowledged of an epoch.
    pub fn cursor(&self, epoch: &str) -> Result<Cursor, StoreError> {
        cursor::read(&self.db, epoch::number(&self.db, epoch)?)
    }
}
