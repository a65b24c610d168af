//! What goes down to boxes: signed by the commands, sent until the box answers, shown on the page.

use std::process::Command;
use std::sync::Arc;

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{ADD, EPOCH, Peer, Site, state, until};
use sync_city::Silent;
use sync_city::pki;
use sync_wire::ctl::ReportTopic;
use sync_wire::down::{Command as Order, Down, Expected, Series, VerifyingKey, open};
use sync_wire::{Ctl, Report, ResultCode, Topic, chain};

const REVOKE: &str = r#"{"op":"revoke","id_number":"349901197512010012","reason":"冒用他人证件"}"#;

/// Runs the program; what it says on either stream.
fn run(site: &Site, arguments: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_menwei-city"))
        .args(arguments)
        .args(["--config", site.path("city.toml").to_str().unwrap()])
        .output()
        .unwrap();
    let told = [done.stdout, done.stderr].concat();
    (done.status.success(), String::from_utf8(told).unwrap())
}

fn ok(site: &Site, arguments: &[&str]) -> String {
    let (done, told) = run(site, arguments);
    assert!(done, "{arguments:?}: {told}");
    told
}

fn opened(site: &Site, series: Series, last_number: u64, bytes: &[u8]) -> Down {
    // As a box does: with the key that its installer put into its settings.
    let key = VerifyingKey::from_hex(&pki::signing_public(&site.path("box-1")).unwrap()).unwrap();
    let expected = Expected {
        key: &key,
        box_name: "box-1",
        series,
        last_number,
        now: sync_city::clock::now_ms(),
    };
    open(bytes, &expected).unwrap()
}

fn result(topic: ReportTopic, number: u64, code: Option<ResultCode>) -> Vec<u8> {
    let report = Report {
        v: 1,
        r#box: "box-1".to_owned(),
        topic,
        number: Some(number),
        command: None,
        ok: code.is_none(),
        code,
        message: code.map(|code| code.text().to_owned()),
        sent_at: sync_city::clock::now_ms(),
    };
    Ctl::Result(report).encode().unwrap()
}

/// Says hello and takes what waits on `dn/cmd`.
async fn commands(site: &Site, peer: &mut Peer, hello: u64, count: usize) -> Vec<Down> {
    peer.hello(hello, 0, chain::genesis("box-1", EPOCH)).await;
    let mut found = Vec::new();
    for _ in 0..count {
        let bytes = peer.next(Topic::DownCmd).await;
        found.push(opened(site, Series::Command, 0, &bytes));
    }
    found
}

/// The next of the commands that is meant.
async fn command(site: &Site, peer: &mut Peer, meant: impl Fn(u64) -> bool) -> Down {
    loop {
        let bytes = peer.next(Topic::DownCmd).await;
        let down = opened(site, Series::Command, 0, &bytes);
        if meant(down.number) {
            return down;
        }
    }
}

async fn shown((city, peer): (&sync_city::City, &mut Peer), number: u64, wanted: &str) {
    // An answer comes after what was sent before it.
    peer.greet().await;
    until(wanted, || async {
        let state = state(city).await;
        let rows = state["sent"].as_array().unwrap().clone();
        let row = rows.iter().find(|row| row["number"] == number)?.clone();
        (row["state"] == wanted).then_some(())
    })
    .await;
}

