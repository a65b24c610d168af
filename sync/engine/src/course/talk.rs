//! One conversation: hello, records, acknowledgements.

use sync_wire::message::Tier;
use sync_wire::{Ack, Hash, Head, Topic};

use super::desk::{Desk, Phase};
use super::doubt::{Answer, Probe};
use crate::action::{Action, Alarm};
use crate::input::{LedgerRecord, Now, OurHashes};
use crate::link::Refusal;
use crate::pack::Packed;
use crate::parked::{ParkedTalk, tidy};
use crate::search::{Agreement, Search};
use crate::settings::{EpochStart, Settings};
use crate::uplink::Uplink;
use crate::voice::Facts;

/// A hello is not repeated sooner than this, whatever asks for it, ms.
pub(super) const HELLO_MS_MIN: u64 = 1_000;
/// An older epoch whose question was repeated so often without an answer keeps no other waiting.
const SILENT_TRIES: u32 = 2;
/// So many questions without an answer, and the search begins anew with a hello.
const TRIES_MAX: u32 = 5;
/// Hellos whose answers still count; with an hour between the first and the last of them.
const HELLOS_MAX: usize = 64;

/// One epoch on its way.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) epoch: String,
    pub(crate) uplink: Uplink,
    pub(crate) phase: Phase,
    pub(super) closed: bool,
    pub(super) search: Option<Search>,
    pub(super) city_through: u64,
    /// Number of the newest question about this epoch.
    pub(super) asked: u64,
    head: Head,
    parked: ParkedTalk,
    /// The hellos that are not answered yet, with number and time (monotonic ms): any answer will do.
    pub(super) hellos: Vec<(u64, u64)>,
    pub(super) hello_at_ms: Option<u64>,
    /// Last sign that what was sent arrives.
    progress_at_ms: u64,
    /// Asked while records flow, and when the next such question is due, monotonic ms.
    pub(super) probe: Option<Probe>,
    pub(super) probe_at_ms: Option<u64>,
    /// The city greeted by another epoch since it said that it has this one whole.
    pub(super) again: bool,
}

