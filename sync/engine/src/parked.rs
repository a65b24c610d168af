//! The records that are parked at the city, as far as it has said.

use std::collections::BTreeMap;

use sync_wire::ack::Parked;

/// Most parked records that are kept for the screen; the oldest stay.
const KEPT_MAX: usize = 1_000;

/// Parked records by number.
#[derive(Debug, Default)]
pub(crate) struct ParkedList {
    by_seq: BTreeMap<u64, Parked>,
}

impl ParkedList {
    pub(crate) fn len(&self) -> usize {
        self.by_seq.len()
    }

    /// Takes what an acknowledgement names; `all`: nothing else is parked. Gives the whole list
    /// where it has changed.
    pub(crate) fn note(&mut self, named: &[Parked], all: bool) -> Option<Vec<Parked>> {
        let before = self.by_seq.clone();
        if all {
            self.by_seq.clear();
        }
        self.by_seq
            .extend(named.iter().map(|parked| (parked.seq, parked.clone())));
        while self.by_seq.len() > KEPT_MAX {
            self.by_seq.pop_last();
        }
        (self.by_seq != before).then(|| self.by_seq.values().cloned().collect())
    }
}
