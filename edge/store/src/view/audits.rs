//! 操作留痕, newest first.

use rusqlite::{Connection, Params, params};
use sync_wire::Record;
use sync_wire::record::{Audit, Kind};

use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "read audit records";

/// One audit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place in the file: names the next page.
    pub id: i64,
    /// Its number in the ledger.
    pub seq: u64,
    /// When, Unix ms.
    pub at_ms: i64,
    /// Who did what, as the record has it.
    pub audit: Audit,
}

/// At most `lines_max` audit records before the place `before` (all where there is none).
pub(crate) fn lines(
    db: &Connection,
    before: Option<i64>,
    lines_max: usize,
) -> Result<Vec<AuditLine>, StoreError> {
    let most = i64::try_from(lines_max).unwrap_or(i64::MAX);
    let page = "SELECT ledger.id, body FROM audit JOIN ledger ON ledger.id = ledger_id \
         WHERE ledger_id < ?1 ORDER BY ledger_id DESC LIMIT ?2";
    found(db, page, params![before.unwrap_or(i64::MAX), most])
}

/// Every objection of a worker and every answer to one, oldest first: it costs what they are, however
/// much else is on record.
pub(crate) fn disputes(db: &Connection) -> Result<Vec<AuditLine>, StoreError> {
    let all = "SELECT ledger.id, body FROM dispute_act JOIN ledger ON ledger.id = ledger_id \
         ORDER BY ledger_id";
    found(db, all, [])
}

fn found(db: &Connection, sql: &str, values: impl Params) -> Result<Vec<AuditLine>, StoreError> {
    let mut query = db.prepare(sql).map_err(fault)?;
    let mut rows = query.query(values).map_err(fault)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let id: i64 = row.get(0).map_err(fault)?;
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?));
        if let Ok(record) = Record::from_body(body.map_err(fault)?) {
            found.extend(line(id, record));
        }
    }
    Ok(found)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind is shown here"
)]
fn line(id: i64, record: Record) -> Option<AuditLine> {
    let record = match &record.kind {
        Kind::Carried(carried) => Record::from_body(&carried.body).ok()?,
        Kind::Audit(_) => record,
        _ => return None,
    };
    let Kind::Audit(audit) = record.kind else {
        return None;
    };
    Some(AuditLine {
        id,
        seq: ledger::seq_of(id),
        at_ms: record.stamp.at,
        audit,
    })
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
