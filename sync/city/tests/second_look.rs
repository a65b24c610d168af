//! What the city comes back to: records that it understands later, records that waited and were
//! passed over.
#![allow(
    missing_docs,
    dead_code,
    clippy::cognitive_complexity,
    clippy::too_many_lines,
    reason = "a test program has no readers of its documentation"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use std::sync::Arc;

use common::database::{Store, ask};
use common::{EPOCH, Ledger, Peer, Site, until, worker};
use sync_city::db::Session;
use sync_city::ingest::{Which, redrive};
use sync_city::meaning::{Codes, Reading};
use sync_city::{Silent, pki};
use sync_wire::{ParkCode, Topic};

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

on_both_databases!(
    a_record_that_is_understood_later_has_its_whole_effect,
    all_that_wait_in_vain_are_parked_however_many,
);
