//! What a box wrote with its clock unset is booked on its true day, or on none.

use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, Site};
use sync_city::{City, Silent};
use sync_wire::Topic;

const OTHER: &str = "8899aabbccddeeff";
const HOUR: i64 = 3_600_000;
const DAYS: i64 = 24 * HOUR;
/// Eight in the morning of 2026-10-10 in China: what a box whose battery is flat believes at its start.
const FLOOR: i64 = 1_791_561_600_000 + 8 * HOUR;
/// When that was in truth: the same hour of 2026-11-10.
const OFF_BY: i64 = 31 * DAYS;

fn body(at: i64, clock: &str, rest: &str) -> Vec<u8> {
    format!(r#"{{"at":{at},"boot":2,"mono":1,"clock":"{clock}",{rest}}}"#).into_bytes()
}

fn swipe(at: i64, clock: &str) -> Vec<u8> {
    body(
        at,
        clock,
        r#""kind":"presentation","lane":"东门1","direction":"in","by":"005","worker":7,"document":"resident","result":"granted","counted":true,"policy":1"#,
    )
}

fn change(at: i64, by_ms: i64, what: &str) -> Vec<u8> {
    let clock = if what == "synced" { "synced" } else { "unset" };
    let after = at + by_ms;
    let rest = format!(r#""kind":"clock","change":"{what}","before":{at},"after":{after}"#);
    body(after, clock, &rest)
}

/// A month without current, a start with a flat battery, somebody, the network's time, somebody.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new("box-1");
    let off = FLOOR - 5_000;
    let started = format!(r#""kind":"started","boot_id":"b","software":"t","off_since":{off}"#);
    ledger.push_body(body(FLOOR, "unset", &started));
    ledger.push_body(swipe(FLOOR + HOUR, "unset"));
    ledger.push_body(change(FLOOR + 2 * HOUR, OFF_BY, "synced"));
    ledger.push_body(swipe(FLOOR + OFF_BY + 3 * HOUR, "synced"));
    ledger
}

async fn begin(store: Store) -> (Site, City, Peer) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    (site, city, peer)
}

async fn day(city: &City, day: &str) -> (String, String) {
    let url = format!("http://{}/api/day?box=box-1&day={day}", city.http);
    let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let said = |field: &str| answer[field].as_str().unwrap().to_owned();
    (said("verdict"), said("sentence"))
}

/// The days that have anything, with how much of it is attendance.
fn booked(site: &Site) -> Vec<(i64, i64, i64)> {
    let text =
        "SELECT day, records, counted FROM day WHERE records <> 0 OR counted <> 0 ORDER BY day";
    let rows = ask(&site.settings().place, text, Vec::new());
    let int = |row: &sync_city::db::Row, column| row.int(column).unwrap();
    rows.iter()
        .map(|row| (int(row, 0), int(row, 1), int(row, 2)))
        .collect()
}

fn number(at: i64) -> i64 {
    sync_city::clock::day_number(at)
}

async fn a_day_that_a_flat_battery_told_wrong_is_corrected(store: Store) {
    let (site, city, mut peer) = begin(store).await;
    let ledger = ledger();
    peer.send(Topic::UpBulk, ledger.bulk(1, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    // Nobody knows the day yet: it is booked on none.
    assert_eq!(booked(&site), []);
    let (verdict, sentence) = day(&city, "2026-10-10").await;
    assert_eq!(verdict, "uncertain");
    assert!(
        sentence.contains("1 条考勤") && sentence.contains("时间待核"),
        "{sentence}"
    );
    peer.send(Topic::UpBulk, ledger.bulk(3, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    is_right(&site, &city).await;
    // The same again, and read again by a city that begins anew.
    peer.send(Topic::UpBulk, ledger.bulk(1, 4)).await;
    peer.ack().await;
    city.stop().await.unwrap();
    let city = site.city(Arc::new(Silent)).await;
    is_right(&site, &city).await;
    city.stop().await.unwrap();
}

async fn is_right(site: &Site, city: &City) {
    assert_eq!(booked(site), [(number(FLOOR + OFF_BY), 4, 2)]);
    assert_eq!(
        day(city, "2026-11-10").await.1,
        "当天有 4 条记录，其中考勤 2 条。"
    );
    assert_eq!(day(city, "2026-10-10").await.0, "before");
    let (verdict, sentence) = day(city, "2026-10-20").await;
    assert_eq!(
        verdict, "declared",
        "the whole month, not its first seconds"
    );
    assert!(
        sentence.contains("断电，10-10 07:59:55 至 11-10 08:00:00"),
        "{sentence}"
    );
    assert_eq!(day(city, "2026-11-12").await.0, "before");
}

async fn a_correction_may_come_before_what_it_corrects(store: Store) {
    let (site, city, mut peer) = begin(store).await;
    let ledger = ledger();
    peer.send(Topic::UpLive, ledger.live(3, 4)).await;
    peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    assert_eq!(booked(&site), [(number(FLOOR + OFF_BY), 2, 1)]);
    peer.send(Topic::UpBulk, ledger.bulk(1, 2)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    is_right(&site, &city).await;
    city.stop().await.unwrap();
}

async fn all_changes_up_to_the_proof_count_whatever_comes_first(store: Store) {
    let (site, city, mut peer) = begin(store).await;
    let mut ledger = Ledger::new("box-1");
    ledger.push_body(swipe(FLOOR, "unset"));
    ledger.push_body(body(
        FLOOR + HOUR,
        "unset",
        &format!(
            r#""kind":"gap","from":{},"to":{},"cause":"powered_off""#,
            FLOOR,
            FLOOR + HOUR
        ),
    ));
    ledger.push_body(change(FLOOR + 2 * HOUR, DAYS, "jumped"));
    ledger.push_body(swipe(FLOOR + DAYS + 3 * HOUR, "unset"));
    ledger.push_body(change(FLOOR + DAYS + 4 * HOUR, 30 * DAYS, "synced"));
    // Of the next boot of the machine: it corrects nothing of this one.
    let next = change(FLOOR + 32 * DAYS, 300, "synced");
    let next = String::from_utf8(next)
        .unwrap()
        .replace("\"boot\":2", "\"boot\":3");
    ledger.push_body(next.into_bytes());
    for (from, to, through) in [(5, 6, 0), (1, 2, 2), (4, 4, 2), (3, 3, 6)] {
        peer.send(Topic::UpLive, ledger.live(from, to)).await;
        peer.ack_where(|ack| ack.through == through).await;
    }
    let (truth, after) = (number(FLOOR + 31 * DAYS), number(FLOOR + 32 * DAYS));
    assert_eq!(booked(&site), [(truth, 5, 2), (after, 1, 0)]);
    let gaps = ask(
        &site.settings().place,
        "SELECT from_at, to_at FROM gap",
        Vec::new(),
    );
    let slept: Vec<_> = gaps
        .iter()
        .map(|row| (row.int(0).unwrap(), row.int(1).unwrap()))
        .collect();
    assert_eq!(slept, [(FLOOR + 31 * DAYS, FLOOR + 31 * DAYS + HOUR)]);
    city.stop().await.unwrap();
}

async fn what_no_proof_follows_is_told_and_ends_with_the_next_boot_that_knows(store: Store) {
    let (site, city, mut peer) = begin(store).await;
    let mut ledger = Ledger::new("box-1");
    ledger.push_body(swipe(FLOOR, "unset"));
    let next = change(FLOOR + 5 * DAYS, 300, "synced");
    let next = String::from_utf8(next)
        .unwrap()
        .replace("\"boot\":2", "\"boot\":3");
    ledger.push_body(next.into_bytes());
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    for (asked, verdict) in [
        ("2026-10-09", "before"),
        ("2026-10-10", "uncertain"),
        ("2026-10-14", "uncertain"),
        ("2026-10-16", "before"),
    ] {
        assert_eq!(day(&city, asked).await.0, verdict, "{asked}");
    }
    assert_eq!(booked(&site), [(number(FLOOR + 5 * DAYS), 1, 0)]);
    city.stop().await.unwrap();
}

async fn what_was_carried_over_is_corrected_as_where_it_was_written(store: Store) {
    let (site, city, mut peer) = begin(store).await;
    let ledger = ledger();
    let mut after = Ledger::of("box-1", OTHER);
    for (seq, body) in (1..).zip(&ledger.bodies) {
        let body = std::str::from_utf8(body).unwrap();
        after.push(&format!(
            r#""kind":"carried","epoch":"{EPOCH}","seq":{seq},"body":{body}"#
        ));
    }
    peer.send(Topic::UpBulk, after.bulk(1, 4)).await;
    peer.ack_where(|ack| ack.epoch == OTHER && ack.through == 4)
        .await;
    is_right(&site, &city).await;
    city.stop().await.unwrap();
}

on_both_databases!(
    a_day_that_a_flat_battery_told_wrong_is_corrected,
    a_correction_may_come_before_what_it_corrects,
    all_changes_up_to_the_proof_count_whatever_comes_first,
    what_no_proof_follows_is_told_and_ends_with_the_next_boot_that_knows,
    what_was_carried_over_is_corrected_as_where_it_was_written,
);
