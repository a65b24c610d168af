//! Questions about single people and notices, without reading everybody.

use std::collections::BTreeMap;

use edge_domain::{Contact, Person, Suspension, WorkerId};
use rusqlite::Connection;

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

    /// Notices of 停工, newest first, each with when it was made (Unix ms).
    pub fn suspensions(&self, most: usize) -> Result<Vec<(Suspension, i64)>, StoreError> {
        upload::suspensions(self.db, most)
    }
}
