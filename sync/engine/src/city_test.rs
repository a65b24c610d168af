//! A model city behind a network that loses, doubles and reorders, and a connection that breaks:
//! in the end everything is stored once and the cursor is at the last record.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sync_wire::ack::AckRange;
use sync_wire::message::{Message, Tier};
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Ctl, Hash, Head, Topic, VERSION};

use crate::{Action, Engine, Identity, Input, LedgerRecord, Link, Now, OurHashes, Settings, Start};

const BOX: &str = "box-demo";
const EPOCH: &str = "00112233aabbccdd";
const WALL_MS: i64 = 1_795_302_124_000;

/// The city's table: what is stored, by number.
#[derive(Default)]
pub(crate) struct City {
    stored: BTreeMap<u64, (Vec<u8>, Hash)>,
    pub(crate) refused: u32,
}

impl City {
    fn hash_at(&self, seq: u64) -> Option<Hash> {
        if seq == 0 {
            return Some(Head::genesis(BOX, EPOCH).hash);
        }
        self.stored.get(&seq).map(|(_, hash)| *hash)
    }

    fn take(&mut self, payload: &[u8]) {
        let message = Message::decode(payload).unwrap();
        let hashes = message.hashes().unwrap();
        if self
            .hash_at(message.header.from - 1)
            .is_some_and(|hash| hash != message.header.prev)
        {
            self.refused += 1;
            return;
        }
        let seqs = message.header.from..=message.header.to;
        for (seq, (body, hash)) in seqs.zip(message.bodies.into_iter().zip(hashes)) {
            let old = self.stored.insert(seq, (body.clone(), hash));
            assert!(
                old.is_none_or(|old| old == (body, hash)),
                "record {seq} was rewritten"
            );
        }
    }

    pub(crate) fn through(&self) -> u64 {
        self.stored
            .keys()
            .zip(1..)
            .take_while(|(seq, place)| **seq == *place)
            .count()
            .try_into()
            .unwrap()
    }

    fn ack(&self, hello: Option<u64>) -> Ack {
        let through = self.through();
        let mut ranges: Vec<AckRange> = Vec::new();
        for (seq, (_, hash)) in self.stored.range(through + 1..) {
            match ranges.last_mut() {
                Some(range) if range.to + 1 == *seq => (range.to, range.head) = (*seq, *hash),
                _ => ranges.push(AckRange {
                    from: *seq,
                    to: *seq,
                    head: *hash,
                }),
            }
        }
        ranges.truncate(64);
        Ack {
            v: VERSION,
            epoch: EPOCH.to_owned(),
            through,
            head: self.hash_at(through).unwrap(),
            ranges,
            parked: Vec::new(),
            hello,
            greet: false,
            compare: None,
            retry_after_ms: None,
            bulk_rate: None,
            now: WALL_MS,
        }
    }

    /// Loses everything after `through`, as a restore from an old backup does.
    pub(crate) fn restore(&mut self, through: u64) {
        self.stored.retain(|seq, _| *seq <= through);
    }
}

/// Box, network and city.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) city: City,
    pub(crate) mono_ms: u64,
    ledger: Vec<LedgerRecord>,
    head: Head,
    pub(crate) up: Vec<(Topic, Vec<u8>)>,
    pub(crate) down: Vec<Ack>,
    pub(crate) connected: bool,
    pub(crate) cursor: u64,
    pub(crate) done: Vec<Action>,
}

impl World {
    pub(crate) fn new(records: u64) -> Self {
        let mut world = Self {
            engine: engine(Head::genesis(BOX, EPOCH), 0),
            city: City::default(),
            mono_ms: 1_000,
            ledger: Vec::new(),
            head: Head::genesis(BOX, EPOCH),
            up: Vec::new(),
            down: Vec::new(),
            connected: false,
            cursor: 0,
            done: Vec::new(),
        };
        for _ in 0..records {
            world.write();
        }
        world.engine = engine(world.head, 0);
        world.settle();
        world
    }

