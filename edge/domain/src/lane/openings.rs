//! Openings of the gate: one body at a time, the next one waits for the passage before it.
//!
//! Two people who present in quick succession are both recorded at once. The second one's
//! `OpenGate` follows when the first has passed, when his opening timed out, or at the latest
//! `passage_ms_max` after it was given. At most [`WAITING_MAX`] wait; an entry beyond that is
//! denied as `lane_busy`, an exit is sent to the gate at once. A gate without beams, without link
//! or under fire gives no passage to wait for: every opening goes out at once.
//!
//! Nobody waits longer than [`OPEN_MS_MAX`] after presenting: who has gone by then would leave an
//! opening to whoever comes next, and the passage would be booked on the wrong person. Who is
//! still there presents again, and that counts as new.

use std::collections::VecDeque;

use crate::ids::{Direction, Ticket, VisitId, WorkerId};
use crate::lane::display::Display;
use crate::lane::messages::{LaneEffect, RememberedGrant};
use crate::record::PassageOutcome;
use crate::time::Moment;

/// A permission to open once.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) token: u32,
    /// The presentation or override; `None` in an emergency or after a restart.
    pub(super) ticket: Option<Ticket>,
    pub(super) seq: Option<u64>,
    pub(super) worker: Option<WorkerId>,
    pub(super) visit: Option<VisitId>,
    pub(super) direction: Direction,
    /// Whether the movement is on record already.
    pub(super) counted: bool,
    pub(super) display: Display,
    /// Whether the gate reported how it ended: from then on nothing opens for it again.
    pub(super) over: bool,
    /// Nothing is on record: it is to be counted once it opens.
    pub(super) unrecorded: bool,
    /// From then on the person may have gone.
    pub(super) until_mono_ms: u64,
}

impl Grant {
    /// Whether this passage is the movement. One opening lets one body through: only the first
    /// passage in its direction counts, and only for a worker of the roster or a visitor.
    pub(super) fn take_movement(&mut self, outcome: PassageOutcome, direction: Direction) -> bool {
        let passed = outcome == PassageOutcome::Passed && direction == self.direction;
        let is_known = self.worker.is_some() || self.visit.is_some();
        let counts = passed && is_known && !self.counted;
        self.counted |= counts;
        counts
    }
}

/// An opening on its way.
#[derive(Debug)]
struct Passing {
    token: u32,
    until_mono_ms: u64,
}

/// Grants that may wait for the passage before them.
pub(super) const WAITING_MAX: usize = 4;
/// Longest time from a presentation to its opening, while somebody else is passing.
pub(super) const OPEN_MS_MAX: u64 = 3_000;
/// Openings whose passage can still be matched.
const RECENT_MAX: usize = 16;
/// Pause before a busy gate is asked again.
const BUSY_RETRY_MS: u64 = 500;
/// Tokens of openings without a sequence number lie above those of the first 2³¹ records.
const EMERGENCY_TOKENS: u32 = 0x8000_0000;

/// Numbers of records within their epoch lie below; above stands the epoch.
const EPOCH_SHIFT: u32 = 40;
/// Tells the tokens of an epoch from those of the next, which counts from 1 again.
const ODD_EPOCH: u32 = 0x4000_0000;

/// The token of a recorded presentation: the low 30 bits of its number, and one of its epoch.
pub(super) fn token_of(number: u64) -> u32 {
    let low = u32::try_from(number & u64::from(ODD_EPOCH - 1)).unwrap_or(0);
    match number >> EPOCH_SHIFT & 1 {
        0 => low,
        _ => low | ODD_EPOCH,
    }
}

#[derive(Debug, Default)]
pub(super) struct Openings {
    recent: VecDeque<Grant>,
    passing: Option<Passing>,
    waiting: VecDeque<Grant>,
    last_emergency: u32,
    /// Directions of what opened without a record and is not counted yet.
    uncounted: Vec<Direction>,
}

impl Openings {
    pub(super) fn from_memory(grants: Vec<RememberedGrant>) -> Self {
        let mut openings = Self::default();
        for grant in grants {
            openings.remember(Grant {
                token: token_of(grant.seq),
                ticket: None,
                seq: Some(grant.seq),
                worker: grant.worker,
                visit: grant.visit,
                direction: grant.direction,
                counted: grant.counted,
                display: Display::Idle,
                over: false,
                unrecorded: false,
                until_mono_ms: 0,
            });
        }
        openings
    }

    /// What opened without a record since it was asked last.
    pub(super) fn take_uncounted(&mut self) -> Vec<Direction> {
        std::mem::take(&mut self.uncounted)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.passing.as_ref().map(|passing| passing.until_mono_ms)
    }

    /// Whether the gate is open for this presentation, or will be.
    pub(super) fn is_under_way(&self, ticket: Ticket, now: &Moment) -> bool {
        let open = self.passing.iter().any(|passing| {
            passing.until_mono_ms > now.mono_ms
                && self.recent.iter().any(|grant| {
                    grant.token == passing.token && grant.ticket == Some(ticket) && !grant.over
                })
        });
        open || self.waiting.iter().any(|one| one.ticket == Some(ticket))
    }

    /// When the first of those who wait has waited too long.
    pub(super) fn waiting_deadline(&self) -> Option<u64> {
        self.waiting.iter().map(|grant| grant.until_mono_ms).min()
    }

