//! The movements of single workers: for a month's sheet, and as the ledger has them.

use std::collections::BTreeMap;

use edge_domain::{CountedAct, Direction, WorkerId};
use rusqlite::{Connection, params};
use sync_wire::Record;
use sync_wire::record::{ClockQuality, Kind};

use crate::error::StoreError;
use crate::ledger;
use crate::model::fold::{self, utc_day};
use crate::model::unfolded;
use crate::view::words;

const STEP: &str = "read the punches";

/// One counted movement as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Punch {
    /// Its number in the ledger.
    pub seq: u64,
    /// When, Unix ms; corrected where the clock was unset and proved later in the same boot.
    pub at: i64,
    /// When by the record itself, Unix ms.
    pub recorded_at: i64,
    /// The clock was set, or `at` is corrected.
    pub is_sure: bool,
    /// Where.
    pub lane: String,
    /// Which way.
    pub direction: Direction,
}

/// Counted movements of these workers from `from_ms` on and before `to_ms`, each worker's in
/// ledger order. Seeks each worker's rows day by day, so that a small team costs little at a
/// large site.
pub(crate) fn counted_of(
    db: &Connection,
    workers: &[WorkerId],
    from_ms: i64,
    to_ms: i64,
) -> Result<BTreeMap<WorkerId, Vec<CountedAct>>, StoreError> {
    let mut found: BTreeMap<WorkerId, Vec<CountedAct>> = BTreeMap::new();
    let mut query = db
        .prepare("SELECT at, is_in, unset_in IS NULL FROM attendance WHERE utc_day = ?1 AND worker = ?2 AND at >= ?3 AND at < ?4 ORDER BY ledger_id")
        .map_err(fault)?;
    for day in utc_day(from_ms)..=utc_day(to_ms) {
        for worker in workers {
            let mut rows = query
                .query(params![day, worker.0, from_ms, to_ms])
                .map_err(fault)?;
            while let Some(row) = rows.next().map_err(fault)? {
                let act = CountedAct {
                    at_ms: row.get(0).map_err(fault)?,
                    direction: direction(row.get(1).map_err(fault)?),
                    is_sure: row.get(2).map_err(fault)?,
                };
                found.entry(*worker).or_default().push(act);
            }
        }
    }
    for one in unfolded::records(db)?.iter().filter_map(fold::counted) {
        let worker = WorkerId(one.worker);
        if (from_ms..to_ms).contains(&one.at) && workers.contains(&worker) {
            found.entry(worker).or_default().push(CountedAct {
                at_ms: one.at,
                direction: direction(one.is_in),
                is_sure: one.unset_boot.is_none(),
            });
        }
    }
    Ok(found)
}

/// One worker's counted movements from `from_ms` on and before `to_ms` with their records, in
/// ledger order; the newest few may not be there yet, see
/// [`Writer::catch_up`](crate::Writer::catch_up).
pub(crate) fn punches(
    db: &Connection,
    worker: WorkerId,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<Punch>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT ledger.id, body, at, unset_in IS NULL FROM attendance JOIN ledger ON ledger.id = ledger_id \
             WHERE utc_day = ?1 AND worker = ?2 AND at >= ?3 AND at < ?4 ORDER BY ledger_id",
        )
        .map_err(fault)?;
    let mut found = Vec::new();
    for day in utc_day(from_ms)..=utc_day(to_ms) {
        let mut rows = query
            .query(params![day, worker.0, from_ms, to_ms])
            .map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let id: i64 = row.get(0).map_err(fault)?;
            let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?));
            let raw = punch(ledger::seq_of(id), body.map_err(fault)?);
            if let Some(punch) = raw {
                found.push(Punch {
                    at: row.get(2).map_err(fault)?,
                    is_sure: row.get(3).map_err(fault)?,
                    ..punch
                });
            }
        }
    }
    Ok(found)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind can be attendance"
)]
fn punch(seq: u64, body: &[u8]) -> Option<Punch> {
    let record = Record::from_body(body).ok()?;
    let (lane, direction) = match record.kind {
        Kind::Presentation(one) => (one.lane, one.direction),
        Kind::Passage(one) => (one.lane, one.direction),
        _ => return None,
    };
    Some(Punch {
        seq,
        at: record.stamp.at,
        recorded_at: record.stamp.at,
        is_sure: record.stamp.clock != ClockQuality::Unset,
        lane,
        direction: words::direction(direction),
    })
}

const fn direction(is_in: bool) -> Direction {
    if is_in { Direction::In } else { Direction::Out }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
