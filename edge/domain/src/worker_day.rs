//! Attendance days from counted movements.

use jiff::civil::Date;

use crate::ids::Direction;
use crate::policy::Policy;

/// One counted movement of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedAct {
    /// Which way.
    pub direction: Direction,
    /// Wall time, Unix ms, corrected by the caller where the clock was unset.
    pub at_ms: i64,
}

/// One stay on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// Entry, Unix ms.
    pub in_ms: i64,
    /// Exit, Unix ms.
    pub out_ms: i64,
}

/// One worker's attendance day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDay {
    /// The day it counts for: the day of the entry.
    pub on: Date,
    /// First entry, Unix ms.
    pub first_in_ms: Option<i64>,
    /// Last exit, Unix ms.
    pub last_out_ms: Option<i64>,
    /// Paired stays in order.
    pub spells: Vec<Spell>,
    /// Full minutes of all spells.
    pub worked_minutes: u32,
    /// Exits without an entry.
    pub missing_ins: u16,
    /// Entries without an exit.
    pub missing_outs: u16,
}

/// Pairs one worker's movements into days.
pub fn work_days(_acts: &[CountedAct], _policy: &Policy) -> Vec<WorkDay> {
    Vec::new()
}
