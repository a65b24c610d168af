//! What people did at the lanes in a span of time, from the ledger itself.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Record;

use crate::city::cursor::{self, Cursor};
use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::screen::picture;
use crate::view::today::{self, RecentAct};

/// Most records that one question looks through: three days of a busy site.
const RECORDS_MAX: usize = 30_000;

/// How long after a presentation its passage is still looked for, ms.
const PASSAGE_MS_MAX: i64 = 600_000;

const STEP: &str = "read a day's acts";

/// Acts from `from_ms` on and before `to_ms`, newest first, of all epochs; of a span with too many
/// records the newest.
///
/// Looks for the place by halving: within an epoch time only grows (the clock has a floor), but for
/// corrections that are small beside a day.
pub(crate) fn between(
    db: &Connection,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<RecentAct>, StoreError> {
    let mut acts = Vec::new();
    let mut left = RECORDS_MAX;
    for epoch in epoch::all(db)?.iter().rev() {
        let last = ledger::last_seq(db, epoch.no)?;
        let from = first_at(db, epoch.no, last, from_ms)?;
        let to = first_at(db, epoch.no, last, to_ms.saturating_add(PASSAGE_MS_MAX))?;
        let cursor = cursor::read(db, epoch.no)?;
        let mut passages = BTreeMap::new();
        let mut query = db
            .prepare("SELECT id, body FROM ledger WHERE id >= ?1 AND id < ?2 ORDER BY id DESC")
            .map_err(fault)?;
        let mut rows = query
            .query(params![
                ledger::row_id(epoch.no, from),
                ledger::row_id(epoch.no, to)
            ])
            .map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            if left == 0 {
                return Ok(acts);
            }
            left -= 1;
            let id: i64 = row.get(0).map_err(fault)?;
            let seq = ledger::seq_of(id);
            let body: Vec<u8> = row.get(1).map_err(fault)?;
            let Ok(record) = Record::from_body(&body) else {
                continue;
            };
            let Some(mut act) = today::act(seq, record, &cursor, &mut passages) else {
                continue;
            };
            if (from_ms..to_ms).contains(&act.at) {
                today::name(db, &mut act)?;
                act.pictures = picture::has(db, id)?.then_some(id);
                acts.push(act);
            }
        }
    }
    Ok(acts)
}

/// The act of a ledger key; `None` where there is none.
pub(crate) fn one(db: &Connection, id: i64) -> Result<Option<RecentAct>, StoreError> {
    let body: Option<Vec<u8>> = db
        .query_row("SELECT body FROM ledger WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .optional()
        .map_err(fault)?;
    let Some(record) = body.and_then(|body| Record::from_body(&body).ok()) else {
        return Ok(None);
    };
    let seq = ledger::seq_of(id);
    let mut act = today::act(seq, record, &Cursor::default(), &mut BTreeMap::new());
    if let Some(act) = &mut act {
        today::name(db, act)?;
    }
    Ok(act)
}

/// The first record of an epoch at or after an instant; the one after the last where there is none.
pub(crate) fn first_at(
    db: &Connection,
    epoch_no: u32,
    last: u64,
    at_ms: i64,
) -> Result<u64, StoreError> {
    let (mut from, mut to) = (1, last.saturating_add(1));
    while from < to {
        let middle = from + (to - from) / 2;
        if today::at(db, ledger::row_id(epoch_no, middle))?.is_some_and(|at| at < at_ms) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    Ok(from)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
