//! Records that refer to others, parked records that are tried again, several workers at one box.

use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, Site, rows, state, until, worker};
use sync_city::db::Session;
use sync_city::ingest::{Which, redrive};
use sync_city::meaning::{Codes, Reading};
use sync_city::{Silent, pki};
use sync_wire::{Compare, Ctl, Mark, ParkCode, Topic};

/// Numbers of the records in a state, by box-1's seq.
fn seqs(site: &Site, status: &str) -> Vec<u64> {
    let text = "SELECT seq FROM record WHERE status = ?1 ORDER BY seq";
    let found = ask(&site.settings().place, text, vec![status.into()]);
    found.iter().map(|row| row.count(0).unwrap()).collect()
}

async fn an_entry_waits_for_its_team_and_nothing_behind_it_waits(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(1);
    ledger.push(
        r#""kind":"employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"甲","type":"006""#,
    );
    ledger.push(r#""kind":"team","team":2,"employer":1,"name":"钢筋一班""#);
    ledger.push(&worker(site.home.path(), 7));
    ledger
        .push(r#""kind":"entry","worker":7,"team":2,"trade":"020","role":"20","on":"2026-11-01""#);
    ledger.fill(1);
    // The newest first, as a box sends them: what they refer to comes later.
    peer.send(Topic::UpLive, ledger.live(5, 6)).await;
    let ack = peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    assert_eq!((ack.ranges[0].from, ack.ranges[0].to), (5, 6));
    assert!(ack.parked.is_empty(), "{ack:?}");
    assert_eq!(
        (seqs(&site, "waiting"), seqs(&site, "stored")),
        (vec![5], vec![6])
    );
    peer.send(Topic::UpBulk, ledger.bulk(1, 4)).await;
    let ack = peer.ack_where(|ack| ack.through == 6).await;
    assert!(ack.parked.is_empty(), "{ack:?}");
    assert_eq!(seqs(&site, "stored"), [1, 2, 3, 4, 5, 6]);
    city.stop().await.unwrap();
}

async fn what_refers_to_nothing_is_parked_until_it_comes(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger
        .push(r#""kind":"entry","worker":7,"team":2,"trade":"020","role":"20","on":"2026-11-01""#);
    ledger.push(&worker(site.home.path(), 7));
    ledger.push(r#""kind":"team","team":2,"employer":1,"name":"钢筋一班""#);
    ledger.push(
        r#""kind":"employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"甲","type":"006""#,
    );
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    let ack = peer.ack_where(|ack| ack.through == 1).await;
    assert_eq!(ack.parked[0].code, ParkCode::UnknownReference);
    peer.send(Topic::UpLive, ledger.live(2, 2)).await;
    peer.ack_where(|ack| ack.through == 2).await;
    assert_eq!(seqs(&site, "parked"), [1], "one of two is still missing");
    peer.send(Topic::UpLive, ledger.live(3, 3)).await;
    let ack = peer.ack_where(|ack| ack.through == 3).await;
    assert_eq!(
        ack.parked[0].seq, 3,
        "a team of an employer that nobody knows"
    );
    assert_eq!(
        (seqs(&site, "parked"), seqs(&site, "stored")),
        (vec![3], vec![1, 2])
    );
    peer.send(Topic::UpLive, ledger.live(4, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    assert_eq!(seqs(&site, "stored"), [1, 2, 3, 4]);
    peer.hello(9_000, 4, ledger.hashes[4]).await;
    let answer = peer.ack_where(|ack| ack.hello == Some(9_000)).await;
    assert!(answer.parked.is_empty(), "{answer:?}");
    city.stop().await.unwrap();
}

async fn what_comes_too_early_or_is_sealed_for_another_is_parked(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let other = tempfile::tempdir().unwrap();
    let long = pki::Validity::new(jiff::civil::date(2020, 1, 1), 36_000).unwrap();
    pki::init(other.path(), long).unwrap();
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let gap = r#""kind":"gap","from":1,"to":2,"cause":"powered_off""#;
    let now = sync_city::clock::now_ms();
    let mut ledger = Ledger::new("box-1");
    ledger.push_at(now + 240_000, gap);
    ledger.push_at(now + 3_600_000, gap);
    ledger.push(&worker(other.path(), 7));
    ledger.push(r#""kind":"worker","worker":8,"sealed":"AAAA""#);
    ledger.push(&worker(site.home.path(), 9));
    peer.send(Topic::UpLive, ledger.live(1, 5)).await;
    let ack = peer.ack_where(|ack| ack.through == 5).await;
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    let sealed = ParkCode::CannotUnseal;
    assert_eq!(parked, [(2, ParkCode::InFuture), (3, sealed), (4, sealed)]);
    city.stop().await.unwrap();

    // Its time comes; nothing but the clock changes.
    let (place, dir) = (site.settings().place, site.home.path().to_owned());
    let redriven = std::thread::spawn(move || {
        let mut session = Session::open(&place).unwrap();
        let key = pki::seal_key(&dir).unwrap();
        let mut at = |now| {
            let codes = Codes::default();
            let reading = Reading {
                codes: &codes,
                key: &key,
                now,
            };
            redrive(&mut session, Which::InFuture, reading).unwrap()
        };
        (at(now), at(now + 3_600_000))
    });
    assert_eq!(redriven.join().unwrap(), (0, 1));
    assert_eq!(seqs(&site, "stored"), [1, 2, 5]);
}

async fn two_workers_store_one_box_without_hole_or_double(store: Store) {
    let mut site = Site::begin(store, &["box-1"]).await;
    site.workers = 2;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(600);
    // Every range twice and the pairs out of order: both workers have the same box all the time.
    for from in (1..=600).step_by(20) {
        let twin = if from >= 41 { from - 40 } else { from };
        peer.send(Topic::UpBulk, ledger.bulk(from, from + 19)).await;
        peer.send(Topic::UpBulk, ledger.bulk(twin, twin + 19)).await;
        peer.ack().await;
    }
    let ack = peer.ack_where(|ack| ack.through == 600).await;
    assert_eq!(ack.head, ledger.hashes[600]);
    assert_eq!(rows(&site), 600);
    let shown = state(&city).await;
    assert_eq!(shown["alarm_count"], 0, "{}", shown["alarms"]);
    let spans = "SELECT first, last FROM span";
    assert_eq!(ask(&site.settings().place, spans, Vec::new()).len(), 1);
    city.stop().await.unwrap();
}

async fn a_code_that_the_city_learns_redrives_by_itself(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.push(
        r#""kind":"employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"甲","type":"077""#,
    );
    ledger.push(r#""kind":"team","team":2,"employer":1,"name":"钢筋一班""#);
    peer.send(Topic::UpLive, ledger.live(1, 2)).await;
    let ack = peer.ack_where(|ack| ack.through == 2).await;
    let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
    let (code, reference) = (ParkCode::UnknownCode, ParkCode::UnknownReference);
    assert_eq!(parked, [(1, code), (2, reference)]);
    let config = site.settings_file().display().to_string();
    let learn = [
        "codes", "add", "--config", &config, "--table", "employer", "--code", "077",
    ];
    let learned = std::process::Command::new(env!("CARGO_BIN_EXE_menwei-city"))
        .args(learn)
        .args(["--name", "园林绿化"])
        .status()
        .unwrap();
    assert!(learned.success());
    // The company is known now, so the team that refers to it is too.
    until("the records are taken", || async {
        (seqs(&site, "stored") == [1, 2]).then_some(())
    })
    .await;
    assert_eq!(state(&city).await["parked"], 0);
    city.stop().await.unwrap();
}

async fn after_a_fork_both_versions_stay_and_carried_records_count_once(store: Store) {
    const OTHER: &str = "8899aabbccddeeff";
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(4);
    peer.send(Topic::UpLive, ledger.live(1, 4)).await;
    peer.ack_where(|ack| ack.through == 4).await;
    // The box went back to record 2 and wrote two others.
    let mut forked = Ledger::new("box-1");
    forked.fill(2);
    forked.push(r#""kind":"gap","from":77,"to":77,"cause":"suspended""#);
    let mark = |seq: usize, hash| Mark {
        seq: seq as u64,
        hash,
    };
    let compare = Compare {
        v: 1,
        number: 41,
        r#box: "box-1".to_owned(),
        epoch: EPOCH.to_owned(),
        marks: vec![
            mark(1, ledger.hashes[1]),
            mark(2, ledger.hashes[2]),
            mark(3, forked.hashes[3]),
        ],
        sent_at: 1,
    };
    peer.send(Topic::UpCtl, Ctl::Compare(compare).encode().unwrap())
        .await;
    let ack = peer.ack_where(|ack| ack.compare.is_some()).await;
    assert_eq!(ack.compare.map(|one| (one.number, one.same)), Some((41, 2)));
    let alarm = &state(&city).await["alarms"][0];
    assert_eq!(
        (&alarm["code"], &alarm["seq"]),
        (&"went_back".into(), &0.into())
    );

    let mut after = Ledger::of("box-1", OTHER);
    let carried = |seq: u64, body: &[u8]| {
        let body = std::str::from_utf8(body).unwrap();
        format!(r#""kind":"carried","epoch":"{EPOCH}","seq":{seq},"body":{body}"#)
    };
    after.push(&carried(3, &forked.bodies[2]));
    after.push(&carried(3, &forked.bodies[2]));
    after.push(&carried(4, &ledger.bodies[3]));
    peer.send(Topic::UpBulk, after.bulk(1, 3)).await;
    peer.ack_where(|ack| ack.epoch == OTHER && ack.through == 3)
        .await;
    let text = "SELECT seq FROM record WHERE epoch = ?1 AND status = ?2 ORDER BY seq";
    let found = |status: &str| {
        let rows = ask(
            &site.settings().place,
            text,
            vec![OTHER.into(), status.into()],
        );
        rows.iter()
            .map(|row| row.count(0).unwrap())
            .collect::<Vec<_>>()
    };
    // The second copy, and what the city had all the time, count for nothing.
    assert_eq!((found("stored"), found("repeated")), (vec![1], vec![2, 3]));
    let kept = ask(
        &site.settings().place,
        "SELECT body FROM record WHERE seq = 3 AND epoch = ?1",
        vec![EPOCH.into()],
    );
    assert_eq!(
        kept[0].bytes(0).unwrap(),
        ledger.bodies[2],
        "nothing is written over"
    );
    city.stop().await.unwrap();
}

async fn why_a_day_is_empty(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let ask_day = async |day: &str| -> (u16, serde_json::Value) {
        let url = format!("http://{}/api/day?box=box-1&day={day}", city.http);
        let reply = reqwest::get(url).await.unwrap();
        let status = reply.status().as_u16();
        (status, reply.json().await.unwrap_or_default())
    };
    let mut ledger = Ledger::new("box-1");
    // 2026-11-20 00:00 to 2026-11-21 24:00 in China.
    ledger.push(r#""kind":"gap","from":1795104000000,"to":1795276800000,"cause":"suspended""#);
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    let (_, answer) = ask_day("2026-11-20").await;
    assert_eq!(answer["verdict"], "declared");
    assert!(
        answer["sentence"].as_str().unwrap().contains("停工"),
        "{answer}"
    );
    assert_eq!(ask_day("2026-11-19").await.1["verdict"], "before");
    assert_eq!(ask_day("2099-01-01").await.1["verdict"], "future");
    assert_eq!(ask_day("2026-02-30").await.0, 404);
    city.stop().await.unwrap();
}

/// A board that loses its file every few weeks continues the same numbers for years.
async fn numbers_are_known_however_many_epochs_continue_them(store: Store) {
    const EPOCHS: usize = 40;
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.push(&worker(site.home.path(), 7));
    peer.send(Topic::UpLive, ledger.live(1, 1)).await;
    peer.ack_where(|ack| ack.through == 1).await;
    let mut before = (EPOCH.to_owned(), 1, ledger.hashes[1].to_hex());
    for at in 1..=EPOCHS {
        let epoch = format!("{at:016x}");
        let mut next = Ledger::of("box-1", &epoch);
        let (old, last, head) = &before;
        next.push(&format!(
            r#""kind":"epoch_began","box":"box-1","site":"示范工地","epoch":"{epoch}","software":"t","reason":"restored","previous":{{"epoch":"{old}","last":{last},"head":"{head}"}}"#
        ));
        next.push(r#""kind":"exit","worker":7,"on":"2026-11-20""#);
        peer.send(Topic::UpLive, next.live(1, 2)).await;
        let ack = peer.ack_where(|ack| ack.epoch == epoch).await;
        assert_eq!((ack.through, ack.parked), (2, Vec::new()), "epoch {at}");
        before = (epoch, 2, next.hashes[2].to_hex());
    }
    // A circle, which no honest box makes, ends too.
    let circle = "UPDATE epoch SET previous = ?1 WHERE epoch = '00112233aabbccdd' RETURNING 1";
    let values = vec![before.0.as_str().into()];
    assert_eq!(ask(&site.settings().place, circle, values).len(), 1);
    ledger.push(r#""kind":"exit","worker":8,"on":"2026-11-20""#);
    peer.send(Topic::UpLive, ledger.live(2, 2)).await;
    let ack = peer
        .ack_where(|ack| ack.epoch == EPOCH && ack.through == 2)
        .await;
    assert_eq!(ack.parked.len(), 1);
    city.stop().await.unwrap();
}

on_both_databases!(
    numbers_are_known_however_many_epochs_continue_them,
    after_a_fork_both_versions_stay_and_carried_records_count_once,
    why_a_day_is_empty,
    an_entry_waits_for_its_team_and_nothing_behind_it_waits,
    what_refers_to_nothing_is_parked_until_it_comes,
    what_comes_too_early_or_is_sealed_for_another_is_parked,
    two_workers_store_one_box_without_hole_or_double,
    a_code_that_the_city_learns_redrives_by_itself,
);