async fn orders_go_out_until_they_are_answered(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    site.settings_file();
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    std::fs::write(site.path("policy.toml"), "training = \"required\"\n").unwrap();
    let file = site.path("policy.toml").display().to_string();
    ok(&site, &["policy", "publish", "box-1", &file]);
    let told = ok(
        &site,
        &["revoke", "box-1", "23", "31", "--reason", "平台列入黑名单"],
    );
    assert!(
        told.contains("停用 2 人") && told.contains("编号 2"),
        "{told}"
    );

    let found = commands(&site, &mut peer, 9_001, 2).await;
    assert_eq!((found[0].number, found[1].number), (1, 2));
    assert!(matches!(&found[0].command, Order::Policy(one) if one.version == 1_001));
    assert!(matches!(&found[1].command, Order::Revoke(one) if one.workers == [23, 31]));

    // Overtaken by a later one: it is signed anew under a number that is not.
    let overtaken = result(ReportTopic::Cmd, 1, Some(ResultCode::OldNumber));
    peer.send(Topic::UpCtl, overtaken).await;
    let again = command(&site, &mut peer, |number| number > 2).await;
    assert_eq!(again.number, 3);
    assert!(matches!(&again.command, Order::Policy(one) if one.version == 1_001));
    // Only what was not answered comes again.
    peer.send(Topic::UpCtl, result(ReportTopic::Cmd, 3, None))
        .await;
    shown((&city, &mut peer), 3, "已执行").await;
    let found = commands(&site, &mut peer, 9_002, 1).await;
    assert_eq!(found[0].number, 2);
    // The ledger was full: the box will try again when it comes again.
    let later = result(ReportTopic::Cmd, 2, Some(ResultCode::NotStored));
    peer.send(Topic::UpCtl, later).await;
    assert_eq!(commands(&site, &mut peer, 9_003, 1).await[0].number, 2);
    // A revocation that is overtaken is not signed anew: it may be one of long ago, from a backup.
    let overtaken = result(ReportTopic::Cmd, 2, Some(ResultCode::OldNumber));
    peer.send(Topic::UpCtl, overtaken).await;
    shown((&city, &mut peer), 2, "未执行").await;
    ok(
        &site,
        &["revoke", "box-1", "23", "--reason", "平台列入黑名单"],
    );
    let next = command(&site, &mut peer, |number| number > 3).await;
    assert!(matches!(&next.command, Order::Revoke(one) if one.workers == [23]));
    let refused = result(ReportTopic::Cmd, 4, Some(ResultCode::UnknownWorker));
    peer.send(Topic::UpCtl, refused).await;
    shown((&city, &mut peer), 4, "未执行").await;
    let told = ok(&site, &["sent"]);
    for words in ["规则第 1001 版", "编号过旧", "花名册中"] {
        assert!(told.contains(words), "{words}: {told}");
    }

    // A result for what was never sent changes nothing.
    peer.send(Topic::UpCtl, result(ReportTopic::Cmd, 99, None))
        .await;
    assert_eq!(peer.greet().await.through, 0);
    city.stop().await.unwrap();
}

async fn a_roster_is_retained_and_a_change_without_its_ground_becomes_whole(store: Store) {
    let site = Site::begin(store, &["box-1", "box-2"]).await;
    site.settings_file();
    let people = site.path("people.ndjson").display().to_string();
    std::fs::write(&people, ADD).unwrap();
    let city = site.city(Arc::new(Silent)).await;
    let told = run(&site, &["roster", "publish", "box-1", &people, "--change"]);
    assert!(!told.0 && told.1.contains("完整花名册"), "{told:?}");
    let told = run(&site, &["roster", "publish", "box-9", &people]);
    assert!(!told.0 && told.1.contains("没有盒子 box-9"), "{told:?}");
    ok(&site, &["roster", "publish", "box-1", &people]);

    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let pointer = opened(
        &site,
        Series::Roster,
        0,
        &peer.next(Topic::DownRoster).await,
    );
    let Order::Roster(first) = pointer.command else {
        panic!("no roster");
    };
    let held = std::fs::read(sync_city::down::file_of(
        site.home.path(),
        "box-1",
        first.version,
    ));
    let held = held.unwrap();
    assert_eq!(first.bytes, held.len() as u64);
    assert_eq!(
        first.url,
        format!("https://city.example:8443/roster/box-1/{}", first.version)
    );
    peer.send(
        Topic::UpCtl,
        result(ReportTopic::Roster, pointer.number, None),
    )
    .await;
    shown((&city, &mut peer), pointer.number, "已执行").await;

    // A box that connects later finds the pointer at the broker.
    drop(peer);
    let mut peer = Peer::connect(&site, "box-1").await;
    let kept = opened(
        &site,
        Series::Roster,
        0,
        &peer.next(Topic::DownRoster).await,
    );
    assert_eq!(kept.number, pointer.number);

    std::fs::write(&people, REVOKE).unwrap();
    ok(&site, &["roster", "publish", "box-1", &people, "--change"]);
    peer.greet().await;
    let pointer = opened(
        &site,
        Series::Roster,
        kept.number,
        &peer.next(Topic::DownRoster).await,
    );
    let Order::Roster(change) = pointer.command else {
        panic!("no roster");
    };
    assert_eq!(change.base, Some(first.version));
    let lost = result(
        ReportTopic::Roster,
        pointer.number,
        Some(ResultCode::WrongBase),
    );
    peer.send(Topic::UpCtl, lost).await;
    let whole = loop {
        let bytes = peer.next(Topic::DownRoster).await;
        let down = opened(&site, Series::Roster, 0, &bytes);
        if down.number > pointer.number {
            break down;
        }
    };
    let Order::Roster(whole) = whole.command else {
        panic!("no roster");
    };
    assert_eq!((whole.base, whole.version), (None, change.version + 1));
    let file = sync_city::down::file_of(site.home.path(), "box-1", whole.version);
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.contains("李秀英") && text.contains("冒用他人证件"),
        "{text}"
    );
    city.stop().await.unwrap();
}

