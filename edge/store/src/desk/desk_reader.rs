//! Questions about single people and notices, without reading everybody.

use std::collections::BTreeMap;

use edge_domain::{Contact, Person, Suspension, WorkerId};
use rusqlite::Connection;

use crate::desk::visits::{self, VisitLine};
use crate::error::StoreError;
use crate::view::{persons, upload};

/// The file, for these questions; [`Reader::desk`](crate::Reader::desk) gives it.
#[derive(Debug)]
pub struct DeskReader<'a> {
    db: &'a Connection,
}

impl<'a> DeskReader<'a> {
    pub(crate) const fn new(db: &'a Connection) -> Self {
        Self { db }
    }

    /// The personal data of one worker; `None` where there is none or it was erased.
    pub fn person(&self, worker: WorkerId) -> Result<Option<Person>, StoreError> {
        persons::of(self.db, worker)
    }

    /// Whom to call for those who are on site.
    pub fn contacts_inside(&self) -> Result<BTreeMap<WorkerId, Contact>, StoreError> {
        persons::contacts_inside(self.db)
    }

    /// Visits that run or were over at `from_ms` (Unix ms) or later, and whoever is still inside;
    /// newest first.
    pub fn visits(&self, from_ms: i64) -> Result<Vec<VisitLine>, StoreError> {
        visits::since(self.db, from_ms)
    }

    /// Visitors who are inside, by the number of their visit.
    pub fn visitors_inside(&self) -> Result<Vec<VisitLine>, StoreError> {
        visits::inside(self.db)
    }

    /// Visitors who were inside at `at_ms` and went in at `from_ms` or later, by the number of their
    /// visit; what ended after it has not ended. Both in Unix ms.
    pub fn visitors_inside_at(
        &self,
        from_ms: i64,
        at_ms: i64,
    ) -> Result<Vec<VisitLine>, StoreError> {
        visits::inside_at(self.db, from_ms, at_ms)
    }

    /// The highest number given to a visit.
    pub fn last_visit(&self) -> Result<u32, StoreError> {
        visits::last_number(self.db)
    }

    /// Notices of 停工, newest first, each with when it was made (Unix ms).
    pub fn suspensions(&self, most: usize) -> Result<Vec<(Suspension, i64)>, StoreError> {
        upload::suspensions(self.db, most)
    }
}
