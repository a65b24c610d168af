//! What the clerk's first screen shows.

use std::collections::BTreeMap;

use edge_domain::{
    ClockQuality, Direction, PassageOutcome, PersonName, PresentationResult, WorkerId,
};
use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Record;
use sync_wire::record::{Kind, Passage};

use crate::carry;
use crate::city::cursor::{self, Cursor};
use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::view::movements;
use crate::view::words;

/// Records looked through for acts of people before giving up: devices may have talked a lot.
const LOOK_BACK_RECORDS: u32 = 4000;

const STEP: &str = "read today";

/// The site at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TodayView {
    /// Workers that went in and not out.
    pub inside: usize,
    /// Workers that came in within the day asked for; who came twice counts once.
    pub entered: usize,
    /// Presentations denied within the day asked for.
    pub denied: usize,
    /// What the city does not have yet.
    pub backlog: Backlog,
    /// The latest acts of people at the lanes, newest first.
    pub acts: Vec<RecentAct>,
}

/// What waits for the city, over all epochs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Records that the city has not acknowledged.
    pub records: u64,
    /// When the oldest of them happened, Unix ms.
    pub oldest_at: Option<i64>,
}

/// One act of a person at a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentAct {
    /// Its number in the ledger.
    pub seq: u64,
    /// When, Unix ms by the box's clock.
    pub at: i64,
    /// Trust in `at`.
    pub clock: ClockQuality,
    /// Where.
    pub lane: String,
    /// Which way.
    pub direction: Direction,
    /// The worker, where one was recognized.
    pub worker: Option<WorkerId>,
    /// A visitor's card was recognized: then there is no worker.
    pub is_visitor: bool,
    /// His name, where it can be read.
    pub name: Option<PersonName>,
    /// Name of his team.
    pub team: Option<String>,
    /// What it was and what came of it.
    pub what: ActKind,
    /// What the body did afterwards, once that is known.
    pub passage: Option<PassageOutcome>,
    /// The city has it.
    pub acknowledged: bool,
    /// Names the pictures that are kept of it; set by [`Reader::acts`](crate::Reader::acts) only.
    pub pictures: Option<i64>,
}

/// Kinds of acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActKind {
    /// A credential was presented.
    Presentation {
        /// Way of attendance: a code of the national table.
        by: String,
        /// The decision.
        result: PresentationResult,
        /// Denial code.
        reason: Option<String>,
        /// Codes of warnings that did not refuse.
        flags: Vec<String>,
        /// When a face terminal saw it, by the box's clock, Unix ms; none where the box saw it
        /// itself.
        happened_ms: Option<i64>,
    },
    /// A person opened by hand.
    Override {
        /// The account that did.
        operator: String,
        /// Why, in the operator's words.
        reason: String,
    },
    /// A body moved without a presentation: an intrusion, a second body.
    Unannounced,
}

pub(crate) fn today(
    db: &Connection,
    from_ms: i64,
    to_ms: i64,
    acts_max: usize,
) -> Result<TodayView, StoreError> {
    Ok(TodayView {
        inside: movements::presence(db)?.inside_count(),
        entered: movements::entered(db, from_ms, to_ms)?,
        denied: movements::denied(db, from_ms, to_ms)?,
        backlog: backlog(db)?,
        acts: recent(db, acts_max)?,
    })
}

/// What the city has not acknowledged.
pub(crate) fn backlog(db: &Connection) -> Result<Backlog, StoreError> {
    let mut backlog = Backlog::default();
    for epoch in epoch::all(db)? {
        let cursor = cursor::read(db, epoch.no)?;
        let last = ledger::last_seq(db, epoch.no)?;
        // What follows the last common record of a forked epoch goes up under the newest name.
        let waiting = cursor.waiting(epoch.shared.map_or(last, |shared| shared.min(last)));
        if waiting > 0 && backlog.oldest_at.is_none() {
            backlog.oldest_at = at(db, ledger::row_id(epoch.no, cursor.through + 1))?;
        }
        backlog.records = backlog.records.saturating_add(waiting);
    }
    backlog.records = backlog.records.saturating_add(carry::left(db)?);
    Ok(backlog)
}

