//! How far the connection is, and what there is to show.

/// How far the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// No connection; the next attempt at this time.
    Offline {
        /// Monotonic ms.
        retry_at_ms: u64,
    },
    /// An attempt is under way.
    Connecting,
    /// Connected; the city has not said yet what it has.
    Greeting {
        /// The next hello, monotonic ms.
        next_at_ms: u64,
        /// Hellos sent since the last answer.
        tries: u32,
    },
    /// The cursor is the city's; records flow.
    Online,
    /// The city has another continuation of this epoch: looking for the last common record.
    Comparing {
        /// The next question, monotonic ms.
        next_at_ms: u64,
        /// Questions sent since the last answer.
        tries: u32,
    },
    /// The city has another continuation; nothing is uploaded until a new epoch has begun.
    Forked {
        /// The next hello, monotonic ms.
        next_at_ms: u64,
    },
}

/// Why a word of the city was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is about an epoch that the box does not have.
    OtherEpoch,
    /// It names a hash that is not the box's own at that number, or a number that the box has not reached.
    NotOurs,
    /// It answers a comparison with what cannot be.
    NoSense,
}

/// What there is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// How far the connection is.
    pub link: Link,
    /// Acknowledged without a hole.
    pub acked_through: u64,
    /// Records that are not acknowledged, of all epochs.
    pub backlog: u64,
    /// Older epochs of which the city has not said on this connection that it has them whole.
    pub older: usize,
    /// Records that the ledger does not give, of all epochs: they are left out and tried again.
    pub unreadable: u64,
    /// Acknowledgements that were refused since the start: of an epoch that the box does not have,
    /// with a hash that is not its own, or an answer to nothing.
    pub refused: u64,
    /// Why the last of them was.
    pub last_refusal: Option<Refusal>,
    /// How far the city's clock is ahead of the box's, ms.
    pub skew_ms: Option<i64>,
    /// When the city last acknowledged, by the box's wall clock, Unix ms.
    pub last_ack_at: Option<i64>,
}
