//! The city behind a real broker over TLS: stores, checks, acknowledges, never before its commit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, Site, rows, state, until, worker};
use sync_city::db::Place;
use sync_city::{Effect, Observer, Silent, Verdict};
use sync_wire::{AckRange, ParkCode, Topic};

async fn records_are_stored_and_acknowledged(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    let hello = peer.greet().await;
    assert_eq!((hello.through, hello.epoch.as_str()), (0, EPOCH));

    let mut ledger = Ledger::new("box-1");
    assert_eq!(hello.head, ledger.hashes[0]);
    ledger.fill(5);
    peer.send(Topic::UpBulk, ledger.bulk(1, 3)).await;
    let ack = peer.ack_where(|ack| ack.through == 3).await;
    assert_eq!(ack.head, ledger.hashes[3]);
    assert!(ack.ranges.is_empty());

    // A live record ahead of a hole is stored, and the ack says so.
    peer.send(Topic::UpLive, ledger.live(5, 5)).await;
    let ack = peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    assert_eq!(
        ack.ranges,
        [AckRange {
            from: 5,
            to: 5,
            head: ledger.hashes[5]
        }]
    );
    assert_eq!(ack.through, 3);
    assert_eq!(state(&city).await["boxes"][0]["missing"], 1);

    peer.send(Topic::UpBulk, ledger.bulk(4, 4)).await;
    let ack = peer.ack_where(|ack| ack.through == 5).await;
    assert_eq!((ack.head, ack.ranges.len()), (ledger.hashes[5], 0));

    // The same again: acknowledged again, not stored again.
    peer.send(Topic::UpBulk, ledger.bulk(1, 5)).await;
    assert_eq!(peer.ack().await.through, 5);
    assert_eq!(rows(&site), 5);
    city.stop().await.unwrap();
}

