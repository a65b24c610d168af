//! Holes: how often the city asks for what is missing, and which days it says are on their way.

use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, SITE, Site, until};
use sync_city::{City, Silent};
use sync_wire::record::ClockQuality;
use sync_wire::{Ctl, Hash, Hello, Topic};

const OTHER: &str = "8899aabbccddeeff";
const DAYS: i64 = 86_400_000;
/// Eight in the morning of 2026-11-01 in China.
const MORNING: i64 = 1_793_462_400_000 + DAYS / 3;

fn hello(epoch: &str, number: u64, (last, head): (u64, Hash), closed: bool) -> Vec<u8> {
    let hello = Hello {
        v: 1,
        number,
        site: SITE.to_owned(),
        r#box: "box-1".to_owned(),
        epoch: epoch.to_owned(),
        first: 1,
        last,
        head,
        acked_through: 0,
        closed,
        roster_version: None,
        software: "t".to_owned(),
        clock: ClockQuality::Synced,
        sent_at: sync_city::clock::now_ms(),
        device_key: None,
        parked_after: None,
    };
    Ctl::Hello(hello).encode().unwrap()
}

/// One record a day, at eight in the morning from 2026-11-01 on.
fn days(epoch: &str, count: u32) -> Ledger {
    let mut ledger = Ledger::of("box-1", epoch);
    for day in 0..i64::from(count) {
        ledger.push_at(
            MORNING + day * DAYS,
            r#""kind":"device","device":"r","state":"online""#,
        );
    }
    ledger
}

async fn begin(store: Store, hole_seconds: u32) -> (Site, City, Peer) {
    let mut site = Site::begin(store, &["box-1"]).await;
    site.hole_seconds = Some(hole_seconds);
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let online =
        format!(r#"{{"v":1,"state":"online","epoch":"{EPOCH}","software":"t","since":1}}"#);
    peer.send(Topic::State, online.into_bytes()).await;
    // It was heard of before those days.
    let since = "UPDATE box SET first_seen_at = 1 RETURNING 1";
    assert_eq!(ask(&site.settings().place, since, Vec::new()).len(), 1);
    (site, city, peer)
}

async fn verdict(city: &City, day: &str) -> String {
    let url = format!("http://{}/api/day?box=box-1&day={day}", city.http);
    let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    answer["verdict"].as_str().unwrap().to_owned()
}

async fn a_hole_speaks_for_the_days_between_its_neighbours_only(store: Store) {
    let (_site, city, mut peer) = begin(store, 3_600).await;
    let ledger = days(EPOCH, 12);
    peer.send(Topic::UpBulk, ledger.bulk(1, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    peer.send(Topic::UpLive, ledger.live(9, 12)).await;
    peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    for (day, said) in [
        ("2026-10-31", "undeclared"),
        ("2026-11-03", "undeclared"),
        ("2026-11-04", "pending"),
        ("2026-11-06", "pending"),
        ("2026-11-09", "pending"),
        ("2026-11-10", "undeclared"),
        ("2026-11-20", "undeclared"),
    ] {
        assert_eq!(verdict(&city, day).await, said, "{day}");
    }
    // Before the first record that is here, any day may be missing.
    peer.send(
        Topic::UpCtl,
        hello(OTHER, 9_000, (0, days(OTHER, 0).hashes[0]), false),
    )
    .await;
    peer.ack_where(|ack| ack.hello == Some(9_000)).await;
    peer.send(Topic::UpLive, days(OTHER, 12).live(12, 12)).await;
    peer.ack_where(|ack| ack.epoch == OTHER && !ack.ranges.is_empty())
        .await;
    assert_eq!(verdict(&city, "2026-10-31").await, "pending");
    assert_eq!(verdict(&city, "2026-11-13").await, "undeclared");
    city.stop().await.unwrap();
}

async fn what_the_box_has_no_more_is_not_asked_for_and_not_on_its_way(store: Store) {
    let (site, city, mut peer) = begin(store, 1).await;
    let (old, new) = (days(EPOCH, 12), days(OTHER, 3));
    peer.send(Topic::UpBulk, old.bulk(1, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    peer.send(Topic::UpLive, old.live(9, 12)).await;
    peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    // Its file went back to record 4 and begins an epoch, in which one record is missing for now.
    peer.send(Topic::UpCtl, hello(OTHER, 9_001, (0, new.hashes[0]), false))
        .await;
    peer.ack_where(|ack| ack.hello == Some(9_001)).await;
    peer.send(Topic::UpCtl, hello(EPOCH, 9_002, (4, old.hashes[4]), true))
        .await;
    peer.ack_where(|ack| ack.hello == Some(9_002)).await;
    peer.send(Topic::UpLive, new.live(3, 3)).await;
    peer.ack_where(|ack| ack.epoch == OTHER && !ack.ranges.is_empty())
        .await;
    for (day, said) in [
        ("2026-11-06", "lost"),
        ("2026-11-20", "undeclared"),
        ("2026-11-02", "pending"),
    ] {
        assert_eq!(verdict(&city, day).await, said, "{day}");
    }
    let mut asked = 0;
    while asked < 2 {
        let ack = peer.ack_where(|ack| ack.greet).await;
        assert_eq!(ack.epoch, OTHER, "nobody can fill the other one");
        asked += 1;
    }
    let text = "SELECT patience FROM span WHERE epoch = '8899aabbccddeeff'";
    let patience = until("the next wait is twice as long", || async {
        let patience = ask(&site.settings().place, text, Vec::new())[0]
            .int(0)
            .unwrap();
        (patience > 2).then_some(patience)
    });
    assert_eq!(patience.await, 4);
    // What fills the hole ends the wait; another one is asked for soon.
    peer.send(Topic::UpLive, new.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    let text = "SELECT patience FROM span WHERE epoch = '8899aabbccddeeff' AND first > 1";
    assert_eq!(
        ask(&site.settings().place, text, Vec::new())[0]
            .int(0)
            .unwrap(),
        1
    );
    // An old file that is recovered has the rest after all.
    peer.send(
        Topic::UpCtl,
        hello(EPOCH, 9_003, (12, old.hashes[12]), true),
    )
    .await;
    peer.ack_where(|ack| ack.hello == Some(9_003)).await;
    assert_eq!(verdict(&city, "2026-11-06").await, "pending");
    city.stop().await.unwrap();
}

on_both_databases!(
    a_hole_speaks_for_the_days_between_its_neighbours_only,
    what_the_box_has_no_more_is_not_asked_for_and_not_on_its_way,
);
