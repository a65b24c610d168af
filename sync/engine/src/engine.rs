//! The state machine of the uplink: one connection, the epoch that is written to, and older ones.

use std::collections::VecDeque;

use sync_wire::message::Tier;
use sync_wire::{Ack, Report};

use crate::action::Action;
use crate::backoff::{Backoff, ForkGuard, STABLE_MS};
use crate::course::{Course, Desk, Phase};
use crate::input::{Input, Now, OurHashes, Survey};
use crate::link::{Link, Refusal, Status};
use crate::meter::Meter;
use crate::pace::Pace;
use crate::settings::{EpochStart, Identity, Settings, Start};
use crate::voice::{Voice, result};

/// Results that wait for a connection; beyond, the oldest are dropped: the city asks again.
const REPORTS_MAX: usize = 32;

/// So many older epochs may wait for a silent city at a time.
const SILENT_MAX: usize = 4;

/// How far the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Offline { retry_at_ms: u64 },
    Connecting,
    Up { since_ms: u64 },
}

/// The uplink. See the crate's documentation.
#[derive(Debug)]
pub struct Engine {
    desk: Desk,
    current: Course,
    /// Served one after another.
    older: Vec<Course>,
    backoff: Backoff,
    line: Line,
    reports: VecDeque<Report>,
    heartbeat_at_ms: u64,
    /// When there is room for bulk before the line, where there is none now, monotonic ms.
    line_at_ms: Option<u64>,
    skew_ms: Option<i64>,
    last_ack_at: Option<i64>,
}

impl Engine {
    /// Starts offline and wants a connection at once.
    pub fn new(identity: Identity, settings: Settings, start: &Start) -> Self {
        let voice = Voice {
            identity,
            roster_version: start.roster_version,
            number: 0,
        };
        Self {
            desk: Desk {
                voice,
                settings,
                actions: VecDeque::from([Action::Connect]),
                pace: Pace::default(),
                guard: ForkGuard::new(start.last_fork),
                meter: Meter::default(),
                connection_from: 1,
                refused: 0,
                last_refusal: None,
                city_went_back: false,
            },
            current: Course::new(&start.current, false),
            older: Vec::new(),
            backoff: Backoff::default(),
            line: Line::Connecting,
            reports: VecDeque::new(),
            heartbeat_at_ms: 0,
            line_at_ms: None,
            skew_ms: None,
            last_ack_at: None,
        }
    }

    /// What there is to show.
    pub fn status(&self) -> Status {
        let link = match (self.line, self.current.phase) {
            (Line::Offline { retry_at_ms }, _) => Link::Offline { retry_at_ms },
            (Line::Connecting, _) | (Line::Up { .. }, Phase::Quiet) => Link::Connecting,
            (Line::Up { .. }, Phase::Greeting { next_at_ms, tries }) => {
                Link::Greeting { next_at_ms, tries }
            }
            (Line::Up { .. }, Phase::Flowing) => Link::Online,
            (Line::Up { .. }, Phase::Comparing { next_at_ms, tries }) => {
                Link::Comparing { next_at_ms, tries }
            }
            (Line::Up { .. }, Phase::Forked { next_at_ms }) => Link::Forked { next_at_ms },
        };
        Status {
            link,
            acked_through: self.current.uplink.through(),
            backlog: self.backlog(),
            older: self.older.iter().filter(|course| !course.is_done()).count(),
            unreadable: self.courses().map(|one| one.uplink.reads.bad()).sum(),
            refused: self.desk.refused,
            last_refusal: self.desk.last_refusal,
            skew_ms: self.skew_ms,
            last_ack_at: self.last_ack_at,
        }
    }

    /// The epoch that is written to.
    pub fn epoch(&self) -> &str {
        &self.current.epoch
    }

    /// The numbers at which an acknowledgement must be compared with the box's own hashes.
    pub fn numbers_to_check(ack: &Ack) -> Vec<u64> {
        std::iter::once(ack.through)
            .chain(ack.ranges.iter().map(|range| range.to))
            .collect()
    }

    /// Whether an acknowledgement of this epoch says anything to this box.
    pub fn knows(&self, epoch: &str) -> bool {
        self.courses().any(|course| course.epoch == epoch)
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.desk.actions.pop_front()
    }