    fn write(&mut self) {
        let seq = self.head.seq + 1;
        let at = WALL_MS + i64::try_from(self.mono_ms).unwrap();
        let body = format!(
            "{{\"at\":{at},\"seq\":{seq},\"pad\":\"{}\"}}",
            "x".repeat(180)
        );
        self.head = self.head.extend(body.as_bytes());
        self.ledger.push(LedgerRecord {
            seq,
            body: body.into_bytes(),
            hash: self.head.hash,
        });
    }

    pub(crate) fn append(&mut self, records: u64) {
        for _ in 0..records {
            self.write();
            self.input(Input::Head(self.head));
        }
    }

    fn now(&self) -> Now {
        let wall_ms = WALL_MS + i64::try_from(self.mono_ms).unwrap();
        Now {
            mono_ms: self.mono_ms,
            wall_ms,
            clock: ClockQuality::Synced,
        }
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.engine.handle(self.now(), input);
        self.settle();
    }

    fn hash_at(&self, seq: u64) -> Option<Hash> {
        match seq.checked_sub(1) {
            None => Some(Head::genesis(BOX, EPOCH).hash),
            Some(index) => self
                .ledger
                .get(usize::try_from(index).unwrap())
                .map(|record| record.hash),
        }
    }

    fn settle(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            self.done.push(action.clone());
            match action {
                Action::Connect => {
                    self.connected = true;
                    self.engine.handle(self.now(), Input::Connected);
                }
                Action::Publish { topic, payload, .. } => self.up.push((topic, payload)),
                Action::Read {
                    tier,
                    from,
                    records_max,
                    ..
                } => {
                    let skip = usize::try_from(from - 1).unwrap();
                    let take = usize::try_from(records_max).unwrap();
                    let records = self.ledger.iter().skip(skip).take(take).cloned().collect();
                    let prev = self.hash_at(from - 1).unwrap();
                    self.engine.handle(
                        self.now(),
                        Input::Records {
                            tier,
                            from,
                            prev,
                            records,
                        },
                    );
                }
                Action::SaveCursor { through, .. } => self.cursor = through,
                Action::Subscribe | Action::SaveParked(_) | Action::Alarm(_) => {}
            }
        }
    }

    pub(crate) fn disconnect(&mut self, jitter: u32) {
        if self.connected {
            self.connected = false;
            self.up.clear();
            self.down.clear();
            self.input(Input::Disconnected { jitter });
        }
    }

    pub(crate) fn advance(&mut self, ms: u64) {
        self.mono_ms += ms;
        self.input(Input::Tick);
    }

    pub(crate) fn deliver_up(&mut self, index: usize) {
        if index >= self.up.len() {
            return;
        }
        let (topic, payload) = self.up.remove(index);
        match topic {
            Topic::UpLive | Topic::UpBulk => {
                self.city.take(&payload);
                let ack = self.city.ack(None);
                self.down.push(ack);
            }
            Topic::UpCtl => {
                if let Ctl::Hello(hello) = Ctl::decode(&payload).unwrap() {
                    let ack = self.city.ack(Some(hello.number));
                    self.down.push(ack);
                }
            }
            Topic::DownAck | Topic::DownCmd | Topic::DownRoster | Topic::State => {}
        }
    }

    pub(crate) fn deliver_down(&mut self, index: usize) {
        if index < self.down.len() {
            let ack = self.down.remove(index);
            self.hear(ack);
        }
    }

    pub(crate) fn hear(&mut self, ack: Ack) {
        let mut ours = OurHashes::new();
        for seq in Engine::numbers_to_check(&ack) {
            if let Some(hash) = self.hash_at(seq) {
                ours.insert(seq, hash);
            }
        }
        self.input(Input::Ack { ack, ours });
    }

    pub(crate) fn answer(&self, hello: Option<u64>) -> Ack {
        self.city.ack(hello)
    }

    /// Lets everything through, in order, until nothing is left to do but heartbeats.
    pub(crate) fn calm(&mut self) {
        for _ in 0..10_000 {
            if !self.up.is_empty() {
                self.deliver_up(0);
            } else if !self.down.is_empty() {
                self.deliver_down(0);
            } else if self.engine.status().backlog == 0 && self.engine.status().link == Link::Online
            {
                return;
            } else if let Some((at, _)) = self.engine.poll_timeout() {
                self.mono_ms = self.mono_ms.max(at);
                self.input(Input::Tick);
            }
        }
        panic!("never calm: {:?}", self.engine.status());
    }

    pub(crate) fn live_messages(&self) -> Vec<(u64, u64)> {
        self.messages(Tier::Live)
    }

    pub(crate) fn messages(&self, tier: Tier) -> Vec<(u64, u64)> {
        let topic = if tier == Tier::Live {
            Topic::UpLive
        } else {
            Topic::UpBulk
        };
        let of_tier = self.up.iter().filter(|(sent, _)| *sent == topic);
        of_tier
            .map(|(_, payload)| Message::decode(payload).unwrap().header)
            .map(|header| (header.from, header.to))
            .collect()
    }

    /// Everything stored once, the cursor at the last record.
    pub(crate) fn check(&self) {
        assert_eq!(self.city.stored.len(), self.ledger.len());
        for record in &self.ledger {
            let stored = self.city.stored.get(&record.seq).unwrap();
            assert_eq!(stored, &(record.body.clone(), record.hash));
        }
        assert_eq!(self.engine.status().acked_through, self.head.seq);
        assert_eq!(self.cursor, self.head.seq);
        assert_eq!(self.city.refused, 0);
    }
}

