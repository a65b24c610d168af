//! A real broker, a tiny city and a ledger in memory, for the tests of this crate.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use sync_engine::{
    Alarm, DigestRun, EpochStart, Fork, Identity, LedgerRecord, Now, OurHashes, PastFork, Settings,
    Survey,
};
use sync_wire::ack::{AckRange, Parked};
use sync_wire::ctl::Part;
use sync_wire::message::Message;
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Ctl, Hash, Head, Report, State, Topic, VERSION};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::Instant;

use crate::ledger::{Ledger, LedgerError, Page};
use crate::settings::{Inbound, MqttSettings, Outbound, Surroundings, TlsFiles};
use crate::status::SyncStatus;
use crate::tests::pki::{BOX, Pki};

pub(crate) const EPOCH: &str = "00112233aabbccdd";
pub(crate) const WALL_MS: i64 = 1_795_302_124_000;
const MOSQUITTO: &str = "/usr/sbin/mosquitto";
/// Nothing in these tests takes a tenth of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// Below the ports that the system hands out by itself: no client's end of a line takes it before it is
/// used.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let start = std::process::id().wrapping_mul(97);
        let place = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let port = 10_000 + u16::try_from(place).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A Mosquitto on free ports of the loopback interface.
pub(crate) struct Broker {
    /// For the box: TLS where there are certificates.
    pub(crate) port: u16,
    /// For the tiny city, which speaks in the clear.
    city_port: u16,
    folder: TempDir,
    child: Child,
}

impl Broker {
    pub(crate) fn start(pki: Option<&Pki>) -> Self {
        let (port, city_port) = (free_port(), free_port());
        let folder = tempfile::tempdir().unwrap();
        let tls = pki.map_or(String::new(), |pki| {
            let at = |name: &str| pki.folder.path().join(name).display().to_string();
            format!(
                "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\n",
                at("ca.pem"),
                at("broker.pem"),
                at("broker.key")
            )
        });
        let text = format!(
            "user root\npersistence false\nallow_anonymous true\nset_tcp_nodelay true\n\
             log_dest stderr\nlistener {city_port} 127.0.0.1\nlistener {port} 127.0.0.1\n{tls}"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
        let child = spawn(folder.path());
        Self {
            port,
            city_port,
            folder,
            child,
        }
    }

    /// A tiny city at this broker.
    pub(crate) fn city(&self) -> (Rc<RefCell<Table>>, JoinHandle<()>) {
        let table = Rc::new(RefCell::new(Table::default()));
        let serving = self.city_with(&table);
        (table, serving)
    }

    /// One that has such a table already.
    pub(crate) fn city_with(&self, table: &Rc<RefCell<Table>>) -> JoinHandle<()> {
        spawn_local(city(self.city_port, Rc::clone(table)))
    }

    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub(crate) fn restart(&mut self) {
        self.child = spawn(self.folder.path());
    }
}

fn spawn(folder: &Path) -> Child {
    // Without a broker these tests show nothing: they fail, and do not pass.
    assert!(
        Path::new(MOSQUITTO).exists(),
        "{MOSQUITTO} is missing; ./dev test installs it"
    );
    Command::new(MOSQUITTO)
        .arg("-c")
        .arg(folder.join("mosquitto.conf"))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// What the tiny city has stored.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) stored: BTreeMap<u64, (Vec<u8>, Hash)>,
    pub(crate) states: Vec<State>,
    pub(crate) connections: u32,
    pub(crate) results: Vec<Report>,
    /// What the city publishes next beside its acknowledgements.
    pub(crate) to_publish: Vec<(Topic, Vec<u8>)>,
}

impl Table {
    fn hash_at(&self, seq: u64) -> Hash {
        let genesis = Head::genesis(BOX, EPOCH).hash;
        self.stored.get(&seq).map_or(genesis, |(_, hash)| *hash)
    }

    fn take(&mut self, payload: &[u8]) {
        let message = Message::decode(payload).unwrap();
        let hashes = message.hashes().unwrap();
        for (seq, row) in (message.header.from..).zip(message.bodies.into_iter().zip(hashes)) {
            if let Some(old) = self.stored.insert(seq, row.clone()) {
                assert_eq!(old, row, "record {seq} was rewritten");
            }
        }
    }