    /// When to come back with [`Input::Tick`] at the latest (monotonic ms), and why.
    pub fn poll_timeout(&self) -> Option<(u64, &'static str)> {
        match self.line {
            Line::Offline { retry_at_ms } => Some((retry_at_ms, "connect again")),
            Line::Connecting => None,
            Line::Up { .. } => {
                let pause = self
                    .desk
                    .pace
                    .next_at_ms()
                    .map(|at| (at, "the city wants more"));
                self.courses()
                    .filter_map(|course| course.next_time(&self.desk))
                    .chain(pause)
                    .chain(self.line_at_ms.map(|at| (at, "the line has room")))
                    .chain([(self.heartbeat_at_ms, "heartbeat")])
                    .min_by_key(|(at, _)| *at)
            }
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected => self.connected(now),
            Input::Disconnected { jitter } => self.disconnected(now, jitter),
            Input::Head(head) => self.current.grow(head),
            Input::Older(older) => self.join(&older),
            Input::RosterApplied { version } => self.desk.voice.roster_version = Some(version),
            Input::Records {
                epoch,
                tier,
                from,
                prev,
                records,
            } => {
                if let Some((course, desk)) = self.course(&epoch) {
                    course.send(desk, now, (tier, from), (prev, records));
                }
            }
            Input::ReadFailed { epoch, tier } => {
                if let Some((course, desk)) = self.course(&epoch) {
                    course.read_failed(desk, now, tier);
                }
            }
            Input::Hashes { epoch, ours } => {
                if let Some((course, desk)) = self.course(&epoch) {
                    course.compare(desk, now, &ours);
                }
            }
            Input::CarriedOver { epoch, current } => self.carried_over(now, &epoch, &current),
            Input::Survey(survey) => self.beat(now, survey),
            Input::Report(report) => {
                if self.reports.len() >= REPORTS_MAX {
                    self.reports.pop_front();
                }
                self.reports.push_back(report);
            }
            Input::Ack { ack, ours } => self.acknowledged(now, &ack, &ours),
            Input::Tick => {}
        }
        self.keep_time(now);
        self.pump(now);
    }

    fn courses(&self) -> impl Iterator<Item = &Course> {
        std::iter::once(&self.current).chain(&self.older)
    }

    fn course(&mut self, epoch: &str) -> Option<(&mut Course, &mut Desk)> {
        let mut courses = std::iter::once(&mut self.current).chain(&mut self.older);
        let course = courses.find(|course| course.epoch == epoch)?;
        Some((course, &mut self.desk))
    }

    fn backlog(&self) -> u64 {
        self.courses().map(|course| course.uplink.backlog()).sum()
    }

    fn connected(&mut self, now: Now) {
        self.line = Line::Up {
            since_ms: now.mono_ms,
        };
        self.heartbeat_at_ms = now.mono_ms.saturating_add(self.desk.settings.heartbeat_ms);
        self.desk.meter = Meter::default();
        self.desk.connection_from = self.desk.voice.number.saturating_add(1);
        self.desk.actions.push_back(Action::Subscribe);
        self.greet_anew(now);
        self.desk.actions.push_back(Action::LookForOlder);
    }

    fn greet_anew(&mut self, now: Now) {
        let online = self.desk.voice.online(now, &self.current.epoch);
        self.desk.actions.extend(online);
        self.current.fall_silent();
        self.current.say_hello(&mut self.desk, now, 0);
    }

    fn disconnected(&mut self, now: Now, jitter: u32) {
        if let Line::Up { since_ms } = self.line
            && now.mono_ms.saturating_sub(since_ms) >= STABLE_MS
        {
            self.backoff.reset();
        }
        self.current.fall_silent();
        for course in &mut self.older {
            course.fall_silent();
        }
        self.line_at_ms = None;
        let delay = self.backoff.next_delay_ms(jitter);
        self.line = Line::Offline {
            retry_at_ms: now.mono_ms.saturating_add(delay),
        };
        // What was to go out is moot; what is to be written down or known is not.
        self.desk.actions.retain(|action| match action {
            Action::Connect
            | Action::Subscribe
            | Action::Publish { .. }
            | Action::Read { .. }
            | Action::Hashes { .. }
            | Action::LookForOlder
            | Action::Survey => false,
            Action::CarryOver(_)
            | Action::SaveCursor { .. }
            | Action::SaveParked { .. }
            | Action::Alarm(_) => true,
        });
    }

    /// Older epochs that are not known yet take their place behind the others; one that has grown,
    /// because more of it came to light, begins anew.
    fn join(&mut self, older: &[EpochStart]) {
        for start in older {
            let known = self.older.iter_mut().find(|one| one.epoch == start.epoch);
            match known {
                Some(course) if course.uplink.last() < start.head.seq => {
                    *course = Course::new(start, true);
                }
                Some(_) => {}
                None if start.epoch == self.current.epoch => {}
                None => self.older.push(Course::new(start, true)),
            }
        }
    }

    fn carried_over(&mut self, now: Now, epoch: &str, current: &EpochStart) {
        self.older.retain(|course| course.epoch != epoch);
        if current.epoch == self.current.epoch {
            self.current.grow(current.head);
            self.desk.actions.push_back(Action::LookForOlder);
            return;
        }
        self.desk.guard.begun(now.mono_ms);
        self.current = Course::new(current, false);
        if let Line::Up { .. } = self.line {
            self.greet_anew(now);
            self.desk.actions.push_back(Action::LookForOlder);
        }
    }

