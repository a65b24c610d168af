//! Questions to the file, on a connection of their own that the writer never waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use edge_domain::{
    CorrectionCase, CountedAct, Employer, EventMark, LaneMemory, Person, Presence, Roster, Team,
    WorkerId, WorkerStanding,
};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sync_wire::record::Gap;
use sync_wire::seal::DataKey;
use sync_wire::{Hash, Head};

use crate::carry::{self, ToCarry};
use crate::city::cursor::{self, Cursor};
use crate::city::parked;
use crate::connection;
use crate::desk::{DeskReader, visits};
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::face_reader::FaceReader;
use crate::key::Key;
use crate::ledger;
use crate::migrate;
use crate::view::audits::{self, AuditLine};
use crate::view::corrections;
use crate::view::day_acts;
use crate::view::directory::{self, PersonEntry};
use crate::view::lane_memory;
use crate::view::movements;
use crate::view::people::{self, NumbersGiven, Project};
use crate::view::persons;
use crate::view::punches::{self, Punch};
use crate::view::sheets::{self, KeptSheet, MonthClose};
use crate::view::today::{self, Backlog, RecentAct, TodayView};
use crate::view::upload::{self, RecordLine};
use crate::view::wages::Wages;

/// A record as it stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its number within its epoch.
    pub seq: u64,
    /// Its exact bytes.
    pub body: Vec<u8>,
    /// The chain's hash at this record.
    pub hash: Hash,
}

/// A read-only connection. Calls block for the time of a query: keep them off the gate's thread.
#[derive(Debug)]
pub struct Reader {
    db: Connection,
    box_id: String,
}

impl Reader {
    /// Opens a file beside its writer, which may be another process or none.
    /// [`Store::reader`](crate::Store::reader) gives one for a file that this process writes.
    ///
    /// # Errors
    /// As [`Store::open`](crate::Store::open), but a file in use is no error.
    pub fn open(path: &Path, key: &Key, box_id: &str) -> Result<Self, StoreError> {
        let db = connection::open_for_reading(path, key)?;
        migrate::check(&db, path)?;
        check_box(&db, path, box_id)?;
        Ok(Self {
            db,
            box_id: box_id.to_owned(),
        })
    }

    /// The same reader, keeping little in memory: for reading the ledger once, from end to end.
    ///
    /// # Errors
    ///
    /// The connection does not take it.
    pub fn lean(self) -> Result<Self, StoreError> {
        connection::keep_little(&self.db)?;
        Ok(self)
    }

    /// All epochs of the file, oldest first; the last one is written to.
    pub fn epochs(&self) -> Result<Vec<Epoch>, StoreError> {
        epoch::all(&self.db)
    }

    /// The last record of an epoch.
    pub fn head(&self, epoch: &str) -> Result<Head, StoreError> {
        let no = epoch::number(&self.db, epoch)?;
        let seq = ledger::last_seq(&self.db, no)?;
        match ledger::hash_at(&self.db, no, seq)? {
            Some(hash) => Ok(Head { seq, hash }),
            None => Ok(Head::genesis(&self.box_id, epoch)),
        }
    }

    /// The chain's hash at a record; at 0 the hash that binds the chain to its name. `None` where
    /// the epoch has no such record.
    pub fn hash_at(&self, epoch: &str, seq: u64) -> Result<Option<Hash>, StoreError> {
        let no = epoch::number(&self.db, epoch)?;
        match seq {
            0 => Ok(Some(Head::genesis(&self.box_id, epoch).hash)),
            _ => ledger::hash_at(&self.db, no, seq),
        }
    }

    /// The box that the file belongs to.
    pub(crate) fn box_name(&self) -> &str {
        &self.box_id
    }

