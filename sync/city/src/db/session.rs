//! One connection to the database, whichever it is.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use super::postgres::Postgres;
use super::schema;
use super::sqlite::Sqlite;
use super::turns::{Turn, Turns};
use super::value::{RecordRow, Row, Sql, Value};
use crate::error::CityError;

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A `SQLite` file, with the turns of everybody who writes it in this process.
    File(PathBuf, Arc<Turns>),
    /// `PostgreSQL`, as a connection string or URL.
    Server(String),
}

impl Place {
    /// `PostgreSQL`, if that is what a connection string or URL names.
    pub fn server(url: &str) -> Result<Self, CityError> {
        match url.parse::<tokio_postgres::Config>() {
            Ok(_) => Ok(Self::Server(url.to_owned())),
            // The URL may hold a password, so it is not repeated.
            Err(error) => Err(CityError::Config(format!("database.url: {error}"))),
        }
    }
}

#[derive(Debug)]
enum Kind {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    place: Place,
    kind: Kind,
    urgent: bool,
}

impl Session {
    /// Connects, and makes the tables where there are none.
    pub fn open(place: &Place) -> Result<Self, CityError> {
        let kind = match place {
            Place::File(path, _) => Sqlite::open(path).map(Kind::Sqlite),
            Place::Server(url) => Postgres::open(url).map(|one| Kind::Postgres(Box::new(one))),
        };
        let mut session = Self {
            place: place.clone(),
            kind: kind.map_err(CityError::db("open"))?,
            urgent: false,
        };
        schema::make(&mut session)?;
        Ok(session)
    }

    /// The same connection, whose writes go before those of others where only one may write.
    #[must_use]
    pub fn urgent(mut self) -> Self {
        self.urgent = true;
        self
    }

    /// Whether its writes go before those of others.
    pub(crate) fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// Whether the database is gone; then a new session is needed.
    pub fn is_lost(&self) -> bool {
        match &self.kind {
            Kind::Sqlite(_) => false,
            Kind::Postgres(one) => one.is_lost(),
        }
    }

    /// Connects again.
    pub fn again(&self) -> Result<Self, CityError> {
        let session = Self::open(&self.place)?;
        Ok(Self {
            urgent: self.urgent,
            ..session
        })
    }

    /// Begins a transaction that writes.
    pub fn begin(&mut self) -> Result<Tx<'_>, CityError> {
        let (turn, begin) = match &self.place {
            Place::File(_, turns) => (Some(turns.take(self.urgent)), "BEGIN IMMEDIATE"),
            Place::Server(_) => (None, "BEGIN"),
        };
        self.batch("begin", begin)?;
        Ok(Tx {
            session: self,
            open: true,
            _turn: turn,
        })
    }

    /// Everything that a question finds.
    pub fn rows(&mut self, sql: Sql, values: &[Value]) -> Result<Vec<Row>, CityError> {
        let found = match &mut self.kind {
            Kind::Sqlite(one) => one.rows(sql.text, values),
            Kind::Postgres(one) => one
                .rows_each(sql.text, &[values.to_vec()])
                .map(|mut all| all.pop().unwrap_or_default()),
        };
        found.map_err(CityError::db(sql.step))
    }

    /// The same question for several sets of values, one answer each.
    pub fn rows_each(&mut self, sql: Sql, sets: &[Vec<Value>]) -> Result<Vec<Vec<Row>>, CityError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let found = match &mut self.kind {
            Kind::Sqlite(one) => sets.iter().map(|set| one.rows(sql.text, set)).collect(),
            Kind::Postgres(one) => one.rows_each(sql.text, sets),
        };
        found.map_err(CityError::db(sql.step))
    }

    /// The first row that a question finds.
    pub fn row(&mut self, sql: Sql, values: &[Value]) -> Result<Option<Row>, CityError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    pub(super) fn batch(&mut self, step: &'static str, text: &str) -> Result<(), CityError> {
        let done = match &mut self.kind {
            Kind::Sqlite(one) => one.batch(text),
            Kind::Postgres(one) => one.batch(text),
        };
        done.map_err(CityError::db(step))
    }

    pub(super) fn is_server(&self) -> bool {
        matches!(self.kind, Kind::Postgres(_))
    }
}

