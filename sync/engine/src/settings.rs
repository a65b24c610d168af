//! Limits and times, who the box is, and where it starts from.

use sync_wire::Head;

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The site.
    pub site: String,
    /// The box.
    pub box_name: String,
    /// Version of the box's software.
    pub software: String,
    /// The public key with which the box signs its checkpoints, hexadecimal.
    pub device_key: Option<String>,
}

/// Limits and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Most unacknowledged messages of the live tier.
    pub live_window: usize,
    /// Most records in a live message.
    pub live_records_max: u64,
    /// More unsent fresh records than this, and the oldest of them go the way of the backlog.
    pub live_queue_max: u64,
    /// Most unacknowledged messages of the bulk tier.
    pub bulk_window: usize,
    /// Most records in a bulk message; at most 200.
    pub bulk_records_max: u64,
    /// Most unacknowledged messages of an older epoch.
    pub older_window: usize,
    /// Most bytes of bodies read for one message.
    pub read_bytes_max: usize,
    /// Time between heartbeats, ms.
    pub heartbeat_ms: u64,
    /// No acknowledgement for so long although something is on its way: ask with a hello, ms. On a
    /// slow line four times the usual time; doubles with every time in a row.
    pub ack_patience_ms: u64,
    /// A single message unacknowledged for so long, though others are: ask with a hello, ms. At
    /// least twice the patience for any.
    pub message_patience_ms: u64,
    /// First repetition of an unanswered hello, ms; on a slow line twice the usual time. Doubles up
    /// to [`Settings::hello_ms_max`].
    pub hello_ms: u64,
    /// Longest time between two hellos, ms; on a slow line twice the usual time.
    pub hello_ms_max: u64,
    /// A record older than this is marked as a replay, ms.
    pub replay_age_ms: u64,
    /// Backlog may keep a live record waiting on the line for about so long, ms.
    pub bulk_queue_ms: u64,
    /// Least time between two epochs that begin because of a fork, ms: a city that has lost its
    /// mind must not fill the disk. It doubles with every such epoch, up to a day, and is the
    /// shortest again after a day of peace.
    pub fork_pause_ms: u64,
    /// Where something is parked at the city, the list of it is asked for so often, ms.
    pub parked_ms: u64,
    /// Wait after a record could not be read, ms; where it fails again, the record is left out.
    pub read_retry_ms: u64,
    /// What was left out is tried again after so long, ms.
    pub unreadable_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            live_window: 8,
            live_records_max: 5,
            live_queue_max: 40,
            bulk_window: 16,
            bulk_records_max: 200,
            older_window: 4,
            read_bytes_max: 256 * 1024,
            heartbeat_ms: 30_000,
            ack_patience_ms: 10_000,
            message_patience_ms: 60_000,
            hello_ms: 5_000,
            hello_ms_max: 60_000,
            replay_age_ms: 60_000,
            bulk_queue_ms: 1_000,
            fork_pause_ms: 600_000,
            parked_ms: 600_000,
            read_retry_ms: 5_000,
            unreadable_ms: 600_000,
        }
    }
}

/// An epoch of the ledger and what the city has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochStart {
    /// Its name.
    pub epoch: String,
    /// Last record.
    pub head: Head,
    /// Acknowledged without a hole.
    pub through: u64,
    /// Acknowledged beyond `through`.
    pub ranges: Vec<(u64, u64)>,
}

/// The last epoch that began because of a fork.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastFork {
    /// When, monotonic ms; negative before this boot.
    pub at_ms: i64,
    /// For so long after it no other begins, ms.
    pub pause_ms: u64,
    /// [`crate::Alarm::ForksTooOften`] was raised since, and not [`crate::Alarm::AgreesAgain`].
    pub is_told: bool,
}

impl PastFork {
    /// When the pause is over, monotonic ms.
    pub(crate) fn until_ms(self) -> i64 {
        self.at_ms.saturating_add_unsigned(self.pause_ms)
    }
}

/// What the ledger says at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The epoch that is written to.
    pub current: EpochStart,
    /// The last epoch that began because of a fork, where any did.
    pub last_fork: Option<PastFork>,
    /// Version of the roster in force.
    pub roster_version: Option<u64>,
}
