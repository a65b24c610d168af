//! A line of 64 kbit/s, or of another width, with a delay of seconds: what is sent arrives after what
//! was sent before it. The box converges, fills the line, and a gate does not wait for the backlog.

use std::collections::VecDeque;

use sync_wire::message::Message;
use sync_wire::{Ack, Topic};

use crate::tests::world::{EPOCH, World};
use crate::{Action, Alarm, Input, Link, Settings};

/// Something under way, and when it arrives, monotonic ms.
type UnderWay<T> = VecDeque<(u64, T)>;

struct SlowLine {
    world: World,
    /// Bytes a second, upwards.
    width: u64,
    /// One way, ms.
    delay_ms: u64,
    /// When the last byte has left, in microseconds.
    free_at_us: u64,
    up: UnderWay<(Topic, Vec<u8>)>,
    down: UnderWay<Ack>,
    /// Bytes that went up, and bytes of records that were there already.
    sent: u64,
    again: u64,
    /// When each record of the epoch reached the city, ms.
    arrived: std::collections::BTreeMap<u64, u64>,
}

impl SlowLine {
    fn new(records: u64, (width, delay_ms): (u64, u64)) -> Self {
        let mut world = World::new(0);
        world.noise = true;
        for seq in 1..=records {
            let body = world.body(seq);
            world.named(EPOCH).push(body);
        }
        world.mono_ms = 100_000;
        world.restart();
        world.up.clear();
        world.done.clear();
        world.begin(Settings::default());
        Self {
            world,
            width,
            delay_ms,
            free_at_us: 0,
            up: VecDeque::new(),
            down: VecDeque::new(),
            sent: 0,
            again: 0,
            arrived: std::collections::BTreeMap::new(),
        }
    }

    /// What the box and the city have said goes on its way.
    fn post(&mut self) {
        let now_ms = self.world.mono_ms;
        for (topic, payload) in self.world.up.drain(..) {
            let bytes = u64::try_from(payload.len()).unwrap() + 100;
            self.sent += bytes;
            let begin_us = self.free_at_us.max(now_ms * 1_000);
            self.free_at_us = begin_us + bytes * 1_000_000 / self.width;
            let at_ms = self.free_at_us / 1_000 + self.delay_ms;
            self.up.push_back((at_ms, (topic, payload)));
        }
        for ack in self.world.down.drain(..) {
            self.down.push_back((now_ms + self.delay_ms, ack));
        }
    }

    /// The next thing that happens, until `end_ms`.
    fn step(&mut self, end_ms: u64) {
        self.post();
        let timer = self.world.engine.poll_timeout().map(|(at, _)| at);
        let up = self.up.front().map(|(at, _)| *at);
        let down = self.down.front().map(|(at, _)| *at);
        let next = [timer, up, down].into_iter().flatten().min();
        let next = next.unwrap_or(end_ms).clamp(self.world.mono_ms, end_ms);
        self.world.mono_ms = next;
        if up.is_some_and(|at| at <= next) {
            let (_, message) = self.up.pop_front().unwrap();
            self.note(&message);
            self.world.up.push(message);
            self.world.deliver_up(0);
        } else if down.is_some_and(|at| at <= next) {
            let (_, ack) = self.down.pop_front().unwrap();
            self.world.hear(ack);
        } else {
            self.world.input(Input::Tick);
        }
    }

