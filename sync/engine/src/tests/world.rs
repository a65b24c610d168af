//! Box, network and a model city. The ledger holds several epochs, the city a table of each.

use std::collections::BTreeSet;

use sync_wire::message::{Message, Tier};
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Ctl, Head, Parked, Topic};

use crate::tests::file::{Epoch, carried};
use crate::tests::model_city::{BOX, City, WALL_MS, act_of};
use crate::{
    Action, Alarm, Engine, EpochStart, Fork, Identity, Input, LedgerRecord, Link, Now, OurHashes,
    PastFork, Settings, Start, Survey,
};

pub(crate) const EPOCH: &str = "00112233aabbccdd";

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
    /// What the box knows to be parked, by epoch and number.
    parked: BTreeSet<(String, u64)>,
    /// The last fork, as the box's file keeps it.
    pub(crate) last_fork: Option<PastFork>,
    /// Bodies are noise, which no compression makes shorter.
    pub(crate) noise: bool,
    /// Records that the file does not give, by epoch and number.
    pub(crate) unreadable: BTreeSet<(String, u64)>,
    /// Epochs about which the city answers no hello.
    pub(crate) silent: BTreeSet<String>,
    /// Makes bodies differ that are written in the same place of two histories.
    salt: u64,
}

impl World {
    pub(crate) fn new(records: u64) -> Self {
        let mut epoch = Epoch::new(EPOCH);
        let mut world = Self {
            engine: engine(epoch.start(), None, settings()),
            city: City::default(),
            mono_ms: 1_000,
            epochs: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            connected: false,
            done: Vec::new(),
            parked: BTreeSet::new(),
            last_fork: None,
            noise: false,
            unreadable: BTreeSet::new(),
            silent: BTreeSet::new(),
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
        self.begin(settings());
    }

    /// The same with other settings.
    pub(crate) fn begin(&mut self, settings: Settings) {
        self.engine = engine(self.current().start(), self.last_fork, settings);
        self.settle();
    }

    /// What the box knows to be parked of an epoch.
    pub(crate) fn parked_of(&self, epoch: &str) -> Vec<u64> {
        let of = self.parked.iter().filter(|(name, _)| name == epoch);
        of.map(|(_, seq)| *seq).collect()
    }

    /// How often the box has said hello.
    pub(crate) fn hellos(&self) -> usize {
        let hello = |action: &&Action| {
            if let Action::Publish { topic, payload, .. } = action {
                *topic == Topic::UpCtl && matches!(Ctl::decode(payload), Ok(Ctl::Hello(_)))
            } else {
                false
            }
        };
        self.done.iter().filter(hello).count()
    }

    /// So much time goes by, in which everything arrives at once.
    pub(crate) fn pass(&mut self, ms: u64) {
        let end = self.mono_ms + ms;
        self.exchange();
        while self.mono_ms < end {
            let next = self.engine.poll_timeout().map_or(end, |(at, _)| at);
            self.mono_ms = next.clamp(self.mono_ms, end);
            self.input(Input::Tick);
            self.exchange();
        }
    }

    fn exchange(&mut self) {
        while !self.up.is_empty() || !self.down.is_empty() {
            self.deliver_up(0);
            self.deliver_down(0);
        }
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
        let salt = self.salt;
        let pad = if self.noise {
            let hash = |part: u64| Head::genesis("noise", &format!("{salt}-{part}")).hash;
            (0..3).map(|part| hash(part).to_hex()).collect()
        } else {
            "x".repeat(180)
        };
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
        self.last_fork = None;
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
                let wanted = from..from.saturating_add(records_max);
                let is_bad = |(of, seq): &(String, u64)| *of == epoch && wanted.contains(seq);
                if self.unreadable.iter().any(is_bad) {
                    return Some(Input::ReadFailed { epoch, tier });
                }
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
            Action::SaveParked {
                epoch,
                parked,
                nothing_else_in,
            } => {
                self.keep_parked(&epoch, parked, nothing_else_in);
                None
            }
            Action::Alarm(alarm) => {
                if let Some(last) = &mut self.last_fork {
                    let wants_more = matches!(alarm, Alarm::ForksTooOften { .. });
                    let agrees = matches!(alarm, Alarm::AgreesAgain);
                    last.is_told = wants_more || last.is_told && !agrees;
                }
                None
            }
            Action::Subscribe => None,
        }
    }

    fn keep_parked(
        &mut self,
        epoch: &str,
        named: Vec<Parked>,
        nothing_else_in: Option<(u64, u64)>,
    ) {
        if let Some((from, to)) = nothing_else_in {
            let gone = |(name, seq): &(String, u64)| name == epoch && (from..=to).contains(seq);
            self.parked.retain(|one| !gone(one));
        }
        let named = named.into_iter().map(|one| (epoch.to_owned(), one.seq));
        self.parked.extend(named);
    }

    fn carry_over(&mut self, fork: &Fork) -> Input {
        if self.current().name == fork.epoch {
            self.last_fork = Some(PastFork {
                at_ms: i64::try_from(self.mono_ms).unwrap(),
                pause_ms: fork.pause_ms,
                is_told: false,
            });
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
                    Ctl::Hello(hello) if self.silent.contains(&hello.epoch) => None,
                    Ctl::Hello(hello) => Some(self.city.greeted(&hello)),
                    Ctl::Compare(compare) => Some(self.city.compared(&compare)),
                    Ctl::Heartbeat(_) | Ctl::Result(_) | Ctl::Digest(_) => None,
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
        for _ in 0..20_000 {
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

fn settings() -> Settings {
    Settings {
        bulk_records_max: 7,
        bulk_window: 3,
        ..Settings::default()
    }
}

fn engine(current: EpochStart, last_fork: Option<PastFork>, settings: Settings) -> Engine {
    let identity = Identity {
        site: "site".to_owned(),
        box_name: BOX.to_owned(),
        software: "0.1.0".to_owned(),
        device_key: None,
    };
    let start = Start {
        current,
        last_fork,
        roster_version: None,
    };
    Engine::new(identity, settings, &start)
}
