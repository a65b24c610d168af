//! When a record happened, and by which clock.

use serde::{Deserialize, Serialize};

/// How far the wall clock could be trusted at that moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockQuality {
    /// Disciplined by a time source.
    Synced,
    /// Was synced, now runs on its own.
    Holdover,
    /// Never set since power-on: the wall time is at or near its floor.
    Unset,
}

/// The first four fields of every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// When it happened by the box's wall clock, in Unix milliseconds (UTC).
    pub at: i64,
    /// Number of the machine boot, counted by the box from 1.
    pub boot: u32,
    /// Milliseconds since that boot, suspended time included. Orders records of one boot even
    /// when the wall clock was wrong or jumped.
    pub mono: u64,
    /// Trust in `at`.
    pub clock: ClockQuality,
}
