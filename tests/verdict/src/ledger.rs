//! What the city holds: records, their chain, and who the worker numbers are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::VerdictError;
use crate::journal::Direction;
use crate::lineage::{self, EpochName, Lineage, Origin, Told};
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
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub struct BoardEvent {
    /// The board's serial number, where it tells one.
    pub uid: Option<String>,
    /// Boot number of the board.
    pub boot: u64,
    /// Number of the event within that boot.
    pub seq: u64,
}

/// An act that the city holds, once.
#[derive(Clone, Debug)]
pub struct Record {
    /// Place in the order of box, epoch and number, as first recorded.
    pub place: usize,
    /// Box and epoch in which it was first recorded.
    pub epoch: EpochName,
    /// What it says.
    pub body: Body,
}

/// Everything that the city holds.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// All acts that could be read, in order.
    pub records: Vec<Record>,
    /// Number of all rows.
    pub rows: u64,
    /// Rows whose body could not be read.
    pub unreadable: u64,
    /// Rows that the city parked.
    pub parked: u64,
    /// Rows that were carried over from another epoch.
    pub carried: u64,
    /// Acts that stand in several rows and that the city does not count once.
    pub miscounted: u64,
    /// Whether every epoch runs from 1 without a hole and its hashes are right.
    pub chain_ok: bool,
    /// ID numbers by box, epoch and worker number.
    pub people: BTreeMap<(EpochName, u32), String>,
    /// Workers whose seal could not be opened.
    pub sealed_shut: u64,
    lineage: Lineage,
    /// Which boxes have a lane.
    boxes: BTreeMap<String, BTreeSet<String>>,
    /// Which boxes know an ID number.
    known: BTreeMap<String, BTreeSet<String>>,
}

struct Row {
    id: String,
    epoch: String,
    seq: i64,
    body: Vec<u8>,
    hash: Vec<u8>,
    status: String,
}

/// One act and the rows in which it stands.
struct Act {
    told: Told,
    /// When its epoch first came to the city, among all epochs.
    arrived: usize,
    rows: u64,
    repeated: u64,
}

/// Reads the city's database.
pub fn read(path: &Path, key: &CityKey) -> Result<Ledger, VerdictError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut rows = conn.prepare(
        "SELECT r.box, r.epoch, r.seq, r.body, r.hash, r.status FROM record r
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
            status: row.get(5)?,
        })
    })?;
    let mut ledger = Ledger {
        chain_ok: true,
        ..Ledger::default()
    };
    let mut chain: Option<Chain> = None;
    let mut arrived = BTreeMap::new();
    let mut acts: BTreeMap<Origin, Act> = BTreeMap::new();
    for row in rows {
        let row = row?;
        let link = match chain.take() {
            Some(link) if link.id == row.id && link.epoch == row.epoch => link,
            _ => Chain::begin(&row.id, &row.epoch),
        };
        let (link, holds) = link.extend(&row);
        ledger.chain_ok &= holds;
        chain = Some(link);
        let epochs = arrived.len();
        arrived
            .entry((row.id.clone(), row.epoch.clone()))
            .or_insert(epochs);
        ledger.take(row, &mut acts);
    }
    for act in acts.values_mut() {
        let epochs = arrived.len();
        act.arrived = *arrived.get(&act.told.origin.epoch).unwrap_or(&epochs);
    }
    ledger.order(acts.into_values().collect(), key);
    Ok(ledger)
}

impl Ledger {
    /// Takes in a row: an act of its own, or one that is there already.
    fn take(&mut self, row: Row, acts: &mut BTreeMap<Origin, Act>) {
        self.rows += 1;
        self.parked += u64::from(row.status == "parked");
        let epoch = (row.id, row.epoch);
        if row.seq == 1 {
            self.lineage.learn(&epoch, &row.body);
        }
        let seq = u64::try_from(row.seq).unwrap_or(0);
        let told = lineage::told(&epoch, seq, &row.body);
        self.carried += u64::from(told.is_carried);
        let act = acts.entry(told.origin.clone()).or_insert_with(|| Act {
            told: told.clone(),
            arrived: 0,
            rows: 0,
            repeated: 0,
        });
        act.rows += 1;
        act.repeated += u64::from(row.status == "repeated");
        act.told.is_carried &= told.is_carried;
    }

    /// Puts the acts into the order in which they were recorded: what was carried over comes after
    /// what the city has of that epoch itself, for the box went on from an older state.
    fn order(&mut self, mut acts: Vec<Act>, key: &CityKey) {
        acts.sort_by_key(|act| {
            let origin = &act.told.origin;
            let depth = self.lineage.depth(&origin.epoch);
            let place = (depth, act.arrived, act.told.is_carried, origin.seq);
            (origin.epoch.0.clone(), place)
        });
        for (place, act) in acts.into_iter().enumerate() {
            self.miscounted += u64::from(act.rows != act.repeated + 1);
            let Ok(body) = serde_json::from_slice::<Body>(&act.told.body) else {
                self.unreadable += 1;
                continue;
            };
            let epoch = act.told.origin.epoch;
            if body.kind == "worker" {
                self.learn(&epoch, &body, key);
            }
            if let Some(lane) = body.lane.clone() {
                let boxes = self.boxes.entry(lane).or_default();
                boxes.insert(epoch.0.clone());
            }
            self.records.push(Record { place, epoch, body });
        }
    }

    fn learn(&mut self, epoch: &EpochName, body: &Body, key: &CityKey) {
        let (Some(worker), Some(sealed)) = (body.worker, &body.sealed) else {
            return;
        };
        match key.id_number(&epoch.0, worker, (sealed, &body.wraps)) {
            Some(number) => {
                let known = self.known.entry(number.clone()).or_default();
                known.insert(epoch.0.clone());
                self.people.insert((epoch.clone(), worker), number);
            }
            None => self.sealed_shut += 1,
        }
    }

    /// Whose number a worker's is in an epoch: numbers go on from one epoch to the next.
    pub fn person(&self, epoch: &EpochName, worker: u32) -> Option<&str> {
        let mut epochs = self.lineage.back(epoch);
        let found = epochs.find_map(|epoch| self.people.get(&(epoch.clone(), worker)));
        found.map(String::as_str)
    }

    /// Whether any box with this lane knows a person.
    pub fn knows(&self, lane: &str, person: &str) -> bool {
        let known = self.known.get(person);
        let boxes = self.boxes.get(lane);
        known
            .zip(boxes)
            .is_some_and(|(known, boxes)| !known.is_disjoint(boxes))
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
