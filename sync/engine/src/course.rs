//! One epoch on its way to the city: asking what the city has, sending the rest, and what to do
//! where the city has something else. The epoch that is written to and older ones are alike, but
//! that older ones grow no more and go by the bulk tier only.

use std::collections::VecDeque;

use sync_wire::ack::Compared;
use sync_wire::message::Tier;
use sync_wire::{Ack, Hash, Head, Mark, Topic};

use crate::action::{Action, Alarm, Fork};
use crate::input::{LedgerRecord, Now, OurHashes};
use crate::link::Refusal;
use crate::pace::Pace;
use crate::pack::pack;
use crate::parked::ParkedList;
use crate::search::{Agreement, Search};
use crate::settings::{EpochStart, Settings};
use crate::uplink::Uplink;
use crate::voice::{Facts, Voice};

/// A hello is not repeated sooner than this, whatever asks for it, ms.
const HELLO_MS_MIN: u64 = 1_000;
/// So many questions without an answer, and the search begins anew with a hello.
const TRIES_MAX: u32 = 5;

/// How far the conversation about an epoch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing is said.
    Quiet,
    /// The city has not said yet what it has.
    Greeting { next_at_ms: u64, tries: u32 },
    /// The cursor is the city's; records flow.
    Flowing,
    /// Looking for the last common record.
    Comparing { next_at_ms: u64, tries: u32 },
    /// Waiting for a new epoch.
    Forked { next_at_ms: u64 },
}

/// What all conversations share.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) voice: Voice,
    pub(crate) settings: Settings,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) pace: Pace,
    /// When an epoch last began because of a fork, monotonic ms.
    pub(crate) forked_at_ms: Option<u64>,
    /// Acknowledgements that were refused.
    pub(crate) refused: u64,
    pub(crate) last_refusal: Option<Refusal>,
}

impl Desk {
    pub(crate) fn refuse(&mut self, why: Refusal) {
        self.refused = self.refused.saturating_add(1);
        self.last_refusal = Some(why);
    }
}

/// One epoch on its way.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) epoch: String,
    pub(crate) uplink: Uplink,
    pub(crate) phase: Phase,
    pub(crate) parked: ParkedList,
    head: Head,
    closed: bool,
    search: Option<Search>,
    city_through: u64,
    /// Number of the newest question about this epoch.
    asked: u64,
    hello_at_ms: Option<u64>,
    /// Last sign that what was sent arrives.
    progress_at_ms: u64,
}

