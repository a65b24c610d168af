//! Single records on their way to the city, what it cannot use yet, and declared absences among them.

use edge_domain::{Suspension, WorkerId};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use sync_wire::Record;
use sync_wire::record::{Gap, GapCause, Kind};

use crate::carry;
use crate::city::cursor;
use crate::city::parked::{self, ParkedRecord};
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "read records on their way";

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// Its number in its epoch.
    pub seq: u64,
    /// Its epoch, where that is not the one that is written to.
    pub older_epoch: Option<String>,
    /// When, Unix ms by the box's clock.
    pub at: i64,
    /// Its kind as the wire names it.
    pub kind: String,
    /// The worker whom it is about, where there is one.
    pub worker: Option<WorkerId>,
    /// The city has it.
    pub acknowledged: bool,
    /// Why the city cannot use it yet.
    pub parked: Option<ParkedRecord>,
}

#[derive(Deserialize)]
struct Outline {
    at: i64,
    kind: String,
    worker: Option<u32>,
}

/// Records of the current epoch before `before`, newest first; `waiting` leaves out what the city has.
pub(crate) fn lines(
    db: &Connection,
    before: Option<u64>,
    waiting: bool,
    lines_max: usize,
) -> Result<Vec<RecordLine>, StoreError> {
    let Some(epoch) = epoch::current(db)? else {
        return Ok(Vec::new());
    };
    let cursor = cursor::read(db, epoch.no)?;
    let end = ledger::last_seq(db, epoch.no)?.saturating_add(1);
    let first = if waiting { cursor.through + 1 } else { 1 };
    let seqs = (first..before.unwrap_or(end).min(end)).rev();
    let mut lines = Vec::new();
    for seq in seqs.filter(|seq| !waiting || !cursor.holds(*seq)) {
        if lines.len() == lines_max {
            break;
        }
        let acknowledged = cursor.holds(seq);
        let parked = parked::of_record(db, epoch.no, seq)?;
        lines.extend(line(db, (epoch.no, seq), acknowledged, parked)?);
    }
    Ok(lines)
}

/// The oldest records of all epochs that the city has and cannot use yet.
pub(crate) fn parked_lines(
    db: &Connection,
    lines_max: usize,
) -> Result<Vec<RecordLine>, StoreError> {
    let epochs = epoch::all(db)?;
    let current = epoch::current(db)?.map_or(0, |epoch| epoch.no);
    let mut lines = Vec::new();
    for (no, parked) in parked::oldest(db, lines_max)? {
        let seq = parked.seq;
        let Some(mut line) = line(db, (no, seq), true, Some(parked))? else {
            continue;
        };
        let name = epochs.iter().find(|epoch| epoch.no == no);
        let older = name.filter(|_| no != current);
        line.older_epoch = older.map(|epoch| epoch.name.clone());
        lines.push(line);
    }
    Ok(lines)
}

fn line(
    db: &Connection,
    (epoch_no, seq): (u32, u64),
    acknowledged: bool,
    parked: Option<ParkedRecord>,
) -> Result<Option<RecordLine>, StoreError> {
    let body: Option<Vec<u8>> = db
        .query_row(
            "SELECT body FROM ledger WHERE id = ?1",
            [ledger::row_id(epoch_no, seq)],
            |row| row.get(0),
        )
        .optional()
        .map_err(|source| StoreError::database(STEP, source))?;
    let outline = body.and_then(|body| serde_json::from_slice::<Outline>(&body).ok());
    Ok(outline.map(|outline| RecordLine {
        seq,
        older_epoch: None,
        at: outline.at,
        kind: outline.kind,
        worker: outline.worker.map(WorkerId),
        acknowledged,
        parked,
    }))
}

/// Declared absences in what the city does not have, oldest first; of more than `gaps_max` the newest.
/// The words of a notice stay in its record.
pub(crate) fn gaps_waiting(db: &Connection, gaps_max: usize) -> Result<Vec<Gap>, StoreError> {
    let mut gaps = Vec::new();
    for epoch in epoch::all(db)?.iter().rev() {
        gaps.extend(gaps_of(db, epoch, gaps_max.saturating_sub(gaps.len()))?);
    }
    gaps.reverse();
    Ok(gaps)
}

/// Those of one epoch, newest first.
fn gaps_of(db: &Connection, epoch: &Epoch, gaps_max: usize) -> Result<Vec<Gap>, StoreError> {
    let fault = |source| StoreError::database(STEP, source);
    let cursor = cursor::read(db, epoch.no)?;
    let carried = carry::parts(db, epoch.no)?;
    let waits = |seq: u64| match epoch.shared {
        Some(shared) if seq > shared => carried
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&seq)),
        Some(_) | None => !cursor.holds(seq),
    };
    // The condition of the index `ledger_gap`, word for word: without it every record would be read.
    let mut query = db
        .prepare(
            "SELECT id, body FROM ledger WHERE instr(body, x'226b696e64223a2267617022') > 0 \
             AND id BETWEEN ?1 AND ?2 ORDER BY id DESC",
        )
        .map_err(fault)?;
    let before = epoch.shared.unwrap_or(cursor.through).min(cursor.through);
    let first = ledger::row_id(epoch.no, before.saturating_add(1));
    let mut rows = query
        .query(params![first, ledger::last_row_id(epoch.no)])
        .map_err(fault)?;
    let mut gaps = Vec::new();
    while gaps.len() < gaps_max
        && let Some(row) = rows.next().map_err(fault)?
    {
        let id: i64 = row.get(0).map_err(fault)?;
        let body: Vec<u8> = row.get(1).map_err(fault)?;
        if waits(ledger::seq_of(id)) {
            gaps.extend(gap(&body));
        }
    }
    Ok(gaps)
}

/// Notices of 停工, the newest first, each once however often it was carried over, with when it was made.
pub(crate) fn suspensions(
    db: &Connection,
    most: usize,
) -> Result<Vec<(Suspension, i64)>, StoreError> {
    let fault = |source| StoreError::database(STEP, source);
    // The condition of the index, as above.
    let mut query = db
        .prepare(
            "SELECT body FROM ledger WHERE instr(body, x'226b696e64223a2267617022') > 0 \
             ORDER BY id DESC",
        )
        .map_err(fault)?;
    let mut rows = query.query([]).map_err(fault)?;
    let mut found: Vec<(Suspension, i64)> = Vec::new();
    while found.len() < most
        && let Some(row) = rows.next().map_err(fault)?
    {
        let body: Vec<u8> = row.get(0).map_err(fault)?;
        let notice = declared(&body).filter(|(gap, _)| gap.cause == GapCause::Suspended);
        let Some((gap, at)) = notice else { continue };
        let notice = Suspension {
            from_ms: gap.from,
            to_ms: gap.to,
            reason: gap.reason.unwrap_or_default(),
        };
        if found.iter().all(|(known, _)| *known != notice) {
            found.push((notice, at));
        }
    }
    Ok(found)
}

/// The absence that a record declares, also one that was carried over, and when that was recorded.
fn declared(body: &[u8]) -> Option<(Gap, i64)> {
    let mut record = Record::from_body(body).ok()?;
    if let Kind::Carried(carried) = &record.kind {
        record = Record::from_body(&carried.body).ok()?;
    }
    let Kind::Gap(gap) = record.kind else {
        return None;
    };
    Some((gap, record.stamp.at))
}

/// The same without its words.
fn gap(body: &[u8]) -> Option<Gap> {
    let (gap, _) = declared(body)?;
    Some(Gap {
        reason: None,
        ..gap
    })
}
