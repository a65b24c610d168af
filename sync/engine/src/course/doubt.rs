//! When the city is asked anew what it has: at once and with a clean slate, or beside what flows.

use sync_wire::Ack;
use sync_wire::ack::RANGES_MAX;

use super::desk::{Desk, Phase};
use super::talk::{Course, HELLO_MS_MIN};
use crate::input::{Now, OurHashes};
use crate::search::{Agreement, Search};

/// An older epoch that is whole is asked about again after a greeting by another epoch, but not
/// sooner than this after its last hello, ms: a city with a hole greets again and again.
const AGAIN_MS: u64 = 600_000;

/// What became of the answer to a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The cursor is the city's now.
    Adopted,
    /// It settles nothing.
    Disbelieved,
    /// It is an acknowledgement like any other by now.
    Plain,
}

/// A question that was asked while records flow, and how things stood then.
#[derive(Debug)]
pub(super) struct Probe {
    number: u64,
    through: u64,
    ranges: Vec<(u64, u64)>,
    /// Messages that had gone out, and how many of them were on their way.
    departed: u64,
    on_the_way: usize,
}

impl Probe {
    /// The city has all that it had acknowledged when it was asked. Whatever it acknowledged since
    /// may be missing in its answer.
    fn is_kept_in(&self, ack: &Ack) -> bool {
        let holds = |(from, to): &(u64, u64)| {
            let ranges = ack.ranges.iter();
            *to <= ack.through
                || ranges
                    .filter(|range| range.to >= *to)
                    .any(|range| range.from <= (*from).max(ack.through.saturating_add(1)))
        };
        let names_all = ack.ranges.len() < RANGES_MAX;
        self.through <= ack.through && (!names_all || self.ranges.iter().all(holds))
    }
}

#[expect(
    clippy::multiple_inherent_impl,
    reason = "one conversation, read in the order of its files"
)]
impl Course {
    /// Asks anew what the city has; until it answers, nothing is sent.
    pub(crate) fn greet(&mut self, desk: &mut Desk, now: Now) {
        self.uplink.rewind();
        self.hellos.clear();
        self.forget_doubts();
        let earliest = self.earliest_hello_ms();
        if earliest <= now.mono_ms {
            self.say_hello(desk, now, 0);
        } else {
            self.phase = Phase::Greeting {
                next_at_ms: earliest,
                tries: 0,
            };
        }
    }

    fn earliest_hello_ms(&self) -> u64 {
        let since = |at: u64| at.saturating_add(HELLO_MS_MIN);
        self.hello_at_ms.map_or(0, since)
    }

    pub(super) fn forget_doubts(&mut self) {
        (self.probe, self.probe_at_ms, self.again) = (None, None, false);
    }

    /// The city may have lost something of this epoch: it is asked, while records flow on.
    pub(crate) fn doubt(&mut self, desk: &mut Desk, now: Now) {
        if self.phase != Phase::Flowing {
            return;
        }
        if self.is_done() {
            // Its turn among the older ones comes again.
            self.fall_silent();
            return;
        }
        let earliest = self.earliest_hello_ms();
        if earliest <= now.mono_ms {
            self.ask_beside(desk, now);
        } else {
            self.probe_at_ms = Some(earliest);
        }
    }

    /// The same, with no hurry, of an older epoch that the city has whole.
    pub(crate) fn doubt_in_time(&mut self) {
        self.again |= self.is_done();
    }

    /// When a doubt is asked about, monotonic ms.
    pub(super) fn doubt_at_ms(&self) -> Option<u64> {
        let again_at = self.hello_at_ms.map_or(0, |at| at.saturating_add(AGAIN_MS));
        let again = self.again.then_some(again_at);
        self.probe_at_ms.into_iter().chain(again).min()
    }

    /// A doubt's time has come.
    pub(super) fn ask_doubt(&mut self, desk: &mut Desk, now: Now) {
        if self.again {
            self.fall_silent();
        } else {
            self.ask_beside(desk, now);
        }
    }

    fn ask_beside(&mut self, desk: &mut Desk, now: Now) {
        self.probe_at_ms = None;
        self.hello(desk, now, None);
        let departed = self.uplink.departed();
        self.probe = Some(Probe {
            number: self.asked,
            through: self.uplink.through(),
            ranges: self.uplink.ranges(),
            departed,
            on_the_way: self.uplink.on_the_way_of(departed),
        });
    }

    /// The answer to a question that was asked while records flow. What flows is left alone; where
    /// none of what was on its way has arrived meanwhile, it is lost, and goes out again.
    pub(super) fn answered_beside(
        &mut self,
        desk: &mut Desk,
        now: Now,
        (number, ack): (u64, &Ack),
        ours: &OurHashes,
    ) -> Answer {
        let Some(probe) = self.probe.take_if(|probe| probe.number == number) else {
            return Answer::Plain;
        };
        let agreement = Search::begin(ack, ours, self.uplink.last());
        if agreement != Agreement::Whole || !probe.is_kept_in(ack) {
            self.greet(desk, now);
            return Answer::Disbelieved;
        }
        let left = self.uplink.on_the_way_of(probe.departed);
        let is_stuck = left > 0 && left == probe.on_the_way;
        if is_stuck && ack.through >= self.uplink.through() {
            self.adopt(desk, now, ack);
            return Answer::Adopted;
        }
        Answer::Plain
    }
}
