//! An old file of this box: set aside, replaced, or from a storage card in a drawer, with the daily files
//! beside it. It is only read, and only as far as its chain holds.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Head;

use crate::aside;
use crate::connection;
use crate::daily::shelf::Shelf;
use crate::epoch;
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger;
use crate::migrate;

const STEP: &str = "read an old file";

/// A file that nobody writes to.
#[derive(Debug)]
pub struct OldFile {
    /// None where nothing of it can be read.
    db: Option<Connection>,
    daily: Shelf,
    box_id: String,
}

/// Some records of an old file, in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// Their bodies.
    pub bodies: Vec<Vec<u8>>,
    /// They come from the daily files, because the database does not give them.
    pub is_daily: bool,
}

impl OldFile {
    /// Opens it, and the daily files beside it. Where the database does not open because it is damaged
    /// or gone, the daily files alone must do.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`](crate::Reader::open): another key, a newer version, another box's, damage to
    /// the very beginning and no daily file with a record of this box.
    pub fn open(path: &Path, key: &Key, box_id: &str) -> Result<Self, StoreError> {
        let daily = Shelf::open(&aside::daily_folder(path), key, box_id);
        let db = match open_database(path, key, box_id) {
            Ok(db) => Some(db),
            Err(error) => {
                // A key that opens the daily files is the right one: the beginning is damaged.
                let is_damage = matches!(
                    error,
                    StoreError::Damaged { .. }
                        | StoreError::WrongKey { .. }
                        | StoreError::Io { .. }
                );
                if !is_damage || daily.epochs().next().is_none() {
                    return Err(error);
                }
                tracing::warn!(
                    error = crate::error::chain(&error),
                    "Nothing of the old file can be read but its daily files"
                );
                None
            }
        };
        Ok(Self {
            db,
            daily,
            box_id: box_id.to_owned(),
        })
    }

    /// Its epochs, oldest first, as far as database or daily files tell.
    pub fn epochs(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        if let Some(db) = &self.db {
            let found = epoch::names(db).or_else(|error| self.unless_daily(error))?;
            names.extend(found.into_iter().map(|(_, name)| name));
        }
        let daily = self.daily.epochs();
        let unknown: Vec<String> = daily.filter(|one| !names.contains(one)).cloned().collect();
        names.extend(unknown);
        Ok(names)
    }

    /// The beginning of an epoch's chain.
    pub fn start(&self, epoch: &str) -> Head {
        Head::genesis(&self.box_id, epoch)
    }

    /// Number of the last record of an epoch, as far as database or daily files tell.
    pub fn last(&self, epoch: &str) -> Result<u64, StoreError> {
        let in_db = match self.place(epoch)? {
            // A database that is damaged there does not count against the daily files.
            Some((db, no)) => ledger::last_seq(db, no).unwrap_or(0),
            None => 0,
        };
        Ok(in_db.max(self.daily.last(epoch)))
    }

    /// Whether an epoch has this very chain at a record.
    pub fn holds(&self, epoch: &str, head: Head) -> Result<bool, StoreError> {
        if head.seq == 0 {
            return Ok(head == self.start(epoch));
        }
        if let Some((db, no)) = self.place(epoch)?
            && matches!(ledger::hash_at(db, no, head.seq), Ok(Some(hash)) if hash == head.hash)
        {
            return Ok(true);
        }
        Ok(self.daily.holds(epoch, head))
    }

    /// The next records that continue `after`: at most `records_max`, ending where a record is missing,
    /// cannot be read or does not fit its hash, in the database and in the daily files.
    pub fn continuing(
        &self,
        epoch: &str,
        after: Head,
        records_max: u32,
    ) -> Result<Part, StoreError> {
        if let Some((db, no)) = self.place(epoch)? {
            let bodies = in_database(db, no, after, records_max)?;
            if !bodies.is_empty() {
                let is_daily = false;
                return Ok(Part { bodies, is_daily });
            }
        }
        Ok(Part {
            bodies: self.daily.continuing(epoch, after, records_max),
            is_daily: true,
        })
    }

    /// The epoch in the database, where that opens and has it.
    fn place(&self, epoch: &str) -> Result<Option<(&Connection, u32)>, StoreError> {
        let Some(db) = &self.db else { return Ok(None) };
        let no = db
            .query_row("SELECT no FROM epoch WHERE epoch = ?1", [epoch], |row| {
                row.get(0)
            })
            .optional()
            .map_err(fault)
            .or_else(|error| self.unless_daily(error))?;
        Ok(no.map(|no| (db, no)))
    }

    /// What cannot be read of the database is nothing where there are daily files.
    fn unless_daily<T: Default>(&self, error: StoreError) -> Result<T, StoreError> {
        if self.daily.epochs().next().is_none() {
            return Err(error);
        }
        let error = crate::error::chain(&error);
        tracing::warn!(error, "A part of the old file cannot be read");
        Ok(T::default())
    }
}

fn open_database(path: &Path, key: &Key, box_id: &str) -> Result<Connection, StoreError> {
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
    Ok(db)
}

fn in_database(
    db: &Connection,
    no: u32,
    after: Head,
    records_max: u32,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut query = db
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

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
