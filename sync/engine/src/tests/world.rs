//! Box, network and a model city. The ledger holds several epochs, the city a table of each.

use sync_wire::message::{Message, Tier};
use sync_wire::record::{Carried, ClockQuality, Record, Stamp};
use sync_wire::{Ack, Ctl, Hash, Head, Kind, Topic};

use crate::tests::model_city::{BOX, City, WALL_MS, act_of};
use crate::{
    Action, Engine, EpochStart, Fork, Identity, Input, LedgerRecord, Link, Now, OurHashes,
    Settings, Start, Survey,
};

pub(crate) const EPOCH: &str = "00112233aabbccdd";

/// One epoch of the box's file.
#[derive(Debug, Clone)]
pub(crate) struct Epoch {
    pub(crate) name: String,
    pub(crate) records: Vec<LedgerRecord>,
    /// Uploaded up to here only, as an older epoch.
    bound: Option<u64>,
    cursor: (u64, Vec<(u64, u64)>),
}

impl Epoch {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            records: Vec::new(),
            bound: None,
            cursor: (0, Vec::new()),
        }
    }

    fn hash_at(&self, seq: u64) -> Option<Hash> {
        match seq.checked_sub(1) {
            None => Some(Head::genesis(BOX, &self.name).hash),
            Some(index) => {
                let record = self.records.get(usize::try_from(index).unwrap());
                record.map(|record| record.hash)
            }
        }
    }

    fn last(&self) -> u64 {
        self.records.len().try_into().unwrap()
    }

    fn head(&self, seq: u64) -> Head {
        let hash = self.hash_at(seq).unwrap();
        Head { seq, hash }
    }

    pub(crate) fn push(&mut self, body: Vec<u8>) {
        let head = self.head(self.last()).extend(&body);
        self.records.push(LedgerRecord {
            seq: head.seq,
            body,
            hash: head.hash,
        });
    }

    fn start(&self) -> EpochStart {
        EpochStart {
            epoch: self.name.clone(),
            head: self.head(self.bound.unwrap_or(self.last())),
            through: self.cursor.0,
            ranges: self.cursor.1.clone(),
        }
    }
}

/// Box, network and city.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) city: City,
    pub(crate) mono_ms: u64,
    /// The last is written to.
    pub(crate) epochs: Vec<Epoch>,
    pub(crate) up: Vec<(Topic, Vec<u8>)>,
    pub(crate) down: Vec<Ack>,
    pub(crate) connected: bool,
    pub(crate) done: Vec<Action>,
    /// Makes bodies differ that are written in the same place of two histories.
    salt: u64,
}

impl World {
    pub(crate) fn new(records: u64) -> Self {
        let mut epoch = Epoch::new(EPOCH);
        let mut world = Self {
            engine: engine(epoch.start()),
            city: City::default(),
            mono_ms: 1_000,
            epochs: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            connected: false,
            done: Vec::new(),
            salt: 0,
        };
        for _ in 0..records {
            let body = world.body(epoch.last() + 1);
            epoch.push(body);
        }
        world.epochs.push(epoch);
        world.restart();
        world
    }

    /// The box's process starts anew on what its file says.
    pub(crate) fn restart(&mut self) {
        self.up.clear();
        self.down.clear();
        self.connected = false;
        self.engine = engine(self.current().start());
        self.settle();
    }

    pub(crate) fn current(&self) -> &Epoch {
        self.epochs.last().unwrap()
    }

    pub(crate) fn named(&mut self, name: &str) -> &mut Epoch {
        let mut epochs = self.epochs.iter_mut();
        epochs.find(|epoch| epoch.name == name).unwrap()
    }

    pub(crate) fn body(&mut self, seq: u64) -> Vec<u8> {
        self.salt += 1;
        let at = WALL_MS + i64::try_from(self.mono_ms).unwrap();
        let pad = "x".repeat(180);
        let salt = self.salt;
        format!("{{\"at\":{at},\"seq\":{seq},\"salt\":{salt},\"pad\":\"{pad}\"}}").into_bytes()
    }

    pub(crate) fn append(&mut self, records: u64) {
        for _ in 0..records {
            let body = self.body(self.current().last() + 1);
            self.epochs.last_mut().unwrap().push(body);
            let head = self.current().head(self.current().last());
            self.input(Input::Head(head));
        }
    }

    /// The box's file goes back to `last` records of its present epoch, unnoticed.
    pub(crate) fn go_back(&mut self, last: u64) {
        let last = usize::try_from(last).unwrap();
        let epoch = self.epochs.last_mut().unwrap();
        epoch.records.truncate(last);
        epoch.cursor = (0, Vec::new());
        self.restart();
    }

    /// Another file's epoch comes to light.
    pub(crate) fn recover(&mut self, name: &str, records: u64) {
        let mut epoch = Epoch::new(name);
        for seq in 1..=records {
            let body = self.body(seq);
            epoch.push(body);
        }
        self.epochs.insert(0, epoch);
    }

    pub(crate) fn now(&self) -> Now {
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

    fn ours(&mut self, epoch: &str, seqs: &[u64]) -> OurHashes {
        let epoch = self.named(epoch);
        let hash = |seq: &u64| Some((*seq, epoch.hash_at(*seq)?));
        seqs.iter().filter_map(hash).collect()
    }

    pub(crate) fn settle(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            self.done.push(action.clone());
            if let Some(input) = self.carry_out(action) {
                self.engine.handle(self.now(), input);
            }
        }
    }

