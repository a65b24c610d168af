//! Records that were carried over from another epoch: each fact is folded once.

use std::collections::BTreeMap;

use rusqlite::Connection;
use sync_wire::Record;
use sync_wire::record::Kind;

use crate::epoch;
use crate::error::StoreError;

/// The epochs of this file: what was carried over from them is folded where it first stood.
pub(crate) struct Origins {
    /// Epochs by name, with the first record that came out of a recovered file and is not folded.
    here: BTreeMap<String, Option<u64>>,
}

impl Origins {
    pub(crate) fn of(db: &Connection) -> Result<Self, StoreError> {
        let epochs = epoch::all(db)?.into_iter();
        Ok(Self {
            here: epochs
                .map(|epoch| (epoch.name, epoch.recovered_from))
                .collect(),
        })
    }

    /// The record that a body tells, a carried one as it was first recorded. `None` for one that
    /// this version cannot read, and for one whose original stands in this file.
    pub(crate) fn record(&self, body: &[u8]) -> Option<Record> {
        let record = Record::from_body(body).ok()?;
        let Kind::Carried(carried) = &record.kind else {
            return Some(record);
        };
        let here = self.here.get(&carried.epoch);
        if here.is_some_and(|recovered_from| recovered_from.is_none_or(|from| carried.seq < from)) {
            return None;
        }
        Record::from_body(&carried.body).ok()
    }
}
