//! What the city comes back to: records that it understands later, records that waited and were
//! passed over.

use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, SITE, Site, rows, state, until, worker};
use sync_city::db::{Session, Value};
use sync_city::ingest::{Which, redrive};
use sync_city::meaning::{Codes, Reading};
use sync_city::registry::Registry;
use sync_city::{Silent, care, pki};
use sync_wire::record::ClockQuality;
use sync_wire::{Compare, Ctl, Heartbeat, Hello, Mark, ParkCode, Topic, chain};

const OTHER: &str = "8899aabbccddeeff";
/// Eight in the morning of 2026-11-20 in China.
const MORNING: i64 = 1_795_104_000_000 + 8 * 3_600_000;

/// What a table says, as one number.
fn count(site: &Site, text: &'static str) -> u64 {
    ask(&site.settings().place, text, Vec::new())[0]
        .count(0)
        .unwrap()
}

/// Reads parked records again with a code more and an hour later.
fn redrive_later(site: &Site) -> u64 {
    let (place, dir) = (site.settings().place, site.home.path().to_owned());
    let redriven = std::thread::spawn(move || {
        let codes = Codes::with([("by".to_owned(), "099".to_owned())]);
        let reading = Reading {
            codes: &codes,
            key: &pki::seal_key(&dir).unwrap(),
            now: sync_city::clock::now_ms() + 3_600_000,
        };
        redrive(&mut Session::open(&place).unwrap(), Which::All, reading).unwrap()
    });
    redriven.join().unwrap()
}