    fn ack(&self, hello: Option<u64>) -> Ack {
        let mut through = 0;
        let mut ranges: Vec<AckRange> = Vec::new();
        for (seq, (_, hash)) in &self.stored {
            match ranges.last_mut() {
                _ if *seq == through + 1 => through = *seq,
                Some(range) if range.to + 1 == *seq => (range.to, range.head) = (*seq, *hash),
                Some(_) | None => ranges.push(AckRange {
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
            head: self.hash_at(through),
            ranges,
            parked: Vec::new(),
            hello,
            countersign: Vec::new(),
            digest: None,
            greet: false,
            compare: None,
            retry_after_ms: None,
            bulk_rate: None,
            now: WALL_MS + 500,
        }
    }
}

/// Runs a city that stores in memory and acknowledges what it stored; never returns.
async fn city(port: u16, table: Rc<RefCell<Table>>) {
    let mut options = MqttOptions::new("city", "127.0.0.1", port);
    options.set_max_packet_size(200_000, 200_000);
    let (client, mut event_loop) = AsyncClient::new(options, 100);
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                table.borrow_mut().connections += 1;
                client
                    .try_subscribe("menwei/1/+/up/#", QoS::AtLeastOnce)
                    .unwrap();
                client
                    .try_subscribe(Topic::State.of_every_box(), QoS::AtLeastOnce)
                    .unwrap();
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let ack = hear(&mut table.borrow_mut(), &publish.topic, &publish.payload);
                for (topic, payload) in table.borrow_mut().to_publish.drain(..) {
                    client
                        .try_publish(topic.of(BOX), QoS::AtLeastOnce, false, payload)
                        .unwrap();
                }
                if let Some(ack) = ack {
                    let topic = Topic::DownAck.of(BOX);
                    // A full queue drops it; the box asks again.
                    let _dropped =
                        client.try_publish(topic, QoS::AtLeastOnce, false, ack.encode().unwrap());
                }
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn hear(table: &mut Table, topic: &str, payload: &[u8]) -> Option<Ack> {
    match Topic::parse(topic).unwrap().1 {
        Topic::UpLive | Topic::UpBulk => {
            table.take(payload);
            Some(table.ack(None))
        }
        Topic::UpCtl => match Ctl::decode(payload).unwrap() {
            Ctl::Hello(hello) => Some(table.ack(Some(hello.number))),
            Ctl::Result(report) => {
                table.results.push(report);
                None
            }
            Ctl::Compare(_) | Ctl::Heartbeat(_) | Ctl::Digest(_) => None,
        },
        Topic::State => {
            table.states.push(State::decode(payload).unwrap());
            None
        }
        Topic::DownAck | Topic::DownCmd | Topic::DownRoster => panic!("{topic}"),
    }
}

/// Last record of a run, and those that differ.
type Compared = Vec<(u64, Vec<u64>)>;

/// A ledger in memory.
#[derive(Clone)]
pub(crate) struct Memory {
    records: Rc<RefCell<Vec<LedgerRecord>>>,
    head: Rc<watch::Sender<Head>>,
    pub(crate) cursor: Rc<RefCell<u64>>,
    /// How often the cursor cannot be read from now on.
    pub(crate) failures: Rc<RefCell<u32>>,
    /// What is to be compared, and what was: the last record, and those that differ.
    pub(crate) runs: Rc<RefCell<VecDeque<DigestRun>>>,
    pub(crate) compared: Rc<RefCell<Compared>>,
    /// Countersignatures that were kept.
    pub(crate) kept: Rc<RefCell<usize>>,
}

impl Memory {
    pub(crate) fn new(records: usize) -> Self {
        let memory = Self {
            records: Rc::default(),
            head: Rc::new(watch::Sender::new(Head::genesis(BOX, EPOCH))),
            cursor: Rc::default(),
            failures: Rc::default(),
            runs: Rc::default(),
            compared: Rc::default(),
            kept: Rc::default(),
        };
        memory.append(records);
        memory
    }

    pub(crate) fn append(&self, records: usize) {
        for _ in 0..records {
            let seq = self.head.borrow().seq + 1;
            let body = format!(
                "{{\"at\":{WALL_MS},\"seq\":{seq},\"pad\":\"{}\"}}",
                "x".repeat(200)
            );
            self.head
                .send_modify(|head| *head = head.extend(body.as_bytes()));
            let hash = self.head.borrow().hash;
            self.records.borrow_mut().push(LedgerRecord {
                seq,
                body: body.into_bytes(),
                hash,
            });
        }
    }

    pub(crate) fn check(&self, table: &Table) {
        let stored: Vec<LedgerRecord> = table
            .stored
            .iter()
            .map(|(seq, (body, hash))| LedgerRecord {
                seq: *seq,
                body: body.clone(),
                hash: *hash,
            })
            .collect();
        assert_eq!(stored, *self.records.borrow());
    }

    fn hash(&self, seq: u64) -> Option<Hash> {
        match usize::try_from(seq).unwrap().checked_sub(1) {
            None => Some(Head::genesis(BOX, EPOCH).hash),
            Some(index) => self.records.borrow().get(index).map(|record| record.hash),
        }
    }
}

impl Ledger for Memory {
    fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    async fn current(&self) -> Result<EpochStart, LedgerError> {
        let left = self.failures.borrow().checked_sub(1);
        if let Some(left) = left {
            *self.failures.borrow_mut() = left;
            return Err("database disk image is malformed".into());
        }
        Ok(EpochStart {
            epoch: EPOCH.to_owned(),
            head: *self.head.borrow(),
            through: *self.cursor.borrow(),
            ranges: Vec::new(),
        })
    }

    async fn older(&self) -> Result<Vec<EpochStart>, LedgerError> {
        Ok(Vec::new())
    }

    async fn page(
        &self,
        _epoch: &str,
        from: u64,
        (max, _bytes_max): (u64, usize),
    ) -> Result<Page, LedgerError> {
        let skip = usize::try_from(from - 1)?;
        let take = usize::try_from(max)?;
        let records = self
            .records
            .borrow()
            .iter()
            .skip(skip)
            .take(take)
            .cloned()
            .collect();
        Ok(Page {
            prev: self.hash(from - 1).ok_or("no such record")?,
            records,
        })
    }

    async fn hashes(&self, _epoch: &str, seqs: &[u64]) -> Result<OurHashes, LedgerError> {
        let hash = |seq: &u64| Some((*seq, self.hash(*seq)?));
        Ok(seqs.iter().filter_map(hash).collect())
    }

    async fn save_cursor(
        &self,
        _epoch: &str,
        through: u64,
        _ranges: Vec<(u64, u64)>,
    ) -> Result<(), LedgerError> {
        *self.cursor.borrow_mut() = through;
        Ok(())
    }

    async fn last_fork(&self) -> Result<Option<PastFork>, LedgerError> {
        Ok(None)
    }

    async fn keep_parked(
        &self,
        _epoch: &str,
        _told: (Vec<Parked>, Option<(u64, u64)>),
    ) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn keep_countersigns(
        &self,
        _epoch: &str,
        signed: &[sync_wire::Countersign],
    ) -> Result<bool, LedgerError> {
        *self.kept.borrow_mut() += signed.len();
        Ok(signed.iter().all(|one| one.signature == "good"))
    }

    async fn to_compare(&self, _day: i64) -> Result<Option<DigestRun>, LedgerError> {
        Ok(self.runs.borrow_mut().pop_front())
    }

    async fn roots(&self, _epoch: &str, runs: &[(u64, u64)]) -> Result<Vec<Part>, LedgerError> {
        let root = Hash::from_bytes([7; 32]);
        let part = |&(from, to): &(u64, u64)| Part { from, to, root };
        Ok(runs.iter().map(part).collect())
    }

    async fn compared(&self, _: &str, through: u64, differs: Vec<u64>) -> Result<(), LedgerError> {
        self.compared.borrow_mut().push((through, differs));
        Ok(())
    }

    async fn survey(&self) -> Result<Survey, LedgerError> {
        Ok(Survey::default())
    }

    async fn carry_over(&self, fork: Fork) -> Result<EpochStart, LedgerError> {
        panic!("{fork:?}");
    }

    async fn raise(&self, alarm: Alarm) -> Result<(), LedgerError> {
        panic!("{alarm:?}");
    }
}

pub(crate) fn settings(port: u16, tls: Option<TlsFiles>) -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        tls_check_ms: 50,
        proxy: None,
        identity: Identity {
            site: "site".to_owned(),
            box_name: BOX.to_owned(),
            software: "0.1.0".to_owned(),
            device_key: None,
        },
        engine: Settings {
            hello_ms: 300,
            ack_patience_ms: 1_000,
            ..Settings::default()
        },
        roster_version: None,
    }
}

/// The box's desk: what came down, and what goes up.
pub(crate) struct DeskEnd {
    pub(crate) inbox: mpsc::Receiver<Inbound>,
    pub(crate) outbox: mpsc::Sender<Outbound>,
}

pub(crate) fn surroundings(wall_ms: i64, clock: ClockQuality) -> (Surroundings, DeskEnd) {
    let began = Instant::now();
    let now = move || {
        let mono_ms = u64::try_from(began.elapsed().as_millis()).unwrap();
        Now {
            mono_ms,
            wall_ms,
            clock,
        }
    };
    let (inbox, inbound) = mpsc::channel(4);
    let (outbound, outbox) = mpsc::channel(4);
    let surroundings = Surroundings {
        inbox,
        outbox,
        now: Box::new(now),
        jitter: Box::new(|| 0),
    };
    let desk = DeskEnd {
        inbox: inbound,
        outbox: outbound,
    };
    (surroundings, desk)
}

/// Waits until the status is as wanted.
pub(crate) async fn until(
    status: &mut watch::Receiver<SyncStatus>,
    wanted: impl FnMut(&SyncStatus) -> bool,
) -> SyncStatus {
    let found = tokio::time::timeout(PATIENCE, status.wait_for(wanted)).await;
    let found = found.map(|found| found.unwrap().clone());
    found.unwrap_or_else(|_| panic!("never: {:?}", status.borrow()))
}

/// Waits until the city's table is as wanted.
pub(crate) async fn until_city(table: &Rc<RefCell<Table>>, mut wanted: impl FnMut(&Table) -> bool) {
    let there = async {
        while !wanted(&table.borrow()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, there)
        .await
        .expect("the city never got there");
}
