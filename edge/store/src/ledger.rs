//! The ledger: append at its right edge, each record chained to the one before.

use rusqlite::{Connection, OptionalExtension, Row, Statement, params};
use sync_wire::record::{CARRIED_BYTES_MAX, Stamp};
use sync_wire::seal::DataKey;
use sync_wire::{Hash, Head};

use crate::error::StoreError;

/// Records checked at every opening: enough to notice a file cut short or pieced together, few
/// enough to cost nothing.
const TAIL_RECORDS: u64 = 512;

const SEQ_BITS: u32 = 40;
const SEQ_MAX: u64 = (1 << SEQ_BITS) - 1;
const EPOCH_NO_MAX: u32 = (1 << 23) - 1;

/// Whose data a key opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOf {
    /// A worker's, by his number.
    Worker(u32),
    /// A visitor's, by the number of the visit.
    Visit(u32),
}

/// A record to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The exact bytes of the record: compact JSON, 1 to 8192 bytes.
    pub body: Vec<u8>,
    /// For a `worker` or `visit` record: whose it is and the key that its sealed part opens with,
    /// stored in the same commit.
    pub data_key: Option<(KeyOf, DataKey)>,
}

impl Entry {
    /// A record without personal data.
    pub const fn new(body: Vec<u8>) -> Self {
        Self {
            body,
            data_key: None,
        }
    }
}

/// Where the records of one append now stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Place in this file of the epoch in which they stand.
    pub epoch_no: u32,
    /// Number of the first of them.
    pub first_seq: u64,
    /// Number of the last of them.
    pub last_seq: u64,
    /// The chain after the last of them.
    pub head: Head,
}

/// Packs an epoch's number and a seq into the key of the ledger.
pub(crate) fn row_id(epoch_no: u32, seq: u64) -> Option<i64> {
    if epoch_no > EPOCH_NO_MAX || seq > SEQ_MAX {
        return None;
    }
    i64::try_from(u64::from(epoch_no) << SEQ_BITS | seq).ok()
}

/// Names a presentation in the whole file; none where its numbers are no record's.
pub fn presentation_key(epoch_no: u32, seq: u64) -> Option<i64> {
    row_id(epoch_no, seq)
}

/// The last key that an epoch can have.
pub(crate) fn last_row_id(epoch_no: u32) -> Option<i64> {
    row_id(epoch_no, SEQ_MAX)
}

/// The seq within a ledger key.
pub(crate) fn seq_of(id: i64) -> u64 {
    id.unsigned_abs() & SEQ_MAX
}

/// The epoch's number within a ledger key.
pub(crate) const fn epoch_no_of(id: i64) -> i64 {
    id >> SEQ_BITS
}

/// The statements of an append, prepared once for the life of the writer.
pub(crate) struct Appender<'db> {
    record: Statement<'db>,
    key: Statement<'db>,
    visit_key: Statement<'db>,
}

impl<'db> Appender<'db> {
    pub(crate) fn prepare(db: &'db Connection) -> Result<Self, StoreError> {
        let step = "prepare the ledger";
        Ok(Self {
            record: db
                .prepare("INSERT INTO ledger (id, body, hash) VALUES (?1, ?2, ?3)")
                .map_err(|e| StoreError::database(step, e))?,
            key: db
                .prepare(
                    "INSERT INTO worker_key (worker, key) VALUES (?1, ?2) \
                     ON CONFLICT (worker) DO UPDATE SET key = excluded.key",
                )
                .map_err(|e| StoreError::database(step, e))?,
            visit_key: db
                .prepare(
                    "INSERT INTO visit_key (visit, key) VALUES (?1, ?2) \
                     ON CONFLICT (visit) DO UPDATE SET key = excluded.key",
                )
                .map_err(|e| StoreError::database(step, e))?,
        })
    }