/// One transaction; dropped without `commit` it leaves no trace.
#[derive(Debug)]
pub struct Tx<'a> {
    session: &'a mut Session,
    open: bool,
    /// Given back after the transaction's end.
    _turn: Option<Turn>,
}

/// Two workers never store records of one box at the same time: what they read of its chain stays
/// true until they commit. `SQLite` has one writer anyway.
const LOCK: Sql = Sql {
    step: "lock a box",
    text: "SELECT pg_advisory_xact_lock(hashtextextended(?1, 0))",
};

/// The same without waiting: 0 where another has the box.
const TRY_LOCK: Sql = Sql {
    step: "try to lock a box",
    text: "SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended(?1, 0)) THEN 1 ELSE 0 END",
};

impl Tx<'_> {
    /// Keeps other transactions away from those of these boxes that nobody else is at work on; says which
    /// somebody is.
    pub fn try_lock(&mut self, boxes: &BTreeSet<&str>) -> Result<BTreeSet<String>, CityError> {
        if !self.session.is_server() {
            return Ok(BTreeSet::new());
        }
        let sets: Vec<_> = boxes.iter().map(|id| vec![Value::from(*id)]).collect();
        let taken = self.session.rows_each(TRY_LOCK, &sets)?;
        let mut busy = BTreeSet::new();
        for (id, rows) in boxes.iter().zip(taken) {
            if rows.first().map_or(Ok(0), |row| row.int(0))? == 0 {
                busy.insert((*id).to_owned());
            }
        }
        Ok(busy)
    }

    /// Keeps other transactions away from these boxes until this one ends.
    pub fn lock(&mut self, boxes: &BTreeSet<&str>) -> Result<(), CityError> {
        if self.session.is_server() {
            // In the order of their names, so that two workers never wait for each other.
            let sets: Vec<_> = boxes.iter().map(|id| vec![Value::from(*id)]).collect();
            self.session.rows_each(LOCK, &sets)?;
        }
        Ok(())
    }

    /// Carries a statement out and says how many rows it changed.
    pub fn run(&mut self, sql: Sql, values: &[Value]) -> Result<u64, CityError> {
        let changed = self.run_each(sql, &[values.to_vec()])?;
        Ok(changed.first().copied().unwrap_or(0))
    }

    /// Carries a statement out for several sets of values.
    pub fn run_each(&mut self, sql: Sql, sets: &[Vec<Value>]) -> Result<Vec<u64>, CityError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        let done = match &mut self.session.kind {
            Kind::Sqlite(one) => sets.iter().map(|set| one.run(sql.text, set)).collect(),
            Kind::Postgres(one) => one.run_each(sql.text, sets),
        };
        done.map_err(CityError::db(sql.step))
    }

    /// Stores records that are not there yet.
    pub fn append(&mut self, records: &[RecordRow<'_>]) -> Result<(), CityError> {
        if records.is_empty() {
            return Ok(());
        }
        let done = match &self.session.kind {
            Kind::Sqlite(one) => one.append(records),
            Kind::Postgres(one) => one.append(records),
        };
        done.map_err(CityError::db("store records"))
    }

    /// Makes all of it durable.
    pub fn commit(mut self) -> Result<(), CityError> {
        self.open = false;
        let done = self.session.batch("commit", "COMMIT");
        if done.is_err() {
            self.open = true;
        }
        done
    }
}

impl Drop for Tx<'_> {
    fn drop(&mut self) {
        if self.open && self.session.batch("roll back", "ROLLBACK").is_err() {
            tracing::debug!("Nothing to roll back: the connection is gone");
        }
    }
}

impl Deref for Tx<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session
    }
}

impl DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session
    }
}
