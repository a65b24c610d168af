//! Single records on their way to the city.

use edge_domain::WorkerId;
use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;

use crate::cursor;
use crate::epoch;
use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "read records on their way";

/// A record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// Its number in the current epoch.
    pub seq: u64,
    /// When, Unix ms by the box's clock.
    pub at: i64,
    /// Its kind as the wire names it.
    pub kind: String,
    /// The worker whom it is about, where there is one.
    pub worker: Option<WorkerId>,
    /// The city has it.
    pub acknowledged: bool,
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
        lines.extend(line(db, epoch.no, seq, cursor.holds(seq))?);
    }
    Ok(lines)
}

/// These records of the current epoch, as far as they are there, in the order asked for.
pub(crate) fn lines_of(db: &Connection, seqs: &[u64]) -> Result<Vec<RecordLine>, StoreError> {
    let Some(epoch) = epoch::current(db)? else {
        return Ok(Vec::new());
    };
    let cursor = cursor::read(db, epoch.no)?;
    let mut lines = Vec::new();
    for seq in seqs {
        lines.extend(line(db, epoch.no, *seq, cursor.holds(*seq))?);
    }
    Ok(lines)
}

fn line(
    db: &Connection,
    epoch_no: u32,
    seq: u64,
    acknowledged: bool,
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
        at: outline.at,
        kind: outline.kind,
        worker: outline.worker.map(WorkerId),
        acknowledged,
    }))
}
