//! Visits, as the gate and the page know them.

use std::collections::BTreeMap;

use edge_domain::{IcNumber, IdNumber, PersonName, Visit, VisitCard, VisitId, Visitor};
use rusqlite::{Connection, Params, Row, params};
use sync_wire::Record;

use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::model::fold::{self, VisitChange};
use crate::model::unfolded;
use crate::view::day_acts::first_at;

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

/// Those who were inside at an instant, by their number: went in at `from_ms` or later, and not out
/// again. Read from the ledger, because the read model knows the present only.
pub(crate) fn inside_at(
    db: &Connection,
    from_ms: i64,
    at_ms: i64,
) -> Result<Vec<VisitLine>, StoreError> {
    let view = db.unchecked_transaction().map_err(fault)?;
    // Nobody goes in after his visit is over.
    let then = format!(
        "{COLUMNS} WHERE from_ms <= ?1 AND until_ms >= ?2 ORDER BY visit DESC LIMIT 2 * ?3"
    );
    let mut found = lines(&view, &then, params![at_ms, from_ms, GATE_MAX])?;
    if found.is_empty() {
        return Ok(found);
    }
    let inside = went_in(&view, from_ms, at_ms)?;
    found.retain_mut(|one| {
        one.visit.ended_ms = one.visit.ended_ms.filter(|ended| *ended <= at_ms);
        one.inside_ms = inside.get(&one.visit.visit.0).copied();
        one.inside_ms.is_some()
    });
    found.reverse();
    Ok(found)
}

/// Visits whose last movement in this span was inwards, with when, Unix ms.
fn went_in(db: &Connection, from_ms: i64, at_ms: i64) -> Result<BTreeMap<u32, i64>, StoreError> {
    let mut inside = BTreeMap::new();
    // `"visit":`: few records have it, and the others need not be read.
    let mut query = db
        .prepare(
            "SELECT body FROM ledger WHERE id >= ?1 AND id < ?2 \
             AND instr(body, x'227669736974223a') > 0 ORDER BY id",
        )
        .map_err(fault)?;
    for epoch in epoch::all(db)? {
        let last = ledger::last_seq(db, epoch.no)?;
        let first = first_at(db, epoch.no, last, from_ms)?;
        let end = first_at(db, epoch.no, last, at_ms.saturating_add(1))?;
        let span = [first, end].map(|seq| ledger::row_id(epoch.no, seq));
        let mut rows = query.query(span).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let body: Vec<u8> = row.get(0).map_err(fault)?;
            let change = Record::from_body(&body).ok();
            match change.as_ref().and_then(fold::visit) {
                Some(VisitChange::Moved { visit, at, is_in }) if is_in => {
                    inside.insert(visit, at);
                }
                Some(VisitChange::Moved { visit, .. }) => {
                    inside.remove(&visit);
                }
                Some(VisitChange::Began(_) | VisitChange::Ended { .. }) | None => {}
            }
        }
    }
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
