//! Records that were carried over from another epoch: each fact is folded once.

use std::collections::BTreeSet;

use rusqlite::Connection;
use sync_wire::Record;
use sync_wire::record::Kind;

use crate::epoch;
use crate::error::StoreError;

/// The epochs of this file: what was carried over from them is folded where it first stood.
pub(crate) struct Origins {
    here: BTreeSet<String>,
}

impl Origins {
    pub(crate) fn of(db: &Connection) -> Result<Self, StoreError> {
        let names = epoch::all(db)?.into_iter().map(|epoch| epoch.name);
        Ok(Self {
            here: names.collect(),
        })
    }

    /// The record that a body tells, a carried one as it was first recorded. `None` for one that
    /// this version cannot read, and for one whose original stands in this file.
    pub(crate) fn record(&self, body: &[u8]) -> Option<Record> {
        let record = Record::from_body(body).ok()?;
        let Kind::Carried(carried) = &record.kind else {
            return Some(record);
        };
        if self.here.contains(&carried.epoch) {
            return None;
        }
        Record::from_body(&carried.body).ok()
    }
}