    /// Takes out one who has waited too long: nothing opens for that presentation any more.
    pub(super) fn take_late(&mut self, now: &Moment) -> Option<Grant> {
        let late = |grant: &Grant| grant.until_mono_ms <= now.mono_ms;
        let at = self.waiting.iter().position(late)?;
        self.waiting.remove(at)
    }

    /// A token for an opening without a sequence number: the boot clock, or the next number
    /// where that was used, so that a restarted box does not repeat one that the board knows.
    pub(super) fn emergency_token(&mut self, now: &Moment) -> u32 {
        let clock = u32::try_from(now.mono_ms & u64::from(EMERGENCY_TOKENS - 1)).unwrap_or(0);
        self.last_emergency = clock.max(self.last_emergency.wrapping_add(1));
        EMERGENCY_TOKENS | self.last_emergency
    }

    /// Opens now, or when the passage before it is over. `tracked_ms` is how long a passage may
    /// take, `None` where no passage will be reported.
    pub(super) fn give(
        &mut self,
        now: &Moment,
        grant: Grant,
        tracked_ms: Option<u64>,
        out: &mut Vec<LaneEffect>,
    ) {
        if tracked_ms.is_some() && self.passing.is_some() && self.waiting.len() < WAITING_MAX {
            out.push(LaneEffect::Show(Display::Wait {
                name: grant.display.name().cloned(),
            }));
            self.waiting.push_back(grant);
        } else {
            self.open(now, grant, tracked_ms, out);
        }
    }

    fn open(
        &mut self,
        now: &Moment,
        mut grant: Grant,
        tracked_ms: Option<u64>,
        out: &mut Vec<LaneEffect>,
    ) {
        // Once, however often a busy gate is asked again.
        if std::mem::take(&mut grant.unrecorded) {
            self.uncounted.push(grant.direction);
        }
        if let Some(passage_ms_max) = tracked_ms {
            let until_mono_ms = now.mono_ms.saturating_add(passage_ms_max);
            self.passing = Some(Passing {
                token: grant.token,
                until_mono_ms,
            });
        }
        out.push(LaneEffect::OpenGate {
            token: grant.token,
            direction: grant.direction,
        });
        out.push(LaneEffect::Show(grant.display.clone()));
        self.remember(grant);
    }

    fn remember(&mut self, grant: Grant) {
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(grant);
    }

    /// The opening of a token, newest first.
    pub(super) fn find(&mut self, token: u32) -> Option<&mut Grant> {
        self.recent
            .iter_mut()
            .rev()
            .find(|grant| grant.token == token)
    }

    /// A record that came after its emergency opening, or while that waited: then it rests on the record.
    pub(super) fn recorded_late(&mut self, ticket: Ticket, seq: u64) {
        let known = self.recent.iter_mut().chain(&mut self.waiting);
        for grant in known.filter(|grant| grant.ticket == Some(ticket)) {
            grant.seq = Some(seq);
            if std::mem::take(&mut grant.unrecorded) {
                grant.token = token_of(seq);
            }
        }
    }

    /// The opening of this token is over: the next one goes.
    pub(super) fn finish(
        &mut self,
        now: &Moment,
        token: Option<u32>,
        tracked_ms: Option<u64>,
        out: &mut Vec<LaneEffect>,
    ) {
        let over = self
            .passing
            .as_ref()
            .is_some_and(|passing| Some(passing.token) == token);
        if over {
            self.next(now, tracked_ms, out);
        }
    }

    /// Ends an opening whose passage was never reported.
    pub(super) fn expire(
        &mut self,
        now: &Moment,
        tracked_ms: Option<u64>,
        out: &mut Vec<LaneEffect>,
    ) {
        if self.deadline().is_some_and(|until| until <= now.mono_ms) {
            self.next(now, tracked_ms, out);
        }
    }

    fn next(&mut self, now: &Moment, tracked_ms: Option<u64>, out: &mut Vec<LaneEffect>) {
        self.passing = None;
        if let Some(grant) = self.waiting.pop_front() {
            self.open(now, grant, tracked_ms, out);
        }
    }

    /// The gate is open for somebody else although this lane did not know: the same token waits
    /// at the front and is tried again. False when its opening ended already.
    pub(super) fn retry(&mut self, now: &Moment, token: u32) -> bool {
        let at = self
            .recent
            .iter()
            .rposition(|grant| grant.token == token && !grant.over);
        let Some(grant) = at.and_then(|at| self.recent.remove(at)) else {
            return false;
        };
        self.waiting.push_front(grant);
        let until_mono_ms = now.mono_ms.saturating_add(BUSY_RETRY_MS);
        self.passing = Some(Passing {
            token,
            until_mono_ms,
        });
        true
    }

    /// The board forgot the opening under way: the next one goes.
    pub(super) fn abandon(
        &mut self,
        now: &Moment,
        tracked_ms: Option<u64>,
        out: &mut Vec<LaneEffect>,
    ) {
        if self.passing.is_some() {
            self.next(now, tracked_ms, out);
        }
    }

    /// No passage will be reported any more: everybody who waits goes at once.
    pub(super) fn release(&mut self, now: &Moment, out: &mut Vec<LaneEffect>) {
        self.passing = None;
        while let Some(grant) = self.waiting.pop_front() {
            self.open(now, grant, None, out);
        }
    }
}
