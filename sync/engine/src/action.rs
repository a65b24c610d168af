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
        /// For which tier.
        tier: Tier,
        /// First record.
        from: u64,
        /// Most records.
        records_max: u64,
        /// Most bytes of bodies (one record may be longer).
        bytes_max: usize,
    },
    /// Write down what the city has.
    SaveCursor {
        /// Without a hole.
        through: u64,
        /// Beyond it.
        ranges: Vec<(u64, u64)>,
    },
    /// These records are parked at the city: all of them now.
    SaveParked(Vec<Parked>),
    /// Somebody must know.
    Alarm(Alarm),
}

/// What somebody must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// The city has more of this epoch than the box, or something else: the box's file went back or
    /// was copied. Nothing is uploaded.
    Forked {
        /// How far the city is.
        city_through: u64,
        /// How far the box is.
        our_last: u64,
    },
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
