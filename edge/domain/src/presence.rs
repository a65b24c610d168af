//! Who is inside, site-wide, from counted records.

use std::collections::BTreeMap;

use crate::ids::{Direction, WorkerId};
use crate::record::Record;
use crate::time::{ClockQuality, Moment};

/// A worker's last counted movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inside {
    /// Which way he went last.
    pub direction: Direction,
    /// Wall time of it, Unix ms.
    pub at_ms: i64,
    /// The clock was set then.
    pub is_sure: bool,
}

/// How certainly a movement repeats the one before, the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// By two times that both can be believed.
    Sure,
    /// One of the two times is of an unset clock, or the earlier one lies ahead.
    Unsure,
}

/// Two lanes may tell their moments in another order than they are written down; a last movement
/// further ahead than this was written by a clock that was wrong.
const AHEAD_MS_MAX: i64 = 60_000;

/// Last counted movement of every worker. At most one entry per worker of the roster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presence {
    last: BTreeMap<WorkerId, Inside>,
    inside: usize,
}

impl Presence {
    /// Nobody has moved yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a committed record, in ledger order. Records that count nothing change nothing.
    pub fn apply(&mut self, record: &Record) {
        if let Some((worker, direction)) = record.counted() {
            let is_sure = record.at.quality != ClockQuality::Unset;
            let at_ms = record.at.wall_ms;
            self.movement(
                worker,
                Inside {
                    direction,
                    at_ms,
                    is_sure,
                },
            );
        }
    }

    /// Takes one counted movement, in ledger order (for rebuilding from read models).
    pub fn movement(&mut self, worker: WorkerId, last: Inside) {
        let direction = last.direction;
        let before = self.last.insert(worker, last);
        let was_in = before.is_some_and(|inside| inside.direction == Direction::In);
        match (was_in, direction) {
            (false, Direction::In) => self.inside += 1,
            (true, Direction::Out) => self.inside = self.inside.saturating_sub(1),
            (true, Direction::In) | (false, Direction::Out) => {}
        }
    }

    /// The worker's last counted movement.
    pub fn last(&self, worker: WorkerId) -> Option<Inside> {
        self.last.get(&worker).copied()
    }

    /// How many went in and not out.
    pub fn inside_count(&self) -> usize {
        self.inside
    }

    /// Who went in and not out, by worker number, with the time of entry in Unix ms.
    pub fn inside(&self) -> impl Iterator<Item = (WorkerId, i64)> + '_ {
        self.last
            .iter()
            .filter(|(_, one)| one.direction == Direction::In)
            .map(|(worker, one)| (*worker, one.at_ms))
    }

    /// Whether moving that way now breaks anti-passback: the last movement went the same way and
    /// is not older than `age_ms_max` (older ones are taken as a forgotten card). Nobody without
    /// a history breaks it. A last movement in the future (the clock went back) counts as recent.
    pub fn breaks_anti_passback(
        &self,
        worker: WorkerId,
        direction: Direction,
        now: &Moment,
        age_ms_max: u64,
    ) -> Option<Repeat> {
        let last = self.last(worker)?;
        let age_ms = now.wall_ms.saturating_sub(last.at_ms);
        let is_recent = u64::try_from(age_ms).unwrap_or(0) <= age_ms_max;
        let is_sure = now.quality != ClockQuality::Unset && last.is_sure && age_ms >= -AHEAD_MS_MAX;
        (last.direction == direction && is_recent).then_some(if is_sure {
            Repeat::Sure
        } else {
            Repeat::Unsure
        })
    }
}