    /// Records from `from` on, oldest first: at most `records_max`, and no more than fit into
    /// `bytes_max` of bodies, but always at least one where there is one.
    pub fn records(
        &self,
        epoch: &str,
        from: u64,
        records_max: u32,
        bytes_max: usize,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let step = "read records";
        let no = epoch::number(&self.db, epoch)?;
        let mut query = self
            .db
            .prepare(
                "SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3",
            )
            .map_err(|e| StoreError::database(step, e))?;
        let mut rows = query
            .query(params![
                ledger::row_id(no, from.max(1)),
                ledger::last_row_id(no),
                records_max
            ])
            .map_err(|e| StoreError::database(step, e))?;
        let mut records = Vec::new();
        let mut bytes: usize = 0;
        while let Some(row) = rows.next().map_err(|e| StoreError::database(step, e))? {
            let (id, body, hash) =
                ledger::stored(row).map_err(|e| StoreError::database(step, e))?;
            bytes = bytes.saturating_add(body.len());
            if bytes > bytes_max && !records.is_empty() {
                break;
            }
            records.push(StoredRecord {
                seq: ledger::seq_of(id),
                body,
                hash: Hash::from_bytes(hash),
            });
        }
        Ok(records)
    }

    /// What is to be carried over next from an epoch that forked; `None` where nothing is left.
    pub fn next_to_carry(&self) -> Result<Option<ToCarry>, StoreError> {
        carry::next(&self.db)
    }

    /// What the city has acknowledged of an epoch.
    pub fn cursor(&self, epoch: &str) -> Result<Cursor, StoreError> {
        cursor::read(&self.db, epoch::number(&self.db, epoch)?)
    }

