//! Requests for corrections (补卡), what became of them, and the files that speak for them.

use edge_domain::{
    CorrectionCase, CorrectionReason, CorrectionRequest, CorrectionState, Direction, Evidence,
    WorkerId,
};
use rusqlite::{Connection, Params, Row, params};
use sync_wire::seal::{self, FilePart, Subject};

use crate::error::StoreError;
use crate::view::persons;

const STEP: &str = "read corrections";
const COLUMNS: &str = "request, worker, is_in, moment, reason, requester, requested_at, note, file, \
     file_kind, state, approver, decided_at, why";

/// Requests that nobody has decided, oldest first.
pub(crate) fn waiting(db: &Connection) -> Result<Vec<CorrectionCase>, StoreError> {
    cases(db, "state = 0 ORDER BY request", [])
}

/// Requests about movements from `from_ms` on and before `to_ms`, by their moment.
pub(crate) fn between(
    db: &Connection,
    from_ms: i64,
    to_ms: i64,
) -> Result<Vec<CorrectionCase>, StoreError> {
    let condition = "moment >= ?1 AND moment < ?2 ORDER BY moment, request";
    cases(db, condition, params![from_ms, to_ms])
}

/// One request.
pub(crate) fn named(db: &Connection, request: u32) -> Result<Option<CorrectionCase>, StoreError> {
    Ok(cases(db, "request = ?1", [request])?.pop())
}

/// The highest number given to a request.
pub(crate) fn last_number(db: &Connection) -> Result<u32, StoreError> {
    let sql = "SELECT coalesce(max(request), 0) FROM correction";
    db.query_row(sql, [], |row| row.get(0)).map_err(fault)
}

fn cases(
    db: &Connection,
    condition: &str,
    values: impl Params,
) -> Result<Vec<CorrectionCase>, StoreError> {
    let mut query = db
        .prepare(&format!(
            "SELECT {COLUMNS} FROM correction WHERE {condition}"
        ))
        .map_err(fault)?;
    let rows = query.query_map(values, case).map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

fn case(row: &Row<'_>) -> rusqlite::Result<CorrectionCase> {
    let reason: String = row.get(4)?;
    let by = row.get::<_, Option<String>>(11)?.unwrap_or_default();
    let decided_ms = row.get::<_, Option<i64>>(12)?.unwrap_or_default();
    let state = match row.get::<_, u8>(10)? {
        1 => CorrectionState::Approved {
            by,
            at_ms: decided_ms,
        },
        2 => CorrectionState::Refused {
            by,
            at_ms: decided_ms,
            why: row.get::<_, Option<String>>(13)?.unwrap_or_default(),
        },
        _ => CorrectionState::Waiting,
    };
    let asked = CorrectionRequest {
        request: row.get(0)?,
        worker: WorkerId(row.get(1)?),
        direction: if row.get(2)? {
            Direction::In
        } else {
            Direction::Out
        },
        at_ms: row.get(3)?,
        reason: CorrectionReason::from_code(&reason).unwrap_or(CorrectionReason::Other),
        requester: row.get(5)?,
        evidence: Evidence {
            note: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
            file: row.get(8)?,
            file_kind: row.get(9)?,
        },
    };
    Ok(CorrectionCase {
        asked,
        requested_ms: row.get(6)?,
        state,
    })
}

/// A file that speaks for a request of this worker; `None` where there is none that opens any more.
pub(crate) fn file(
    db: &Connection,
    box_id: &str,
    worker: WorkerId,
    digest: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(key) = persons::data_key(db, worker.0)? else {
        return Ok(None);
    };
    let subject = Subject {
        r#box: box_id,
        worker: worker.0,
    };
    let mut query = db
        .prepare(
            "SELECT part, sealed FROM evidence WHERE worker = ?1 AND digest = ?2 ORDER BY part",
        )
        .map_err(fault)?;
    let mut rows = query.query(params![worker.0, digest]).map_err(fault)?;
    let mut whole = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let part = row.get(0).map_err(fault)?;
        let sealed: Vec<u8> = row.get(1).map_err(fault)?;
        let place = (subject, FilePart { digest, part });
        match seal::unseal_part(&sealed, &key, place) {
            Ok(plain) => whole.extend(plain),
            Err(_) => return Ok(None),
        }
    }
    Ok((!whole.is_empty()).then_some(whole))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
