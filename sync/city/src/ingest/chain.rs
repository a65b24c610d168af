//! What a batch knows of one epoch of one box: what the table held, and what the batch adds.

use std::collections::BTreeMap;

use sync_wire::ack::{DigestAnswer, PARKED_MAX};
use sync_wire::{Compared, Countersign, Hash, ParkCode, Parked};

use crate::decide::{Claim, Held};
use crate::runs::{Runs, Span};

/// What the box gets as an answer after the commit.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// Whether there is anything to answer.
    pub(super) due: bool,
    pub(super) parked: Vec<Parked>,
    pub(super) hello: Option<u64>,
    /// The hello asks for parked records after this one.
    pub(super) parked_after: u64,
    pub(super) compare: Option<Compared>,
    pub(super) greet: bool,
    pub(super) countersign: Vec<Countersign>,
    pub(super) digest: Option<Box<DigestAnswer>>,
}

/// Something that is so or not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Behind {
    /// As the transaction found it.
    pub(super) before: bool,
    /// As it will leave it.
    pub(super) now: bool,
}

/// One epoch of one box.
#[derive(Debug, Default)]
pub(super) struct Chain<'a> {
    /// Runs as the transaction found them.
    pub(super) before: Runs,
    /// Runs as it will leave them.
    pub(super) runs: Runs,
    /// Hashes that were read from the table.
    pub(super) read: BTreeMap<u64, Hash>,
    /// Bodies that were read from the table: those that stand behind a range.
    pub(super) bodies: BTreeMap<u64, Vec<u8>>,
    /// What this batch adds.
    pub(super) fresh: BTreeMap<u64, (Hash, &'a [u8])>,
    pub(super) reply: Reply,
    /// The epoch is not in the table yet.
    pub(super) is_new: bool,
    /// The box speaks of it as its own: it is taken into the table. A question alone adds nothing.
    pub(super) is_begun: bool,
    /// Whether at its last hello the box had less of it than the city.
    pub(super) behind: Behind,
    /// The box has too many epochs: this one is not taken.
    pub(super) is_barred: bool,
}

impl<'a> Chain<'a> {
    pub(super) fn with(runs: Runs) -> Self {
        Self {
            before: runs.clone(),
            runs,
            ..Self::default()
        }
    }

    /// What must be read from the table before `range` can be judged: hashes of these seqs.
    pub(super) fn wanted(&self, range: Span) -> Option<Span> {
        let (before, after) = (range.first.saturating_sub(1), range.last.saturating_add(1));
        let around = Span {
            first: before,
            last: after,
        };
        if self.before.touches(range) || self.before.holds(after) {
            return Some(around);
        }
        let only = Span {
            first: before,
            last: before,
        };
        self.before.holds(before).then_some(only)
    }

    /// The hash of a record that was read or is new.
    pub(super) fn hash(&self, seq: u64) -> Option<Hash> {
        let fresh = self.fresh.get(&seq).map(|(hash, _)| *hash);
        fresh.or_else(|| self.read.get(&seq).copied())
    }

    /// What is held around a range.
    pub(super) fn held(&self, claim: Claim<'_>) -> Held {
        let last = claim
            .from
            .saturating_add(u64::try_from(claim.bodies.len()).unwrap_or(0));
        let within = self.read.range(claim.from..last);
        let within = within.map(|(seq, hash)| (*seq, *hash));
        let fresh = self.fresh.range(claim.from..last);
        let fresh = fresh.map(|(seq, (hash, _))| (*seq, *hash));
        let body = match self.fresh.get(&last) {
            Some((_, body)) => Some(body.to_vec()),
            None => self.bodies.get(&last).cloned(),
        };
        Held {
            before: claim.from.checked_sub(1).and_then(|seq| self.hash(seq)),
            within: within.chain(fresh).collect(),
            after: body.zip(self.hash(last)),
        }
    }

    /// Takes a range that was judged: these of it are new.
    pub(super) fn take(&mut self, claim: Claim<'a>, hashes: &[Hash], fresh: &[u64]) {
        let all = (claim.from..).zip(hashes).zip(claim.bodies);
        for ((seq, hash), body) in all {
            if fresh.binary_search(&seq).is_ok() {
                self.fresh.insert(seq, (*hash, body));
            }
        }
        let count = u64::try_from(claim.bodies.len()).unwrap_or(0);
        self.runs.add(Span {
            first: claim.from,
            last: claim.from.saturating_add(count).saturating_sub(1),
        });
    }
}

impl Reply {
    /// Names a newly parked record, as long as there is room.
    pub(super) fn parked(&mut self, seq: u64, code: ParkCode) {
        if self.parked.len() < PARKED_MAX {
            let message = code.text().to_owned();
            self.parked.push(Parked { seq, code, message });
        }
    }
}
