//! Visits, as the gate and the page know them.

use edge_domain::{IcNumber, IdNumber, PersonName, Visit, VisitCard, VisitId, Visitor};
use rusqlite::{Connection, Params, Row, params};

use crate::error::StoreError;
use crate::model::fold::{self, VisitChange};
use crate::model::unfolded;

/// Visits that the gate knows: the newest, and whoever is still inside.
const GATE_MAX: u32 = 1000;
/// Visits of one list.
const LIST_MAX: u32 = 500;

const COLUMNS: &str = "SELECT visit, name, company, host, reason, id_number, ic_card, from_ms, \
     until_ms, account, ended_at, inside_at FROM visit";

/// The newest, and whoever is inside.
const OF_GATE: &str = "SELECT visit, name, company, host, reason, id_number, ic_card, from_ms, \
     until_ms, account, ended_at, inside_at FROM visit WHERE inside_at IS NOT NULL OR visit > \
     (SELECT coalesce(max(visit), 0) FROM visit) - ?1";

/// A visit with all that was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitLine {
    /// Its number, its card and its times.
    pub visit: Visit,
    /// Who visits whom.
    pub visitor: Visitor,
    /// The account that let him in.
    pub account: String,
    /// When he last went in, Unix ms; none where he is outside.
    pub inside_ms: Option<i64>,
}

/// What the gate must know.
pub(crate) fn for_gate(db: &Connection) -> Result<Vec<Visit>, StoreError> {
    let of_gate = format!("{OF_GATE} ORDER BY visit DESC LIMIT 2 * ?1");
    let found = lines(db, &of_gate, params![GATE_MAX])?;
    Ok(found.into_iter().map(|line| line.visit).collect())
}

/// Those that run, and those that were over at `from_ms` or later; newest first.
pub(crate) fn since(db: &Connection, from_ms: i64) -> Result<Vec<VisitLine>, StoreError> {
    let view = db.unchecked_transaction().map_err(fault)?;
    let since = format!(
        "{COLUMNS} WHERE coalesce(ended_at, until_ms) >= ?1 OR inside_at IS NOT NULL \
         ORDER BY visit DESC LIMIT ?2"
    );
    let found = lines(&view, &since, params![from_ms, LIST_MAX])?;
    up_to_date(&view, found)
}

/// Those who are inside, by their number, up to the last record committed: a roll-call waits for no
/// fold.
pub(crate) fn inside(db: &Connection) -> Result<Vec<VisitLine>, StoreError> {
    let view = db.unchecked_transaction().map_err(fault)?;
    let known = format!("{OF_GATE} ORDER BY visit LIMIT 2 * ?1");
    let found = lines(&view, &known, params![GATE_MAX])?;
    let mut inside = up_to_date(&view, found)?;
    inside.retain(|one| one.inside_ms.is_some());
    Ok(inside)
}

/// The lines with what the newest records say, which are not folded yet.
fn up_to_date(db: &Connection, mut lines: Vec<VisitLine>) -> Result<Vec<VisitLine>, StoreError> {
    for change in unfolded::records(db)?.iter().filter_map(fold::visit) {
        let number = VisitId(change.visit());
        let Some(line) = lines.iter_mut().find(|one| one.visit.visit == number) else {
            continue;
        };
        match change {
            VisitChange::Began(_) => {}
            VisitChange::Ended { at, .. } => {
                line.visit.ended_ms.get_or_insert(at);
            }
            VisitChange::Moved { at, is_in, .. } => line.inside_ms = is_in.then_some(at),
        }
    }
    Ok(lines)
}

/// The highest number given so far.
pub(crate) fn last_number(db: &Connection) -> Result<u32, StoreError> {
    db.query_row("SELECT coalesce(max(visit), 0) FROM visit", [], |row| {
        row.get(0)
    })
    .map_err(fault)
}

fn lines(db: &Connection, sql: &str, values: impl Params) -> Result<Vec<VisitLine>, StoreError> {
    let found = db.prepare(sql).and_then(|mut query| {
        query
            .query_map(values, line)?
            .collect::<rusqlite::Result<Vec<_>>>()
    });
    Ok(found.map_err(fault)?.into_iter().flatten().collect())
}

/// Reads a row of [`COLUMNS`]; `None` for a visit that nobody can read any more.
fn line(row: &Row<'_>) -> rusqlite::Result<Option<VisitLine>> {
    let text = |column| row.get::<_, Option<String>>(column);
    let name = text(1)?.and_then(|name| PersonName::parse(&name).ok());
    let document = text(5)?.and_then(|number| IdNumber::parse(&number).ok());
    let ic_card = text(6)?.and_then(|number| IcNumber::parse(&number).ok());
    let card = document
        .map(VisitCard::Document)
        .or(ic_card.map(VisitCard::Ic));
    let (Some(name), Some(card)) = (name, card) else {
        return Ok(None);
    };
    Ok(Some(VisitLine {
        visit: Visit {
            visit: VisitId(row.get(0)?),
            name: name.clone(),
            card: card.clone(),
            from_ms: row.get(7)?,
            until_ms: row.get(8)?,
            ended_ms: row.get(10)?,
        },
        visitor: Visitor {
            name,
            company: text(2)?.unwrap_or_default(),
            host: text(3)?.unwrap_or_default(),
            reason: text(4)?.unwrap_or_default(),
            card,
        },
        account: row.get(9)?,
        inside_ms: row.get(11)?,
    }))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database("read the visits", source)
}
