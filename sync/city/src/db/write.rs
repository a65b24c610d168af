//! Statements of the one writing transaction.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::error::CityError;

/// Heartbeats kept per box: one day at one every 30 s.
const HEARTBEATS_KEPT: u32 = 2_880;
/// Different alarms kept per box; a further one only counts up the last.
const ALARMS_PER_BOX_MAX: u64 = 1_000;
/// Epochs of one box at most; one begins where a file is lost, so this many are no accident.
const EPOCHS_PER_BOX_MAX: u64 = 1_000;
/// Runs beyond `through` that one acknowledgement names.
const SPANS_ANSWERED_MAX: u32 = 64;

/// A hash as the table holds it.
pub type HashBytes = [u8; 32];

/// The writing connection. One thread owns it.
#[derive(Debug)]
pub struct Writer {
    conn: Connection,
}

/// A record on its way into the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewRecord {
    /// Place in the epoch, from 1.
    pub seq: u64,
    /// The exact bytes that came.
    pub body: Vec<u8>,
    /// SHA-256 of the previous hash and the body.
    pub hash: HashBytes,
    /// Code and Chinese message if the record was set aside.
    pub parked: Option<(String, String)>,
}

/// A record that is in the table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// The exact bytes that came.
    pub body: Vec<u8>,
    /// SHA-256 of the previous hash and the body.
    pub hash: HashBytes,
}

/// An unbroken run of stored seqs, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// First seq of the run.
    pub first: u64,
    /// Last seq of the run.
    pub last: u64,
}

/// Something that a person should look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AlarmNote {
    /// Epoch it concerns; empty if none.
    pub epoch: String,
    /// Seq it concerns; 0 if none.
    pub seq: u64,
    /// Code, for machines.
    pub code: &'static str,
    /// Chinese sentence, for people.
    pub message: String,
}

/// What a heartbeat said, with the city's measure of the box's clock.
#[derive(Clone, Debug)]
pub struct Beat {
    /// Records that the box holds and the city does not.
    pub backlog: u64,
    /// The city's time minus the box's time, in ms.
    pub skew_ms: i64,
    /// The message as it came.
    pub body: Vec<u8>,
}

impl Writer {
    /// Opens the file, makes it if there is none.
    pub fn open(path: &Path) -> Result<Self, CityError> {
        super::file::open_writing(path).map(|conn| Self { conn })
    }

    /// Begins the transaction of a batch.
    pub fn begin(&mut self) -> Result<WriteTx<'_>, CityError> {
        self.conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map(|tx| WriteTx { tx })
            .map_err(CityError::db("begin"))
    }
}

/// One transaction; dropped without `commit` it leaves no trace.
#[derive(Debug)]
pub struct WriteTx<'a> {
    tx: Transaction<'a>,
}

