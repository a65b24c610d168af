//! An old file of this box: set aside, replaced, or from a storage card in a drawer. It is only read,
//! and only as far as its chain holds.

use std::path::Path;

use rusqlite::{Connection, params};
use sync_wire::Head;

use crate::connection;
use crate::epoch;
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger;
use crate::migrate;

const STEP: &str = "read an old file";

/// A file that nobody writes to.
#[derive(Debug)]
pub struct OldFile {
    db: Connection,
    box_id: String,
}

impl OldFile {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`](crate::Reader::open): another key, a newer version, another box's, damage to
    /// the very beginning.
    pub fn open(path: &Path, key: &Key, box_id: &str) -> Result<Self, StoreError> {
        if !path.is_file() {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(StoreError::io("open", path, missing));
        }
        let db = connection::open_for_reading(path, key)?;
        migrate::check(&db, path)?;
        let found: String = db
            .query_row("SELECT box FROM box", [], |row| row.get(0))
            .map_err(fault)?;
        if found != box_id {
            return Err(StoreError::OtherBox {
                path: path.to_owned(),
                found,
                expected: box_id.to_owned(),
            });
        }
        Ok(Self { db, box_id: found })
    }

    /// Its epochs, oldest first.
    pub fn epochs(&self) -> Result<Vec<String>, StoreError> {
        let names = epoch::names(&self.db)?.into_iter();
        Ok(names.map(|(_, name)| name).collect())
    }

    /// The beginning of an epoch's chain.
    pub fn start(&self, epoch: &str) -> Head {
        Head::genesis(&self.box_id, epoch)
    }

    /// Number of the last record of an epoch, as far as the file tells.
    pub fn last(&self, epoch: &str) -> Result<u64, StoreError> {
        ledger::last_seq(&self.db, epoch::number(&self.db, epoch)?)
    }

    /// Whether an epoch has this very chain at a record.
    pub fn holds(&self, epoch: &str, head: Head) -> Result<bool, StoreError> {
        if head.seq == 0 {
            return Ok(head == self.start(epoch));
        }
        let no = epoch::number(&self.db, epoch)?;
        Ok(ledger::hash_at(&self.db, no, head.seq)? == Some(head.hash))
    }

    /// The bodies of the next records that continue `after`: at most `records_max`, ending where a
    /// record is missing, cannot be read or does not fit its hash.
    pub fn continuing(
        &self,
        epoch: &str,
        after: Head,
        records_max: u32,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let no = epoch::number(&self.db, epoch)?;
        let mut query = self
            .db
            .prepare(
                "SELECT id, body, hash FROM ledger WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
            )
            .map_err(fault)?;
        let mut rows = query
            .query(params![
                ledger::row_id(no, after.seq),
                ledger::last_row_id(no),
                records_max
            ])
            .map_err(fault)?;
        let (mut head, mut bodies) = (after, Vec::new());
        // A page that cannot be read ends the chain like a record that does not fit.
        while let Ok(Some(row)) = rows.next() {
            let Ok((id, body, hash)) = ledger::stored(row) else {
                break;
            };
            let next = head.extend(&body);
            if ledger::seq_of(id) != next.seq || *next.hash.as_bytes() != hash {
                break;
            }
            head = next;
            bodies.push(body);
        }
        Ok(bodies)
    }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