    /// Questions about wages.
    pub fn wages(&self) -> Wages<'_> {
        Wages::new(&self.db)
    }

    /// Everyone on the roster whose data can be read, and the visits. Holds every record committed before the last
    /// [`Writer::catch_up`](crate::Writer::catch_up): call that first after people were changed.
    pub fn roster(&self) -> Result<Roster, StoreError> {
        let view = self.one_moment()?;
        Ok(people::roster(&view)?.with_visits(visits::for_gate(&view)?))
    }

    /// What there is to ask about faces, all of it at one moment.
    pub fn faces(&self) -> Result<FaceReader<'_>, StoreError> {
        Ok(FaceReader::new(self.one_moment()?))
    }

    /// One worker, where his data can be read; as fresh as [`roster`](Self::roster).
    pub fn worker(&self, worker: WorkerId) -> Result<Option<WorkerStanding>, StoreError> {
        let view = self.one_moment()?;
        people::worker(&view, worker.0)
    }

    /// Everyone's personal data, where it can be read; as fresh as [`roster`](Self::roster).
    pub fn persons(&self) -> Result<BTreeMap<WorkerId, Person>, StoreError> {
        persons::persons(&self.db)
    }

    /// The key of a worker's sealed records: the same for all of them, until it is destroyed.
    pub fn data_key(&self, worker: WorkerId) -> Result<Option<DataKey>, StoreError> {
        persons::data_key(&self.db, worker.0)
    }

    /// Version of the city's roster in force; as fresh as [`roster`](Self::roster).
    pub fn roster_version(&self) -> Result<Option<u64>, StoreError> {
        persons::roster_version(&self.db)
    }

    /// Whom the city's last whole roster did not name (平台未确认).
    pub fn unconfirmed(&self) -> Result<BTreeSet<WorkerId>, StoreError> {
        persons::unconfirmed(&self.db)
    }

    /// All teams; as fresh as [`roster`](Self::roster).
    pub fn teams(&self) -> Result<Vec<Team>, StoreError> {
        people::teams(&self.db)
    }

    /// All employers; as fresh as [`roster`](Self::roster).
    pub fn employers(&self) -> Result<Vec<Employer>, StoreError> {
        people::employers(&self.db)
    }

    /// The project; as fresh as [`roster`](Self::roster).
    pub fn project(&self) -> Result<Option<Project>, StoreError> {
        people::project(&self.db)
    }

    /// The highest worker, team and employer numbers given; as fresh as [`roster`](Self::roster).
    pub fn numbers_given(&self) -> Result<NumbersGiven, StoreError> {
        people::numbers_given(&self.db)
    }

    /// Who is inside, up to the last record committed.
    pub fn presence(&self) -> Result<Presence, StoreError> {
        let view = self.one_moment()?;
        movements::presence(&view)
    }

    /// Counted movements from `from_ms` on and before `to_ms` (Unix ms), by worker, up to the last
    /// record committed.
    pub fn counted_acts(
        &self,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<BTreeMap<WorkerId, Vec<CountedAct>>, StoreError> {
        let view = self.one_moment()?;
        movements::counted(&view, from_ms, to_ms)
    }

    /// As [`counted_acts`](Self::counted_acts), of these workers only.
    pub fn counted_acts_of(
        &self,
        workers: &[WorkerId],
        from_ms: i64,
        to_ms: i64,
    ) -> Result<BTreeMap<WorkerId, Vec<CountedAct>>, StoreError> {
        let view = self.one_moment()?;
        punches::counted_of(&view, workers, from_ms, to_ms)
    }

    /// One worker's counted movements from `from_ms` on and before `to_ms` (Unix ms) with lane and
    /// trust in their time; as fresh as [`roster`](Self::roster).
    pub fn punches(
        &self,
        worker: WorkerId,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Vec<Punch>, StoreError> {
        let view = self.one_moment()?;
        punches::punches(&view, worker, from_ms, to_ms)
    }

    /// Requests for corrections that nobody has decided, oldest first; as fresh as
    /// [`roster`](Self::roster).
    pub fn corrections_waiting(&self) -> Result<Vec<CorrectionCase>, StoreError> {
        corrections::waiting(&self.db)
    }

    /// Requests for corrections of movements from `from_ms` on and before `to_ms` (Unix ms), by
    /// their moment; as fresh as [`roster`](Self::roster).
    pub fn corrections(&self, from_ms: i64, to_ms: i64) -> Result<Vec<CorrectionCase>, StoreError> {
        corrections::between(&self.db, from_ms, to_ms)
    }

    /// One request for a correction; as fresh as [`roster`](Self::roster).
    pub fn correction(&self, request: u32) -> Result<Option<CorrectionCase>, StoreError> {
        corrections::named(&self.db, request)
    }

    /// The highest number given to a request; as fresh as [`roster`](Self::roster).
    pub fn last_correction(&self) -> Result<u32, StoreError> {
        corrections::last_number(&self.db)
    }

    /// A file that speaks for a request of this worker; `None` where there is none that opens any
    /// more.
    pub fn evidence(&self, worker: WorkerId, digest: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let view = self.one_moment()?;
        corrections::file(&view, &self.box_id, worker, digest)
    }

    /// First days of the months of which any sheet is closed; as fresh as [`roster`](Self::roster).
    pub fn closed_months(&self) -> Result<BTreeSet<Date>, StoreError> {
        sheets::closed_months(&self.db)
    }

    /// Every version of the sheets of a month (`YYYY-MM`) that is closed, by team and version; as
    /// fresh as [`roster`](Self::roster).
    pub fn month_closes(&self, month: &str) -> Result<Vec<MonthClose>, StoreError> {
        sheets::closes(&self.db, month)
    }

    /// The version under which a sheet was closed; `None` for one that was only printed.
    pub fn closed_as(&self, digest: &str) -> Result<Option<MonthClose>, StoreError> {
        sheets::closed_as(&self.db, digest)
    }

    /// The kept sheets whose digest begins like this, at most two.
    pub fn sheets(&self, begin: &str) -> Result<Vec<KeptSheet>, StoreError> {
        sheets::found(&self.db, begin)
    }

    /// At most `lines_max` audit records before the place `before` (all where there is none), newest
    /// first; as fresh as [`roster`](Self::roster).
    pub fn audits(
        &self,
        before: Option<i64>,
        lines_max: usize,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let view = self.one_moment()?;
        audits::lines(&view, before, lines_max)
    }

    /// Every objection of a worker and every answer to one, oldest first; as fresh as
    /// [`roster`](Self::roster).
    pub fn dispute_acts(&self) -> Result<Vec<AuditLine>, StoreError> {
        let view = self.one_moment()?;
        audits::disputes(&view)
    }

    /// Everyone on the roster with phone and nation; as fresh as [`roster`](Self::roster).
    pub fn people(&self) -> Result<Vec<PersonEntry>, StoreError> {
        let view = self.one_moment()?;
        directory::people(&view)
    }

    /// Grows with every record about people, employers or teams; as fresh as
    /// [`roster`](Self::roster).
    pub fn people_version(&self) -> Result<i64, StoreError> {
        directory::version(&self.db)
    }

    /// What a lane must know from before a restart: newest board event and open grants.
    pub fn lane_memory(&self, lane: &str) -> Result<LaneMemory, StoreError> {
        let view = self.one_moment()?;
        lane_memory::lane_memory(&view, lane)
    }

    /// Newest event of a lane's gate board in the ledger.
    pub fn last_board_event(&self, lane: &str) -> Result<Option<EventMark>, StoreError> {
        Ok(self.lane_memory(lane)?.last_event)
    }

    /// The first screen, up to the last record committed. The day runs from `from_ms` on and ends
    /// before `to_ms` (Unix ms); at most `acts_max` acts.
    pub fn today(
        &self,
        from_ms: i64,
        to_ms: i64,
        acts_max: usize,
    ) -> Result<TodayView, StoreError> {
        let view = self.one_moment()?;
        today::today(&view, from_ms, to_ms, acts_max)
    }

    /// What people did at the lanes from `from_ms` on and before `to_ms` (Unix ms), newest first; of
    /// a span with more than 30,000 records the newest part.
    pub fn acts(&self, from_ms: i64, to_ms: i64) -> Result<Vec<RecentAct>, StoreError> {
        let view = self.one_moment()?;
        day_acts::between(&view, from_ms, to_ms)
    }

    /// Records of the current epoch before the number `before` (all where there is none), newest
    /// first, at most `lines_max`; `waiting` leaves out what the city has.
    pub fn record_lines(
        &self,
        before: Option<u64>,
        waiting: bool,
        lines_max: usize,
    ) -> Result<Vec<RecordLine>, StoreError> {
        let view = self.one_moment()?;
        upload::lines(&view, before, waiting, lines_max)
    }

    /// The oldest records that the city has and cannot use yet, of all epochs, at most `lines_max`.
    pub fn parked_lines(&self, lines_max: usize) -> Result<Vec<RecordLine>, StoreError> {
        let view = self.one_moment()?;
        upload::parked_lines(&view, lines_max)
    }

    /// How many records the city has and cannot use yet, of all epochs.
    pub fn parked_count(&self) -> Result<u64, StoreError> {
        parked::count(&self.db)
    }

    /// Declared absences in what waits for the city, oldest first, without their words; of more than
    /// `gaps_max` the newest.
    pub fn gaps_waiting(&self, gaps_max: usize) -> Result<Vec<Gap>, StoreError> {
        let view = self.one_moment()?;
        upload::gaps_waiting(&view, gaps_max)
    }

    /// Single people and notices.
    pub const fn desk(&self) -> DeskReader<'_> {
        DeskReader::new(&self.db)
    }

    /// What waits for the city.
    pub fn backlog(&self) -> Result<Backlog, StoreError> {
        let view = self.one_moment()?;
        today::backlog(&view)
    }

    /// A setting stored with [`Writer::put_setting`](crate::Writer::put_setting).
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.db
            .query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| {
                row.get(0)
            })
            .optional()
            .map_err(|e| StoreError::database("read a setting", e))
    }

    /// Reads the whole file and checks its structure. Takes seconds where the ledger is long: for
    /// the background, after an unclean stop.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] with what was found.
    pub fn quick_check(&self) -> Result<(), StoreError> {
        let step = "check the file";
        let found: Vec<String> = self
            .db
            .prepare("PRAGMA quick_check(10)")
            .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
            .map_err(|e| StoreError::database(step, e))?;
        match found.as_slice() {
            [one] if one == "ok" => Ok(()),
            _ => Err(StoreError::Damaged {
                what: found.join("; "),
            }),
        }
    }

    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }

    /// All queries until the end of the returned transaction see the file at one moment.
    pub(crate) fn one_moment(&self) -> Result<Transaction<'_>, StoreError> {
        self.db
            .unchecked_transaction()
            .map_err(|e| StoreError::database("begin to read", e))
    }
}

/// Refuses another box's file: its numbers would be shown under this box's name.
fn check_box(db: &Connection, path: &Path, box_id: &str) -> Result<(), StoreError> {
    let found: Option<String> = db
        .query_row("SELECT box FROM box", [], |row| row.get(0))
        .optional()
        .map_err(|e| StoreError::database("read the file's name", e))?;
    match found {
        Some(found) if found != box_id => Err(StoreError::OtherBox {
            path: path.to_owned(),
            found,
            expected: box_id.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}