pub(crate) fn engine(head: Head, through: u64) -> Engine {
    let identity = Identity {
        site: "site".to_owned(),
        box_name: BOX.to_owned(),
        epoch: EPOCH.to_owned(),
        software: "0.1.0".to_owned(),
    };
    let start = Start {
        head,
        through,
        ranges: Vec::new(),
        roster_version: None,
    };
    let settings = Settings {
        bulk_records_max: 7,
        bulk_window: 3,
        ..Settings::default()
    };
    Engine::new(identity, settings, &start)
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    Up(usize),
    LoseUp(usize),
    DoubleUp(usize),
    Down(usize),
    LoseDown(usize),
    DoubleDown(usize),
    Break(u32),
    Pass(u64),
    Restore(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1_u64..12).prop_map(Step::Append),
        6 => (0_usize..6).prop_map(Step::Up),
        1 => (0_usize..6).prop_map(Step::LoseUp),
        1 => (0_usize..6).prop_map(Step::DoubleUp),
        6 => (0_usize..6).prop_map(Step::Down),
        1 => (0_usize..6).prop_map(Step::LoseDown),
        1 => (0_usize..6).prop_map(Step::DoubleDown),
        1 => any::<u32>().prop_map(Step::Break),
        2 => (1_u64..40_000).prop_map(Step::Pass),
        1 => (0_u64..80).prop_map(Step::Restore),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn everything_is_stored_once(backlog in 0_u64..120, steps in proptest::collection::vec(step(), 0..120)) {
        let mut world = World::new(backlog);
        for step in steps {
            match step {
                Step::Append(records) => world.append(records),
                Step::Up(index) => world.deliver_up(index),
                Step::LoseUp(index) => if index < world.up.len() { world.up.remove(index); },
                Step::DoubleUp(index) => if let Some(twice) = world.up.get(index).cloned() { world.up.push(twice) },
                Step::Down(index) => world.deliver_down(index),
                Step::LoseDown(index) => if index < world.down.len() { world.down.remove(index); },
                Step::DoubleDown(index) => if let Some(twice) = world.down.get(index).cloned() { world.down.push(twice) },
                Step::Break(jitter) => world.disconnect(jitter),
                Step::Pass(ms) => world.advance(ms),
                Step::Restore(through) => world.city.restore(through),
            }
        }
        // A city that went back says so when it starts: its workers greet the boxes they know.
        world.calm();
        world.disconnect(7);
        world.calm();
        world.check();
    }
}