impl WriteTx<'_> {
    /// Makes all of it durable.
    pub fn commit(self) -> Result<(), CityError> {
        self.tx.commit().map_err(CityError::db("commit"))
    }

    /// Notes that a box was heard of. An empty `site` leaves the known one.
    pub fn touch_box(&self, id: &str, site: &str, now: i64) -> Result<(), CityError> {
        self.run(
            "note a box",
            "INSERT INTO box (box, site, first_seen_at, last_seen_at) VALUES (?1, ?2, ?3, ?3)
             ON CONFLICT (box) DO UPDATE SET last_seen_at = ?3,
               site = CASE WHEN ?2 = '' THEN site ELSE ?2 END",
            params![id, site, now],
        )
    }

    /// Notes what the box's state topic says.
    pub fn set_online(&self, id: &str, online: bool, now: i64) -> Result<(), CityError> {
        self.run(
            "note a state",
            "INSERT INTO box (box, first_seen_at, last_seen_at, online, online_at)
             VALUES (?1, ?3, ?3, ?2, ?3)
             ON CONFLICT (box) DO UPDATE SET online = ?2, online_at = ?3",
            params![id, online, now],
        )
    }

    /// Notes that an epoch exists; false where the box has too many already.
    pub fn touch_epoch(&self, id: &str, epoch: &str, now: i64) -> Result<bool, CityError> {
        let known = self
            .tx
            .prepare_cached("SELECT 1 FROM epoch WHERE box = ?1 AND epoch = ?2")
            .and_then(|mut s| s.exists([id, epoch]))
            .map_err(CityError::db("look for an epoch"))?;
        if known {
            return Ok(true);
        }
        let added = self
            .tx
            .prepare_cached(
                "INSERT INTO epoch (box, epoch, seen_at) SELECT ?1, ?2, ?3
                 WHERE (SELECT count(*) FROM epoch WHERE box = ?1) < ?4",
            )
            .and_then(|mut s| s.execute(params![id, epoch, now, EPOCHS_PER_BOX_MAX]))
            .map_err(CityError::db("note an epoch"))?;
        Ok(added > 0)
    }

    /// Notes the epoch whose worker numbers `epoch` continues.
    pub fn set_previous(&self, id: &str, epoch: &str, previous: &str) -> Result<(), CityError> {
        self.run(
            "note the previous epoch",
            "UPDATE epoch SET previous = ?3 WHERE box = ?1 AND epoch = ?2",
            params![id, epoch, previous],
        )
    }

    /// Hash of a stored record.
    pub fn hash_at(&self, id: &str, epoch: &str, seq: u64) -> Result<Option<HashBytes>, CityError> {
        self.tx
            .prepare_cached("SELECT hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3")
            .and_then(|mut s| {
                s.query_row(params![id, epoch, seq], |row| row.get(0))
                    .optional()
            })
            .map_err(CityError::db("read a hash"))
    }

    /// Body and hash of a stored record.
    pub fn record_at(&self, id: &str, epoch: &str, seq: u64) -> Result<Option<Stored>, CityError> {
        self.tx
            .prepare_cached(
                "SELECT body, hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
            )
            .and_then(|mut s| {
                s.query_row(params![id, epoch, seq], |row| {
                    Ok(Stored {
                        body: row.get(0)?,
                        hash: row.get(1)?,
                    })
                })
                .optional()
            })
            .map_err(CityError::db("read a record"))
    }

    /// Hashes of the stored records of a range, in order.
    pub fn hashes(
        &self,
        id: &str,
        epoch: &str,
        range: Span,
    ) -> Result<Vec<(u64, HashBytes)>, CityError> {
        let read = || -> rusqlite::Result<Vec<(u64, HashBytes)>> {
            self.tx
                .prepare_cached(
                    "SELECT seq, hash FROM record
                     WHERE box = ?1 AND epoch = ?2 AND seq BETWEEN ?3 AND ?4 ORDER BY seq",
                )?
                .query_map(params![id, epoch, range.first, range.last], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
        };
        read().map_err(CityError::db("read hashes"))
    }

    /// Stores a record that is not there yet.
    pub fn insert(
        &self,
        id: &str,
        epoch: &str,
        record: &NewRecord,
        now: i64,
    ) -> Result<(), CityError> {
        let status = if record.parked.is_some() {
            "parked"
        } else {
            "stored"
        };
        self.run(
            "store a record",
            "INSERT INTO record (box, epoch, seq, body, hash, received_at, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![id, epoch, record.seq, record.body, record.hash, now, status],
        )?;
        let Some((code, message)) = &record.parked else {
            return Ok(());
        };
        self.run(
            "park a record",
            "INSERT INTO parked (box, epoch, seq, code, message) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, epoch, record.seq, code, message],
        )
    }

    /// Notes where the newest record of a worker stands.
    pub fn set_worker_at(
        &self,
        id: &str,
        epoch: &str,
        (worker, seq): (u32, u64),
    ) -> Result<(), CityError> {
        self.run(
            "note a worker",
            "INSERT INTO worker_at (box, epoch, worker, seq) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (box, epoch, worker) DO UPDATE SET seq = max(seq, ?4)",
            params![id, epoch, worker, seq],
        )
    }

    /// Adds a stored run; runs that touch or overlap become one.
    pub fn add_span(&self, id: &str, epoch: &str, new: Span) -> Result<(), CityError> {
        let merge = || -> rusqlite::Result<()> {
            let mut whole = new;
            let mut touching = self.tx.prepare_cached(
                "SELECT first, last FROM span
                 WHERE box = ?1 AND epoch = ?2 AND first <= ?4 AND last >= ?3",
            )?;
            let (low, high) = (new.first.saturating_sub(1), new.last.saturating_add(1));
            let runs = touching
                .query_map(params![id, epoch, low, high], |row| {
                    Ok(Span {
                        first: row.get(0)?,
                        last: row.get(1)?,
                    })
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            for run in runs {
                whole.first = whole.first.min(run.first);
                whole.last = whole.last.max(run.last);
                self.tx
                    .prepare_cached(
                        "DELETE FROM span WHERE box = ?1 AND epoch = ?2 AND first = ?3",
                    )?
                    .execute(params![id, epoch, run.first])?;
            }
            self.tx
                .prepare_cached(
                    "INSERT INTO span (box, epoch, first, last) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![id, epoch, whole.first, whole.last])?;
            Ok(())
        };
        merge().map_err(CityError::db("merge runs"))
    }

    /// Last seq of the run that begins with 1; 0 if 1 is missing.
    pub fn through(&self, id: &str, epoch: &str) -> Result<u64, CityError> {
        self.tx
            .prepare_cached("SELECT last FROM span WHERE box = ?1 AND epoch = ?2 AND first = 1")
            .and_then(|mut s| s.query_row(params![id, epoch], |row| row.get(0)).optional())
            .map(Option::unwrap_or_default)
            .map_err(CityError::db("read through"))
    }

    /// Stored runs of an epoch beyond the first, newest first. Bounded.
    pub fn spans_beyond(&self, id: &str, epoch: &str) -> Result<Vec<Span>, CityError> {
        let read = || -> rusqlite::Result<Vec<Span>> {
            self.tx
                .prepare_cached(
                    "SELECT first, last FROM span WHERE box = ?1 AND epoch = ?2 AND first > 1
                     ORDER BY first DESC LIMIT ?3",
                )?
                .query_map(params![id, epoch, SPANS_ANSWERED_MAX], |row| {
                    Ok(Span {
                        first: row.get(0)?,
                        last: row.get(1)?,
                    })
                })?
                .collect()
        };
        read().map_err(CityError::db("read runs"))
    }

    /// Notes the acknowledgement that is about to be published.
    pub fn set_ack(
        &self,
        id: &str,
        epoch: &str,
        (through, beyond): (u64, &str),
        now: i64,
    ) -> Result<(), CityError> {
        self.run(
            "note an acknowledgement",
            "INSERT INTO ack (box, epoch, through, beyond, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (box, epoch) DO UPDATE SET through = ?3, beyond = ?4, made_at = ?5",
            params![id, epoch, through, beyond, now],
        )
    }

    /// Stores a heartbeat and forgets those beyond the newest day's worth.
    pub fn add_heartbeat(&self, id: &str, beat: &Beat, now: i64) -> Result<(), CityError> {
        self.run(
            "store a heartbeat",
            "INSERT OR REPLACE INTO heartbeat (box, received_at, backlog, skew_ms, body)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, now, beat.backlog, beat.skew_ms, beat.body],
        )?;
        self.run(
            "forget heartbeats",
            "DELETE FROM heartbeat WHERE box = ?1 AND received_at <= (
               SELECT received_at FROM heartbeat WHERE box = ?1
               ORDER BY received_at DESC LIMIT 1 OFFSET ?2)",
            params![id, HEARTBEATS_KEPT],
        )
    }

    /// Raises an alarm; the same one again only counts up.
    pub fn raise(&self, id: &str, note: &AlarmNote, now: i64) -> Result<(), CityError> {
        let again = self
            .tx
            .prepare_cached(
                "UPDATE alarm SET times = times + 1, last_at = ?5
                 WHERE box = ?1 AND epoch = ?2 AND code = ?3 AND seq = ?4",
            )
            .and_then(|mut s| s.execute(params![id, note.epoch, note.code, note.seq, now]))
            .map_err(CityError::db("count an alarm"))?;
        if again > 0 {
            return Ok(());
        }
        self.run(
            "raise an alarm",
            "INSERT INTO alarm (box, epoch, seq, code, message, first_at, last_at)
             SELECT ?1, ?2, ?4, ?3, ?5, ?6, ?6
             WHERE (SELECT count(*) FROM alarm WHERE box = ?1) < ?7",
            params![
                id,
                note.epoch,
                note.code,
                note.seq,
                note.message,
                now,
                ALARMS_PER_BOX_MAX
            ],
        )
    }

    /// Parked records of an epoch, oldest first. Bounded.
    pub fn parked(
        &self,
        id: &str,
        epoch: &str,
        limit: u32,
    ) -> Result<Vec<(u64, String, String)>, CityError> {
        let read = || -> rusqlite::Result<Vec<(u64, String, String)>> {
            self.tx
                .prepare_cached(
                    "SELECT seq, code, message FROM parked WHERE box = ?1 AND epoch = ?2
                     ORDER BY seq LIMIT ?3",
                )?
                .query_map(params![id, epoch, limit], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect()
        };
        read().map_err(CityError::db("list parked records"))
    }

    /// Number of boxes ever heard of.
    pub fn boxes(&self) -> Result<u64, CityError> {
        self.tx
            .query_row("SELECT count(*) FROM box", [], |row| row.get(0))
            .map_err(CityError::db("count boxes"))
    }

    /// Whether this box was heard of before.
    pub fn knows_box(&self, id: &str) -> Result<bool, CityError> {
        self.tx
            .prepare_cached("SELECT 1 FROM box WHERE box = ?1")
            .and_then(|mut s| s.exists([id]))
            .map_err(CityError::db("look for a box"))
    }

    /// The newest epoch of every box.
    pub fn newest_epochs(&self) -> Result<Vec<(String, String)>, CityError> {
        let read = || -> rusqlite::Result<Vec<(String, String)>> {
            self.tx
                .prepare_cached("SELECT box, epoch, max(no) FROM epoch GROUP BY box")?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read().map_err(CityError::db("list epochs"))
    }

    fn run(
        &self,
        step: &'static str,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), CityError> {
        self.tx
            .prepare_cached(sql)
            .and_then(|mut s| s.execute(values))
            .map(|_| ())
            .map_err(CityError::db(step))
    }
}
