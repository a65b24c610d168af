//! The movements of single workers: for a month's sheet, and as the ledger has them.

use std::collections::BTreeMap;

use edge_domain::{CorrectionReason, CountedAct, Direction, WorkerId};
use rusqlite::{Connection, OptionalExtension as _, Statement, params};
use sync_wire::Record;
use sync_wire::record::{ClockQuality, Correction, Kind};

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
    /// Where; empty for a correction.
    pub lane: String,
    /// Which way.
    pub direction: Direction,
    /// How: a code of attendType; empty where the record does not say, and for a correction.
    pub by: String,
    /// The correction that it is; `None` for what a gate recorded.
    pub correction: Option<PunchCorrection>,
}

/// What a punch says that no gate recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PunchCorrection {
    /// Number of the request.
    pub request: u32,
    /// Why there is no record of the gate.
    pub reason: CorrectionReason,
    /// Who asked.
    pub requester: String,
    /// Who approved.
    pub approver: String,
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
        .prepare("SELECT at, is_in, unset_in IS NULL, request IS NOT NULL FROM attendance WHERE utc_day = ?1 AND worker = ?2 AND at >= ?3 AND at < ?4 ORDER BY ledger_id")
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
                    is_corrected: row.get(3).map_err(fault)?,
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
                is_corrected: one.request.is_some(),
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
    let mut openings = db
        .prepare("SELECT body FROM ledger WHERE id = ?1")
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
            if let Some((punch, opened_by)) = raw {
                let by = match opened_by.and_then(|seq| ledger::row_id(epoch_no(id), seq)) {
                    Some(opening) => way(&mut openings, opening)?,
                    None => punch.by.clone(),
                };
                found.push(Punch {
                    by,
                    at: row.get(2).map_err(fault)?,
                    is_sure: row.get(3).map_err(fault)?,
                    ..punch
                });
            }
        }
    }
    Ok(found)
}

/// A movement, and the number of the record that opened for it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind can be attendance"
)]
fn punch(seq: u64, body: &[u8]) -> Option<(Punch, Option<u64>)> {
    let mut record = Record::from_body(body).ok()?;
    if let Kind::Carried(carried) = &record.kind {
        record = Record::from_body(&carried.body).ok()?;
    }
    let (lane, direction, by, opened_by) = match record.kind {
        Kind::Presentation(one) => (one.lane, one.direction, one.by, None),
        Kind::Passage(one) => (one.lane, one.direction, String::new(), one.presentation),
        Kind::Correction(one) => return Some((corrected(seq, one), None)),
        _ => return None,
    };
    let punch = Punch {
        seq,
        at: record.stamp.at,
        recorded_at: record.stamp.at,
        is_sure: record.stamp.clock != ClockQuality::Unset,
        lane,
        direction: words::direction(direction),
        by,
        correction: None,
    };
    Some((punch, opened_by))
}

/// How whoever passed had been recognized: what the record says that opened for him.
fn way(openings: &mut Statement<'_>, id: i64) -> Result<String, StoreError> {
    let body: Option<Vec<u8>> = openings
        .query_row([id], |row| row.get(0))
        .optional()
        .map_err(fault)?;
    let record = body.and_then(|body| Record::from_body(&body).ok());
    Ok(match record.map(|record| record.kind) {
        Some(Kind::Presentation(one)) => one.by,
        Some(Kind::Override(one)) => one.by,
        Some(_) | None => String::new(),
    })
}

fn epoch_no(id: i64) -> u32 {
    u32::try_from(ledger::epoch_no_of(id)).unwrap_or(u32::MAX)
}

fn corrected(seq: u64, one: Correction) -> Punch {
    Punch {
        seq,
        at: one.moment,
        recorded_at: one.moment,
        is_sure: true,
        lane: String::new(),
        direction: words::direction(one.direction),
        by: String::new(),
        correction: Some(PunchCorrection {
            request: one.request,
            reason: CorrectionReason::from_code(&one.reason).unwrap_or(CorrectionReason::Other),
            requester: one.requester,
            approver: one.approver,
        }),
    }
}

const fn direction(is_in: bool) -> Direction {
    if is_in { Direction::In } else { Direction::Out }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