    fn carry_out(&mut self, action: Action) -> Option<Input> {
        match action {
            Action::Connect => {
                self.connected = true;
                Some(Input::Connected)
            }
            Action::Publish { topic, payload, .. } => {
                self.up.push((topic, payload));
                None
            }
            Action::Read {
                epoch,
                tier,
                from,
                records_max,
                ..
            } => {
                let skip = usize::try_from(from - 1).unwrap();
                let take = usize::try_from(records_max).unwrap();
                let of = self.named(&epoch);
                let records = of.records.iter().skip(skip).take(take).cloned().collect();
                let prev = of.hash_at(from - 1)?;
                Some(Input::Records {
                    epoch,
                    tier,
                    from,
                    prev,
                    records,
                })
            }
            Action::Hashes { epoch, seqs } => {
                let ours = self.ours(&epoch, &seqs);
                Some(Input::Hashes { epoch, ours })
            }
            Action::LookForOlder => {
                let (_, older) = self.epochs.split_last()?;
                Some(Input::Older(older.iter().map(Epoch::start).collect()))
            }
            Action::Survey => Some(Input::Survey(Survey::default())),
            Action::CarryOver(fork) => Some(self.carry_over(&fork)),
            Action::SaveCursor {
                epoch,
                through,
                ranges,
            } => {
                self.named(&epoch).cursor = (through, ranges);
                None
            }
            Action::Subscribe | Action::SaveParked { .. } | Action::Alarm(_) => None,
        }
    }

    fn carry_over(&mut self, fork: &Fork) -> Input {
        if self.current().name == fork.epoch {
            self.salt += 1;
            let name = format!("{:016x}", self.salt);
            self.epochs.push(Epoch::new(&name));
            let body = self.body(1);
            self.epochs.last_mut().unwrap().push(body);
        }
        let common = usize::try_from(fork.common).unwrap();
        let old = self.named(&fork.epoch);
        old.bound = Some(fork.common);
        let rest: Vec<LedgerRecord> = old.records.drain(common..).collect();
        for record in rest {
            let body = carried(&fork.epoch, &record);
            self.epochs.last_mut().unwrap().push(body);
        }
        Input::CarriedOver {
            epoch: fork.epoch.clone(),
            current: self.current().start(),
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
                let epoch = self.city.take(&payload);
                let ack = self.city.ack(&epoch, None);
                self.down.push(ack);
            }
            Topic::UpCtl => {
                let answer = match Ctl::decode(&payload).unwrap() {
                    Ctl::Hello(hello) => Some(self.city.ack(&hello.epoch, Some(hello.number))),
                    Ctl::Compare(compare) => Some(self.city.compared(&compare)),
                    Ctl::Heartbeat(_) | Ctl::Result(_) => None,
                };
                self.down.extend(answer);
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
        let known = self.engine.knows(&ack.epoch);
        let ours = if known {
            self.ours(&ack.epoch.clone(), &Engine::numbers_to_check(&ack))
        } else {
            OurHashes::new()
        };
        self.input(Input::Ack { ack, ours });
    }

    /// What the city would say about the epoch that is written to.
    pub(crate) fn answer(&self, hello: Option<u64>) -> Ack {
        self.city.ack(&self.current().name, hello)
    }

    /// Lets everything through, in order, until nothing is left to do but heartbeats.
    pub(crate) fn calm(&mut self) {
        for _ in 0..5_000 {
            if !self.up.is_empty() {
                self.deliver_up(0);
            } else if !self.down.is_empty() {
                self.deliver_down(0);
            } else if self.engine.status().backlog == 0
                && self.engine.status().link == Link::Online
                && self.engine.status().older == 0
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

    /// Every act of the box's files is at the city once, and every cursor is at its end.
    pub(crate) fn check(&self) {
        for epoch in &self.epochs {
            for record in &epoch.records {
                let act = act_of(&record.body);
                let seq = record.seq;
                assert_eq!(self.city.count(&act), 1, "record {seq} of {}", epoch.name);
            }
            let table = self.city.stored.get(&epoch.name);
            for record in &epoch.records {
                let stored = table.and_then(|table| table.get(&record.seq)).unwrap();
                assert_eq!(stored, &(record.body.clone(), record.hash));
            }
            assert_eq!(epoch.cursor, (epoch.last(), vec![]), "{}", epoch.name);
        }
        assert_eq!(self.engine.status().acked_through, self.current().last());
    }
}

fn carried(epoch: &str, record: &LedgerRecord) -> Vec<u8> {
    let kind = match Record::from_body(&record.body) {
        Ok(Record {
            kind: Kind::Carried(carried),
            ..
        }) => carried,
        _ => Carried {
            epoch: epoch.to_owned(),
            seq: record.seq,
            body: record.body.clone(),
        },
    };
    let stamp = Stamp {
        at: WALL_MS,
        boot: 1,
        mono: 1,
        clock: ClockQuality::Synced,
    };
    let kind = Kind::Carried(kind);
    Record { stamp, kind }.to_body().unwrap()
}

fn engine(current: EpochStart) -> Engine {
    let identity = Identity {
        site: "site".to_owned(),
        box_name: BOX.to_owned(),
        software: "0.1.0".to_owned(),
    };
    let start = Start {
        current,
        roster_version: None,
    };
    let settings = Settings {
        bulk_records_max: 7,
        bulk_window: 3,
        ..Settings::default()
    };
    Engine::new(identity, settings, &start)
}
