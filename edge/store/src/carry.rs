//! What is still to be carried over from epochs that forked.

use rusqlite::{Connection, OptionalExtension, params};

use crate::city::{cursor, parked};
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "note what is to be carried over";

/// Records of an epoch that are still to be carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToCarry {
    /// The epoch in which they stand.
    pub epoch: String,
    /// First of them.
    pub first: u64,
    /// Last of them.
    pub last: u64,
}

/// Notes that the city has an epoch alike up to `common` only; what follows is to be carried over,
/// unless it was before. A second time changes nothing.
pub(crate) fn fork(db: &Connection, epoch: &Epoch, common: u64) -> Result<(), StoreError> {
    let last = match epoch.shared {
        Some(shared) => shared,
        None => ledger::last_seq(db, epoch.no)?,
    };
    if epoch.shared.is_some() && common >= last {
        return Ok(());
    }
    epoch::share(db, &epoch.name, common.min(last))?;
    parked::forget_after(db, epoch.no, common)?;
    // A file that went back may still hold what the city said before it went back itself.
    let held = cursor::read(db, epoch.no)?;
    let kept = held.up_to(common);
    if kept != held {
        cursor::write(db, epoch.no, &kept)?;
    }
    if common < last {
        db.execute(
            "INSERT INTO carry (epoch_no, first, last) VALUES (?1, ?2, ?3)",
            params![epoch.no, common.saturating_add(1), last],
        )
        .map_err(fault)?;
    }
    Ok(())
}

/// What is to be carried over next: of the newest epoch first, because that one may hold records that
/// were carried over from the older ones, and each epoch's own order must stay.
pub(crate) fn next(db: &Connection) -> Result<Option<ToCarry>, StoreError> {
    db.query_row(
        "SELECT epoch, first, last FROM carry JOIN epoch ON no = epoch_no \
         ORDER BY no DESC, first LIMIT 1",
        [],
        |row| {
            Ok(ToCarry {
                epoch: row.get(0)?,
                first: row.get(1)?,
                last: row.get(2)?,
            })
        },
    )
    .optional()
    .map_err(fault)
}

/// The records of an epoch that are still to be carried over: first and last of each part.
pub(crate) fn parts(db: &Connection, epoch_no: u32) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut query = db
        .prepare("SELECT first, last FROM carry WHERE epoch_no = ?1 ORDER BY first")
        .map_err(fault)?;
    let rows = query
        .query_map([epoch_no], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

/// Of the part of an epoch that begins at `first`, everything up to `through` is carried over. False
/// where no such part is left: somebody else carried these records over meanwhile.
pub(crate) fn done(
    db: &Connection,
    epoch_no: u32,
    (first, through): (u64, u64),
) -> Result<bool, StoreError> {
    let moved = db.execute(
        "UPDATE carry SET first = ?3 + 1 WHERE epoch_no = ?1 AND first = ?2 AND last >= ?3",
        params![epoch_no, first, through],
    );
    if moved.map_err(fault)? == 0 {
        return Ok(false);
    }
    db.execute(
        "DELETE FROM carry WHERE epoch_no = ?1 AND first > last",
        [epoch_no],
    )
    .map_err(fault)?;
    Ok(true)
}

/// How many records are still to be carried over.
pub(crate) fn left(db: &Connection) -> Result<u64, StoreError> {
    db.query_row(
        "SELECT coalesce(sum(last - first + 1), 0) FROM carry",
        [],
        |row| row.get(0),
    )
    .map_err(fault)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
