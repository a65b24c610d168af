//! What a lane must know from before a restart, read back from the end of the ledger.

use std::collections::BTreeSet;

use edge_domain::{EventMark, LaneMemory, RememberedGrant, VisitId, WorkerId};
use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Record;
use sync_wire::record::{Kind, Outcome, PresentationResult};

use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::model::fold::{self, Change};
use crate::view::words;

/// Records looked back on: hours of a busy site, while a grant lives seconds.
const LOOK_BACK_RECORDS: u32 = 512;

/// Grants that a lane uses at most.
const GRANTS_MAX: usize = 16;

const STEP: &str = "read a lane's memory";

/// Newest board event and open grants of a lane.
pub(crate) fn lane_memory(db: &Connection, lane: &str) -> Result<LaneMemory, StoreError> {
    let stored = db
        .query_row(
            "SELECT uid, boot, seq FROM board_event WHERE lane = ?1",
            [lane],
            |row| {
                Ok(EventMark {
                    uid: row.get::<_, Option<String>>(0)?.as_deref().and_then(uid),
                    boot: row.get(1)?,
                    seq: row.get(2)?,
                })
            },
        )
        .optional()
        .map_err(fault)?;
    let records = newest_first(db)?;
    let unfolded = records.iter().find_map(|(_, record)| event(record, lane));
    Ok(LaneMemory {
        last_event: unfolded.or(stored),
        grants: open_grants(&records, lane),
    })
}

fn newest_first(db: &Connection) -> Result<Vec<(u64, Record)>, StoreError> {
    let Some(epoch) = epoch::current(db)? else {
        return Ok(Vec::new());
    };
    let mut query = db
        .prepare("SELECT id, body FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT ?3")
        .map_err(fault)?;
    let rows = query
        .query_map(
            params![
                ledger::row_id(epoch.no, 1),
                ledger::last_row_id(epoch.no),
                LOOK_BACK_RECORDS
            ],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)),
        )
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(fault)?;
    Ok(rows
        .into_iter()
        .filter_map(|(id, body)| Some((ledger::seq_of(id), Record::from_body(&body).ok()?)))
        .collect())
}

fn uid(digits: &str) -> Option<[u8; 8]> {
    sync_wire::chain::from_hex(digits)
}

fn event(record: &Record, wanted: &str) -> Option<EventMark> {
    fold::changes(record.clone())
        .into_iter()
        .find_map(|change| {
            let Change::BoardEvent { lane, event } = change else {
                return None;
            };
            (lane == wanted).then_some(EventMark {
                uid: event.uid.as_deref().and_then(uid),
                boot: event.boot,
                seq: event.seq,
            })
        })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "only these three kinds open or use an opening"
)]
fn open_grants(newest_first: &[(u64, Record)], lane: &str) -> Vec<RememberedGrant> {
    let mut used = BTreeSet::new();
    let mut grants = Vec::new();
    for (seq, record) in newest_first {
        let grant = match &record.kind {
            Kind::Passage(passage) if passage.lane == lane && ends_opening(passage.outcome) => {
                used.extend(passage.presentation);
                None
            }
            Kind::Presentation(one)
                if one.lane == lane && one.result == PresentationResult::Granted =>
            {
                let visit = one.visit.map(VisitId);
                Some(((one.worker, visit), one.direction, one.counted || one.moved))
            }
            Kind::Override(one) if one.lane == lane => Some(((None, None), one.direction, false)),
            _ => None,
        };
        if let Some(((worker, visit), direction, counted)) = grant
            && !used.contains(seq)
            && grants.len() < GRANTS_MAX
        {
            grants.push(RememberedGrant {
                seq: *seq,
                worker: worker.map(WorkerId),
                visit,
                direction: words::direction(direction),
                counted,
            });
        }
    }
    grants.reverse();
    grants
}

/// Whether the board closes the opening with it. Of a turn back, a second body or an intrusion the
/// arm stays open until somebody passes or the time is over.
const fn ends_opening(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Passed | Outcome::TimedOut => true,
        Outcome::Tailgated | Outcome::Reversed | Outcome::Intruded => false,
    }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