async fn what_is_not_understood_is_parked_and_counts(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(1);
    ledger.push(r#""kind":"moon_landing""#);
    ledger.fill(1);
    peer.send(Topic::UpLive, ledger.live(1, 3)).await;
    let ack = peer.ack_where(|ack| ack.through == 3).await;
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    assert_eq!(parked, [(2, ParkCode::UnknownKind)]);
    assert!(ack.parked[0].message.contains("平台"));

    peer.hello(9_000, 3, ledger.hashes[3]).await;
    let answer = peer.ack_where(|ack| ack.hello == Some(9_000)).await;
    assert_eq!(answer.parked, ack.parked);
    let shown = state(&city).await;
    assert_eq!(shown["parked"], 1);
    assert_eq!(shown["boxes"][0]["through"], 3);
    city.stop().await.unwrap();
}

async fn more_parked_records_than_an_answer_names_are_asked_for_by_number(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    for _ in 0..230 {
        ledger.push(r#""kind":"moon_landing""#);
    }
    peer.send(Topic::UpBulk, ledger.bulk(1, 130)).await;
    let ack = peer.ack_where(|ack| ack.through == 130).await;
    assert_eq!(ack.parked.len(), 100, "no more fit");
    peer.send(Topic::UpBulk, ledger.bulk(131, 230)).await;
    peer.ack_where(|ack| ack.through == 230).await;
    let head = (230, ledger.hashes[230]);
    let asked = [(9_001, None, 1..=100), (9_002, Some(100), 101..=200)];
    let rest = [(9_003, Some(200), 201..=230), (9_004, Some(0), 1..=100)];
    for (number, after, named) in asked.into_iter().chain(rest) {
        peer.ask_parked(number, head, after).await;
        let answer = peer.ack_where(|ack| ack.hello == Some(number)).await;
        let seqs: Vec<u64> = answer.parked.iter().map(|one| one.seq).collect();
        assert_eq!(seqs, named.collect::<Vec<u64>>(), "after {after:?}");
        assert_eq!(answer.through, 230);
    }
    city.stop().await.unwrap();
}

async fn a_fork_is_not_stored_over_and_raises_an_alarm(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(3);
    peer.send(Topic::UpLive, ledger.live(1, 3)).await;
    peer.ack_where(|ack| ack.through == 3).await;

    let mut other = Ledger::new("box-1");
    other.push(r#""kind":"gap","from":7,"to":7,"cause":"suspended""#);
    other.fill(3);
    peer.send(Topic::UpLive, other.live(1, 4)).await;
    let ack = peer.ack().await;
    assert_eq!((ack.through, ack.head), (3, ledger.hashes[3]));
    peer.hello(9_001, 4, other.hashes[4]).await;
    let answer = peer.ack_where(|ack| ack.hello == Some(9_001)).await;
    assert_eq!((answer.through, answer.head), (3, ledger.hashes[3]));
    let shown = state(&city).await;
    assert_eq!(shown["alarms"][0]["code"], "fork");
    assert_eq!(shown["alarms"][0]["seq"], 1);
    assert_eq!(rows(&site), 3);
    city.stop().await.unwrap();
}

async fn junk_and_lies_harm_nobody(store: Store) {
    let site = Site::begin(store, &["box-1", "box-2"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    let mut foreign = Ledger::new("box-2");
    foreign.fill(1);
    peer.send(Topic::UpLive, b"\xff\xfe junk".to_vec()).await;
    peer.send(Topic::UpCtl, b"{}".to_vec()).await;
    peer.send(Topic::State, b"[]".to_vec()).await;
    peer.send(Topic::UpBulk, ledger.live(1, 1)).await;
    peer.send(Topic::UpLive, foreign.live(1, 1)).await;
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    assert_eq!(peer.ack_where(|ack| ack.through > 0).await.through, 2);
    assert_eq!(rows(&site), 2);
    let shown = state(&city).await;
    let codes: Vec<_> = shown["alarms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["code"].as_str().unwrap())
        .collect();
    assert!(
        codes.contains(&"bad_message") && codes.contains(&"foreign_box"),
        "{codes:?}"
    );

    // Another box's topic: the broker says yes and drops it; nothing is stored.
    let mut second = Peer::connect(&site, "box-2").await;
    "box-1".clone_into(&mut second.id);
    let mut more = Ledger::new("box-1");
    more.fill(9);
    second.send(Topic::UpLive, more.live(1, 9)).await;
    "box-2".clone_into(&mut second.id);
    second.greet().await;
    assert_eq!(rows(&site), 2);
    city.stop().await.unwrap();
}

/// Writes down the order of effects and how many rows another connection sees at each.
struct Watch {
    place: Place,
    seen: Mutex<Vec<(Effect, u64)>>,
}

impl Watch {
    fn rows(&self) -> u64 {
        let found = ask(&self.place, "SELECT count(*) FROM record", Vec::new());
        found[0].count(0).unwrap()
    }
}

impl Observer for Watch {
    fn before(&self, effect: Effect) -> Verdict {
        let rows = self.rows();
        self.seen.lock().unwrap().push((effect, rows));
        Verdict::Go
    }

    fn after(&self, _effect: Effect) {}
}

async fn an_acknowledgement_never_comes_before_the_commit(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let watch = Arc::new(Watch {
        place: site.settings().place,
        seen: Mutex::default(),
    });
    let city = site.city(Arc::clone(&watch) as Arc<dyn Observer>).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    watch.seen.lock().unwrap().clear();
    let mut ledger = Ledger::new("box-1");
    ledger.fill(4);
    peer.send(Topic::UpLive, ledger.live(1, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    let seen = watch.seen.lock().unwrap().clone();
    // At the commit another connection sees nothing yet, at the acknowledgement everything.
    let first_ack = seen
        .iter()
        .position(|(e, n)| *e == Effect::Acknowledge && *n > 0)
        .unwrap();
    assert!(seen[..first_ack].contains(&(Effect::Commit, 0)), "{seen:?}");
    assert_eq!(seen[first_ack].1, 4);
    city.stop().await.unwrap();
}

/// Ends the city at the first effect of its kind once it is armed.
struct DieAt {
    effect: Effect,
    armed: AtomicBool,
}

impl Observer for DieAt {
    fn before(&self, effect: Effect) -> Verdict {
        if effect == self.effect && self.armed.load(Ordering::SeqCst) {
            Verdict::Die
        } else {
            Verdict::Go
        }
    }

    fn after(&self, _effect: Effect) {}
}

async fn city_that_dies(store: Store, effect: Effect, stored: u64) {
    let site = Site::begin(store, &["box-1"]).await;
    let observer = Arc::new(DieAt {
        effect,
        armed: AtomicBool::new(false),
    });
    let city = site.city(Arc::clone(&observer) as Arc<dyn Observer>).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    observer.armed.store(true, Ordering::SeqCst);
    let mut ledger = Ledger::new("box-1");
    ledger.fill(4);
    peer.send(Topic::UpLive, ledger.live(1, 4)).await;
    // The box's connection must be polled for the message to leave.
    let ended = tokio::select! {
        ended = city.ended() => ended,
        ack = peer.ack() => panic!("acknowledged by a dead city: {ack:?}"),
    };
    assert!(ended.is_err());
    assert_eq!(rows(&site), stored);

    // The next run asks the box to say hello, and the box sends what the city does not have.
    let city = site.city(Arc::new(Silent)).await;
    let greeting = peer.ack_where(|ack| ack.greet).await;
    assert_eq!(greeting.through, stored);
    peer.send(Topic::UpLive, ledger.live(1, 4)).await;
    let ack = peer.ack_where(|ack| !ack.greet).await;
    assert_eq!((ack.through, ack.head), (4, ledger.hashes[4]));
    assert_eq!(rows(&site), 4);
    city.stop().await.unwrap();
}

async fn a_city_that_dies_before_its_commit_has_acknowledged_nothing(store: Store) {
    city_that_dies(store, Effect::Commit, 0).await;
}

async fn a_city_that_dies_between_commit_and_acknowledgement_loses_and_doubles_nothing(
    store: Store,
) {
    city_that_dies(store, Effect::Acknowledge, 4).await;
}

async fn the_city_comes_back_by_itself_after_a_broker_outage(store: Store) {
    let mut site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    site.stop_broker();
    drop(peer);
    site.start_broker().await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    peer.send(Topic::UpLive, ledger.live(2, 2)).await;
    assert_eq!(
        peer.ack_where(|ack| ack.through == 2).await.head,
        ledger.hashes[2]
    );
    city.stop().await.unwrap();
}

async fn the_page_is_there_before_the_broker(store: Store) {
    let mut site = Site::begin(store, &[]).await;
    site.stop_broker();
    let city = site.city(Arc::new(Silent)).await;
    let status = std::fs::read_to_string(site.path("menwei-city.json")).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let http = status["http"].as_str().unwrap().to_owned();
    assert_eq!(
        reqwest::get(format!("{http}/healthz"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap(),
        "ok"
    );
    let page = reqwest::get(http).await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(page.text().await.unwrap().contains("还没有盒子连接"));
    city.stop().await.unwrap();
}

async fn names_are_shown_masked_and_stored_sealed(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.push(&worker(&site.path("box-1"), 7));
    ledger.push(
        r#""kind":"presentation","lane":"东门1","direction":"in","by":"005","worker":7,"document":"resident","result":"denied","reason":"training_missing","counted":false,"policy":1"#,
    );
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    let shown = until("the mark of the acknowledgement", || async {
        let shown = state(&city).await;
        (shown["recent"][0]["acked"] == true).then_some(shown)
    })
    .await;
    let row = &shown["recent"][0];
    let words = ["kind", "who", "lane", "direction", "result", "reason"].map(|key| &row[key]);
    assert_eq!(
        words,
        ["刷身份证", "欧**", "东门1", "进", "拒绝", "未完成三级教育"]
    );
    let page = reqwest::get(format!("http://{}/", city.http))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(page.contains("欧**") && !page.contains("欧阳") && !page.contains("349901"));
    city.stop().await.unwrap();
    let dumped = ask(
        &site.settings().place,
        "SELECT body FROM record",
        Vec::new(),
    );
    let mut held: Vec<Vec<u8>> = dumped.iter().map(|row| row.bytes(0).unwrap()).collect();
    let files = ["city.db", "city.db-wal"].map(|name| std::fs::read(site.path(name)));
    held.extend(files.into_iter().filter_map(Result::ok));
    for bytes in held {
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        assert!(
            !holds("欧阳") && !holds("349901199003070016"),
            "the database holds clear text"
        );
    }
}

async fn heartbeat_and_state_are_shown(store: Store) {
    use sync_wire::record::ClockQuality;
    use sync_wire::{Ctl, Heartbeat, Presence, State};

    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let now = sync_city::clock::now_ms();
    let epoch = || EPOCH.to_owned();
    let online = State {
        v: 1,
        state: Presence::Online,
        epoch: epoch(),
        software: "t".to_owned(),
        since: 1,
    };
    peer.send(Topic::State, online.encode().unwrap()).await;
    let beat = Heartbeat {
        v: 1,
        r#box: "box-1".to_owned(),
        epoch: epoch(),
        last: 12,
        acked_through: 5,
        backlog: 7,
        oldest_at: None,
        gaps: Vec::new(),
        skew_ms: None,
        clock: ClockQuality::Holdover,
        sent_at: now - 90_000,
    };
    peer.send(Topic::UpCtl, Ctl::Heartbeat(beat).encode().unwrap())
        .await;
    peer.hello(77, 0, sync_wire::chain::genesis("box-1", EPOCH))
        .await;
    peer.ack_where(|ack| ack.hello == Some(77)).await;
    let shown = state(&city).await;
    let row = &shown["boxes"][0];
    assert_eq!((&row["backlog"], &row["online"]), (&7.into(), &true.into()));
    assert_eq!(
        (&row["skew_bad"], &row["site"]),
        (&true.into(), &"示范工地".into())
    );
    assert!(row["skew"].as_str().unwrap().starts_with("慢 9"));
    city.stop().await.unwrap();
}

on_both_databases!(
    records_are_stored_and_acknowledged,
    what_is_not_understood_is_parked_and_counts,
    more_parked_records_than_an_answer_names_are_asked_for_by_number,
    a_fork_is_not_stored_over_and_raises_an_alarm,
    junk_and_lies_harm_nobody,
    an_acknowledgement_never_comes_before_the_commit,
    a_city_that_dies_before_its_commit_has_acknowledged_nothing,
    a_city_that_dies_between_commit_and_acknowledgement_loses_and_doubles_nothing,
    the_city_comes_back_by_itself_after_a_broker_outage,
    the_page_is_there_before_the_broker,
    names_are_shown_masked_and_stored_sealed,
    heartbeat_and_state_are_shown,
);
