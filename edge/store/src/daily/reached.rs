//! How far the daily files are, as far as they themselves and the ledger tell.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::daily::frame::DailyRecord;
use crate::daily::shelf::{self, DailyFile, Seal};
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "look into the daily files";

/// How far the daily files are: the epoch that is being written, and the last record of it that is.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) epoch: Epoch,
    pub(crate) through: u64,
}

impl Reached {
    /// Nothing of an epoch.
    pub(crate) const fn beginning(epoch: Epoch) -> Self {
        Self { epoch, through: 0 }
    }

    /// The epoch after this one.
    pub(crate) fn next_epoch(&self, db: &Connection) -> Result<Option<Epoch>, StoreError> {
        epoch_after(db, self.epoch.no)
    }

    /// How far the files are without a hole. All but the newest were synced before the next was begun; of
    /// the newest a power cut may have left any part.
    pub(crate) fn in_files(
        db: &Connection,
        (folder, files): (&Path, &[DailyFile]),
        seal: &Seal,
    ) -> Result<Self, StoreError> {
        let fault = |e| StoreError::io(STEP, folder, e);
        let beginning = epoch_after(db, 0)?.ok_or(StoreError::Closed)?;
        let Some((newest, before)) = files.split_last() else {
            return Ok(Self::beginning(beginning));
        };
        let mut reached = match shelf::newest(before, seal).map_err(fault)? {
            Some(record) => place(db, &record)?,
            None if newest.number <= 1 => Some(Self::beginning(beginning.clone())),
            // Those before were removed, because the city has all of them.
            None => None,
        };
        let (mut last, mut failed) = (None, None);
        let read = shelf::read(&newest.path, 0, seal, &mut |_, record| {
            let next = match &reached {
                Some(at) => at.followed_by(db, &record),
                None => place(db, &record),
            };
            match next {
                Ok(Some(next)) => (reached, last) = (Some(next), Some(record)),
                Ok(None) => {}
                Err(error) => failed = Some(error),
            }
            failed.is_none()
        });
        read.map_err(fault)?;
        if let Some(error) = failed {
            return Err(error);
        }
        // Where another record stands there the database went back to an older copy.
        let is_known = match last {
            Some(record) => place(db, &record)?.is_some(),
            None => true,
        };
        let known = reached.filter(|_| is_known);
        Ok(known.unwrap_or(Self::beginning(beginning)))
    }

    /// Where the files are with this record, if it is the next.
    fn followed_by(
        &self,
        db: &Connection,
        record: &DailyRecord,
    ) -> Result<Option<Self>, StoreError> {
        let through = record.head.seq;
        if record.epoch == self.epoch.name {
            let epoch = self.epoch.clone();
            let is_next = through == self.through.saturating_add(1);
            return Ok(is_next.then_some(Self { epoch, through }));
        }
        let is_end = through == 1 && ledger::last_seq(db, self.epoch.no)? == self.through;
        let next = if is_end { self.next_epoch(db)? } else { None };
        let next = next.filter(|next| next.name == record.epoch);
        Ok(next.map(|epoch| Self { epoch, through }))
    }
}

/// Where a record stands in this ledger; `None` where another one or none does.
fn place(db: &Connection, record: &DailyRecord) -> Result<Option<Reached>, StoreError> {
    let Some(epoch) = epoch::named(db, &record.epoch)? else {
        return Ok(None);
    };
    let through = record.head.seq;
    let hash = ledger::hash_at(db, epoch.no, through)?;
    let is_here = hash == Some(record.head.hash) && epoch.recovered_from != Some(1);
    Ok(is_here.then_some(Reached { epoch, through }))
}

/// The epoch that was written to after this one: what came out of old files stands there still.
fn epoch_after(db: &Connection, no: u32) -> Result<Option<Epoch>, StoreError> {
    let name: Option<String> = db
        .query_row(
            "SELECT epoch FROM epoch WHERE no > ?1 AND recovered_from IS NOT 1 ORDER BY no LIMIT 1",
            [no],
            |row| row.get(0),
        )
        .optional()
        .map_err(|e| StoreError::database(STEP, e))?;
    match name {
        Some(name) => epoch::named(db, &name),
        None => Ok(None),
    }
}
