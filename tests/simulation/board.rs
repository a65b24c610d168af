//! A gate board as its lane hears it: an arm, a beam, and a ring of events that stay until they are
//! acknowledged. What the driver does between them (each event told once, in order, the six oldest) is
//! here, too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use edge_domain::{BoardEvent, Direction, GateReport, OpenRefusal};

/// How long an arm stays open for somebody, ms.
const OPEN_MS: u64 = 6_000;
/// Events that are told and not acknowledged, at most.
const TOLD_MAX: usize = 6;
/// Events that a board keeps.
const RING_MAX: usize = 32;

/// What the board saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Passed(Direction, Option<u32>),
    TimedOut(Direction, u32),
}

/// One event, by boot and number, with the true time of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) boot: u32,
    pub(super) seq: u16,
    pub(super) at_ms: u64,
    pub(super) seen: Seen,
}

#[derive(Debug)]
struct Opening {
    token: u32,
    direction: Direction,
    until_ms: u64,
}

#[derive(Debug)]
pub(super) struct Board {
    pub(super) uid: [u8; 8],
    pub(super) boot: u32,
    next: u16,
    ring: VecDeque<Event>,
    lost: u32,
    opening: Option<Opening>,
    /// How often the arm moved for a token.
    moved: BTreeMap<u32, u32>,
    /// Whether it answers.
    pub(super) answers: bool,
    told: BTreeSet<(u32, u16)>,
    /// The session that the driver knows, and whether it knows that the board answers.
    known: Option<(u32, bool)>,
}

impl Board {
    pub(super) fn new(number: u8) -> Self {
        Self {
            uid: [number; 8],
            boot: 1,
            next: 1,
            ring: VecDeque::new(),
            lost: 0,
            opening: None,
            moved: BTreeMap::new(),
            answers: true,
            told: BTreeSet::new(),
            known: None,
        }
    }

    /// The box's process begins anew: its driver knows nothing of the board.
    pub(super) fn meet(&mut self) {
        self.told.clear();
        self.known = None;
        // Those of openings without a record come from the boot clock, and it begins again.
        self.moved.retain(|token, _| *token < 0x8000_0000);
    }

    /// The box has another file: its numbers may be those of another history.
    pub(super) fn forget_tokens(&mut self) {
        self.moved.clear();
    }

    /// What the driver tells next, if anything.
    pub(super) fn tell(&mut self, now_ms: u64) -> Option<GateReport> {
        match (self.known, self.answers) {
            (None | Some((_, false)), true) => {
                let boot = self.known.map_or(self.boot, |(boot, _)| boot);
                self.known = Some((boot, true));
                return Some(GateReport::LinkBack);
            }
            (None, false) => {
                self.known = Some((self.boot, false));
                return Some(GateReport::LinkLost);
            }
            (Some((boot, true)), false) => {
                self.known = Some((boot, false));
                return Some(GateReport::LinkLost);
            }
            (Some((_, false)), false) => return None,
            (Some((boot, true)), true) if boot != self.boot => {
                self.known = Some((self.boot, true));
                return Some(GateReport::Restarted { boot: self.boot });
            }
            (Some((_, true)), true) => {}
        }
        if self.lost > 0 {
            let count = std::mem::take(&mut self.lost);
            return Some(GateReport::EventsLost { count });
        }
        let mut oldest = self.ring.iter().take(TOLD_MAX);
        let event = *oldest.find(|event| !self.told.contains(&(event.boot, event.seq)))?;
        self.told.insert((event.boot, event.seq));
        Some(self.report(&event, now_ms))
    }

    fn report(&self, event: &Event, now_ms: u64) -> GateReport {
        let board_event = BoardEvent {
            uid: self.uid,
            boot: event.boot,
            seq: event.seq,
            age_ms: now_ms.saturating_sub(event.at_ms),
        };
        match event.seen {
            Seen::Passed(direction, token) => GateReport::Passed {
                direction,
                token,
                event: board_event,
            },
            Seen::TimedOut(direction, token) => GateReport::TimedOut {
                direction,
                token: Some(token),
                event: board_event,
            },
        }
    }

    /// An event of the ring.
    pub(super) fn event(&self, boot: u32, seq: u16) -> Option<&Event> {
        let mut events = self.ring.iter();
        events.find(|event| (event.boot, event.seq) == (boot, seq))
    }

    /// An order to open. Gives the report, and how often the arm has moved for this token.
    pub(super) fn open(
        &mut self,
        (token, direction): (u32, Direction),
        now_ms: u64,
    ) -> (GateReport, u32) {
        let refused = |why| (GateReport::OpenRefused { token, why }, 0);
        if !self.answers {
            return refused(OpenRefusal::NoLink);
        }
        if self.opening.as_ref().is_some_and(|one| one.token != token) {
            return refused(OpenRefusal::Busy);
        }
        let moved = self.moved.entry(token).or_default();
        *moved += 1;
        self.opening = Some(Opening {
            token,
            direction,
            until_ms: now_ms + OPEN_MS,
        });
        (GateReport::Opened { token }, *moved)
    }

    /// Whether somebody can get out now.
    pub(super) fn lets_out(&self) -> bool {
        let open = |one: &Opening| one.direction == Direction::Out;
        !self.answers || self.opening.as_ref().is_some_and(open)
    }

    /// Somebody walks; a closed arm stops him. A board that hears no box lets everybody out.
    pub(super) fn walk(&mut self, direction: Direction, alone: bool, now_ms: u64) -> bool {
        let open = self.opening.as_ref();
        let token = open.filter(|one| one.direction == direction);
        let token = token.map(|one| one.token);
        let is_free = (alone || !self.answers) && direction == Direction::Out;
        if token.is_none() && !is_free {
            return false;
        }
        if token.is_some() {
            self.opening = None;
        }
        self.see(Seen::Passed(direction, token), now_ms);
        true
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        self.opening.as_ref().map(|one| one.until_ms)
    }

    /// Closes an arm that nobody used.
    pub(super) fn keep_time(&mut self, now_ms: u64) {
        if self.deadline().is_some_and(|until| until <= now_ms)
            && let Some(one) = self.opening.take()
        {
            self.see(Seen::TimedOut(one.direction, one.token), now_ms);
        }
    }

    fn see(&mut self, seen: Seen, at_ms: u64) {
        if self.ring.len() >= RING_MAX {
            self.ring.pop_front();
            self.lost += 1;
        }
        self.ring.push_back(Event {
            boot: self.boot,
            seq: self.next,
            at_ms,
            seen,
        });
        self.next = self.next.wrapping_add(1);
    }

    /// The board may forget this event and all before it.
    pub(super) fn forget(&mut self, boot: u32, seq: u16) {
        let of = |event: &Event| (event.boot, event.seq) == (boot, seq);
        if let Some(place) = self.ring.iter().position(of) {
            self.ring.drain(..=place);
        }
    }

    /// A reset: what it did not tell is gone.
    pub(super) fn reset(&mut self) {
        self.boot += 1;
        self.next = 1;
        self.ring.clear();
        self.lost = 0;
        self.opening = None;
        self.told.clear();
    }

    /// Whether everything that it saw is acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty() && self.lost == 0
    }
}
