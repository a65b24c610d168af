//! Epochs out of old files: their records stand here again under their own names, and go up from here.
//!
//! They change no read model: people are numbered by the file in which they stand, and a file that was
//! damaged may have lost numbers that were given anew since.

use rusqlite::{Connection, params};
use sync_wire::Head;

use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "take over a record of an old file";

/// Adds records to an older epoch behind `after`, which must be its last here; the epoch begins with
/// them where the file does not have it. Gives the number of the last.
///
/// # Errors
///
/// The epoch is the one that is written to, was carried over in part, or ends otherwise.
pub(crate) fn take_over(
    db: &Connection,
    name: &str,
    after: Head,
    bodies: &[Vec<u8>],
) -> Result<u64, StoreError> {
    let differs = || StoreError::OtherEnd {
        epoch: name.to_owned(),
        seq: after.seq,
    };
    let epoch = match epoch::named(db, name)? {
        Some(there) => there,
        None if after.seq == 0 => epoch::begin_recovered(db, name)?,
        None => return Err(differs()),
    };
    let is_current = epoch::current(db)?.is_some_and(|current| current.no == epoch.no);
    if is_current || epoch.shared.is_some() || !ends_at(db, &epoch, after)? {
        return Err(differs());
    }
    epoch::recovered(db, epoch.no, after.seq.saturating_add(1))?;
    let mut insert = db
        .prepare("INSERT INTO ledger (id, body, hash) VALUES (?1, ?2, ?3)")
        .map_err(fault)?;
    let mut head = after;
    for body in bodies {
        head = head.extend(body);
        let id = ledger::row_id(epoch.no, head.seq).ok_or_else(differs)?;
        insert
            .execute(params![id, body, head.hash.as_bytes()])
            .map_err(fault)?;
    }
    Ok(head.seq)
}

fn ends_at(db: &Connection, held: &Epoch, after: Head) -> Result<bool, StoreError> {
    if ledger::last_seq(db, held.no)? != after.seq {
        return Ok(false);
    }
    // Before the first record there is nothing to compare: the name makes the chain's beginning.
    let hash = ledger::hash_at(db, held.no, after.seq)?;
    Ok(after.seq == 0 || hash == Some(after.hash))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
