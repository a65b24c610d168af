//! Openings made while the ledger could not commit: counted, recorded as soon as it can.

use crate::ids::Direction;

/// A count of openings in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) direction: Direction,
    pub(super) openings: u32,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}

#[derive(Debug, Default)]
pub(super) struct Emergencies {
    entry: Option<Tally>,
    exit: Option<Tally>,
    /// Tallies with the ledger now, at most one.
    sent: bool,
}

impl Emergencies {
    /// Counts one opening.
    pub(super) fn count(&mut self, direction: Direction, wall_ms: i64) {
        self.merge(Tally {
            direction,
            openings: 1,
            from_ms: wall_ms,
            to_ms: wall_ms,
        });
    }

    fn merge(&mut self, tally: Tally) {
        let side = match tally.direction {
            Direction::In => &mut self.entry,
            Direction::Out => &mut self.exit,
        };
        *side = Some(side.map_or(tally, |known| Tally {
            openings: known.openings.saturating_add(tally.openings),
            from_ms: known.from_ms.min(tally.from_ms),
            to_ms: known.to_ms.max(tally.to_ms),
            ..tally
        }));
    }

    /// Whether a tally stands ready to be sent.
    pub(super) fn has_ready(&self) -> bool {
        !self.sent && (self.entry.is_some() || self.exit.is_some())
    }

    /// Hands out one tally; the next one only after its answer.
    pub(super) fn send(&mut self) -> Option<Tally> {
        if self.sent {
            return None;
        }
        let tally = self.exit.take().or_else(|| self.entry.take());
        self.sent = tally.is_some();
        tally
    }

    /// What is counted and not sent.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Tally> {
        self.exit.iter().chain(&self.entry)
    }

    /// The sent tally is durable.
    pub(super) fn recorded(&mut self) {
        self.sent = false;
    }

    /// The sent tally failed: it is counted again.
    pub(super) fn failed(&mut self, tally: Tally) {
        self.sent = false;
        self.merge(tally);
    }
}
