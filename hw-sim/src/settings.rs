//! What tells the devices how fast they are, and what they report for benches.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::direction::Direction;

/// Where a moment was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMoment {
    /// The last byte of a whole base-read reply is about to be written to the terminal.
    ReplyWritten,
    /// The first byte of an open command from the box was read from the terminal.
    OpenArrived,
}

/// One moment at one lane, for the latency bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateTiming {
    /// Lane id.
    pub lane: String,
    /// The way that the reader faces or the arm is to open.
    pub direction: Direction,
    /// Which moment.
    pub kind: GateMoment,
    /// `CLOCK_MONOTONIC` in ns.
    pub mono_ns: u64,
}

/// Where timings go. Bounded: a bench that does not take them loses the newest.
#[derive(Debug, Clone, Default)]
pub struct TimingSink {
    sender: Option<mpsc::Sender<GateTiming>>,
}

impl TimingSink {
    /// Timings go to this channel.
    pub fn to(sender: mpsc::Sender<GateTiming>) -> Self {
        Self {
            sender: Some(sender),
        }
    }

    /// Reports one timing, if anybody wants it and has room.
    pub fn report(&self, timing: GateTiming) {
        if let Some(sender) = &self.sender {
            // A full channel means that the bench is late; its own count of visits shows the loss.
            drop(sender.try_send(timing));
        }
    }
}
