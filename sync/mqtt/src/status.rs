//! What the screen, the heartbeat and the watchdog want to know.

use std::collections::BTreeMap;

use sync_engine::{Link, Status};

use crate::trouble::NotTaken;

/// The lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncLink {
    /// No connection.
    #[default]
    Offline,
    /// Connecting, or connected and waiting for the city's answer.
    Connecting,
    /// The city answers; records flow.
    Online,
    /// The city has another continuation of this ledger; nothing is uploaded until a new epoch has
    /// begun.
    Forked,
}

/// What the city said and the box refused since the start: unreadable, of another epoch, with a hash
/// that is not the box's own, or with no room to take it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    /// How often, by the code of the reason: whoever looks seldom misses none.
    pub counts: BTreeMap<&'static str, u64>,
    /// Why the last of them was.
    pub last: Option<NotTaken>,
}

impl Refusals {
    /// How many there were of all reasons.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(crate) fn add(&mut self, why: NotTaken, times: u64) {
        let count = self.counts.entry(why.code).or_default();
        *count = count.saturating_add(times);
        self.last = Some(why);
    }
}

/// The state of the uplink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncStatus {
    /// The lamp.
    pub link: SyncLink,
    /// Acknowledged by the city without a hole.
    pub acked_through: u64,
    /// Records that the city has not acknowledged, of all epochs.
    pub backlog: u64,
    /// Older epochs of which the city has not said on this connection that it has them whole.
    pub older: usize,
    /// Records that the box's own ledger does not give, of all epochs: they are left out, and tried
    /// again once in a while.
    pub unreadable: u64,
    /// Messages of the city that were refused.
    pub refusals: Refusals,
    /// When the city last acknowledged, Unix ms by the box's clock.
    pub last_ack_at: Option<i64>,
    /// The last trouble, for the clerk (Chinese); gone once online.
    pub last_error: Option<String>,
    /// The same for a technician (English).
    pub last_error_detail: Option<String>,
    /// How far the city's clock is ahead of the box's, ms.
    pub skew_ms: Option<i64>,
    /// Turns of the session's loop. It turns at least every ten seconds while it lives, and cannot
    /// turn while it hangs: food for the watchdog.
    pub turns: u64,
}

impl SyncStatus {
    /// Takes over what the engine says after a turn.
    pub(crate) fn take(&mut self, engine: &Status, refusals: &Refusals) {
        self.link = match engine.link {
            Link::Offline { .. } => SyncLink::Offline,
            Link::Connecting | Link::Greeting { .. } => SyncLink::Connecting,
            Link::Online => SyncLink::Online,
            Link::Comparing { .. } | Link::Forked { .. } => SyncLink::Forked,
        };
        if self.link == SyncLink::Online {
            self.last_error = None;
            self.last_error_detail = None;
        }
        self.acked_through = engine.acked_through;
        self.backlog = engine.backlog;
        self.older = engine.older;
        self.unreadable = engine.unreadable;
        if self.refusals != *refusals {
            self.refusals.clone_from(refusals);
        }
        self.skew_ms = engine.skew_ms;
        self.last_ack_at = engine.last_ack_at;
        self.turns = self.turns.wrapping_add(1);
    }
}
