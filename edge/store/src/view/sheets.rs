//! Months that are closed, and sheets as they were.

use std::collections::BTreeSet;

use edge_domain::TeamId;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;

const STEP: &str = "read the sheets";

/// A team's month as it was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthClose {
    /// The team.
    pub team: TeamId,
    /// 1 for the first, one more for each that replaces it.
    pub version: u32,
    /// SHA-256 of the sheet, lower-case hexadecimal.
    pub digest: String,
    /// The account that closed it.
    pub account: String,
    /// When, Unix ms.
    pub at_ms: i64,
}

/// A sheet as it was printed or closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSheet {
    /// SHA-256 of `body`, lower-case hexadecimal.
    pub digest: String,
    /// The team.
    pub team: TeamId,
    /// The month, `YYYY-MM`.
    pub month: String,
    /// When it was kept first, Unix ms.
    pub made_ms: i64,
    /// What stands on it.
    pub body: Vec<u8>,
}

/// First days of the months of which any sheet is closed.
pub(crate) fn closed_months(db: &Connection) -> Result<BTreeSet<Date>, StoreError> {
    let mut query = db
        .prepare("SELECT DISTINCT month FROM month_close")
        .map_err(fault)?;
    let rows = query
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(fault)?;
    let months: Vec<String> = rows.collect::<rusqlite::Result<_>>().map_err(fault)?;
    let first = |month: &String| format!("{month}-01").parse().ok();
    Ok(months.iter().filter_map(first).collect())
}

/// Every version of a month's sheets, by team and version.
pub(crate) fn closes(db: &Connection, month: &str) -> Result<Vec<MonthClose>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT team, version, digest, account, at FROM month_close WHERE month = ?1 \
             ORDER BY team, version",
        )
        .map_err(fault)?;
    let rows = query.query_map([month], close).map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

fn close(row: &Row<'_>) -> rusqlite::Result<MonthClose> {
    Ok(MonthClose {
        team: TeamId(row.get(0)?),
        version: row.get(1)?,
        digest: row.get(2)?,
        account: row.get(3)?,
        at_ms: row.get(4)?,
    })
}

/// The sheets whose digest begins like this, at most two: more than one tells that it is too short.
pub(crate) fn found(db: &Connection, begin: &str) -> Result<Vec<KeptSheet>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT digest, team, month, made_at, body FROM sheet \
             WHERE digest >= ?1 AND digest < ?1 || 'g' ORDER BY digest LIMIT 2",
        )
        .map_err(fault)?;
    let rows = query.query_map(params![begin], kept).map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

/// The version under which a sheet was closed; `None` for one that was only printed.
pub(crate) fn closed_as(db: &Connection, digest: &str) -> Result<Option<MonthClose>, StoreError> {
    db.query_row(
        "SELECT team, version, digest, account, at FROM month_close WHERE digest = ?1 \
         ORDER BY version DESC LIMIT 1",
        [digest],
        close,
    )
    .optional()
    .map_err(fault)
}

fn kept(row: &Row<'_>) -> rusqlite::Result<KeptSheet> {
    Ok(KeptSheet {
        digest: row.get(0)?,
        team: TeamId(row.get(1)?),
        month: row.get(2)?,
        made_ms: row.get(3)?,
        body: row.get(4)?,
    })
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