    /// Adds `entries` after `head` in the caller's transaction; returns where they stand.
    pub(crate) fn append(
        &mut self,
        epoch_no: u32,
        head: Head,
        entries: &[Entry],
    ) -> Result<Appended, StoreError> {
        let step = "append to the ledger";
        let mut last = head;
        for entry in entries {
            let next = last.extend(&entry.body);
            let id = row_id(epoch_no, next.seq).ok_or(StoreError::Damaged {
                what: format!("record number {} cannot be", next.seq),
            })?;
            self.record
                .execute(params![id, entry.body, next.hash.as_bytes()])
                .map_err(|e| StoreError::database(step, e))?;
            if let Some((whose, key)) = &entry.data_key {
                let (statement, number) = match whose {
                    KeyOf::Worker(worker) => (&mut self.key, worker),
                    KeyOf::Visit(visit) => (&mut self.visit_key, visit),
                };
                statement
                    .execute(params![number, key.reveal()])
                    .map_err(|e| StoreError::database(step, e))?;
            }
            last = next;
        }
        Ok(Appended {
            epoch_no,
            first_seq: head.seq.saturating_add(1),
            last_seq: last.seq,
            head: last,
        })
    }
}

/// Refuses a body that the wire would refuse.
pub(crate) fn check_size(entries: &[Entry]) -> Result<(), StoreError> {
    let odd = entries
        .iter()
        .map(|entry| entry.body.len())
        .find(|bytes| !(1..=CARRIED_BYTES_MAX).contains(bytes));
    match odd {
        Some(bytes) => Err(StoreError::BodySize {
            bytes,
            bytes_max: CARRIED_BYTES_MAX,
        }),
        None => Ok(()),
    }
}

/// The last record of an epoch, its chain checked over the last 512 records.
pub(crate) fn checked_tail(
    db: &Connection,
    genesis: Head,
    epoch_no: u32,
) -> Result<(Head, Option<Vec<u8>>), StoreError> {
    let last = last_seq(db, epoch_no)?;
    let from = last.saturating_sub(TAIL_RECORDS);
    let mut head = match from {
        0 => genesis,
        seq => Head {
            seq,
            hash: hash_at(db, epoch_no, seq)?.ok_or_else(|| broken(seq, "is missing"))?,
        },
    };
    let step = "check the end of the ledger";
    let mut tail = db
        .prepare("SELECT id, body, hash FROM ledger WHERE id > ?1 AND id <= ?2 ORDER BY id")
        .map_err(|e| StoreError::database(step, e))?;
    let mut rows = tail
        .query(params![row_id(epoch_no, from), row_id(epoch_no, last)])
        .map_err(|e| StoreError::database(step, e))?;
    let mut body = None;
    while let Some(row) = rows.next().map_err(|e| StoreError::database(step, e))? {
        let (id, bytes, hash) = stored(row).map_err(|e| StoreError::database(step, e))?;
        let next = head.extend(&bytes);
        if seq_of(id) != next.seq {
            return Err(broken(next.seq, "is missing"));
        }
        if Hash::from_bytes(hash) != next.hash {
            return Err(broken(next.seq, "does not fit its hash"));
        }
        head = next;
        body = Some(bytes);
    }
    Ok((head, body))
}

fn broken(seq: u64, how: &str) -> StoreError {
    StoreError::Damaged {
        what: format!("record {seq} {how}"),
    }
}

/// Reads `id, body, hash`.
pub(crate) fn stored(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>, [u8; 32])> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

/// Number of the last record of an epoch, 0 when it has none.
pub(crate) fn last_seq(db: &Connection, epoch_no: u32) -> Result<u64, StoreError> {
    let last: Option<i64> = db
        .query_row(
            "SELECT max(id) FROM ledger WHERE id BETWEEN ?1 AND ?2",
            params![row_id(epoch_no, 0), last_row_id(epoch_no)],
            |row| row.get(0),
        )
        .map_err(|e| StoreError::database("find the last record", e))?;
    Ok(last.map_or(0, seq_of))
}

/// The stored hash of a record.
pub(crate) fn hash_at(
    db: &Connection,
    epoch_no: u32,
    seq: u64,
) -> Result<Option<Hash>, StoreError> {
    db.query_row(
        "SELECT hash FROM ledger WHERE id = ?1",
        [row_id(epoch_no, seq)],
        |row| row.get(0).map(Hash::from_bytes),
    )
    .optional()
    .map_err(|e| StoreError::database("read a hash", e))
}

/// Reads a record's stamp, also of a kind that this version does not know.
pub(crate) fn stamp_of(body: &[u8]) -> Option<Stamp> {
    serde_json::from_slice(body).ok()
}
