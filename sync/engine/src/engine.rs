//! The state machine of the uplink.

use std::collections::VecDeque;

use sync_wire::message::Tier;
use sync_wire::{Ack, Hash, Topic};

use crate::action::{Action, Alarm};
use crate::backoff::{Backoff, STABLE_MS};
use crate::input::{Input, LedgerRecord, Now, OurHashes};
use crate::link::{Link, Status};
use crate::pack::pack;
use crate::parked::ParkedList;
use crate::settings::{Identity, Settings, Start};
use crate::uplink::Uplink;
use crate::voice::Voice;

/// A hello is not repeated sooner than this, whatever asks for it, ms.
const HELLO_MS_MIN: u64 = 1_000;
/// The city may silence the bulk tier for at most this long at a time, ms.
const RETRY_AFTER_MS_MAX: u64 = 600_000;

/// The uplink. See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    voice: Voice,
    settings: Settings,
    uplink: Uplink,
    backoff: Backoff,
    link: Link,
    actions: VecDeque<Action>,
    parked: ParkedList,
    connected_at_ms: Option<u64>,
    heartbeat_at_ms: u64,
    /// Last sign that what was sent arrives.
    progress_at_ms: u64,
    /// No bulk read before this.
    bulk_at_ms: u64,
    /// No live read before this.
    live_at_ms: u64,
    skew_ms: Option<i64>,
    last_ack_at: Option<i64>,
}

impl Engine {
    /// Starts offline and wants a connection at once.
    pub fn new(identity: Identity, settings: Settings, start: &Start) -> Self {
        Self {
            voice: Voice {
                identity,
                head: start.head,
                roster_version: start.roster_version,
                hello_number: 0,
                hello_at_ms: None,
            },
            settings,
            uplink: Uplink::new(start.head.seq, start.through, &start.ranges),
            backoff: Backoff::default(),
            link: Link::Connecting,
            actions: VecDeque::from([Action::Connect]),
            parked: ParkedList::default(),
            connected_at_ms: None,
            heartbeat_at_ms: 0,
            progress_at_ms: 0,
            bulk_at_ms: 0,
            live_at_ms: 0,
            skew_ms: None,
            last_ack_at: None,
        }
    }

    /// What there is to show.
    pub fn status(&self) -> Status {
        Status {
            link: self.link,
            acked_through: self.uplink.through(),
            backlog: self.uplink.backlog(),
            skew_ms: self.skew_ms,
            last_ack_at: self.last_ack_at,
            parked: self.parked.len(),
        }
    }

