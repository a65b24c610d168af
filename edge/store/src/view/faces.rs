//! What the gate must know of faces from before a restart, and whose face may go where.

use edge_domain::{Mismatches, WorkerId, site_date};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::model::fold;
use crate::model::unfolded;

const STEP: &str = "read what faces did";

/// Events of one terminal that are remembered at most.
const EVENTS_MAX: u32 = 4_096;

/// The numbers of a terminal's newest events in the ledger, oldest first.
pub(crate) fn terminal_events(db: &Connection, terminal: &str) -> Result<Vec<u64>, StoreError> {
    let mut numbers: Vec<u64> = db
        .prepare(
            "SELECT seq FROM terminal_event WHERE terminal = ?1 ORDER BY ledger_id DESC LIMIT ?2",
        )
        .and_then(|mut query| {
            query
                .query_map(params![terminal, EVENTS_MAX], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(fault)?;
    numbers.reverse();
    let newest = unfolded::records(db)?;
    let newest = newest.iter().filter_map(fold::terminal_event);
    numbers.extend(newest.filter(|(name, _)| name == terminal).map(|one| one.1));
    Ok(numbers)
}

/// Cards that came with another face on the site's day of an instant (Unix ms).
pub(crate) fn mismatches(db: &Connection, now_ms: i64) -> Result<Mismatches, StoreError> {
    const DAY_MS: i64 = 86_400_000;
    let mut rows: Vec<(u32, i64)> = db
        .prepare("SELECT worker, at FROM face_mismatch WHERE at > ?1 ORDER BY ledger_id")
        .and_then(|mut query| {
            query
                .query_map([now_ms.saturating_sub(DAY_MS)], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(fault)?;
    let newest = unfolded::records(db)?;
    rows.extend(newest.iter().filter_map(fold::mismatch));
    let today = site_date(now_ms);
    let mut found = Mismatches::default();
    for (worker, at) in rows {
        if site_date(at) == today {
            found.mismatch(WorkerId(worker), today);
        }
    }
    Ok(found)
}

/// Workers who are engaged here and have signed one of these versions of the consent's words.
pub(crate) fn signed_consents(db: &Connection, versions: &[u16]) -> Result<Vec<u32>, StoreError> {
    let signed: Vec<(u32, u16)> = db
        .prepare(
            "SELECT face_consent.worker, text FROM face_consent JOIN worker USING (worker) \
             WHERE given AND text IS NOT NULL AND entered_on IS NOT NULL AND left_on IS NULL \
             ORDER BY worker",
        )
        .and_then(|mut query| {
            query
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(fault)?;
    let fits = signed.into_iter().filter(|one| versions.contains(&one.1));
    Ok(fits.map(|one| one.0).collect())
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