/// When the record with this ledger key happened; `None` where there is none.
pub(crate) fn at(db: &Connection, id: Option<i64>) -> Result<Option<i64>, StoreError> {
    let body: Option<Vec<u8>> = db
        .query_row("SELECT body FROM ledger WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .optional()
        .map_err(fault)?;
    Ok(body
        .as_deref()
        .and_then(ledger::stamp_of)
        .map(|stamp| stamp.at))
}

/// The latest acts of people, newest first.
pub(crate) fn recent(db: &Connection, acts_max: usize) -> Result<Vec<RecentAct>, StoreError> {
    let Some(epoch) = epoch::current(db)? else {
        return Ok(Vec::new());
    };
    let cursor = cursor::read(db, epoch.no)?;
    let mut query = db
        .prepare("SELECT id, body FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3")
        .map_err(fault)?;
    let mut rows = query
        .query(params![
            ledger::row_id(epoch.no, 1),
            ledger::last_row_id(epoch.no),
            LOOK_BACK_RECORDS
        ])
        .map_err(fault)?;
    let mut acts = Vec::new();
    let mut passages = BTreeMap::new();
    while acts.len() < acts_max {
        let Some(row) = rows.next().map_err(fault)? else {
            break;
        };
        let seq = ledger::seq_of(row.get(0).map_err(fault)?);
        let body: Vec<u8> = row.get(1).map_err(fault)?;
        let Ok(record) = Record::from_body(&body) else {
            continue;
        };
        if let Some(mut act) = act(seq, record, &cursor, &mut passages) {
            name(db, &mut act)?;
            acts.push(act);
        }
    }
    Ok(acts)
}

/// Reads one record, newest first: a passage is kept until the presentation before it turns up.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these kinds are acts of people at a lane"
)]
pub(crate) fn act(
    seq: u64,
    record: Record,
    cursor: &Cursor,
    passages: &mut BTreeMap<u64, PassageOutcome>,
) -> Option<RecentAct> {
    let is_visitor = match &record.kind {
        Kind::Presentation(one) => one.visit.is_some(),
        Kind::Passage(one) => one.visit.is_some(),
        _ => false,
    };
    let (lane, direction, worker, what, passage) = match record.kind {
        Kind::Presentation(one) => {
            let what = ActKind::Presentation {
                by: one.by,
                result: words::result(one.result),
                reason: one.reason,
                flags: one.flags,
                happened_ms: one.terminal.map(|mark| mark.happened),
            };
            (
                one.lane,
                one.direction,
                one.worker,
                what,
                passages.remove(&seq),
            )
        }
        Kind::Override(one) => {
            let what = ActKind::Override {
                operator: one.operator,
                reason: one.reason,
            };
            (one.lane, one.direction, None, what, passages.remove(&seq))
        }
        Kind::Passage(Passage {
            presentation: Some(of),
            outcome,
            ..
        }) => {
            passages.insert(of, words::outcome(outcome));
            return None;
        }
        Kind::Passage(one) => {
            let outcome = Some(words::outcome(one.outcome));
            (
                one.lane,
                one.direction,
                one.worker,
                ActKind::Unannounced,
                outcome,
            )
        }
        _ => return None,
    };
    Some(RecentAct {
        seq,
        at: record.stamp.at,
        clock: words::clock(record.stamp.clock),
        lane,
        direction: words::direction(direction),
        worker: worker.map(WorkerId),
        is_visitor,
        name: None,
        team: None,
        what,
        passage,
        acknowledged: cursor.holds(seq),
        pictures: None,
    })
}

/// Adds the worker's name and team.
pub(crate) fn name(db: &Connection, act: &mut RecentAct) -> Result<(), StoreError> {
    let Some(worker) = act.worker else {
        return Ok(());
    };
    let found: Option<(Option<String>, Option<String>)> = db
        .query_row(
            "SELECT worker.name, team.name FROM worker LEFT JOIN team ON team.team = worker.team \
             WHERE worker = ?1",
            [worker.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(fault)?;
    if let Some((name, team)) = found {
        act.name = name.and_then(|text| PersonName::parse(&text).ok());
        act.team = team;
    }
    Ok(())
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