impl Course {
    pub(crate) fn new(start: &EpochStart, closed: bool) -> Self {
        Self {
            epoch: start.epoch.clone(),
            uplink: Uplink::new(start.head.seq, start.through, &start.ranges),
            phase: Phase::Quiet,
            parked: ParkedList::default(),
            head: start.head,
            closed,
            search: None,
            city_through: start.through,
            asked: 0,
            hello_at_ms: None,
            progress_at_ms: 0,
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

    /// Whether the city has said on this connection that it has all of it.
    pub(crate) fn is_done(&self) -> bool {
        self.phase == Phase::Flowing && self.uplink.backlog() == 0
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
        self.phase = Phase::Quiet;
    }

    /// Asks anew what the city has; until it answers, nothing is sent.
    pub(crate) fn greet(&mut self, desk: &mut Desk, now: Now) {
        self.uplink.rewind();
        let earliest = self
            .hello_at_ms
            .map_or(0, |at| at.saturating_add(HELLO_MS_MIN));
        if earliest <= now.mono_ms {
            self.say_hello(desk, now, 0);
        } else {
            self.phase = Phase::Greeting {
                next_at_ms: earliest,
                tries: 0,
            };
        }
    }

    /// Asks anew, unless it is asking already.
    pub(crate) fn doubt(&mut self, desk: &mut Desk, now: Now) {
        if self.phase == Phase::Flowing {
            self.greet(desk, now);
        }
    }

    pub(crate) fn say_hello(&mut self, desk: &mut Desk, now: Now, tries: u32) {
        let next_at_ms = now.mono_ms.saturating_add(patience(&desk.settings, tries));
        self.phase = Phase::Greeting { next_at_ms, tries };
        self.hello(desk, now);
    }

    fn hello(&mut self, desk: &mut Desk, now: Now) {
        let hello = desk.voice.hello(now, self.facts());
        self.asked = desk.voice.number;
        self.hello_at_ms = Some(now.mono_ms);
        desk.actions.extend(hello);
    }

    /// When to look at the time again, and why.
    pub(crate) fn next_time(&self, settings: &Settings) -> Option<(u64, &'static str)> {
        match self.phase {
            Phase::Quiet => None,
            Phase::Greeting { next_at_ms, .. } | Phase::Forked { next_at_ms } => {
                Some((next_at_ms, "say hello again"))
            }
            Phase::Comparing { next_at_ms, .. } => Some((next_at_ms, "compare again")),
            Phase::Flowing => self
                .uplink
                .is_waiting()
                .then(|| (self.patience_at_ms(settings), "acknowledgement overdue")),
        }
    }

    pub(crate) fn keep_time(&mut self, desk: &mut Desk, now: Now) {
        let due = self.next_time(&desk.settings).map(|(at, _)| at);
        if due.is_none_or(|at| at > now.mono_ms) {
            return;
        }
        match self.phase {
            Phase::Greeting { tries, .. } => self.say_hello(desk, now, tries.saturating_add(1)),
            Phase::Comparing { tries, .. } if tries >= TRIES_MAX => self.greet(desk, now),
            Phase::Comparing { tries, .. } => self.ask(desk, now, tries.saturating_add(1)),
            Phase::Forked { .. } => {
                self.wait_forked(desk, now);
                self.hello(desk, now);
            }
            Phase::Flowing => self.greet(desk, now),
            Phase::Quiet => {}
        }
    }

    fn patience_at_ms(&self, settings: &Settings) -> u64 {
        let silence = self.progress_at_ms.saturating_add(settings.ack_patience_ms);
        let oldest = self
            .uplink
            .oldest_sent_at_ms()
            .unwrap_or(self.progress_at_ms);
        silence.min(oldest.saturating_add(settings.message_patience_ms))
    }

    /// Wants the next records of a tier, where there are any and the window has room.
    pub(crate) fn pump(&mut self, desk: &mut Desk, tier: Tier) {
        if self.phase != Phase::Flowing {
            return;
        }
        let settings = &desk.settings;
        let window = match tier {
            Tier::Live => settings.live_window,
            Tier::Bulk if self.closed => settings.older_window,
            Tier::Bulk => settings.bulk_window,
        };
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
        if !self.uplink.finish_read(tier, from) || self.phase != Phase::Flowing {
            return;
        }
        let expected = (from..)
            .zip(&records)
            .take_while(|(seq, record)| *seq == record.seq);
        let whole = expected.count();
        records.truncate(whole);
        let packed = pack(
            &desk.voice.identity,
            &desk.settings,
            now,
            (&self.epoch, tier),
            (prev, records),
        );
        let Ok(packed) = packed else {
            desk.actions
                .push_back(Action::Alarm(Alarm::LedgerUnreadable { from }));
            let again = now.mono_ms.saturating_add(desk.settings.read_retry_ms);
            desk.pace.pause(tier, again);
            return;
        };
        if !self.uplink.is_waiting() {
            self.progress_at_ms = now.mono_ms;
        }
        self.uplink.mark_sent(tier, from, packed.to, now.mono_ms);
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

    /// The city has spoken about this epoch.
    pub(crate) fn heard(&mut self, desk: &mut Desk, now: Now, ack: &Ack, ours: &OurHashes) {
        self.progress_at_ms = now.mono_ms;
        if let Some(compared) = ack.compare {
            self.compared(desk, now, compared);
        }
        if ack.hello.is_some() {
            self.greeted(desk, now, ack, ours);
        }
        if ack.hello.is_some() || ack.compare.is_some() {
            return;
        }
        let (Phase::Flowing | Phase::Greeting { .. }) = self.phase else {
            return;
        };
        self.note_parked(desk, ack, false);
        let is_ours = self.is_ours(ack.through, ack.head, ours);
        let mut news = is_ours && self.uplink.acknowledge_through(ack.through);
        let mut strange = false;
        for range in &ack.ranges {
            if range.from <= range.to && self.is_ours(range.to, range.head, ours) {
                news |= self.uplink.acknowledge_range(range.from, range.to);
            } else {
                strange = true;
            }
        }
        if news {
            self.save_cursor(desk);
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
        if self.phase == Phase::Flowing && (ack.greet || behind || foreign) {
            self.greet(desk, now);
        }
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

    /// The answer to a hello: the cursor becomes the city's, if the city speaks of this very chain.
    fn greeted(&mut self, desk: &mut Desk, now: Now, ack: &Ack, ours: &OurHashes) {
        let asked = matches!(self.phase, Phase::Greeting { .. } | Phase::Forked { .. });
        if !asked || ack.hello != Some(self.asked) {
            return;
        }
        self.city_through = ack.through;
        match Search::begin(ack, ours, self.uplink.last()) {
            Agreement::Whole => self.adopt(desk, ack),
            Agreement::Foreign => {
                desk.refuse(Refusal::NotOurs);
                desk.actions
                    .push_back(Action::Alarm(Alarm::ForeignAck { seq: 0 }));
                self.wait_forked(desk, now);
            }
            Agreement::Fork(_) if !self.closed && too_soon(desk, now) => {
                self.wait_forked(desk, now);
            }
            Agreement::Fork(search) => {
                self.search = Some(search);
                self.ask(desk, now, 0);
            }
        }
    }

    fn adopt(&mut self, desk: &mut Desk, ack: &Ack) {
        let (was, had) = (self.uplink.through(), self.uplink.ranges());
        let ranges: Vec<(u64, u64)> = ack
            .ranges
            .iter()
            .map(|range| (range.from, range.to))
            .collect();
        self.uplink.rewind();
        self.uplink.set_cursor(ack.through, &ranges);
        self.phase = Phase::Flowing;
        self.note_parked(desk, ack, true);
        let through = self.uplink.through();
        if through < was {
            let went_back = Alarm::CityWentBack { was, now: through };
            desk.actions.push_back(Action::Alarm(went_back));
        }
        if (was, had) != (through, self.uplink.ranges()) {
            self.save_cursor(desk);
        }
    }

    /// Wants the box's own hashes at the next marks; without marks, the place is found.
    fn ask(&mut self, desk: &mut Desk, now: Now, tries: u32) {
        let Some(search) = &mut self.search else {
            self.greet(desk, now);
            return;
        };
        let seqs = search.marks().to_vec();
        if seqs.is_empty() {
            self.place_found(desk, now);
            return;
        }
        let next_at_ms = now.mono_ms.saturating_add(patience(&desk.settings, tries));
        self.phase = Phase::Comparing { next_at_ms, tries };
        desk.actions.push_back(Action::Hashes {
            epoch: self.epoch.clone(),
            seqs,
        });
    }

    /// The box's own hashes at the marks.
    pub(crate) fn compare(&mut self, desk: &mut Desk, now: Now, ours: &OurHashes) {
        let (Phase::Comparing { .. }, Some(search)) = (self.phase, &mut self.search) else {
            return;
        };
        let marks: Option<Vec<Mark>> = search
            .marks()
            .iter()
            .map(|seq| {
                ours.get(seq).map(|hash| Mark {
                    seq: *seq,
                    hash: *hash,
                })
            })
            .collect();
        let Some(marks) = marks else {
            let from = self.uplink.through();
            desk.actions
                .push_back(Action::Alarm(Alarm::LedgerUnreadable { from }));
            return;
        };
        let compare = desk.voice.compare(now, &self.epoch, marks);
        self.asked = desk.voice.number;
        desk.actions.extend(compare);
    }

    fn compared(&mut self, desk: &mut Desk, now: Now, compared: Compared) {
        let (Phase::Comparing { .. }, Some(search)) = (self.phase, &mut self.search) else {
            return;
        };
        if compared.number != self.asked {
            return;
        }
        if search.answer(compared.same) {
            self.ask(desk, now, 0);
        } else {
            desk.refuse(Refusal::NoSense);
            self.greet(desk, now);
        }
    }

    /// What comes after the common record is carried over. An older epoch of which the city merely
    /// has more goes on like any other.
    fn place_found(&mut self, desk: &mut Desk, now: Now) {
        let Some(search) = self.search.take() else {
            return;
        };
        let (common, held) = search.result();
        let last = self.uplink.last();
        if self.closed && common == last {
            self.uplink.rewind();
            self.uplink.set_cursor(0, &held);
            self.phase = Phase::Flowing;
            self.save_cursor(desk);
            return;
        }
        desk.actions.push_back(Action::Alarm(Alarm::Forked {
            epoch: self.epoch.clone(),
            common,
            city_through: self.city_through,
            our_last: last,
        }));
        desk.actions.push_back(Action::CarryOver(Fork {
            epoch: self.epoch.clone(),
            common,
        }));
        self.wait_forked(desk, now);
    }

    fn wait_forked(&mut self, desk: &Desk, now: Now) {
        let next_at_ms = now.mono_ms.saturating_add(desk.settings.hello_ms_max);
        self.phase = Phase::Forked { next_at_ms };
    }

    fn save_cursor(&self, desk: &mut Desk) {
        desk.actions.push_back(Action::SaveCursor {
            epoch: self.epoch.clone(),
            through: self.uplink.through(),
            ranges: self.uplink.ranges(),
        });
    }

    fn note_parked(&mut self, desk: &mut Desk, ack: &Ack, all: bool) {
        if let Some(parked) = self.parked.note(&ack.parked, all) {
            let epoch = self.epoch.clone();
            desk.actions.push_back(Action::SaveParked { epoch, parked });
        }
    }
}

fn too_soon(desk: &Desk, now: Now) -> bool {
    let pause = desk.settings.fork_pause_ms;
    desk.forked_at_ms
        .is_some_and(|at| now.mono_ms.saturating_sub(at) < pause)
}

/// How long to wait for an answer.
fn patience(settings: &Settings, tries: u32) -> u64 {
    let factor = 1_u64.checked_shl(tries.min(16)).unwrap_or(u64::MAX);
    let wait = settings.hello_ms.saturating_mul(factor);
    wait.min(settings.hello_ms_max)
}