impl Course {
    pub(crate) fn new(start: &EpochStart, closed: bool) -> Self {
        Self {
            epoch: start.epoch.clone(),
            uplink: Uplink::new(start.head.seq, start.through, &start.ranges),
            phase: Phase::Quiet,
            parked: ParkedTalk::default(),
            head: start.head,
            closed,
            hellos: Vec::new(),
            search: None,
            city_through: start.through,
            asked: 0,
            hello_at_ms: None,
            progress_at_ms: 0,
            probe: None,
            probe_at_ms: None,
            again: false,
        }
    }

    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            epoch: &self.epoch,
            head: self.head,
            acked_through: self.uplink.through(),
            closed: self.closed,
        }
    }

    /// Whether the city has said on this connection that it has all of an older epoch, and has given
    /// no reason since to doubt that.
    pub(crate) fn is_done(&self) -> bool {
        self.closed && self.phase == Phase::Flowing && self.uplink.backlog() == 0 && !self.again
    }

    /// It was asked about more than once, and the city is silent about it.
    pub(crate) fn is_unanswered(&self) -> bool {
        match self.phase {
            Phase::Greeting { tries, .. } | Phase::Comparing { tries, .. } => tries >= SILENT_TRIES,
            Phase::Quiet | Phase::Flowing | Phase::Forked { .. } => false,
        }
    }

    /// Nothing of it moves for now, so that others may: the city is silent or wants something else,
    /// or what is left cannot be read.
    pub(crate) fn is_stuck(&self) -> bool {
        match self.phase {
            Phase::Greeting { .. } | Phase::Comparing { .. } => self.is_unanswered(),
            Phase::Flowing => self.uplink.is_idle(),
            Phase::Forked { .. } => true,
            Phase::Quiet => false,
        }
    }

    pub(crate) fn grow(&mut self, head: Head) {
        if head.seq > self.head.seq {
            self.head = head;
            self.uplink.grow(head.seq);
        }
    }

    /// The connection is gone.
    pub(crate) fn fall_silent(&mut self) {
        self.uplink.rewind();
        self.search = None;
        self.parked.fall_silent();
        self.hellos.clear();
        self.forget_doubts();
        self.phase = Phase::Quiet;
    }

    pub(crate) fn say_hello(&mut self, desk: &mut Desk, now: Now, tries: u32) {
        let next_at_ms = desk.question_at_ms(now, tries);
        self.phase = Phase::Greeting { next_at_ms, tries };
        self.hello(desk, now, None);
    }

    pub(super) fn hello(&mut self, desk: &mut Desk, now: Now, parked_after: Option<u64>) {
        let hello = desk.voice.hello(now, self.facts(), parked_after);
        self.asked = desk.voice.number;
        self.hello_at_ms = Some(now.mono_ms);
        if self.hellos.len() >= HELLOS_MAX {
            self.hellos.remove(0);
        }
        self.hellos.push((self.asked, now.mono_ms));
        desk.actions.extend(hello);
    }

    /// Asks which records are parked, where that is due; records flow on meanwhile.
    fn ask_parked(&mut self, desk: &mut Desk, now: Now) {
        if let Some(after) = self.parked.due(now.mono_ms) {
            self.hello(desk, now, Some(after));
            let again_at_ms = now.mono_ms.saturating_add(desk.settings.parked_ms);
            self.parked.ask(self.asked, after, again_at_ms);
        }
    }

    /// When to look at the time again, and why.
    pub(crate) fn next_time(&self, desk: &Desk) -> Option<(u64, &'static str)> {
        match self.phase {
            Phase::Quiet => None,
            Phase::Greeting { next_at_ms, .. } | Phase::Forked { next_at_ms } => {
                Some((next_at_ms, "say hello again"))
            }
            Phase::Comparing { next_at_ms, .. } => Some((next_at_ms, "compare again")),
            Phase::Flowing => {
                let overdue = self.overdue_at_ms(desk);
                let overdue = overdue.map(|at| (at, "acknowledgement overdue"));
                let parked = self.parked.again_at_ms().map(|at| (at, "parked records"));
                let doubt = self.doubt_at_ms().map(|at| (at, "ask beside what flows"));
                let read = self.uplink.reads.again_at_ms();
                let read = read.map(|at| (at, "read again"));
                let rest = parked.into_iter().chain(doubt).chain(read);
                overdue.into_iter().chain(rest).min()
            }
        }
    }

    pub(crate) fn keep_time(&mut self, desk: &mut Desk, now: Now) {
        let due = self.next_time(desk).map(|(at, _)| at);
        if due.is_none_or(|at| at > now.mono_ms) {
            return;
        }
        match self.phase {
            Phase::Greeting { tries, .. } => self.say_hello(desk, now, tries.saturating_add(1)),
            Phase::Comparing { tries, .. } if tries >= TRIES_MAX => self.greet(desk, now),
            Phase::Comparing { tries, .. } => self.ask(desk, now, tries.saturating_add(1)),
            Phase::Forked { .. } => {
                self.wait_forked(desk, now);
                self.hello(desk, now, None);
            }
            Phase::Flowing if self.is_overdue(desk, now) => {
                desk.meter.missed();
                self.greet(desk, now);
            }
            Phase::Flowing if self.doubt_at_ms().is_some_and(|at| at <= now.mono_ms) => {
                self.ask_doubt(desk, now);
            }
            Phase::Flowing => {
                self.uplink.reads.keep_time(now.mono_ms);
                self.ask_parked(desk, now);
            }
            Phase::Quiet => {}
        }
    }

    fn is_overdue(&self, desk: &Desk, now: Now) -> bool {
        self.overdue_at_ms(desk).is_some_and(|at| at <= now.mono_ms)
    }

    /// When what is on its way should have been acknowledged.
    fn overdue_at_ms(&self, desk: &Desk) -> Option<u64> {
        let oldest = self.uplink.oldest_sent_at_ms()?;
        Some(desk.overdue_at_ms(self.progress_at_ms, oldest))
    }

    /// Wants the next records of a tier, where there are any and the window has room.
    pub(crate) fn pump(&mut self, desk: &mut Desk, tier: Tier) {
        if self.phase != Phase::Flowing || !self.uplink.reads.allows(tier) {
            return;
        }
        let window = desk.window(tier, self.closed);
        let settings = &desk.settings;
        if let Some((from, records_max)) = self.uplink.next_read(tier, window, settings) {
            let bytes_max = settings.read_bytes_max;
            desk.actions.push_back(Action::Read {
                epoch: self.epoch.clone(),
                tier,
                from,
                records_max,
                bytes_max,
            });
        }
    }

    /// The records that were read go out.
    pub(crate) fn send(
        &mut self,
        desk: &mut Desk,
        now: Now,
        (tier, from): (Tier, u64),
        (prev, mut records): (Hash, Vec<LedgerRecord>),
    ) {
        let Some(asked) = self.uplink.finish_read(tier, from) else {
            return;
        };
        if self.phase != Phase::Flowing {
            return;
        }
        let expected = (from..)
            .zip(&records)
            .take_while(|(seq, record)| *seq == record.seq);
        let whole = expected.count();
        records.truncate(whole);
        let Some(packed) = desk.pack(now, (&self.epoch, tier), (prev, records)) else {
            self.unreadable(desk, now, (tier, asked));
            return;
        };
        self.uplink.reads.worked(tier, (from, packed.to));
        self.mark_sent(desk, now, tier, (from, &packed));
        let topic = match tier {
            Tier::Live => Topic::UpLive,
            Tier::Bulk => {
                let records = packed.to.saturating_sub(from).saturating_add(1);
                desk.pace.sent_bulk(records, now.mono_ms);
                Topic::UpBulk
            }
        };
        desk.actions.push_back(Action::Publish {
            topic,
            payload: packed.payload,
            retain: false,
        });
    }

    /// The ledger gave nothing.
    pub(crate) fn read_failed(&mut self, desk: &mut Desk, now: Now, tier: Tier) {
        if let Some(asked) = self.uplink.drop_read(tier) {
            self.unreadable(desk, now, (tier, asked));
        }
    }

    fn unreadable(&mut self, desk: &mut Desk, now: Now, (tier, asked): (Tier, (u64, u64))) {
        let times = (now.mono_ms, &desk.settings);
        if self.uplink.reads.failed(tier, asked, times) {
            let (from, _) = asked;
            let alarm = Alarm::LedgerUnreadable { from };
            desk.actions.push_back(Action::Alarm(alarm));
        }
    }

    fn mark_sent(&mut self, desk: &mut Desk, now: Now, tier: Tier, (from, packed): (u64, &Packed)) {
        if !self.uplink.is_waiting() {
            self.progress_at_ms = now.mono_ms;
        }
        let trip = desk.departs(now, (tier, self.closed), &self.uplink, (from, packed));
        self.uplink.mark_sent(tier, (from, packed.to), trip);
    }

    /// The city has spoken about this epoch. Gives whether it is to be believed: it knows a hash that
    /// only this ledger and its city know.
    pub(crate) fn heard(&mut self, desk: &mut Desk, now: Now, ack: &Ack, ours: &OurHashes) -> bool {
        if let Some(compared) = ack.compare {
            self.compared(desk, now, compared);
        }
        let answer = ack.hello.map(|number| {
            if desk.was_asked(number) {
                self.greeted(desk, now, (number, ack), ours)
            } else {
                Answer::Disbelieved
            }
        });
        match answer {
            Some(Answer::Adopted) => return true,
            Some(Answer::Disbelieved) => return false,
            Some(Answer::Plain) | None if ack.compare.is_some() => return false,
            Some(Answer::Plain) | None => {}
        }
        let (Phase::Flowing | Phase::Greeting { .. }) = self.phase else {
            return false;
        };
        let is_ours = self.is_ours(ack.through, ack.head, ours);
        let strange = self.take_in(desk, now, (is_ours, ack), ours);
        if is_ours || self.closed {
            self.note_parked(desk, now, ack);
        }
        // Of an older epoch the city may well have more than the box.
        let settled = self.closed && self.uplink.backlog() == 0;
        let foreign = !is_ours && !settled;
        if (foreign || strange) && !self.closed {
            desk.refuse(Refusal::NotOurs);
        }
        if foreign && !self.closed {
            desk.actions
                .push_back(Action::Alarm(Alarm::ForeignAck { seq: ack.through }));
        }
        let behind = ack.through < self.uplink.through() && self.may_doubt(&desk.settings, now);
        if self.phase == Phase::Flowing && foreign {
            self.greet(desk, now);
        } else if ack.greet || behind {
            self.doubt(desk, now);
        }
        is_ours
    }

    /// What is acknowledged with a hash of ours. Gives whether there is something with another one.
    fn take_in(
        &mut self,
        desk: &mut Desk,
        now: Now,
        (is_ours, ack): (bool, &Ack),
        ours: &OurHashes,
    ) -> bool {
        let mut news = is_ours && self.uplink.acknowledge_through(ack.through);
        let mut strange = false;
        for range in &ack.ranges {
            if range.from <= range.to && self.is_ours(range.to, range.head, ours) {
                news |= self.uplink.acknowledge_range(range.from, range.to);
            } else {
                strange = true;
            }
        }
        desk.meter.arrived(&self.uplink.take_arrived(), now.mono_ms);
        if is_ours || news {
            self.progress_at_ms = now.mono_ms;
        }
        if news {
            self.save_cursor(desk);
        }
        strange
    }

    /// An old acknowledgement may arrive late; only a hello in a while tells whether the city
    /// really has less than it had.
    fn may_doubt(&self, settings: &Settings, now: Now) -> bool {
        let quiet = settings.heartbeat_ms;
        self.hello_at_ms
            .is_none_or(|at| now.mono_ms.saturating_sub(at) >= quiet)
    }

    fn is_ours(&self, seq: u64, head: Hash, ours: &OurHashes) -> bool {
        seq <= self.uplink.last() && ours.get(&seq) == Some(&head)
    }

    /// How long the way is, by the answer to a hello.
    fn note_way(&mut self, desk: &mut Desk, now: Now, number: u64) {
        if let Some((_, at)) = self.hellos.iter().find(|(asked, _)| *asked == number) {
            let ms = now.mono_ms.saturating_sub(*at);
            desk.meter.answered(ms, now.mono_ms);
        }
    }

    /// The answer to a hello, any of the present connection: the cursor becomes the city's, if the city
    /// speaks of this very chain.
    fn greeted(
        &mut self,
        desk: &mut Desk,
        now: Now,
        (number, ack): (u64, &Ack),
        ours: &OurHashes,
    ) -> Answer {
        self.note_way(desk, now, number);
        let (Phase::Greeting { .. } | Phase::Forked { .. }) = self.phase else {
            return self.answered_beside(desk, now, (number, ack), ours);
        };
        let agreement = Search::begin(ack, ours, self.uplink.last());
        let is_new = self.hellos.iter().any(|(asked, _)| *asked == number);
        let is_forked = matches!(self.phase, Phase::Forked { .. });
        // One from before may be late: it holds where it says no less than was known after it.
        let is_no_less = ack.through >= self.uplink.through();
        let is_late = is_no_less && agreement == Agreement::Whole;
        let counts = is_new || is_late && !is_forked;
        if !counts {
            return if is_forked {
                Answer::Disbelieved
            } else {
                Answer::Plain
            };
        }
        self.city_through = ack.through;
        match agreement {
            Agreement::Whole => {
                self.adopt(desk, now, ack);
                return Answer::Adopted;
            }
            Agreement::Foreign => {
                desk.refuse(Refusal::NotOurs);
                desk.actions
                    .push_back(Action::Alarm(Alarm::ForeignAck { seq: 0 }));
                self.wait_forked(desk, now);
            }
            Agreement::Fork(search) => self.fork_found(desk, now, search),
        }
        Answer::Disbelieved
    }

    pub(super) fn adopt(&mut self, desk: &mut Desk, now: Now, ack: &Ack) {
        let (was, had) = (self.uplink.through(), self.uplink.ranges());
        let ranges: Vec<(u64, u64)> = ack
            .ranges
            .iter()
            .map(|range| (range.from, range.to))
            .collect();
        self.uplink.rewind();
        self.uplink.set_cursor(ack.through, &ranges);
        self.phase = Phase::Flowing;
        if !self.closed && desk.guard.agree() {
            desk.actions.push_back(Action::Alarm(Alarm::AgreesAgain));
        }
        self.note_parked(desk, now, ack);
        let through = self.uplink.through();
        if through < was {
            desk.city_went_back = true;
            let went_back = Alarm::CityWentBack { was, now: through };
            desk.actions.push_back(Action::Alarm(went_back));
        }
        if (was, had) != (through, self.uplink.ranges()) {
            self.save_cursor(desk);
        }
    }

    pub(super) fn save_cursor(&self, desk: &mut Desk) {
        desk.save_cursor(&self.epoch, &self.uplink);
    }

    /// Which records are parked: all of a part in the answer to a hello, else those that are new.
    fn note_parked(&mut self, desk: &mut Desk, now: Now, ack: &Ack) {
        let known = |number: &u64| self.hellos.iter().any(|(asked, _)| asked == number);
        let hello = ack.hello.filter(known);
        let again_at_ms = now.mono_ms.saturating_add(desk.settings.parked_ms);
        let (named, is_sound) = tidy(&ack.parked, self.uplink.last());
        if !is_sound {
            desk.refuse(Refusal::NotOurs);
        }
        let told = self.parked.hear(hello, named, again_at_ms);
        desk.keep_parked(&self.epoch, told);
        if self.phase == Phase::Flowing {
            self.ask_parked(desk, now);
        }
    }
}