/// Nothing of it depends on a hello: the connection may hold for weeks.
async fn an_order_that_was_lost_goes_out_again_while_the_box_is_online(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    site.settings_file();
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    ok(&site, &["revoke", "box-1", "23", "--reason", "冒用证件"]);
    assert_eq!(command(&site, &mut peer, |_| true).await.number, 1);
    let online =
        format!(r#"{{"v":1,"state":"online","epoch":"{EPOCH}","software":"t","since":1}}"#);
    peer.send(Topic::State, online.into_bytes()).await;
    peer.greet().await;
    // Twice it was sent, and a minute has gone by since.
    let aged =
        "UPDATE down SET sent_at = sent_at - 60001 WHERE sent_at IS NOT NULL RETURNING times";
    let times = ask(&site.settings().place, aged, Vec::new())[0].count(0);
    let times = times.unwrap();
    for _ in 0..times {
        assert_eq!(command(&site, &mut peer, |_| true).await.number, 1);
    }
    city.stop().await.unwrap();
}

/// A box takes the numbers of a series in their order only: a later one alone would be the end of those
/// before it.
async fn an_order_goes_out_with_those_before_it_that_wait(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    site.settings_file();
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    for number in 1..=3 {
        ok(&site, &["revoke", "box-1", "23", "--reason", "冒用证件"]);
        // Each is sent with all before it, of which none was answered.
        for expected in 1..=number {
            assert_eq!(command(&site, &mut peer, |_| true).await.number, expected);
        }
    }
    peer.send(Topic::UpCtl, result(ReportTopic::Cmd, 2, None))
        .await;
    shown((&city, &mut peer), 2, "已执行").await;
    while peer.next(Topic::DownCmd).await != last(&site) {}
    ok(&site, &["revoke", "box-1", "24", "--reason", "冒用证件"]);
    for expected in [1, 3, 4] {
        assert_eq!(command(&site, &mut peer, |_| true).await.number, expected);
    }
    city.stop().await.unwrap();
}

/// The message that was signed last, as it is stored.
fn last(site: &Site) -> Vec<u8> {
    let text = "SELECT message FROM down ORDER BY number DESC LIMIT 1";
    ask(&site.settings().place, text, Vec::new())[0]
        .bytes(0)
        .unwrap()
}

/// Whatever stands in the way of signing anew, the message that is to be replaced goes on asking for it.
async fn what_cannot_be_signed_anew_now_is_tried_again(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    site.settings_file();
    let people = site.path("people.ndjson").display().to_string();
    std::fs::write(&people, ADD).unwrap();
    let city = site.city(Arc::new(Silent)).await;
    ok(&site, &["roster", "publish", "box-1", &people]);
    std::fs::write(&people, REVOKE).unwrap();
    ok(&site, &["roster", "publish", "box-1", &people, "--change"]);
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    // The next file cannot be written.
    let file = |version| sync_city::down::file_of(site.home.path(), "box-1", version);
    std::fs::create_dir(file(3)).unwrap();
    let lost = result(ReportTopic::Roster, 2, Some(ResultCode::WrongBase));
    peer.send(Topic::UpCtl, lost).await;
    let whole = loop {
        let bytes = peer.next(Topic::DownRoster).await;
        let down = opened(&site, Series::Roster, 0, &bytes);
        if down.number > 2 {
            break down;
        }
    };
    let Order::Roster(whole) = whole.command else {
        panic!("no roster");
    };
    assert_eq!((whole.base, whole.version), (None, 4));
    let replaced = "SELECT count(*) FROM down WHERE number = 2 AND state = 'refused'";
    let rows = ask(&site.settings().place, replaced, Vec::new());
    assert_eq!(rows[0].count(0).unwrap(), 1);
    city.stop().await.unwrap();
}

on_both_databases!(
    an_order_goes_out_with_those_before_it_that_wait,
    what_cannot_be_signed_anew_now_is_tried_again,
    an_order_that_was_lost_goes_out_again_while_the_box_is_online,
    orders_go_out_until_they_are_answered,
    a_roster_is_retained_and_a_change_without_its_ground_becomes_whole,
);
