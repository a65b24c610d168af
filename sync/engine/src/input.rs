//! What can happen.

use std::collections::BTreeMap;

use sync_wire::message::Tier;
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Hash, Head};

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
    /// The ledger has grown to this record.
    Head(Head),
    /// Another roster version is in force.
    RosterApplied {
        /// Its number.
        version: u64,
    },
    /// Answer to [`crate::Action::Read`].
    Records {
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
        tier: Tier,
    },
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
