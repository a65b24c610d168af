//! Where checkpoints stand, what they cover, and what the city signed after them.

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::checkpoint::Countersign;
use sync_wire::merkle::{self, RootOf};
use sync_wire::{Hash, Head};

use crate::error::StoreError;
use crate::ledger;

const STEP: &str = "read the checkpoints";

/// The last checkpoint of an epoch, 0 where it has none.
pub(crate) fn last(db: &Connection, epoch_no: u32) -> Result<u64, StoreError> {
    let last: Option<i64> = db
        .query_row(
            "SELECT max(ledger_id) FROM checkpoint WHERE ledger_id BETWEEN ?1 AND ?2",
            params![ledger::row_id(epoch_no, 0), ledger::last_row_id(epoch_no)],
            |row| row.get(0),
        )
        .map_err(fault)?;
    Ok(last.map_or(0, ledger::seq_of))
}

/// The root over stored hashes of an epoch from one record up to `head`.
pub(crate) fn root(
    db: &Connection,
    epoch_no: u32,
    (from, head): (u64, Head),
) -> Result<Option<Hash>, StoreError> {
    let mut query = db
        .prepare_cached("SELECT id, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(fault)?;
    let mut rows = query
        .query(params![
            ledger::row_id(epoch_no, from),
            ledger::row_id(epoch_no, head.seq)
        ])
        .map_err(fault)?;
    let mut tree = RootOf::default();
    while let Some(row) = rows.next().map_err(fault)? {
        let (id, hash): (i64, [u8; 32]) = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
        tree.push(merkle::leaf(ledger::seq_of(id), &Hash::from_bytes(hash)));
    }
    Ok(tree.finish())
}

/// Notes a checkpoint that has just been appended.
pub(crate) fn note(db: &Connection, epoch_no: u32, seq: u64) -> Result<(), StoreError> {
    db.execute(
        "INSERT INTO checkpoint (ledger_id) VALUES (?1) ON CONFLICT (ledger_id) DO NOTHING",
        [ledger::row_id(epoch_no, seq)],
    )
    .map(drop)
    .map_err(|e| StoreError::database("note a checkpoint", e))
}

/// Keeps what the city signed; the first stays. Says how many were new.
pub(crate) fn countersigned(
    db: &Connection,
    epoch_no: u32,
    signed: &[Countersign],
) -> Result<u64, StoreError> {
    let mut new = 0;
    for one in signed {
        let rows = db
            .execute(
                "INSERT INTO checkpoint (ledger_id, at, countersign) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (ledger_id) DO UPDATE \
                 SET at = excluded.at, countersign = excluded.countersign \
                 WHERE checkpoint.countersign IS NULL",
                params![ledger::row_id(epoch_no, one.seq), one.at, one.signature],
            )
            .map_err(|e| StoreError::database("keep a countersignature", e))?;
        new += u64::try_from(rows).unwrap_or(0);
    }
    Ok(new)
}

/// What the city signed after a checkpoint; `head` is the chain at it.
pub(crate) fn countersign(
    db: &Connection,
    epoch_no: u32,
    head: Head,
) -> Result<Option<Countersign>, StoreError> {
    let kept: Option<(i64, String)> = db
        .query_row(
            "SELECT at, countersign FROM checkpoint \
             WHERE ledger_id = ?1 AND countersign IS NOT NULL",
            [ledger::row_id(epoch_no, head.seq)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(fault)?;
    Ok(kept.map(|(at, signature)| Countersign {
        seq: head.seq,
        head: head.hash,
        at,
        signature,
    }))
}

/// Checkpoints up to `through` without a countersignature, oldest first.
pub(crate) fn unsigned(
    db: &Connection,
    epoch_no: u32,
    (through, most): (u64, usize),
) -> Result<Vec<u64>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT ledger_id FROM checkpoint WHERE ledger_id BETWEEN ?1 AND ?2 \
             AND countersign IS NULL ORDER BY ledger_id LIMIT ?3",
        )
        .map_err(fault)?;
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let span = params![
        ledger::row_id(epoch_no, 0),
        ledger::row_id(epoch_no, through),
        most
    ];
    let rows = query.query_map(span, |row| row.get(0)).map_err(fault)?;
    rows.map(|id| id.map(ledger::seq_of).map_err(fault))
        .collect()
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