    fn note(&mut self, (topic, payload): &(Topic, Vec<u8>)) {
        if let Topic::UpLive | Topic::UpBulk = topic {
            let header = Message::decode(payload).unwrap().header;
            if self.world.city.hash_at(EPOCH, header.to).is_some() {
                self.again += u64::try_from(payload.len()).unwrap();
            }
            for seq in header.from..=header.to {
                self.arrived.entry(seq).or_insert(self.world.mono_ms);
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        let end_ms = self.world.mono_ms + ms;
        while self.world.mono_ms < end_ms {
            self.step(end_ms);
        }
    }

    /// Until the city has everything and the box knows it; gives how long that took, ms.
    fn drain(&mut self, within_ms: u64) -> u64 {
        let begin_ms = self.world.mono_ms;
        while self.world.engine.status().backlog > 0
            || self.world.engine.status().link != Link::Online
        {
            let took_ms = self.world.mono_ms - begin_ms;
            assert!(took_ms < within_ms, "{:?}", self.world.engine.status());
            self.step(begin_ms + within_ms);
        }
        self.world.mono_ms - begin_ms
    }

    /// The city has the box's own chain, all of it, and the box knows.
    fn check(&self) {
        let last = self.world.current().last();
        assert_eq!(self.world.city.through(EPOCH), last);
        let theirs = self.world.city.hash_at(EPOCH, last);
        assert_eq!(theirs, self.world.current().hash_at(last));
        assert_eq!(self.world.engine.status().acked_through, last);
    }

    fn alarms(&self) -> usize {
        let is_alarm = |action: &&Action| matches!(action, Action::Alarm(_));
        self.world.done.iter().filter(is_alarm).count()
    }

    /// How long the line alone takes for what went up, ms.
    fn at_best_ms(&self) -> u64 {
        self.sent * 1_000 / self.width
    }
}

const MODEM: u64 = 8_000;

#[test]
fn a_slow_line_converges_and_is_filled_without_repetitions() {
    let mut line = SlowLine::new(6_000, (MODEM, 4_000));
    let took_ms = line.drain(600_000);
    let best_ms = line.at_best_ms();
    assert!(
        best_ms > 60_000,
        "{best_ms}: the backlog is too small to tell"
    );
    // The first rounds only feel how much the line carries.
    assert!(
        took_ms < best_ms * 3 / 2 + 60_000,
        "{took_ms} ms, the line alone takes {best_ms}"
    );
    assert_eq!(line.again, 0, "bytes were sent twice");
    assert!(line.world.hellos() <= 3, "{} hellos", line.world.hellos());
    assert_eq!(line.alarms(), 0);
    line.check();
}

#[test]
fn a_gate_does_not_wait_behind_the_backlog_of_a_slow_line() {
    for (width, delay_ms) in [(MODEM, 4_000), (MODEM, 50), (2_000, 300), (15_000, 30)] {
        // More than the line carries in that time.
        let records = width * (270 + delay_ms * 90 / 1_000) / 100;
        let mut line = SlowLine::new(records, (width, delay_ms));
        line.pass(3 * delay_ms + 1_000);
        let mut waits = Vec::new();
        for place in 0..40 {
            line.world.append(1);
            let (seq, at_ms) = (line.world.current().last(), line.world.mono_ms);
            line.pass(6_000 + place * 7);
            line.pass(2 * delay_ms);
            let there_ms = line.arrived.get(&seq);
            waits.push(there_ms.map(|there| there - at_ms - delay_ms));
        }
        assert!(
            line.world.engine.status().backlog > 0,
            "{width}: all is there"
        );
        let late = waits.iter().filter(|wait| wait.is_none_or(|ms| ms > 4_000));
        // The rounds that feel how much the line carries are allowed to be too many.
        assert!(late.count() <= 4, "{width} B/s, {delay_ms} ms: {waits:?}");
        line.drain(3_600_000);
        assert_eq!((line.again, line.alarms()), (0, 0));
        line.check();
    }
}

#[test]
fn a_fast_line_is_used_as_far_as_the_windows_go() {
    let mut line = SlowLine::new(10_000, (3_000_000, 5));
    let took_ms = line.drain(60_000);
    let best_ms = line.at_best_ms();
    assert!(took_ms < best_ms * 5 / 4 + 500, "{took_ms} ms of {best_ms}");
    assert_eq!(line.again, 0);
    line.check();
}

#[test]
fn a_line_that_becomes_slow_is_noticed_and_one_that_becomes_fast_too() {
    let mut line = SlowLine::new(60_000, (200_000, 50));
    line.pass(10_000);
    line.width = MODEM;
    line.pass(120_000);
    // By now nothing of the fast times is on the line.
    let queue_ms = (line.free_at_us / 1_000).saturating_sub(line.world.mono_ms);
    assert!(
        queue_ms < 3_000,
        "{queue_ms} ms of backlog stand before a gate"
    );
    line.width = 200_000;
    let before = line.sent;
    line.pass(15_000);
    let rate = (line.sent - before) / 15;
    assert!(rate > 150_000, "{rate} bytes a second of 200,000");
    assert_eq!((line.again, line.alarms()), (0, 0));
    line.drain(600_000);
    line.check();
}

#[test]
fn an_answer_to_any_hello_of_the_connection_counts() {
    // A delay so long that five hellos are under way before the first is answered.
    let mut line = SlowLine::new(300, (MODEM, 50_000));
    let took_ms = line.drain(1_200_000);
    assert!(took_ms < 600_000, "{took_ms} ms");
    assert_eq!((line.again, line.alarms()), (0, 0));
    line.check();
}

#[test]
fn answers_of_an_earlier_connection_do_not() {
    let mut world = World::new(10);
    let old = world.answer(Some(1));
    world.disconnect(0);
    world.advance(1_000);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    world.hear(old);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    world.calm();
    world.check();
}

/// A late answer that says less than is known does not take the cursor back.
#[test]
fn a_late_answer_that_says_less_is_not_adopted() {
    let mut world = World::new(10);
    let late = world.answer(Some(1));
    world.calm();
    // Silence after the next record: the box asks anew.
    world.append(1);
    world.up.clear();
    world.advance(10_000);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    world.hear(late);
    assert!(matches!(world.engine.status().link, Link::Greeting { .. }));
    assert_eq!(world.engine.status().acked_through, 10);
    let is_alarm = |action: &Action| matches!(action, Action::Alarm(Alarm::CityWentBack { .. }));
    assert!(!world.done.iter().any(is_alarm));
    world.calm();
    world.check();
}

/// Whoever is not answered asks less and less often; an answer ends that.
#[test]
fn patience_doubles_while_nothing_is_answered() {
    let mut world = World::new(0);
    world.calm();
    let mut waits = Vec::new();
    for _ in 0..5 {
        world.append(1);
        world.up.clear();
        let began_ms = world.mono_ms;
        while world.engine.status().link == Link::Online {
            let (at, _) = world.engine.poll_timeout().unwrap();
            world.mono_ms = at;
            world.input(Input::Tick);
        }
        waits.push(world.mono_ms - began_ms);
        // The hello is answered, the record is not.
        world.up.retain(|(topic, _)| *topic == Topic::UpCtl);
        while !matches!(world.engine.status().link, Link::Online) {
            world.deliver_up(0);
            world.deliver_down(0);
        }
        world.up.clear();
    }
    assert_eq!(waits, [10_000, 20_000, 40_000, 80_000, 160_000]);
    world.calm();
    world.append(1);
    world.calm();
    world.append(1);
    world.up.clear();
    world.advance(9_999);
    assert_eq!(world.engine.status().link, Link::Online);
    world.advance(1);
    assert_ne!(world.engine.status().link, Link::Online);
}
