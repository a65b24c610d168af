//! Questions of the page. Read-only, on a connection of its own.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Span;
use crate::error::CityError;

/// Boxes shown at most.
const BOXES_MAX: u32 = 500;
/// Alarms shown at most.
const ALARMS_MAX: u32 = 20;

/// The reading connection.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

/// What is known of a box.
#[derive(Clone, Debug)]
pub struct BoxFacts {
    /// Box id.
    pub id: String,
    /// Site that the box named, or empty.
    pub site: String,
    /// Whether its state topic said online last.
    pub online: bool,
    /// When anything came from it last, ms.
    pub last_seen_at: i64,
    /// When its newest record arrived, ms.
    pub last_record_at: Option<i64>,
    /// Its newest epoch.
    pub epoch: Option<String>,
    /// How many epochs it has.
    pub epochs: u64,
    /// Stored runs of the newest epoch.
    pub spans: Vec<Span>,
    /// Stored records, all epochs.
    pub records: u64,
    /// Parked records, all epochs.
    pub parked: u64,
    /// Its newest heartbeat.
    pub heartbeat: Option<HeartbeatFacts>,
}

/// A heartbeat as stored.
#[derive(Clone, Copy, Debug)]
pub struct HeartbeatFacts {
    /// When it arrived, ms.
    pub received_at: i64,
    /// Records that wait on the box.
    pub backlog: u64,
    /// City's time minus box's time, ms.
    pub skew_ms: i64,
}

/// A record as stored.
#[derive(Clone, Debug)]
pub struct RecordFacts {
    /// Box id.
    pub id: String,
    /// Epoch.
    pub epoch: String,
    /// Place in the epoch.
    pub seq: u64,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// When it arrived, ms.
    pub received_at: i64,
    /// Why it was parked, in Chinese.
    pub parked: Option<String>,
}

/// An alarm as stored.
#[derive(Clone, Debug)]
pub struct AlarmFacts {
    /// Box id.
    pub id: String,
    /// Epoch or empty.
    pub epoch: String,
    /// Seq or 0.
    pub seq: u64,
    /// Code, for machines.
    pub code: String,
    /// Chinese sentence.
    pub message: String,
    /// When it was raised last, ms.
    pub last_at: i64,
    /// How often.
    pub times: u64,
}

/// Counts over everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Stored records.
    pub records: u64,
    /// Records that arrived since the instant asked for.
    pub arrived: u64,
    /// Parked records.
    pub parked: u64,
    /// Alarms.
    pub alarms: u64,
}

impl Reader {
    /// Opens the file that a `Writer` made.
    pub fn open(path: &Path) -> Result<Self, CityError> {
        super::file::open_reading(path).map(|conn| Self { conn })
    }

    /// Counts, with the records that arrived at or after `since`.
    pub fn totals(&self, since: i64) -> Result<Totals, CityError> {
        let arrived = self.arrived_since(since)?;
        self.conn
            .prepare_cached(
                "SELECT (SELECT ifnull(sum(last - first + 1), 0) FROM span),
                        (SELECT count(*) FROM parked), (SELECT count(*) FROM alarm)",
            )
            .and_then(|mut s| {
                s.query_row([], |row| {
                    Ok(Totals {
                        records: row.get(0)?,
                        arrived,
                        parked: row.get(1)?,
                        alarms: row.get(2)?,
                    })
                })
            })
            .map_err(CityError::db("count"))
    }

    /// Every box, in the order of its id. Bounded.
    pub fn boxes(&self) -> Result<Vec<BoxFacts>, CityError> {
        let list = || -> rusqlite::Result<Vec<BoxFacts>> {
            self.conn
                .prepare_cached(
                    "SELECT box, site, online, last_seen_at,
                       (SELECT epoch FROM epoch e WHERE e.box = b.box ORDER BY no DESC LIMIT 1),
                       (SELECT count(*) FROM epoch e WHERE e.box = b.box),
                       (SELECT ifnull(sum(last - first + 1), 0) FROM span s WHERE s.box = b.box),
                       (SELECT count(*) FROM parked p WHERE p.box = b.box)
                     FROM box b ORDER BY box LIMIT ?1",
                )?
                .query_map([BOXES_MAX], |row| {
                    Ok(BoxFacts {
                        id: row.get(0)?,
                        site: row.get(1)?,
                        online: row.get(2)?,
                        last_seen_at: row.get(3)?,
                        last_record_at: None,
                        epoch: row.get(4)?,
                        epochs: row.get(5)?,
                        spans: Vec::new(),
                        records: row.get(6)?,
                        parked: row.get(7)?,
                        heartbeat: None,
                    })
                })?
                .collect()
        };
        let mut boxes = list().map_err(CityError::db("list boxes"))?;
        for facts in &mut boxes {
            self.complete(facts)
                .map_err(CityError::db("describe a box"))?;
        }
        Ok(boxes)
    }

