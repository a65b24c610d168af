//! Two cities on one database and one broker share the work; one of them is killed again and again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::database::{Store, ask};
use crate::common::{Ledger, Peer, Site, rows, until};
use sync_wire::Topic;

/// Records of the box, in messages of so many.
const RECORDS: usize = 1_200;
const PIECE: usize = 10;
/// Without an answer for so long the box asks.
const QUIET: Duration = Duration::from_secs(3);

/// A city in a process of its own; ends with the test.
struct Process(Child);

impl Process {
    fn start(site: &Site, name: &str) -> Self {
        let database = site.database.as_ref().unwrap();
        let config: PathBuf = site.path(&format!("{name}.toml"));
        let text = format!(
            "broker = \"localhost:{}\"\nlisten = \"127.0.0.1:0\"\ninstance = \"{name}\"\nworkers = 2\n[database]\nurl = \"{}\"\n",
            site.city_port, database.url
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_menwei-city"));
        command.args(["run", "--config", config.to_str().unwrap()]);
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(silent.stderr(Stdio::null()).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

fn number(site: &Site, text: &'static str) -> i64 {
    ask(&site.settings().place, text, Vec::new())[0]
        .int(0)
        .unwrap()
}

#[tokio::test]
async fn two_cities_lose_and_double_nothing_while_one_is_killed() {
    let site = Site::begin(Store::Postgres, &["box-1", "box-2"]).await;
    let mut first = Process::start(&site, "east");
    let _second = Process::start(&site, "west");
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    for _ in 0..RECORDS {
        ledger.push(r#""kind":"device","device":"r","state":"online""#);
    }
    let (mut through, mut asked, mut kills) = (0, 9_000_u64, 0);
    while through < RECORDS {
        // A window of backlog, and the newest record beside it.
        for from in (through + 1..=RECORDS).step_by(PIECE).take(8) {
            let to = RECORDS.min(from + PIECE - 1);
            peer.send(Topic::UpBulk, ledger.bulk(from, to)).await;
        }
        peer.send(Topic::UpLive, ledger.live(RECORDS, RECORDS))
            .await;
        if kills < 6 && through >= kills * RECORDS / 8 {
            first.kill();
            first = Process::start(&site, "east");
            kills += 1;
        }
        asked += 1;
        peer.hello(asked, RECORDS as u64, ledger.hashes[RECORDS])
            .await;
        let answer = peer.ack_where(|ack| ack.hello == Some(asked));
        // The hello may have gone to the one that was killed.
        if let Ok(ack) = tokio::time::timeout(QUIET, answer).await {
            through = usize::try_from(ack.through).unwrap();
            assert_eq!(ack.head, ledger.hashes[through]);
        }
    }
    assert_eq!(kills, 6, "it was killed while there was work");
    assert_eq!(rows(&site), RECORDS as u64);
    assert_eq!(
        number(&site, "SELECT CAST(sum(records) AS BIGINT) FROM day"),
        i64::try_from(RECORDS).unwrap()
    );
    assert_eq!(number(&site, "SELECT count(*) FROM span"), 1);
    assert_eq!(
        number(&site, "SELECT count(*) FROM alarm"),
        0,
        "nobody is accused"
    );
}

/// Nobody gave them names, and both run on this machine.
#[tokio::test]
async fn cities_without_a_name_do_not_drive_each_other_out() {
    let site = Site::begin(Store::Postgres, &["box-1"]).await;
    let other = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(site.home.path()).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), other.path().join(file.file_name())).unwrap();
        }
    }
    let (one, mut two) = (site.settings(), site.settings_in(other.path()));
    assert_ne!(one.instance, two.instance);
    assert_eq!(
        one.instance,
        site.settings().instance,
        "the same after a restart"
    );
    two.place = one.place.clone();
    let quiet = || std::sync::Arc::new(sync_city::Silent);
    let first = sync_city::run(&one, quiet()).await.unwrap();
    let second = sync_city::run(&two, quiet()).await.unwrap();
    let log = until("both are connected", || async {
        let log = std::fs::read_to_string(site.path("mosquitto.log")).unwrap();
        (log.matches(" as city-").count() >= 4).then_some(log)
    });
    assert!(!log.await.contains("already connected"));
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let log = std::fs::read_to_string(site.path("mosquitto.log")).unwrap();
    assert!(!log.contains("already connected"), "{log}");
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}
