//! What stands in the box's file.

use sync_wire::record::{Carried, ClockQuality, Record, Stamp};
use sync_wire::{Hash, Head, Kind};

use crate::tests::model_city::{BOX, WALL_MS};
use crate::{EpochStart, LedgerRecord};

/// One epoch of the box's file.
#[derive(Debug, Clone)]
pub(crate) struct Epoch {
    pub(crate) name: String,
    pub(crate) records: Vec<LedgerRecord>,
    /// Uploaded up to here only, as an older epoch.
    pub(crate) bound: Option<u64>,
    pub(crate) cursor: (u64, Vec<(u64, u64)>),
}

impl Epoch {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            records: Vec::new(),
            bound: None,
            cursor: (0, Vec::new()),
        }
    }

    pub(crate) fn hash_at(&self, seq: u64) -> Option<Hash> {
        match seq.checked_sub(1) {
            None => Some(Head::genesis(BOX, &self.name).hash),
            Some(index) => {
                let record = self.records.get(usize::try_from(index).unwrap());
                record.map(|record| record.hash)
            }
        }
    }

    pub(crate) fn last(&self) -> u64 {
        self.records.len().try_into().unwrap()
    }

    pub(crate) fn head(&self, seq: u64) -> Head {
        let hash = self.hash_at(seq).unwrap();
        Head { seq, hash }
    }

    pub(crate) fn push(&mut self, body: Vec<u8>) {
        let head = self.head(self.last()).extend(&body);
        self.records.push(LedgerRecord {
            seq: head.seq,
            body,
            hash: head.hash,
        });
    }

    pub(crate) fn start(&self) -> EpochStart {
        EpochStart {
            epoch: self.name.clone(),
            head: self.head(self.bound.unwrap_or(self.last())),
            through: self.cursor.0,
            ranges: self.cursor.1.clone(),
        }
    }
}

/// A record as it is carried over.
pub(crate) fn carried(epoch: &str, record: &LedgerRecord) -> Vec<u8> {
    let kind = match Record::from_body(&record.body) {
        Ok(Record {
            kind: Kind::Carried(carried),
            ..
        }) => carried,
        _ => Carried {
            epoch: epoch.to_owned(),
            seq: record.seq,
            body: record.body.clone(),
        },
    };
    let stamp = Stamp {
        at: WALL_MS,
        boot: 1,
        mono: 1,
        clock: ClockQuality::Synced,
    };
    let kind = Kind::Carried(kind);
    Record { stamp, kind }.to_body().unwrap()
}