    /// The records that arrived last, newest first.
    pub fn recent(&self, limit: u32) -> Result<Vec<RecordFacts>, CityError> {
        let read = || -> rusqlite::Result<Vec<RecordFacts>> {
            self.conn
                .prepare_cached(
                    "SELECT r.box, r.epoch, r.seq, r.body, r.received_at, p.message
                     FROM record r LEFT JOIN parked p
                       ON p.box = r.box AND p.epoch = r.epoch AND p.seq = r.seq
                     ORDER BY r.rowid DESC LIMIT ?1",
                )?
                .query_map([limit], |row| {
                    Ok(RecordFacts {
                        id: row.get(0)?,
                        epoch: row.get(1)?,
                        seq: row.get(2)?,
                        body: row.get(3)?,
                        received_at: row.get(4)?,
                        parked: row.get(5)?,
                    })
                })?
                .collect()
        };
        read().map_err(CityError::db("list records"))
    }

    /// The alarms raised last, newest first.
    pub fn alarms(&self) -> Result<Vec<AlarmFacts>, CityError> {
        let read = || -> rusqlite::Result<Vec<AlarmFacts>> {
            self.conn
                .prepare_cached(
                    "SELECT box, epoch, seq, code, message, last_at, times
                     FROM alarm ORDER BY last_at DESC, id DESC LIMIT ?1",
                )?
                .query_map([ALARMS_MAX], |row| {
                    Ok(AlarmFacts {
                        id: row.get(0)?,
                        epoch: row.get(1)?,
                        seq: row.get(2)?,
                        code: row.get(3)?,
                        message: row.get(4)?,
                        last_at: row.get(5)?,
                        times: row.get(6)?,
                    })
                })?
                .collect()
        };
        read().map_err(CityError::db("list alarms"))
    }

    /// Body of the newest record of a worker, looked for in `epoch` and in the epochs
    /// whose numbers it continues.
    pub fn worker_body(
        &self,
        id: &str,
        epoch: &str,
        worker: u32,
    ) -> Result<Option<Vec<u8>>, CityError> {
        self.conn
            .prepare_cached(
                "WITH RECURSIVE line (epoch, depth) AS (
                   SELECT ?2, 0
                   UNION ALL
                   SELECT e.previous, depth + 1 FROM line
                   JOIN epoch e ON e.box = ?1 AND e.epoch = line.epoch
                   WHERE e.previous IS NOT NULL AND depth < 16)
                 SELECT r.body FROM line
                 JOIN worker_at w ON w.box = ?1 AND w.epoch = line.epoch AND w.worker = ?3
                 JOIN record r ON r.box = ?1 AND r.epoch = w.epoch AND r.seq = w.seq
                 ORDER BY depth LIMIT 1",
            )
            .and_then(|mut s| {
                s.query_row(params![id, epoch, worker], |row| row.get(0))
                    .optional()
            })
            .map_err(CityError::db("look for a worker"))
    }

    /// The last published acknowledgement: `through` and the runs beyond, as JSON.
    pub fn acked(&self, id: &str, epoch: &str) -> Result<Option<(u64, String)>, CityError> {
        self.conn
            .prepare_cached("SELECT through, beyond FROM ack WHERE box = ?1 AND epoch = ?2")
            .and_then(|mut s| {
                s.query_row(params![id, epoch], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .map_err(CityError::db("read an acknowledgement"))
    }

    /// Arrival order is rowid order, so the first row of a day is found by bisection instead of
    /// an index that every insert would have to maintain.
    fn arrived_since(&self, since: i64) -> Result<u64, CityError> {
        let find = || -> rusqlite::Result<u64> {
            let newest: i64 =
                self.conn
                    .query_row("SELECT ifnull(max(rowid), 0) FROM record", [], |r| r.get(0))?;
            let (mut low, mut high) = (0_i64, newest);
            let mut at = self
                .conn
                .prepare_cached("SELECT received_at FROM record WHERE rowid = ?1")?;
            while low < high {
                let middle = low + (high - low) / 2;
                let before: bool = at
                    .query_row([middle + 1], |row| row.get::<_, i64>(0))
                    .optional()?
                    .is_none_or(|received| received < since);
                if before {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            Ok(u64::try_from(newest - low).unwrap_or(0))
        };
        find().map_err(CityError::db("count today's records"))
    }

    fn complete(&self, facts: &mut BoxFacts) -> rusqlite::Result<()> {
        facts.heartbeat = self
            .conn
            .prepare_cached(
                "SELECT received_at, backlog, skew_ms FROM heartbeat WHERE box = ?1
                 ORDER BY received_at DESC LIMIT 1",
            )?
            .query_row([&facts.id], |row| {
                Ok(HeartbeatFacts {
                    received_at: row.get(0)?,
                    backlog: row.get(1)?,
                    skew_ms: row.get(2)?,
                })
            })
            .optional()?;
        let Some(epoch) = &facts.epoch else {
            return Ok(());
        };
        facts.spans = self
            .conn
            .prepare_cached(
                "SELECT first, last FROM span WHERE box = ?1 AND epoch = ?2 ORDER BY first",
            )?
            .query_map([&facts.id, epoch], |row| {
                Ok(Span {
                    first: row.get(0)?,
                    last: row.get(1)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        facts.last_record_at = self
            .conn
            .prepare_cached(
                "SELECT received_at FROM record WHERE box = ?1 AND epoch = ?2
                 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row([&facts.id, epoch], |row| row.get(0))
            .optional()?;
        Ok(())
    }
}