async fn a_record_that_is_understood_later_has_its_whole_effect(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let later = sync_city::clock::now_ms() + 3_000_000;
    let mut ledger = Ledger::new("box-1");
    ledger.push_at(
        MORNING,
        r#""kind":"presentation","lane":"东门1","direction":"in","by":"099","worker":7,"document":"resident","result":"granted","counted":true,"policy":1"#,
    );
    // All of 2026-11-18, declared by a box whose clock is ahead.
    ledger.push_at(
        later,
        r#""kind":"gap","from":1794931200000,"to":1795017600000,"cause":"suspended""#,
    );
    ledger.push(&worker(site.home.path(), 7));
    peer.send(Topic::UpLive, ledger.live(1, 3)).await;
    let ack = peer.ack_where(|ack| ack.through == 3).await;
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    let (code, future) = (ParkCode::UnknownCode, ParkCode::InFuture);
    assert_eq!(parked, [(1, code), (2, future)]);

    let mut next = Ledger::of("box-1", OTHER);
    let hash = ledger.hashes[3].to_hex();
    next.push_at(later, &format!(r#""kind":"epoch_began","box":"box-1","site":"示范工地","epoch":"{OTHER}","software":"t","reason":"restored","previous":{{"epoch":"{EPOCH}","last":3,"head":"{hash}"}}"#));
    next.push(r#""kind":"exit","worker":7,"on":"2026-11-20""#);
    let body = std::str::from_utf8(&ledger.bodies[0]).unwrap().to_owned();
    next.push(&format!(
        r#""kind":"carried","epoch":"{EPOCH}","seq":1,"body":{body}"#
    ));
    peer.send(Topic::UpLive, next.live(1, 3)).await;
    let ack = peer.ack_where(|ack| ack.epoch == OTHER).await;
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    let reference = ParkCode::UnknownReference;
    assert_eq!(parked, [(1, future), (2, reference), (3, code)]);
    let day = async |day: &str| -> serde_json::Value {
        let url = format!("http://{}/api/day?box=box-1&day={day}", city.http);
        let reply = reqwest::get(url).await.unwrap();
        reply.json().await.unwrap()
    };
    assert_eq!(day("2026-11-20").await["verdict"], "before");
    assert_eq!(day("2026-11-18").await["verdict"], "before");

    assert_eq!(redrive_later(&site), 4);
    // As good as once.
    assert_eq!(redrive_later(&site), 0);
    let answer = day("2026-11-20").await;
    assert_eq!(
        answer["sentence"], "当天有 1 条记录，其中考勤 1 条。",
        "the carried one is the same act"
    );
    let answer = day("2026-11-18").await;
    assert_eq!(answer["verdict"], "declared", "{answer}");
    let repeated = "SELECT count(*) FROM record WHERE status = 'repeated' AND seq = 3";
    assert_eq!(count(&site, repeated), 1);
    // The epoch is known to continue the other, so the worker is known who left in it.
    until("the exit is taken", || async {
        (count(&site, "SELECT count(*) FROM parked") == 0).then_some(())
    })
    .await;
    assert_eq!(count(&site, "SELECT count(*) FROM need"), 0);
    city.stop().await.unwrap();
}

async fn all_that_wait_in_vain_are_parked_however_many(store: Store) {
    const MANY: usize = 130;
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(1);
    for _ in 0..MANY {
        ledger.push(r#""kind":"exit","worker":7,"on":"2026-11-20""#);
    }
    peer.send(Topic::UpLive, ledger.live(2, MANY + 1)).await;
    let ack = peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    assert!(ack.parked.is_empty());
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    let ack = peer.ack_where(|ack| ack.through > 1).await;
    assert_eq!(ack.parked.len(), 100, "as many as an answer holds");
    until("the others are parked too", || async {
        let parked = count(&site, "SELECT count(*) FROM parked");
        (parked == MANY as u64).then_some(())
    })
    .await;
    // He comes at last.
    ledger.push(&worker(site.home.path(), 7));
    peer.send(Topic::UpLive, ledger.live(MANY + 2, MANY + 2))
        .await;
    peer.ack_where(|ack| ack.through == MANY as u64 + 2).await;
    assert_eq!(count(&site, "SELECT count(*) FROM parked"), 0);
    let waiting = "SELECT count(*) FROM record WHERE status <> 'stored'";
    assert_eq!(count(&site, waiting), 0);
    city.stop().await.unwrap();
}

async fn a_comparison_adds_nothing_to_the_books(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let compare = |number: u64| {
        let mark = Mark {
            seq: 1,
            hash: chain::genesis("box-1", OTHER),
        };
        let compare = Compare {
            v: 1,
            number,
            r#box: "box-1".to_owned(),
            epoch: OTHER.to_owned(),
            marks: vec![mark],
            sent_at: 1,
        };
        Ctl::Compare(compare).encode().unwrap()
    };
    peer.send(Topic::UpCtl, compare(41)).await;
    let ack = peer.ack_where(|ack| ack.compare.is_some()).await;
    assert_eq!(ack.compare.map(|one| (one.number, one.same)), Some((41, 0)));
    assert_eq!(count(&site, "SELECT count(*) FROM epoch"), 1);
    assert_eq!(count(&site, "SELECT count(*) FROM ack"), 1);
    // As many epochs as one box may have.
    let many = "INSERT INTO epoch (box, epoch, seen_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
         SELECT 'box-1', CAST(i AS TEXT), 0 FROM n RETURNING 1";
    assert_eq!(ask(&site.settings().place, many, Vec::new()).len(), 999);
    peer.send(Topic::UpCtl, compare(42)).await;
    peer.hello(9_000, 0, chain::genesis("box-1", EPOCH)).await;
    let ack = peer.ack_where(|ack| ack.hello == Some(9_000) || ack.compare.is_some());
    assert_eq!(ack.await.compare, None, "no answer to that");
    assert_eq!(state(&city).await["alarms"][0]["code"], "too_many_epochs");
    city.stop().await.unwrap();
}

async fn the_records_of_a_revoked_box_are_refused_at_once(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(3);
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    let (place, dir) = (site.settings().place, site.home.path().to_owned());
    let enrolled = std::thread::spawn(move || {
        Registry::change(&dir, |registry| {
            let issued = registry.issued.iter_mut();
            for one in issued.filter(|one| one.r#box == "box-1") {
                one.revoked_at = Some(1);
            }
            Ok(())
        })
        .unwrap();
        care::enroll(&mut Session::open(&place).unwrap(), &dir).unwrap();
    });
    enrolled.join().unwrap();
    // Its connection stands still: the broker has not read the new list.
    peer.send(Topic::UpLive, ledger.live(3, 3)).await;
    peer.hello(9_000, 3, ledger.hashes[3]).await;
    let refused = until("the refusal is shown", || async {
        let shown = state(&city).await;
        let alarm = shown["alarms"][0].clone();
        (alarm["times"].as_u64() == Some(2)).then_some(alarm)
    });
    let alarm = tokio::select! {
        alarm = refused => alarm,
        ack = peer.ack_where(|ack| ack.through == 3 || ack.hello == Some(9_000)) =>
            panic!("answered: {ack:?}"),
    };
    assert_eq!(
        (&alarm["id"], &alarm["code"]),
        (&"box-1".into(), &"barred".into())
    );
    let told = alarm["message"].as_str().unwrap();
    assert!(told.contains("吊销"), "{told}");
    assert_eq!(rows(&site), 2);
    city.stop().await.unwrap();
}

fn online() -> Vec<u8> {
    let state = format!(r#"{{"v":1,"state":"online","epoch":"{EPOCH}","software":"t","since":1}}"#);
    state.into_bytes()
}

async fn a_hole_is_asked_for_however_much_comes_behind_it(store: Store) {
    let mut site = Site::begin(store, &["box-1"]).await;
    site.hole_seconds = Some(1);
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    peer.send(Topic::State, online()).await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(3);
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    // Each is acknowledged, and none of it fills the hole: asked for twice.
    let mut asked = 0;
    while asked < 2 {
        peer.send(Topic::UpLive, ledger.live(3, 3)).await;
        let ack = peer.ack().await;
        asked += u64::from(ack.greet && !ack.ranges.is_empty());
    }
    city.stop().await.unwrap();
}

fn beat(epoch: &str, acked_through: u64) -> Vec<u8> {
    let beat = Heartbeat {
        v: 1,
        r#box: "box-1".to_owned(),
        epoch: epoch.to_owned(),
        last: 9,
        acked_through,
        backlog: 0,
        oldest_at: None,
        gaps: Vec::new(),
        skew_ms: None,
        clock: ClockQuality::Synced,
        sent_at: sync_city::clock::now_ms(),
    };
    Ctl::Heartbeat(beat).encode().unwrap()
}

async fn a_restored_city_is_filled_again_by_a_quiet_box(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2);
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    // What the table bears out needs no answer.
    peer.send(Topic::UpCtl, beat(EPOCH, 2)).await;
    peer.hello(9_000, 2, ledger.hashes[2]).await;
    let ack = peer.ack_where(|ack| ack.through == 2);
    assert_eq!(ack.await.hello, Some(9_000));
    peer.send(Topic::UpCtl, beat(EPOCH, 9)).await;
    let ack = peer.ack_where(|ack| ack.greet).await;
    assert_eq!((ack.through, ack.head), (2, ledger.hashes[2]));
    // A backup from before the epoch began.
    peer.send(Topic::UpCtl, beat(OTHER, 9)).await;
    let ack = peer.ack_where(|ack| ack.greet).await;
    assert_eq!((ack.epoch.as_str(), ack.through), (OTHER, 0));
    assert_eq!(count(&site, "SELECT count(*) FROM epoch"), 1);
    city.stop().await.unwrap();
}

/// An old file that is recovered brings an epoch that is seen last and is not the newest.
async fn the_newest_epoch_is_the_one_of_the_last_hello(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let closed = Hello {
        v: 1,
        number: 9_000,
        site: SITE.to_owned(),
        r#box: "box-1".to_owned(),
        epoch: OTHER.to_owned(),
        first: 1,
        last: 0,
        head: chain::genesis("box-1", OTHER),
        acked_through: 0,
        closed: true,
        roster_version: None,
        software: "test".to_owned(),
        clock: ClockQuality::Synced,
        sent_at: 1,
        device_key: None,
        parked_after: None,
    };
    peer.send(Topic::UpCtl, Ctl::Hello(closed).encode().unwrap())
        .await;
    peer.ack_where(|ack| ack.epoch == OTHER).await;
    let shown = state(&city).await;
    assert_eq!(shown["boxes"][0]["epoch"], EPOCH);
    city.stop().await.unwrap();
    let city = site.city(Arc::new(Silent)).await;
    assert_eq!(peer.ack_where(|ack| ack.greet).await.epoch, EPOCH);
    city.stop().await.unwrap();
}

async fn every_box_is_asked_for_a_hello_however_many_there_are(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    city.stop().await.unwrap();
    // All of them come before this one.
    for many in [
        "INSERT INTO box (box, first_seen_at, last_seen_at)
         WITH RECURSIVE n (i) AS (SELECT 10000 UNION ALL SELECT i + 1 FROM n WHERE i < 12999)
         SELECT 'a' || CAST(i AS TEXT), 1, 1 FROM n RETURNING 1",
        "INSERT INTO epoch (box, epoch, seen_at)
         SELECT box, '0011223344556677', 1 FROM box WHERE box <> 'box-1' RETURNING 1",
    ] {
        assert_eq!(ask(&site.settings().place, many, Vec::new()).len(), 3_000);
    }
    let city = site.city(Arc::new(Silent)).await;
    assert_eq!(peer.ack_where(|ack| ack.greet).await.epoch, EPOCH);
    let asked = "SELECT count(*) FROM ack WHERE box <> 'box-1'";
    assert_eq!(count(&site, asked), 3_000);
    city.stop().await.unwrap();
}

async fn a_type_that_the_city_does_not_know_is_counted_and_no_fault(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let strange = br#"{"type":"survey","v":1,"box":"box-1","of":[1,2]}"#;
    peer.send(Topic::UpCtl, strange.to_vec()).await;
    peer.hello(9_000, 0, chain::genesis("box-1", EPOCH)).await;
    peer.ack_where(|ack| ack.hello == Some(9_000)).await;
    let shown = state(&city).await;
    assert_eq!(shown["boxes"][0]["ignored"], 1);
    assert_eq!(shown["alarm_count"], 0);
    city.stop().await.unwrap();
}

/// What cannot be read is looked at again and again; it keeps neither orders nor revocations.
async fn what_fails_in_looking_after_things_keeps_nothing_else(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.push(r#""kind":"moon_landing""#);
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    city.stop().await.unwrap();
    // A page of the database that was damaged: no hash is so short.
    let damage = "UPDATE record SET hash = ?1 WHERE seq = 1 RETURNING 1";
    let short = vec![Value::Bytes(vec![7])];
    assert_eq!(ask(&site.settings().place, damage, short).len(), 1);
    let order = "INSERT INTO down (box, series, number, what, version, detail, message, issued_at,
           expires_at, again) VALUES ('box-1', 'cmd', 1, 'revoke', 0, 'x', ?1, 1, ?2, 0) RETURNING 1";
    let order_values = |text: &[u8]| vec![text.into(), i64::MAX.into()];
    ask(&site.settings().place, order, order_values(b"first"));
    let revoke = |registry: &mut Registry| {
        registry
            .issued
            .iter_mut()
            .for_each(|one| one.revoked_at = Some(1));
        Ok(())
    };
    Registry::change(site.home.path(), revoke).unwrap();
    let city = site.city(Arc::new(Silent)).await;
    assert_eq!(peer.next(Topic::DownCmd).await, b"first");
    until("the box is barred", || async {
        (count(&site, "SELECT count(*) FROM box WHERE barred = 1") == 1).then_some(())
    })
    .await;
    // The list of certificates cannot be read either.
    let listed = std::fs::read_dir(site.home.path()).unwrap();
    let issued = listed
        .map(|file| file.unwrap().path())
        .find(|path| path.ends_with("issued.json"));
    std::fs::write(issued.unwrap(), "junk").unwrap();
    let next = "UPDATE down SET message = ?1, sent_at = NULL WHERE number = 1 AND expires_at = ?2 RETURNING 1";
    assert_eq!(
        ask(&site.settings().place, next, order_values(b"second")).len(),
        1
    );
    while peer.next(Topic::DownCmd).await != b"second" {}
    city.stop().await.unwrap();
}

/// Several cities share the work: a record may be stored before the hello that the box said first.
async fn a_hello_that_was_overtaken_is_no_alarm(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(3);
    peer.send(Topic::UpLive, ledger.live(1, 3)).await;
    peer.ack_where(|ack| ack.through == 3).await;
    let mut number = 9_000;
    let mut alarms = async |last: usize| {
        number += 1;
        peer.hello(number, last as u64, ledger.hashes[last]).await;
        peer.ack_where(|ack| ack.hello == Some(number)).await;
        state(&city).await["alarm_count"].as_u64().unwrap()
    };
    assert_eq!(alarms(2).await, 0, "overtaken");
    assert_eq!(alarms(3).await, 0);
    assert_eq!(alarms(2).await, 0, "and again");
    assert_eq!(alarms(2).await, 1, "it says so twice: its file went back");
    city.stop().await.unwrap();
}

on_both_databases!(
    what_fails_in_looking_after_things_keeps_nothing_else,
    a_hello_that_was_overtaken_is_no_alarm,
    a_hole_is_asked_for_however_much_comes_behind_it,
    a_restored_city_is_filled_again_by_a_quiet_box,
    the_newest_epoch_is_the_one_of_the_last_hello,
    every_box_is_asked_for_a_hello_however_many_there_are,
    a_type_that_the_city_does_not_know_is_counted_and_no_fault,
    a_comparison_adds_nothing_to_the_books,
    the_records_of_a_revoked_box_are_refused_at_once,
    a_record_that_is_understood_later_has_its_whole_effect,
    all_that_wait_in_vain_are_parked_however_many,
);