    /// The numbers at which an acknowledgement must be compared with the box's own hashes.
    pub fn numbers_to_check(ack: &Ack) -> Vec<u64> {
        std::iter::once(ack.through)
            .chain(ack.ranges.iter().map(|range| range.to))
            .collect()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When to come back with [`Input::Tick`] at the latest (monotonic ms), and why.
    pub fn poll_timeout(&self) -> Option<(u64, &'static str)> {
        let mut times = Vec::new();
        match self.link {
            Link::Offline { retry_at_ms } => times.push((retry_at_ms, "connect again")),
            Link::Connecting => {}
            Link::Greeting { next_at_ms, .. } | Link::Forked { next_at_ms } => {
                times.push((next_at_ms, "say hello again"));
            }
            Link::Online => {
                if self.uplink.is_waiting() {
                    times.push((self.patience_at_ms(), "acknowledgement overdue"));
                }
                let paused = [self.bulk_at_ms, self.live_at_ms];
                times.extend(
                    paused
                        .into_iter()
                        .filter(|at| *at > 0)
                        .map(|at| (at, "read again")),
                );
            }
        }
        if self.connected_at_ms.is_some() {
            times.push((self.heartbeat_at_ms, "heartbeat"));
        }
        times.into_iter().min_by_key(|(at, _)| *at)
    }

    /// Something happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected => self.connected(now),
            Input::Disconnected { jitter } => self.disconnected(now, jitter),
            Input::Head(head) => {
                if head.seq > self.voice.head.seq {
                    self.voice.head = head;
                    self.uplink.grow(head.seq);
                }
            }
            Input::RosterApplied { version } => self.voice.roster_version = Some(version),
            Input::Records {
                tier,
                from,
                prev,
                records,
            } => {
                if self.uplink.finish_read(tier, from) {
                    self.send(now, tier, from, (prev, records));
                }
            }
            Input::ReadFailed { tier } => {
                self.uplink.drop_read(tier);
                self.pause(now, tier, self.settings.read_retry_ms);
            }
            Input::Ack { ack, ours } => self.acknowledged(now, &ack, &ours),
            Input::Tick => {}
        }
        self.keep_time(now);
        self.pump(now);
    }

    fn connected(&mut self, now: Now) {
        self.uplink.rewind();
        self.connected_at_ms = Some(now.mono_ms);
        self.heartbeat_at_ms = now.mono_ms.saturating_add(self.settings.heartbeat_ms);
        self.actions.push_back(Action::Subscribe);
        self.actions.extend(self.voice.online(now));
        self.say_hello(now, 0);
    }

    fn disconnected(&mut self, now: Now, jitter: u32) {
        let held = self
            .connected_at_ms
            .take()
            .map(|at| now.mono_ms.saturating_sub(at));
        if held.is_some_and(|held| held >= STABLE_MS) {
            self.backoff.reset();
        }
        self.uplink.rewind();
        let delay = self.backoff.next_delay_ms(jitter);
        self.link = Link::Offline {
            retry_at_ms: now.mono_ms.saturating_add(delay),
        };
        // What was to go out is moot; what is to be written down or known is not.
        self.actions.retain(|action| match action {
            Action::Connect | Action::Subscribe | Action::Publish { .. } | Action::Read { .. } => {
                false
            }
            Action::SaveCursor { .. } | Action::SaveParked(_) | Action::Alarm(_) => true,
        });
    }

    fn keep_time(&mut self, now: Now) {
        match self.link {
            Link::Offline { retry_at_ms } if retry_at_ms <= now.mono_ms => {
                self.link = Link::Connecting;
                self.actions.push_back(Action::Connect);
            }
            Link::Greeting { next_at_ms, tries } if next_at_ms <= now.mono_ms => {
                self.say_hello(now, tries.saturating_add(1));
            }
            Link::Forked { next_at_ms } if next_at_ms <= now.mono_ms => self.ask_the_forked(now),
            Link::Online if self.uplink.is_waiting() && self.patience_at_ms() <= now.mono_ms => {
                self.greet(now);
            }
            Link::Offline { .. }
            | Link::Connecting
            | Link::Greeting { .. }
            | Link::Forked { .. }
            | Link::Online => {}
        }
        if self.connected_at_ms.is_some() && self.heartbeat_at_ms <= now.mono_ms {
            self.heartbeat_at_ms = now.mono_ms.saturating_add(self.settings.heartbeat_ms);
            self.actions
                .extend(self.voice.heartbeat(now, &self.uplink, self.skew_ms));
        }
        for at in [&mut self.bulk_at_ms, &mut self.live_at_ms] {
            if *at <= now.mono_ms {
                *at = 0;
            }
        }
    }

    fn patience_at_ms(&self) -> u64 {
        let silence = self
            .progress_at_ms
            .saturating_add(self.settings.ack_patience_ms);
        let oldest = self
            .uplink
            .oldest_sent_at_ms()
            .unwrap_or(self.progress_at_ms);
        silence.min(oldest.saturating_add(self.settings.message_patience_ms))
    }

    /// Asks anew what the city has; until it answers, nothing is sent.
    fn greet(&mut self, now: Now) {
        self.uplink.rewind();
        let earliest = self
            .voice
            .hello_at_ms
            .map_or(0, |at| at.saturating_add(HELLO_MS_MIN));
        if earliest <= now.mono_ms {
            self.say_hello(now, 0);
        } else {
            self.link = Link::Greeting {
                next_at_ms: earliest,
                tries: 0,
            };
        }
    }

    fn say_hello(&mut self, now: Now, tries: u32) {
        let factor = 1_u64.checked_shl(tries.min(16)).unwrap_or(u64::MAX);
        let wait = self
            .settings
            .hello_ms
            .saturating_mul(factor)
            .min(self.settings.hello_ms_max);
        self.link = Link::Greeting {
            next_at_ms: now.mono_ms.saturating_add(wait),
            tries,
        };
        self.actions.extend(self.voice.hello(now, &self.uplink));
    }

    fn ask_the_forked(&mut self, now: Now) {
        let next_at_ms = now.mono_ms.saturating_add(self.settings.hello_ms_max);
        self.link = Link::Forked { next_at_ms };
        self.actions.extend(self.voice.hello(now, &self.uplink));
    }

    fn pause(&mut self, now: Now, tier: Tier, wait_ms: u64) {
        let until = now.mono_ms.saturating_add(wait_ms);
        match tier {
            Tier::Live => self.live_at_ms = until,
            Tier::Bulk => self.bulk_at_ms = until,
        }
    }

    fn pump(&mut self, now: Now) {
        if self.link != Link::Online {
            return;
        }
        for tier in [Tier::Live, Tier::Bulk] {
            let paused_until = match tier {
                Tier::Live => self.live_at_ms,
                Tier::Bulk => self.bulk_at_ms,
            };
            if paused_until > now.mono_ms {
                continue;
            }
            if let Some((from, records_max)) = self.uplink.next_read(tier, &self.settings) {
                let bytes_max = self.settings.read_bytes_max;
                self.actions.push_back(Action::Read {
                    tier,
                    from,
                    records_max,
                    bytes_max,
                });
            }
        }
    }

    fn send(
        &mut self,
        now: Now,
        tier: Tier,
        from: u64,
        (prev, mut records): (Hash, Vec<LedgerRecord>),
    ) {
        if self.link != Link::Online {
            return;
        }
        let expected = (from..)
            .zip(&records)
            .take_while(|(seq, record)| *seq == record.seq);
        let whole = expected.count();
        records.truncate(whole);
        let Ok(packed) = pack(
            &self.voice.identity,
            &self.settings,
            now,
            tier,
            (prev, records),
        ) else {
            self.actions
                .push_back(Action::Alarm(Alarm::LedgerUnreadable { from }));
            self.pause(now, tier, self.settings.read_retry_ms);
            return;
        };
        if !self.uplink.is_waiting() {
            self.progress_at_ms = now.mono_ms;
        }
        self.uplink.mark_sent(tier, from, packed.to, now.mono_ms);
        let topic = match tier {
            Tier::Live => Topic::UpLive,
            Tier::Bulk => Topic::UpBulk,
        };
        self.actions.push_back(Action::Publish {
            topic,
            payload: packed.payload,
            retain: false,
        });
    }

    fn acknowledged(&mut self, now: Now, ack: &Ack, ours: &OurHashes) {
        // A word about another epoch, or from before this connection, says nothing about this one.
        if ack.epoch != self.voice.identity.epoch || self.connected_at_ms.is_none() {
            return;
        }
        self.skew_ms = Some(ack.now.saturating_sub(now.wall_ms));
        self.last_ack_at = Some(now.wall_ms);
        self.progress_at_ms = now.mono_ms;
        if let Some(wait_ms) = ack.retry_after_ms {
            self.pause(now, Tier::Bulk, wait_ms.min(RETRY_AFTER_MS_MAX));
        }
        if ack.hello.is_some() {
            self.greeted(now, ack, ours);
            return;
        }
        let (Link::Online | Link::Greeting { .. }) = self.link else {
            return;
        };
        self.note_parked(ack, false);
        let is_ours = self.is_ours(ack.through, ack.head, ours);
        let mut news = is_ours && self.uplink.acknowledge_through(ack.through);
        for range in &ack.ranges {
            if self.is_ours(range.to, range.head, ours) {
                news |= self.uplink.acknowledge_range(range.from, range.to);
            }
        }
        if news {
            self.save_cursor();
        }
        if !is_ours {
            self.actions
                .push_back(Action::Alarm(Alarm::ForeignAck { seq: ack.through }));
        }
        let behind = ack.through < self.uplink.through() && self.may_doubt(now);
        if self.link == Link::Online && (ack.greet || behind || !is_ours) {
            self.greet(now);
        }
    }

    /// An old acknowledgement may arrive late; only a hello in a while tells whether the city
    /// really has less than it had.
    fn may_doubt(&self, now: Now) -> bool {
        let quiet = self.settings.heartbeat_ms;
        self.voice
            .hello_at_ms
            .is_none_or(|at| now.mono_ms.saturating_sub(at) >= quiet)
    }

    fn is_ours(&self, seq: u64, head: Hash, ours: &OurHashes) -> bool {
        seq <= self.uplink.last() && ours.get(&seq) == Some(&head)
    }

    /// The answer to a hello: the cursor becomes the city's, if the city speaks of this very chain.
    fn greeted(&mut self, now: Now, ack: &Ack, ours: &OurHashes) {
        let asked = matches!(self.link, Link::Greeting { .. } | Link::Forked { .. });
        if !asked || ack.hello != Some(self.voice.hello_number) {
            return;
        }
        if !self.is_ours(ack.through, ack.head, ours) {
            if !matches!(self.link, Link::Forked { .. }) {
                let (city_through, our_last) = (ack.through, self.uplink.last());
                self.actions.push_back(Action::Alarm(Alarm::Forked {
                    city_through,
                    our_last,
                }));
            }
            let next_at_ms = now.mono_ms.saturating_add(self.settings.hello_ms_max);
            self.link = Link::Forked { next_at_ms };
            return;
        }
        let (was, had) = (self.uplink.through(), self.uplink.ranges());
        let ranges: Vec<(u64, u64)> = ack
            .ranges
            .iter()
            .filter(|range| self.is_ours(range.to, range.head, ours))
            .map(|range| (range.from, range.to))
            .collect();
        self.uplink.rewind();
        self.uplink.set_cursor(ack.through, &ranges);
        self.link = Link::Online;
        self.note_parked(ack, true);
        if self.uplink.through() < was {
            let now = self.uplink.through();
            self.actions
                .push_back(Action::Alarm(Alarm::CityWentBack { was, now }));
        }
        if (was, had) != (self.uplink.through(), self.uplink.ranges()) {
            self.save_cursor();
        }
    }

    fn save_cursor(&mut self) {
        let (through, ranges) = (self.uplink.through(), self.uplink.ranges());
        self.actions
            .push_back(Action::SaveCursor { through, ranges });
    }

    fn note_parked(&mut self, ack: &Ack, all: bool) {
        let changed = self.parked.note(&ack.parked, all);
        self.actions.extend(changed.map(Action::SaveParked));
    }
}