    fn keep_time(&mut self, now: Now) {
        match self.line {
            Line::Offline { retry_at_ms } if retry_at_ms <= now.mono_ms => {
                self.line = Line::Connecting;
                self.desk.actions.push_back(Action::Connect);
            }
            Line::Offline { .. } | Line::Connecting => {}
            Line::Up { .. } => {
                self.current.keep_time(&mut self.desk, now);
                for course in &mut self.older {
                    course.keep_time(&mut self.desk, now);
                }
                if self.heartbeat_at_ms <= now.mono_ms {
                    let wait = self.desk.settings.heartbeat_ms;
                    self.heartbeat_at_ms = now.mono_ms.saturating_add(wait);
                    self.desk.actions.push_back(Action::Survey);
                }
            }
        }
        self.desk.pace.keep_time(now.mono_ms);
        self.desk.meter.keep_time(now.mono_ms);
    }

    fn beat(&mut self, now: Now, survey: Survey) {
        if let Line::Up { .. } = self.line {
            let more = (survey, self.backlog(), self.skew_ms);
            let beat = self.desk.voice.heartbeat(now, self.current.facts(), more);
            self.desk.actions.extend(beat);
            self.desk.actions.push_back(Action::LookForOlder);
        }
    }

    fn pump(&mut self, now: Now) {
        let Line::Up { .. } = self.line else {
            return;
        };
        for report in self.reports.drain(..) {
            self.desk.actions.extend(result(report));
        }
        self.current.pump(&mut self.desk, Tier::Live);
        if self.may_send_bulk(now) {
            self.current.pump(&mut self.desk, Tier::Bulk);
        }
        self.serve_older(now);
        self.line_at_ms = self.free_at_ms(now);
    }

    fn free_at_ms(&self, now: Now) -> Option<u64> {
        let (meter, settings) = (&self.desk.meter, &self.desk.settings);
        meter.free_at_ms(settings, now.mono_ms)
    }

    /// The city takes bulk, and the line has room for more: all epochs share it.
    fn may_send_bulk(&self, now: Now) -> bool {
        let of_course = |course: &Course| course.uplink.on_the_way(Tier::Bulk).1;
        let on_the_way: u64 = self.courses().map(of_course).sum();
        let room = self.desk.meter.room(&self.desk.settings);
        let is_free = self.free_at_ms(now).is_none();
        self.desk.pace.allows_bulk(now.mono_ms) && on_the_way < room && is_free
    }

    /// Older epochs have what the newest leaves: one after another, by the bulk tier only. One of
    /// which nothing moves keeps none after it waiting.
    fn serve_older(&mut self, now: Now) {
        let may_send = self.may_send_bulk(now);
        let current = &self.current;
        if current.phase != Phase::Flowing || current.uplink.has_backlog_to_send() {
            return;
        }
        let is_unanswered = |course: &&Course| course.is_unanswered();
        if self.older.iter().filter(is_unanswered).count() >= SILENT_MAX {
            self.rotate();
        }
        for course in self.older.iter_mut().filter(|course| !course.is_done()) {
            if course.phase == Phase::Quiet {
                course.greet(&mut self.desk, now);
            }
            if may_send {
                course.pump(&mut self.desk, Tier::Bulk);
            }
            if !course.is_stuck() {
                return;
            }
        }
    }

    /// Who is not answered makes room for who was not asked yet.
    fn rotate(&mut self) {
        let waits = self.older.iter().any(|one| one.phase == Phase::Quiet);
        let silent = self.older.iter().position(Course::is_unanswered);
        if let Some(place) = silent.filter(|_| waits) {
            let mut course = self.older.remove(place);
            course.fall_silent();
            self.older.push(course);
        }
    }

    fn acknowledged(&mut self, now: Now, ack: &Ack, ours: &OurHashes) {
        // A word from before this connection says nothing about this one.
        let Line::Up { .. } = self.line else {
            return;
        };
        let Some((course, desk)) = self.course(&ack.epoch) else {
            self.desk.refuse(Refusal::OtherEpoch);
            return;
        };
        if course.heard(desk, now, ack, ours) {
            desk.pace.hear(ack, now.mono_ms);
            self.skew_ms = Some(ack.now.saturating_sub(now.wall_ms));
            self.last_ack_at = Some(now.wall_ms);
        }
        // Nor may a city that lost its place know that the current epoch is this one.
        if ack.greet && ack.epoch != self.current.epoch {
            self.current.doubt(&mut self.desk, now);
        }
        self.doubt_older(ack);
    }

    /// A city that lost something may have lost something of the older epochs, too.
    fn doubt_older(&mut self, ack: &Ack) {
        let is_sure = std::mem::take(&mut self.desk.city_went_back);
        for course in &mut self.older {
            if is_sure && course.is_done() {
                course.fall_silent();
            } else if ack.greet && course.epoch != ack.epoch {
                course.doubt_in_time();
            }
        }
    }
}
