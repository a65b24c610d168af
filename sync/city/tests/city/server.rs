//! `PostgreSQL` as a server that other cities use too, and that may fall silent.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::common::database::{Store, ask};
use crate::common::{Ledger, Peer, Site, rows};
use sync_city::Silent;
use sync_city::config::Database;
use sync_city::db::{Place, Session};
use sync_wire::Topic;
use tokio::time::Instant;

/// A way to a server's socket. While it is cut, nothing passes and nobody is told.
fn way(socket: String, cut: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let pump =
        |mut from: Box<dyn Read + Send>, mut to: Box<dyn Write + Send>, cut: Arc<AtomicBool>| {
            std::thread::spawn(move || {
                let mut bytes = [0; 8_192];
                while let Ok(count @ 1..) = from.read(&mut bytes) {
                    if cut.load(Ordering::SeqCst) {
                        // Neither passed on nor ended: whoever waits hears nothing.
                        while cut.load(Ordering::SeqCst) {
                            std::thread::park_timeout(Duration::from_millis(50));
                        }
                    }
                    to.write_all(&bytes[..count]).unwrap_or_default();
                }
            });
        };
    std::thread::spawn(move || {
        for near in listener.incoming() {
            let near = near.unwrap();
            let far = UnixStream::connect(&socket).unwrap();
            // Those that come after the cut are not touched by it.
            let cut = if cut.load(Ordering::SeqCst) {
                Arc::default()
            } else {
                Arc::clone(&cut)
            };
            let (to_near, to_far) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            pump(Box::new(near), Box::new(to_far), Arc::clone(&cut));
            pump(Box::new(far), Box::new(to_near), cut);
        }
    });
    port
}

/// The parts of the tests' connection string: folder of the socket, and name of the database.
fn parts(database: &Database) -> (String, String) {
    let part = |key: &str| {
        let mut words = database.url.split_whitespace();
        words
            .find_map(|word| word.strip_prefix(key))
            .unwrap()
            .to_owned()
    };
    (part("host="), part("dbname="))
}

#[tokio::test]
async fn a_server_that_falls_silent_is_left_and_found_again() {
    let cut = Arc::new(AtomicBool::new(false));
    let mut site = Site::begin(Store::Postgres, &["box-1"]).await;
    let (folder, name) = parts(site.database.as_ref().unwrap());
    let port = way(format!("{folder}/.s.PGSQL.5432"), Arc::clone(&cut));
    let url = format!("host=127.0.0.1 port={port} user=menwei dbname={name} connect_timeout=1");
    site.database = Some(Database { url });
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    cut.store(true, Ordering::SeqCst);
    peer.send(Topic::UpLive, ledger.live(2, 2)).await;
    let ack = peer.ack_where(|ack| ack.through == 2).await;
    assert_eq!(ack.head, ledger.hashes[2]);
    assert_eq!(rows(&site), 2);
    city.stop().await.unwrap();
}

#[tokio::test]
async fn who_takes_a_connection_and_says_nothing_is_no_server() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (end, ended) = mpsc::channel::<()>();
    let mute = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        ended.recv().unwrap_or_default();
        stream.shutdown(Shutdown::Both).unwrap_or_default();
    });
    let url = format!("host=127.0.0.1 port={port} user=menwei dbname=x connect_timeout=1");
    let opened = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let failed = Session::open(&Place::server(&url).unwrap()).unwrap_err();
        (failed.chain(), began.elapsed())
    });
    let (said, took) = tokio::time::timeout(Duration::from_secs(20), opened)
        .await
        .expect("it ends")
        .unwrap();
    assert!(said.contains("does not answer"), "{said}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    drop(end);
    mute.join().unwrap();
}

/// Whatever the server's own settings are: a commit is durable, and locks end with who holds them.
#[tokio::test]
async fn a_connection_says_what_it_needs() {
    let site = Site::begin(Store::Postgres, &[]).await;
    let place = site.settings().place;
    let (_, name) = parts(site.database.as_ref().unwrap());
    let loose = format!("ALTER DATABASE {name} SET synchronous_commit = off");
    let Place::Server(url) = &place else {
        panic!("no server");
    };
    let done = std::process::Command::new("psql")
        .args(["-q", "-d", url, "-c", &loose])
        .status();
    assert!(done.unwrap().success());
    let asked = "SELECT name, setting FROM pg_settings WHERE name IN ('synchronous_commit',
           'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name";
    let found: Vec<_> = ask(&place, asked, Vec::new())
        .iter()
        .map(|row| (row.text(0).unwrap(), row.text(1).unwrap()))
        .collect();
    let expected = [
        ("idle_in_transaction_session_timeout", "60000"),
        ("lock_timeout", "20000"),
        ("statement_timeout", "50000"),
        ("synchronous_commit", "on"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

/// Another city's worker stores the backlog of one box and takes its time.
#[tokio::test]
async fn a_box_at_work_elsewhere_delays_nobody_elses_gate() {
    let site = Site::begin(Store::Postgres, &["box-1", "box-2"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut busy = Peer::connect(&site, "box-1").await;
    busy.greet().await;
    let mut other = Peer::connect(&site, "box-2").await;
    other.greet().await;
    let place = site.settings().place;
    let (locked, is_locked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = std::thread::spawn(move || {
        let mut session = Session::open(&place).unwrap();
        let mut tx = session.begin().unwrap();
        tx.lock(&["box-1"].into()).unwrap();
        locked.send(()).unwrap();
        released.recv().unwrap();
        tx.commit().unwrap();
    });
    is_locked.recv().unwrap();
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    let head = ledger.hashes[2];
    let local = tokio::task::LocalSet::new();
    let waits = local.spawn_local(async move {
        busy.send(Topic::UpLive, ledger.live(1, 1)).await;
        busy.send(Topic::UpLive, ledger.live(2, 2)).await;
        busy.ack_where(|ack| ack.through == 2).await
    });
    let swipes = async {
        let mut gate = Ledger::new("box-2");
        for swipe in 1..=40 {
            gate.fill(1);
            other.send(Topic::UpLive, gate.live(swipe, swipe)).await;
            other.ack_where(|ack| ack.through == swipe as u64).await;
        }
    };
    local.run_until(swipes).await;
    assert!(!waits.is_finished());
    release.send(()).unwrap();
    assert_eq!(local.run_until(waits).await.unwrap().head, head);
    assert_eq!(rows(&site), 42);
    holder.join().unwrap();
    city.stop().await.unwrap();
}
