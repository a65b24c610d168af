//! What the city holds: records, their chain, and who the worker numbers are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::VerdictError;
use crate::journal::Direction;
use crate::unseal::{CityKey, Wrap};

/// A record as far as the verdict needs it. Keys that a kind does not have are absent.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Body {
    /// When it happened by the box's clock, Unix ms.
    pub at: i64,
    /// Which kind.
    pub kind: String,
    /// Which lane.
    pub lane: Option<String>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Worker number.
    pub worker: Option<u32>,
    /// Way of attendance of a presentation.
    pub by: Option<String>,
    /// Result of a presentation.
    pub result: Option<String>,
    /// Code of a refusal.
    pub reason: Option<serde_json::Value>,
    /// Outcome of a passage.
    pub outcome: Option<String>,
    /// What happened to a gate.
    pub event: Option<String>,
    /// Openings that an emergency counted.
    pub openings: Option<usize>,
    /// First of them, Unix ms.
    pub from: Option<i64>,
    /// Last of them, Unix ms.
    pub to: Option<i64>,
    /// The board's own name of an event.
    pub board: Option<BoardEvent>,
    /// Sealed person.
    pub sealed: Option<String>,
    /// Wrapped data keys.
    #[serde(default)]
    pub wraps: Vec<Wrap>,
}

/// A gate board's own name of an event.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub struct BoardEvent {
    /// Boot number of the board.
    pub boot: u64,
    /// Number of the event within that boot.
    pub seq: u64,
}

/// A record with its name.
#[derive(Clone, Debug)]
pub struct Record {
    /// Place in the order of (box, epoch, seq); epochs in the order in which they arrived.
    pub place: usize,
    /// Box id.
    pub id: String,
    /// What it says.
    pub body: Body,
}

/// Everything that the city holds.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// All records that could be read, in order.
    pub records: Vec<Record>,
    /// Number of all rows.
    pub rows: u64,
    /// Rows whose body could not be read.
    pub unreadable: u64,
    /// Rows that the city parked.
    pub parked: u64,
    /// Whether every epoch runs from 1 without a hole and its hashes are right.
    pub chain_ok: bool,
    /// ID number to the (box, worker) names it has.
    pub workers: BTreeMap<String, BTreeSet<(String, u32)>>,
    /// Workers whose seal could not be opened.
    pub sealed_shut: u64,
}

struct Row {
    id: String,
    epoch: String,
    seq: i64,
    body: Vec<u8>,
    hash: Vec<u8>,
    parked: bool,
}

/// Reads the city's database.
pub fn read(path: &Path, key: &CityKey) -> Result<Ledger, VerdictError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut rows = conn.prepare(
        "SELECT r.box, r.epoch, r.seq, r.body, r.hash, r.status = 'parked' FROM record r
         JOIN (SELECT box, epoch, min(rowid) AS arrived FROM record GROUP BY box, epoch) e
           ON e.box = r.box AND e.epoch = r.epoch
         ORDER BY r.box, e.arrived, r.seq",
    )?;
    let rows = rows.query_map([], |row| {
        Ok(Row {
            id: row.get(0)?,
            epoch: row.get(1)?,
            seq: row.get(2)?,
            body: row.get(3)?,
            hash: row.get(4)?,
            parked: row.get(5)?,
        })
    })?;
    let mut ledger = Ledger {
        chain_ok: true,
        ..Ledger::default()
    };
    let mut chain: Option<Chain> = None;
    for (place, row) in rows.enumerate() {
        let row = row?;
        let link = match chain.take() {
            Some(link) if link.id == row.id && link.epoch == row.epoch => link,
            _ => Chain::begin(&row.id, &row.epoch),
        };
        let (link, holds) = link.extend(&row);
        ledger.chain_ok &= holds;
        chain = Some(link);
        ledger.add(place, row, key);
    }
    Ok(ledger)
}

impl Ledger {
    fn add(&mut self, place: usize, row: Row, key: &CityKey) {
        self.rows += 1;
        self.parked += u64::from(row.parked);
        let Ok(body) = serde_json::from_slice::<Body>(&row.body) else {
            self.unreadable += 1;
            return;
        };
        if body.kind == "worker" {
            self.learn(&row.id, &body, key);
        }
        self.records.push(Record {
            place,
            id: row.id,
            body,
        });
    }

    fn learn(&mut self, id: &str, body: &Body, key: &CityKey) {
        let (Some(worker), Some(sealed)) = (body.worker, &body.sealed) else {
            return;
        };
        match key.id_number(id, worker, (sealed, &body.wraps)) {
            Some(number) => {
                self.workers
                    .entry(number)
                    .or_default()
                    .insert((id.to_owned(), worker));
            }
            None => self.sealed_shut += 1,
        }
    }
}

struct Chain {
    id: String,
    epoch: String,
    last: i64,
    hash: Vec<u8>,
}

impl Chain {
    /// `hash(0)` is SHA-256 of `menwei/1/{box}/{epoch}`.
    fn begin(id: &str, epoch: &str) -> Self {
        let hash = Sha256::digest(format!("menwei/1/{id}/{epoch}")).to_vec();
        Self {
            id: id.to_owned(),
            epoch: epoch.to_owned(),
            last: 0,
            hash,
        }
    }

    /// `hash(n)` is SHA-256 of `hash(n-1)` and the body of record `n`.
    fn extend(self, row: &Row) -> (Self, bool) {
        let hash = Sha256::new()
            .chain_update(&self.hash)
            .chain_update(&row.body)
            .finalize()
            .to_vec();
        let holds = row.seq == self.last + 1 && hash == row.hash;
        (
            Self {
                last: row.seq,
                hash: row.hash.clone(),
                ..self
            },
            holds,
        )
    }
}
