//! What is to be done.

use sync_wire::Topic;
use sync_wire::ack::Parked;
use sync_wire::message::Tier;

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection; answer with `Connected` or `Disconnected`.
    Connect,
    /// Subscribe to everything that the city sends to this box.
    Subscribe,
    /// Publish at least once (quality of service 1). That it was sent settles nothing; it may be dropped.
    Publish {
        /// Where to.
        topic: Topic,
        /// The bytes.
        payload: Vec<u8>,
        /// Whether the broker keeps it for those who subscribe later.
        retain: bool,
    },
    /// Read records; answer with `Records` or `ReadFailed`.
    Read {
        /// Of which epoch.
        epoch: String,
        /// For which tier.
        tier: Tier,
        /// First record.
        from: u64,
        /// Most records.
        records_max: u64,
        /// Most bytes of bodies (one record may be longer).
        bytes_max: usize,
    },
    /// Look up the box's own hashes; answer with `Hashes`.
    Hashes {
        /// Of which epoch.
        epoch: String,
        /// At these records.
        seqs: Vec<u64>,
    },
    /// Look which older epochs there are; answer with `Older`.
    LookForOlder,
    /// Look what waits; answer with `Survey`.
    Survey,
    /// Carry over every record after the common one, into a new epoch where the forked one is
    /// written to; answer with `CarriedOver`. Where it fails, the engine asks again later.
    CarryOver(Fork),
    /// Write down what the city has.
    SaveCursor {
        /// Of which epoch.
        epoch: String,
        /// Without a hole.
        through: u64,
        /// Beyond it.
        ranges: Vec<(u64, u64)>,
    },
    /// These records are parked at the city.
    SaveParked {
        /// Of which epoch.
        epoch: String,
        /// With their reasons, by number; each is one of the epoch's records.
        parked: Vec<Parked>,
        /// First and last of the numbers of which nothing else is parked now; `None` where the city
        /// has only told what is new.
        nothing_else_in: Option<(u64, u64)>,
    },
    /// Somebody must know.
    Alarm(Alarm),
}

/// An epoch of which the city holds another continuation. Every record after `common` is one that
/// the city does not have; up to it, the chain is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fork {
    /// The epoch.
    pub epoch: String,
    /// The last record that both have alike; 0 where there is none.
    pub common: u64,
    /// Where another epoch begins now: for so long no further one does, ms. To be kept with the new
    /// epoch, for [`crate::Start::last_fork`].
    pub pause_ms: u64,
}

/// What somebody must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// The city has more of an epoch than the box, or something else: the box's file went back or
    /// was copied.
    Forked {
        /// The epoch.
        epoch: String,
        /// The last record that both have alike.
        common: u64,
        /// How far the city is without a hole.
        city_through: u64,
        /// How far the box is.
        our_last: u64,
    },
    /// The city wants another epoch again, too soon after the last: nothing is uploaded until the
    /// pause is over or the city says something else. Told once until then.
    ForksTooOften {
        /// The epoch.
        epoch: String,
        /// How long the pause still is, ms.
        left_ms: u64,
    },
    /// After [`Alarm::ForksTooOften`]: the city speaks of this very ledger again.
    AgreesAgain,
    /// The city has less than it had acknowledged (restored from a backup); it is filled again.
    CityWentBack {
        /// What it had acknowledged.
        was: u64,
        /// What it has.
        now: u64,
    },
    /// An acknowledgement with a hash that is not the box's own was ignored.
    ForeignAck {
        /// The number with that hash.
        seq: u64,
    },
    /// The ledger gave no records, or not those that were asked for.
    LedgerUnreadable {
        /// The first that was asked for.
        from: u64,
    },
}
