//! Counted movements: who is inside, who came, who was here when.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{CountedAct, Direction, Inside, Presence, WorkerId};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::model::fold::{self, Movement, utc_day};
use crate::model::unfolded;

const STEP: &str = "read the movements";

/// Last counted movement of every worker.
pub(crate) fn presence(db: &Connection) -> Result<Presence, StoreError> {
    let mut presence = Presence::new();
    let mut query = db
        .prepare(
            "SELECT worker, at, is_inside, unset_in & 4294967295, NULL FROM presence ORDER BY worker",
        )
        .map_err(fault)?;
    let mut rows = query.query([]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        add(&mut presence, movement(row).map_err(fault)?);
    }
    for newest in newest(db)?.into_iter().filter(|one| one.request.is_none()) {
        add(&mut presence, newest);
    }
    Ok(presence)
}

fn add(presence: &mut Presence, movement: Movement) {
    let last = Inside {
        direction: direction(movement.is_in),
        at_ms: movement.at,
        is_sure: movement.unset_boot.is_none(),
    };
    presence.movement(WorkerId(movement.worker), last);
}

/// How many workers came in from `from_ms` on and before `to_ms`; who came twice counts once.
pub(crate) fn entered(db: &Connection, from_ms: i64, to_ms: i64) -> Result<usize, StoreError> {
    let mut query = db
        .prepare(
            "SELECT DISTINCT worker FROM attendance \
             WHERE utc_day BETWEEN ?1 AND ?2 AND is_in = 1 AND request IS NULL \
             AND at >= ?3 AND at < ?4",
        )
        .map_err(fault)?;
    let mut workers = query
        .query_map(
            params![utc_day(from_ms), utc_day(to_ms), from_ms, to_ms],
            |row| row.get(0),
        )
        .and_then(Iterator::collect::<rusqlite::Result<BTreeSet<u32>>>)
        .map_err(fault)?;
    workers.extend(
        newest(db)?
            .into_iter()
            .filter(|one| one.is_in && one.request.is_none())
            .filter(|one| (from_ms..to_ms).contains(&one.at))
            .map(|one| one.worker),
    );
    Ok(workers.len())
}

/// How many presentations were denied from `from_ms` on and before `to_ms`.
pub(crate) fn denied(db: &Connection, from_ms: i64, to_ms: i64) -> Result<usize, StoreError> {
    let folded: usize = db
        .query_row(
            "SELECT count(*) FROM denial \
             WHERE utc_day BETWEEN ?1 AND ?2 AND at >= ?3 AND at < ?4",
            params![utc_day(from_ms), utc_day(to_ms), from_ms, to_ms],
            |row| row.get(0),
        )
        .map_err(fault)?;
    let records = unfolded::records(db)?;
    let newest = records.iter().filter_map(fold::denied);
    Ok(folded + newest.filter(|at| (from_ms..to_ms).contains(at)).count())
}

/// Movements from `from_ms` on and before `to_ms`, by worker, each worker's in ledger order.
pub(crate) fn counted(
    db: &Connection,
    from_ms: i64,
    to_ms: i64,
) -> Result<BTreeMap<WorkerId, Vec<CountedAct>>, StoreError> {
    let mut found: BTreeMap<WorkerId, Vec<CountedAct>> = BTreeMap::new();
    let mut keep = |one: Movement| {
        if (from_ms..to_ms).contains(&one.at) {
            let acts = found.entry(WorkerId(one.worker)).or_default();
            acts.push(CountedAct {
                direction: direction(one.is_in),
                at_ms: one.at,
                is_sure: one.unset_boot.is_none(),
                is_corrected: one.request.is_some(),
            });
        }
    };
    let mut query = db
        .prepare(
            "SELECT worker, at, is_in, unset_in & 4294967295, request FROM attendance \
             WHERE utc_day BETWEEN ?1 AND ?2 \
             ORDER BY worker, ledger_id",
        )
        .map_err(fault)?;
    let mut rows = query
        .query(params![utc_day(from_ms), utc_day(to_ms)])
        .map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        keep(movement(row).map_err(fault)?);
    }
    newest(db)?.into_iter().for_each(keep);
    Ok(found)
}

fn newest(db: &Connection) -> Result<Vec<Movement>, StoreError> {
    let records = unfolded::records(db)?;
    Ok(records.iter().filter_map(fold::counted).collect())
}

/// Reads `worker, at, is_in`, the boot within `unset_in`, and `request`.
fn movement(row: &rusqlite::Row<'_>) -> rusqlite::Result<Movement> {
    Ok(Movement {
        worker: row.get(0)?,
        at: row.get(1)?,
        is_in: row.get(2)?,
        unset_boot: row.get(3)?,
        request: row.get(4)?,
    })
}

const fn direction(is_in: bool) -> Direction {
    if is_in { Direction::In } else { Direction::Out }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
