//! What can happen.

use std::collections::BTreeMap;

use sync_wire::message::Tier;
use sync_wire::record::{ClockQuality, Gap};
use sync_wire::{Ack, Hash, Head, Report};

use crate::settings::EpochStart;

/// The time of an input, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Monotonic time, ms; every wait is measured by it.
    pub mono_ms: u64,
    /// Wall time, Unix ms; only written into messages and compared with the city's.
    pub wall_ms: i64,
    /// Trust in the wall time.
    pub clock: ClockQuality,
}

/// A record as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRecord {
    /// Its number.
    pub seq: u64,
    /// Its body.
    pub body: Vec<u8>,
    /// The hash at it.
    pub hash: Hash,
}

/// The box's own hashes at the numbers that an acknowledgement names; those that it does not have
/// are absent. See [`crate::Engine::numbers_to_check`].
pub type OurHashes = BTreeMap<u64, Hash>;

/// What waits for the city, in all epochs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// When the oldest of it happened, Unix ms.
    pub oldest_at: Option<i64>,
    /// Declared gaps in it, newest last.
    pub gaps: Vec<Gap>,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The broker accepted the connection.
    Connected,
    /// The connection is gone or did not come up. `jitter` is uniform over all of `u32`.
    Disconnected {
        /// Randomness for the wait.
        jitter: u32,
    },
    /// The epoch that is written to has grown to this record.
    Head(Head),
    /// All older epochs, oldest first; a forked one only up to its last common record.
    Older(Vec<EpochStart>),
    /// Another roster version is in force.
    RosterApplied {
        /// Its number.
        version: u64,
    },
    /// Answer to [`crate::Action::Read`].
    Records {
        /// As asked.
        epoch: String,
        /// As asked.
        tier: Tier,
        /// As asked.
        from: u64,
        /// Hash at `from - 1`.
        prev: Hash,
        /// At least one, without a gap; fewer than asked where the bytes ran out.
        records: Vec<LedgerRecord>,
    },
    /// The ledger could not be read.
    ReadFailed {
        /// As asked.
        epoch: String,
        /// As asked.
        tier: Tier,
    },
    /// Answer to [`crate::Action::Hashes`]; a number without a hash is one that the epoch does not
    /// have.
    Hashes {
        /// As asked.
        epoch: String,
        /// The box's own.
        ours: OurHashes,
    },
    /// Answer to [`crate::Action::CarryOver`]: done.
    CarriedOver {
        /// The epoch that had forked.
        epoch: String,
        /// The epoch that is written to now.
        current: EpochStart,
    },
    /// Answer to [`crate::Action::Survey`].
    Survey(Survey),
    /// A signed message of the city has been dealt with.
    Report(Report),
    /// The city has acknowledged.
    Ack {
        /// Its words.
        ack: Ack,
        /// The box's own hashes to compare with.
        ours: OurHashes,
    },
    /// A time of [`crate::Engine::poll_timeout`] has come.
    Tick,
}
