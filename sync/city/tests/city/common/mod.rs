//! A broker, a city and a box's bare connection, all real, in a folder of their own.

pub(crate) mod database;

use std::collections::VecDeque;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use database::{Store, ask};
use jiff::civil::date;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, QoS, TlsConfiguration, Transport,
};
use sync_city::config::{Database, File};
use sync_city::pki::{self, Validity};
use sync_city::{City, Observer, Settings};
use sync_wire::{Ack, Compression, Ctl, Hash, Header, Hello, Message, Tier, Topic, chain};

pub(crate) const EPOCH: &str = "00112233aabbccdd";
pub(crate) const SITE: &str = "示范工地";
/// A roster line about somebody new.
pub(crate) const ADD: &str = r#"{"op":"add","id_number":"349901198805120025","name":"李秀英","id_kind":"resident","sex":"female","born":"1988-05-12","team":{"name":"钢筋一班","uscc":"91349900MA8N0TE00Y","employer":"皖城劳务有限公司","type":"006"},"trade":"020","role":"20","entered_on":"2026-11-20"}"#;
/// Where boxes are told to fetch files.
pub(crate) const FILES: &str = "https://city.example:8443";
/// Longest wait for a state; reached only where something is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A port that nothing listens at, below those that the system hands out by itself.
fn free_port() -> u16 {
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

/// What the city's page is drawn from.
pub(crate) async fn state(city: &City) -> serde_json::Value {
    let url = format!("http://{}/api/state", city.http);
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

pub(crate) struct Site {
    pub(crate) home: tempfile::TempDir,
    /// Where boxes connect.
    pub(crate) port: u16,
    /// Where the city and who listens beside it connect.
    pub(crate) city_port: u16,
    broker: Option<Child>,
    pub(crate) database: Option<Database>,
    pub(crate) workers: usize,
    pub(crate) hole_seconds: Option<u32>,
}

impl Site {
    /// Keys, certificates for the city and for each box, and a running broker.
    pub(crate) async fn begin(store: Store, boxes: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        let long = Validity::new(date(2020, 1, 1), 36_000).unwrap();
        pki::init(dir, long).unwrap();
        pki::issue_broker(dir, &[], long).unwrap();
        pki::issue_city(dir, long).unwrap();
        pki::issue_observer(dir, long).unwrap();
        for id in boxes {
            pki::issue_box(dir, id, &dir.join(id), long).unwrap();
        }
        let (port, city_port) = (free_port(), free_port());
        let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("broker");
        for name in ["acl", "city.acl"] {
            std::fs::copy(files.join(name), dir.join(name)).unwrap();
        }
        let conf = std::fs::read_to_string(files.join("mosquitto.conf.template"))
            .unwrap()
            .replace("@PORT@", &port.to_string())
            .replace("@LISTEN@", "127.0.0.1")
            .replace("@CITY_PORT@", &city_port.to_string())
            .replace("@CITY_LISTEN@", "127.0.0.1")
            .replace("@DIR@", &dir.display().to_string());
        std::fs::write(dir.join("mosquitto.conf"), conf).unwrap();
        let mut site = Self {
            home,
            port,
            city_port,
            broker: None,
            database: store.fresh(),
            workers: 1,
            hole_seconds: None,
        };
        site.start_broker().await;
        site
    }

    pub(crate) async fn start_broker(&mut self) {
        let log = std::fs::File::create(self.path("mosquitto.log")).unwrap();
        let mut command = Command::new("/usr/sbin/mosquitto");
        command.arg("-c").arg(self.path("mosquitto.conf"));
        if std::fs::metadata("/proc/self")
            .is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
        {
            // Started by root it would become another user, who may not read our keys.
            let conf = std::fs::read_to_string(self.path("mosquitto.conf")).unwrap();
            if !conf.contains("\nuser root") {
                std::fs::write(self.path("mosquitto.conf"), conf + "\nuser root\n").unwrap();
            }
        }
        let broker = command.stdout(Stdio::null()).stderr(log).spawn();
        self.broker = Some(broker.expect("mosquitto from Debian is installed"));
        let address = ("127.0.0.1", self.port);
        until("broker listens", || async {
            tokio::net::TcpStream::connect(address).await.ok().map(drop)
        })
        .await;
    }

    /// From its next start the broker passes on whatever its size.
    pub(crate) fn lift_limits(&self) {
        let conf = std::fs::read_to_string(self.path("mosquitto.conf")).unwrap();
        let limits = ["message_size_limit", "max_packet_size"];
        let kept = |line: &&str| !limits.iter().any(|limit| line.starts_with(limit));
        let lines: Vec<_> = conf.lines().filter(kept).collect();
        assert_eq!(lines.len() + limits.len(), conf.lines().count());
        std::fs::write(self.path("mosquitto.conf"), lines.join("\n") + "\n").unwrap();
    }

    pub(crate) fn stop_broker(&mut self) {
        if let Some(mut broker) = self.broker.take() {
            broker.kill().unwrap();
            broker.wait().unwrap();
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn settings(&self) -> Settings {
        self.settings_in(self.home.path())
    }

    /// The same for a folder of another city.
    pub(crate) fn settings_in(&self, dir: &Path) -> Settings {
        Settings::check(File {
            dir: Some(dir.to_owned()),
            broker: Some(format!("localhost:{}", self.city_port)),
            listen: Some("127.0.0.1:0".to_owned()),
            database: self.database.clone(),
            workers: Some(self.workers),
            hole_seconds: self.hole_seconds,
            https_url: Some(FILES.to_owned()),
            ..File::default()
        })
        .unwrap()
    }

    /// The same as a file, for the program.
    pub(crate) fn settings_file(&self) -> PathBuf {
        let mut text = format!(
            "broker = \"localhost:{}\"\nlisten = \"127.0.0.1:0\"\nhttps_url = \"{FILES}\"\n",
            self.city_port
        );
        if let Some(database) = &self.database {
            text = format!("{text}[database]\nurl = \"{}\"\n", database.url);
        }
        std::fs::write(self.path("city.toml"), text).unwrap();
        self.path("city.toml")
    }

    pub(crate) async fn city(&self, observer: Arc<dyn Observer>) -> City {
        sync_city::run(&self.settings(), observer).await.unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.stop_broker();
    }
}

/// TLS with the certificate `{file}.pem` and its key, below the site's folder.
pub(crate) fn tls(site: &Site, file: &str) -> Transport {
    let read = |name: &str| std::fs::read(site.path(name)).unwrap();
    let (certificate, key) = (read(&format!("{file}.pem")), read(&format!("{file}.key")));
    let connector = native_tls::TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(native_tls::Certificate::from_pem(&read("ca.pem")).unwrap())
        .identity(native_tls::Identity::from_pkcs8(&certificate, &key).unwrap())
        .build()
        .unwrap();
    Transport::tls_with_config(TlsConfiguration::NativeConnector(connector))
}

/// A box's bare connection: sends what it is told and keeps no books.
pub(crate) struct Peer {
    pub(crate) id: String,
    /// As in its certificate.
    name: String,
    /// Greetings said so far; their numbers.
    greetings: u64,
    early: VecDeque<Publish>,
    client: AsyncClient,
    events: EventLoop,
}

impl Peer {
    pub(crate) async fn connect(site: &Site, id: &str) -> Self {
        Self::connect_for(site, id, 200_000).await
    }

    /// A connection that takes packets of so many bytes.
    pub(crate) async fn connect_for(site: &Site, id: &str, bytes_max: usize) -> Self {
        let mut options = MqttOptions::new(id, "127.0.0.1", site.port);
        options
            .set_max_packet_size(bytes_max, bytes_max)
            .set_transport(tls(site, &format!("{id}/box")));
        let (client, mut events) = AsyncClient::new(options, 64);
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(error) => panic!("box cannot connect: {error:?}"),
            }
        }
        client
            .subscribe(sync_wire::topic::everything_down(id), QoS::AtLeastOnce)
            .await
            .unwrap();
        // What is retained may come before the answer to the subscription.
        let mut early = VecDeque::new();
        loop {
            match events.poll().await.unwrap() {
                Event::Incoming(Packet::SubAck(_)) => break,
                Event::Incoming(Packet::Publish(publish)) => early.push_back(publish),
                Event::Incoming(_) | Event::Outgoing(_) => {}
            }
        }
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            greetings: 0,
            early,
            client,
            events,
        }
    }

    pub(crate) async fn send(&self, topic: Topic, payload: Vec<u8>) {
        let topic = topic.of(&self.id);
        self.client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await
            .unwrap();
    }

    pub(crate) async fn hello(&self, number: u64, last: u64, head: Hash) {
        self.ask_parked(number, (last, head), None).await;
    }

    /// A hello that asks which records are parked after a number.
    pub(crate) async fn ask_parked(
        &self,
        number: u64,
        (last, head): (u64, Hash),
        parked_after: Option<u64>,
    ) {
        let hello = Hello {
            v: 1,
            number,
            site: SITE.to_owned(),
            r#box: self.id.clone(),
            epoch: EPOCH.to_owned(),
            first: 1,
            last,
            head,
            acked_through: 0,
            closed: false,
            roster_version: None,
            software: "test".to_owned(),
            clock: sync_wire::record::ClockQuality::Synced,
            sent_at: sync_city::clock::now_ms(),
            device_key: None,
            parked_after,
        };
        self.send(Topic::UpCtl, Ctl::Hello(hello).encode().unwrap())
            .await;
    }

    /// Waits until the broker ends the connection.
    pub(crate) async fn hung_up(mut self) {
        let ended = async { while self.events.poll().await.is_ok() {} };
        tokio::time::timeout(PATIENCE, ended)
            .await
            .expect("the broker hangs up");
    }

    /// Waits for the next acknowledgement.
    pub(crate) async fn ack(&mut self) -> Ack {
        let bytes = self.next(Topic::DownAck).await;
        Ack::decode(&bytes).unwrap()
    }

    /// Waits for the next message on a topic of its own; what comes on others is passed over.
    pub(crate) async fn next(&mut self, topic: Topic) -> Vec<u8> {
        let topic = topic.of(&self.name);
        let next = async {
            loop {
                let publish = match self.early.pop_front() {
                    Some(publish) => publish,
                    None => match self.events.poll().await.unwrap() {
                        Event::Incoming(Packet::Publish(publish)) => publish,
                        Event::Incoming(_) | Event::Outgoing(_) => continue,
                    },
                };
                if publish.topic == topic {
                    return publish.payload.to_vec();
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("a message comes")
    }

    /// Waits for an acknowledgement that says so.
    pub(crate) async fn ack_where(&mut self, wanted: impl Fn(&Ack) -> bool) -> Ack {
        loop {
            let ack = self.ack().await;
            if wanted(&ack) {
                return ack;
            }
        }
    }

    /// Says hello until the city answers: before that, the city may not listen yet.
    /// An answer to an earlier greeting does not count: it would say nothing of what was sent since.
    pub(crate) async fn greet(&mut self) -> Ack {
        let genesis = chain::genesis(&self.id, EPOCH);
        let first = self.greetings + 1;
        for _ in 0..300 {
            self.greetings += 1;
            self.hello(self.greetings, 0, genesis).await;
            let answered = tokio::time::timeout(
                Duration::from_millis(200),
                self.ack_where(|ack| {
                    ack.hello
                        .is_some_and(|hello| (first..9_000).contains(&hello))
                }),
            );
            if let Ok(ack) = answered.await {
                return ack;
            }
        }
        panic!("the city does not answer");
    }
}

/// A `worker` record of `box-1`, sealed for the city whose folder this is.
pub(crate) fn worker(city: &Path, number: u32) -> String {
    use sync_wire::record::IdKind;
    use sync_wire::seal::{self, CityPublicKey, DataKey, Person, Sex, Subject};

    let public = CityPublicKey::from_bytes(pki::read_key_file(&city.join(pki::SEAL_PUB)).unwrap());
    let person = Person {
        name: "欧阳试验".to_owned(),
        id_kind: IdKind::Resident,
        id_number: "349901199003070016".to_owned(),
        sex: Sex::Male,
        born: "1990-03-07".to_owned(),
        nation: None,
        phone: None,
        valid_to: None,
        photo_sha256: None,
        ic_card: None,
        wage_card: None,
        certificates: Vec::new(),
        contact: None,
    };
    let subject = Subject {
        r#box: "box-1",
        worker: number,
    };
    let key = DataKey::from_bytes([5; 32]);
    let sealed = seal::seal(&person, &key, [6; 12], subject).unwrap();
    let wrap = seal::wrap(&key, &public, [8; 32], subject).unwrap();
    let wrap = serde_json::to_string(&wrap).unwrap();
    format!(r#""kind":"worker","worker":{number},"sealed":"{sealed}","wraps":[{wrap}]"#)
}

/// A ledger of small records and their hashes.
pub(crate) struct Ledger {
    id: String,
    epoch: String,
    pub(crate) bodies: Vec<Vec<u8>>,
    pub(crate) hashes: Vec<Hash>,
}

impl Ledger {
    pub(crate) fn new(id: &str) -> Self {
        Self::of(id, EPOCH)
    }

    pub(crate) fn of(id: &str, epoch: &str) -> Self {
        Self {
            id: id.to_owned(),
            epoch: epoch.to_owned(),
            bodies: Vec::new(),
            hashes: vec![chain::genesis(id, epoch)],
        }
    }

    pub(crate) fn push(&mut self, rest: &str) -> u64 {
        self.push_at(sync_city::clock::now_ms(), rest)
    }

    pub(crate) fn push_at(&mut self, at: i64, rest: &str) -> u64 {
        let body = format!(r#"{{"at":{at},"boot":1,"mono":1,"clock":"synced",{rest}}}"#);
        self.push_body(body.into_bytes())
    }

    /// A record of any bytes.
    pub(crate) fn push_body(&mut self, body: Vec<u8>) -> u64 {
        self.hashes
            .push(chain::next(self.hashes.last().unwrap(), &body));
        self.bodies.push(body);
        self.bodies.len() as u64
    }

    pub(crate) fn fill(&mut self, count: u64) {
        for n in 0..count {
            self.push(&format!(
                r#""kind":"gap","from":{n},"to":{n},"cause":"powered_off""#
            ));
        }
    }

    pub(crate) fn message(&self, tier: Tier, from: usize, to: usize) -> Vec<u8> {
        let header = Header {
            v: 1,
            site: SITE.to_owned(),
            r#box: self.id.clone(),
            epoch: self.epoch.clone(),
            lane: tier,
            from: from as u64,
            to: to as u64,
            n: (to - from + 1) as u64,
            z: Compression::Zstd,
            prev: self.hashes[from - 1],
            head: self.hashes[to],
            sent_at: sync_city::clock::now_ms(),
            replay: false,
        };
        Message {
            header,
            bodies: self.bodies[from - 1..to].to_vec(),
        }
        .encode()
        .unwrap()
    }

    pub(crate) fn live(&self, from: usize, to: usize) -> Vec<u8> {
        self.message(Tier::Live, from, to)
    }

    pub(crate) fn bulk(&self, from: usize, to: usize) -> Vec<u8> {
        self.message(Tier::Bulk, from, to)
    }
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let asked = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}

/// Rows of the city's table, by a connection of the test's own.
pub(crate) fn rows(site: &Site) -> u64 {
    let found = ask(
        &site.settings().place,
        "SELECT count(*) FROM record",
        Vec::new(),
    );
    found[0].count(0).unwrap()
}
