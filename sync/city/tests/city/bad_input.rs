//! What no honest box sends: each is refused with a reason that a person can read, and counted; nothing
//! of it is stored, and the honest box beside it goes on being acknowledged.

use std::sync::Arc;

use crate::common::database::{Store, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, SITE, Site, state, until};
use crate::lies::{self, Lie, bytes, chains, headers, noise, words};
use serde_json::Value;
use sync_city::db::Session;
use sync_city::registry::Registry;
use sync_city::{City, Silent, care};
use sync_wire::{ParkCode, Topic};

/// Largest packet that the broker passes on, but for its length: its limit counts one byte of that.
const BROKER_BYTES_MAX: usize = 131_071;

/// A city with an honest box, `box-2`, beside one that lies, `box-1`.
struct Pair {
    site: Site,
    city: City,
    liar: Peer,
    honest: Peer,
    beside: Ledger,
    hellos: u64,
}

/// The page, as far as these tests look at it.
struct Page {
    /// The liar's: records, through, holes, records missing in them, parked, epochs.
    liar: [u64; 6],
    alarms: Vec<Value>,
    /// How often anything was refused.
    times: u64,
}

impl Page {
    async fn of(city: &City) -> Self {
        let state = state(city).await;
        let boxes = state["boxes"].as_array().unwrap();
        let liar = boxes.iter().find(|one| one["id"] == "box-1").unwrap();
        let keys = ["records", "through", "holes", "missing", "parked", "epochs"];
        let alarms = state["alarms"].as_array().unwrap().clone();
        Self {
            liar: keys.map(|key| liar[key].as_u64().unwrap()),
            times: alarms
                .iter()
                .map(|one| one["times"].as_u64().unwrap())
                .sum(),
            alarms,
        }
    }
}

impl Pair {
    async fn begin(store: Store) -> Self {
        let site = Site::begin(store, &["box-1", "box-2"]).await;
        let city = site.city(Arc::new(Silent)).await;
        let mut liar = Peer::connect(&site, "box-1").await;
        liar.greet().await;
        let mut honest = Peer::connect(&site, "box-2").await;
        honest.greet().await;
        Self {
            site,
            city,
            liar,
            honest,
            beside: Ledger::new("box-2"),
            hellos: 10_000,
        }
    }

    async fn page(&self) -> Page {
        Page::of(&self.city).await
    }

    /// The liar's hello is answered, so what it sent before was read.
    async fn heard(&mut self, ledger: &Ledger) {
        self.hellos += 1;
        let (number, last) = (self.hellos, ledger.bodies.len());
        self.liar
            .hello(number, last as u64, ledger.hashes[last])
            .await;
        self.liar.ack_where(|ack| ack.hello == Some(number)).await;
    }

    /// The honest box's next record is stored and acknowledged.
    async fn beside_goes_on(&mut self) {
        self.beside.fill(1);
        let next = self.beside.bodies.len();
        self.honest
            .send(Topic::UpLive, self.beside.live(next, next))
            .await;
        let ack = self
            .honest
            .ack_where(|ack| ack.through == next as u64)
            .await;
        assert_eq!(ack.head, self.beside.hashes[next]);
    }

    /// One refusal: counted once, with words for people, and without any effect.
    async fn is_refused(&mut self, ledger: &Ledger, lie: Lie) {
        let Lie {
            what, code, says, ..
        } = lie;
        let before = self.page().await;
        self.liar.send(lie.topic, lie.payload).await;
        self.heard(ledger).await;
        self.beside_goes_on().await;
        let after = until(what, || async {
            let page = self.page().await;
            (page.times > before.times).then_some(page)
        })
        .await;
        assert_eq!(after.times, before.times + 1, "{what}: counted once");
        assert_eq!(after.liar, before.liar, "{what}: nothing is stored");
        let told = after.alarms.iter().any(|one| {
            let message = one["message"].as_str().unwrap();
            one["id"] == "box-1" && one["code"] == code && message.contains(says)
        });
        assert!(
            told,
            "{what}: {code} 「{says}」 is not on the page: {:#?}",
            after.alarms
        );
    }
}

/// `box-1` is known for its site; the city has its records 1 to 5 and 8 to 9.
async fn known(store: Store) -> (Pair, Ledger) {
    let mut pair = Pair::begin(store).await;
    let dir = pair.site.home.path().to_owned();
    let place = pair.site.settings().place;
    Registry::change(&dir, |registry| {
        registry.sites.insert("box-1".to_owned(), SITE.to_owned());
        Ok(())
    })
    .unwrap();
    let enrolled = std::thread::spawn(move || {
        care::enroll(&mut Session::open(&place).unwrap(), &dir).unwrap();
    });
    enrolled.join().unwrap();
    let mut ledger = Ledger::new("box-1");
    ledger.fill(9);
    pair.liar.send(Topic::UpLive, ledger.live(1, 5)).await;
    pair.liar.send(Topic::UpLive, ledger.live(8, 9)).await;
    pair.liar
        .ack_where(|ack| ack.through == 5 && ack.ranges.len() == 1)
        .await;
    (pair, ledger)
}

/// In the end the true records that all the lies were about are taken.
async fn the_truth_is_taken((mut pair, ledger): (Pair, Ledger)) {
    pair.liar.send(Topic::UpLive, ledger.live(6, 7)).await;
    let ack = pair.liar.ack_where(|ack| ack.through == 9).await;
    assert_eq!((ack.head, ack.ranges.len()), (ledger.hashes[9], 0));
    let page = pair.page().await;
    assert_eq!(page.liar, [9, 9, 0, 0, 0, 1]);
    pair.city.stop().await.unwrap();
}

async fn a_header_that_lies_is_refused(store: Store) {
    let (mut pair, ledger) = known(store).await;
    for lie in headers(&ledger) {
        pair.is_refused(&ledger, lie).await;
    }
    the_truth_is_taken((pair, ledger)).await;
}

async fn records_of_another_history_are_refused(store: Store) {
    let (mut pair, ledger) = known(store).await;
    for lie in chains(&ledger) {
        pair.is_refused(&ledger, lie).await;
    }
    the_truth_is_taken((pair, ledger)).await;
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused() {
    let (mut pair, ledger) = known(Store::Sqlite).await;
    for lie in bytes(&ledger, BROKER_BYTES_MAX) {
        pair.is_refused(&ledger, lie).await;
    }
    the_truth_is_taken((pair, ledger)).await;
}

/// Whoever's records cannot be read hears at once how far the city is.
#[tokio::test]
async fn what_cannot_be_read_is_answered_with_what_is_there() {
    let (mut pair, ledger) = known(Store::Sqlite).await;
    let mut cut = ledger.live(6, 7);
    cut.truncate(cut.len() - 3);
    pair.liar.send(Topic::UpLive, cut).await;
    let ack = pair.liar.ack_where(|ack| ack.hello.is_none()).await;
    assert_eq!((ack.through, ack.head), (5, ledger.hashes[5]));
    assert_eq!(ack.ranges[0].head, ledger.hashes[9]);
    the_truth_is_taken((pair, ledger)).await;
}

async fn a_box_that_lies_about_itself_is_refused(store: Store) {
    let (mut pair, ledger) = known(store).await;
    for lie in words(&ledger) {
        pair.is_refused(&ledger, lie).await;
    }
    the_truth_is_taken((pair, ledger)).await;
}

/// Whatever it is, it ends nothing: the city answers, the box beside goes on, the truth is taken.
async fn true_messages_with_bytes_changed_harm_nothing(store: Store) {
    let (mut pair, ledger) = known(store).await;
    for (place, (topic, payload)) in noise(&ledger, 20_261_123, 400).into_iter().enumerate() {
        pair.liar.send(topic, payload).await;
        if place % 40 == 39 {
            pair.heard(&ledger).await;
            pair.beside_goes_on().await;
        }
    }
    let page = pair.page().await;
    assert!(page.times > 100, "{}", page.times);
    pair.liar.send(Topic::UpLive, ledger.live(1, 9)).await;
    let ack = pair
        .liar
        .ack_where(|ack| ack.through == 9 && ack.epoch == EPOCH);
    assert_eq!(ack.await.head, ledger.hashes[9]);
    pair.city.stop().await.unwrap();
}

/// Bodies that a chain may hold and nobody understands, and why each is parked.
fn strange_bodies() -> Vec<(Vec<u8>, ParkCode)> {
    use ParkCode::{BadBody, BadField, UnknownCode, UnknownKind};
    let stamp = r#""at":1795301924000,"boot":3,"mono":1,"clock":"synced""#;
    let of = |rest: &str| format!("{{{stamp},{rest}}}").into_bytes();
    let at = |stamp: &str| {
        let rest = r#""kind":"gap","from":1,"to":2,"cause":"powered_off""#;
        format!("{{{stamp},{rest}}}").into_bytes()
    };
    let long = |bytes: usize| {
        let reason = "x".repeat(bytes);
        of(&format!(
            r#""kind":"gap","from":1,"to":2,"cause":"suspended","reason":"{reason}""#
        ))
    };
    let carried = |epoch: &str, seq: u64| {
        let inner = at(stamp);
        let inner = String::from_utf8(inner).unwrap();
        of(&format!(
            r#""kind":"carried","epoch":"{epoch}","seq":{seq},"body":{inner}"#
        ))
    };
    let began = |id: &str, epoch: &str, previous: &str| {
        of(&format!(
            r#""kind":"epoch_began","box":"{id}","site":"s","epoch":"{epoch}","software":"t","reason":"forked","previous":{{"epoch":"{previous}","last":1,"head":"{}"}}"#,
            "0".repeat(64)
        ))
    };
    let wage_line = |sums: &str| {
        of(&format!(
            r#""kind":"wage_line","month":"2026-10","team":1,"version":1,"worker":1,"halves":2,"rate":300,"time":300,"piece":0,"extra":0,{sums}"#
        ))
    };
    vec![
        (b"no JSON at all".to_vec(), BadBody),
        (b"\xff\xfe\x00\x01".to_vec(), BadBody),
        (b"[1,2,3]".to_vec(), BadBody),
        (b"null".to_vec(), BadBody),
        (b"{}{}".to_vec(), BadBody),
        (vec![b'['; 8_000], BadBody),
        (vec![b'{'; 8_000], BadBody),
        (of(r#""kind":"gap","reason":"\ud800""#), BadField),
        (long(8_200), BadBody),
        (b"{}".to_vec(), BadField),
        (of(r#""kind":17"#), BadField),
        (of(r#""kind":"moon_landing""#), UnknownKind),
        (of(r#""kind":"moon\u0000landing""#), UnknownKind),
        (of(r#""kind":"gap","from":1"#), BadField),
        (
            of(r#""kind":"gap","from":"1","to":2,"cause":"powered_off""#),
            BadField,
        ),
        (
            of(r#""kind":"gap","from":1,"to":2,"cause":"holiday""#),
            BadField,
        ),
        (
            of(r#""kind":"gap","from":1e40,"to":2,"cause":"powered_off""#),
            BadField,
        ),
        (
            at(r#""at":1,"boot":-1,"mono":1,"clock":"synced""#),
            BadField,
        ),
        (
            at(r#""at":1,"boot":1,"mono":1,"clock":"perhaps""#),
            BadField,
        ),
        (
            at(r#""at":99999999999999999999,"boot":1,"mono":1,"clock":"synced""#),
            BadField,
        ),
        (
            of(
                r#""kind":"fund_transfer","transfer":1,"month":"2026-10","amount":0,"on":"2026-11-09","account":"a""#,
            ),
            BadField,
        ),
        (wage_line(r#""gross":300,"net":301"#), BadField),
        (wage_line(r#""gross":301,"net":301"#), BadField),
        (
            wage_line(
                r#""gross":300,"deductions":[{"kind":"other","amount":1,"why":" "}],"net":299"#,
            ),
            BadField,
        ),
        (began("box-2", EPOCH, "8899aabbccddeeff"), BadField),
        (
            began("box-1", "8899aabbccddeeff", "8899aabbccddeeff"),
            BadField,
        ),
        (began("box-1", EPOCH, r"a\u0000b"), BadField),
        (carried(r"a\u0000b", 1), BadField),
        (carried("8899aabbccddeeff", 0), BadField),
        (carried("8899aabbccddeeff", u64::MAX), BadField),
        (
            of(
                r#""kind":"employer","employer":1,"uscc":"91349900MA8N0TE00Y","name":"甲","type":"999""#,
            ),
            UnknownCode,
        ),
    ]
}

async fn a_body_that_nobody_understands_is_parked_with_its_reason(store: Store) {
    let mut pair = Pair::begin(store).await;
    let mut ledger = Ledger::new("box-1");
    for (body, code) in strange_bodies() {
        let seq = ledger.push_body(body.clone());
        let at = ledger.bodies.len();
        pair.liar.send(Topic::UpLive, ledger.live(at, at)).await;
        let ack = pair.liar.ack_where(|ack| ack.through >= seq).await;
        let what = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        assert_eq!((ack.through, ack.head), (seq, ledger.hashes[at]), "{what}");
        let parked: Vec<_> = ack.parked.iter().map(|one| (one.seq, one.code)).collect();
        assert_eq!(parked, [(seq, code)], "{what}");
        assert_eq!(ack.parked[0].message, code.text(), "{what}");
        pair.beside_goes_on().await;
    }
    // The largest and smallest numbers there are belong to records that are understood.
    let (lowest, highest) = (i64::MIN, u64::MAX);
    ledger.push_body(
        format!(
            r#"{{"at":{lowest},"boot":1,"mono":{highest},"clock":"unset","kind":"gap","from":{lowest},"to":{},"cause":"suspended"}}"#,
            i64::MAX
        )
        .into_bytes(),
    );
    let last = ledger.bodies.len();
    pair.liar.send(Topic::UpLive, ledger.live(last, last)).await;
    let ack = pair.liar.ack_where(|ack| ack.through == last as u64).await;
    assert!(ack.parked.is_empty(), "{ack:?}");
    let page = pair.page().await;
    let (last, parked) = (last as u64, last as u64 - 1);
    assert_eq!(page.liar, [last, last, 0, 0, parked, 1]);
    assert_eq!(page.times, 0, "what is parked is no alarm");
    pair.city.stop().await.unwrap();
}

#[tokio::test]
async fn ten_megabytes_of_junk_end_at_the_broker() {
    let mut pair = Pair::begin(Store::Sqlite).await;
    let flood = Peer::connect_for(&pair.site, "box-1", 20_000_000).await;
    flood.send(Topic::UpLive, vec![b'x'; 10_000_000]).await;
    flood.hung_up().await;
    pair.beside_goes_on().await;
    pair.liar = Peer::connect(&pair.site, "box-1").await;
    pair.heard(&Ledger::new("box-1")).await;
    assert_eq!(pair.page().await.liar[0], 0);
    pair.city.stop().await.unwrap();
}

/// Whoever runs a broker of his own may have set no limits.
#[tokio::test]
async fn ten_megabytes_of_junk_through_a_broker_without_limits_are_refused() {
    let mut pair = Pair::begin(Store::Sqlite).await;
    pair.site.stop_broker();
    pair.site.lift_limits();
    pair.site.start_broker().await;
    pair.honest = Peer::connect(&pair.site, "box-2").await;
    pair.honest.greet().await;
    pair.liar = Peer::connect_for(&pair.site, "box-1", 20_000_000).await;
    let ledger = Ledger::new("box-1");
    for _ in 0..3 {
        let lie = Lie {
            what: "10 MB of junk",
            topic: Topic::UpLive,
            payload: vec![b'x'; 10_000_000],
            code: "too_large",
            says: "长度上限",
        };
        pair.is_refused(&ledger, lie).await;
    }
    pair.city.stop().await.unwrap();
}

/// A box may neither begin epochs nor leave holes without end.
#[tokio::test]
async fn no_box_makes_the_books_endless() {
    const HOLES: usize = 1_000;
    let mut pair = Pair::begin(Store::Sqlite).await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(2 * HOLES as u64 + 2);
    for at in 1..=HOLES {
        pair.liar
            .send(Topic::UpLive, ledger.live(2 * at, 2 * at))
            .await;
        if at % 40 == 0 {
            pair.heard(&ledger).await;
        }
    }
    assert_eq!(pair.page().await.liar[0], HOLES as u64);
    let lie = Lie {
        what: "one more hole",
        topic: Topic::UpLive,
        payload: ledger.live(2 * HOLES + 2, 2 * HOLES + 2),
        code: "too_many_holes",
        says: "缺号过多",
    };
    pair.is_refused(&ledger, lie).await;
    // What fills a hole is taken, and then there is room for another.
    pair.liar.send(Topic::UpLive, ledger.live(1, 1)).await;
    pair.liar.ack_where(|ack| ack.through == 2).await;

    for number in 1..1_000_u64 {
        pair.liar
            .send(Topic::UpCtl, lies::hello_of(&format!("{number:016x}")))
            .await;
        if number % 40 == 0 {
            pair.heard(&ledger).await;
        }
    }
    pair.heard(&ledger).await;
    assert_eq!(pair.page().await.liar[5], 1_000);
    let lie = Lie {
        what: "one more epoch",
        topic: Topic::UpCtl,
        payload: lies::hello_of("ffffffffffffffff"),
        code: "too_many_epochs",
        says: "反复更换编号段",
    };
    pair.is_refused(&ledger, lie).await;
    pair.city.stop().await.unwrap();
}

/// A box whose file went back and grew again may be further on than the city when it says hello; the
/// comparison then shows the fork.
async fn a_forked_box_that_is_further_on_is_told_of(store: Store) {
    let mut pair = Pair::begin(store).await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(4);
    pair.liar.send(Topic::UpLive, ledger.live(1, 4)).await;
    pair.liar.ack_where(|ack| ack.through == 4).await;
    let mut other = Ledger::new("box-1");
    other.push_body(ledger.bodies[0].clone());
    other.push_body(ledger.bodies[1].clone());
    other.push(r#""kind":"gap","from":7,"to":7,"cause":"suspended""#);
    other.fill(6);
    // Nothing of its hello can be compared: the city has no record with its last number.
    pair.heard(&other).await;
    assert_eq!(pair.page().await.times, 0);
    pair.liar
        .send(Topic::UpCtl, lies::comparison(&other, &[1, 2, 3, 4]))
        .await;
    let answer = pair.liar.ack_where(|ack| ack.compare.is_some()).await;
    assert_eq!(answer.compare.unwrap().same, 2);
    let page = pair.page().await;
    assert_eq!(
        (page.times, &page.alarms[0]["code"]),
        (1, &"went_back".into())
    );
    // Where all marks agree there is no fork.
    pair.liar
        .send(Topic::UpCtl, lies::comparison(&ledger, &[1, 4]))
        .await;
    pair.liar
        .ack_where(|ack| ack.compare.is_some_and(|one| one.same == 4))
        .await;
    assert_eq!(pair.page().await.times, 1);
    pair.city.stop().await.unwrap();
}

on_both_databases!(
    a_header_that_lies_is_refused,
    records_of_another_history_are_refused,
    a_box_that_lies_about_itself_is_refused,
    true_messages_with_bytes_changed_harm_nothing,
    a_body_that_nobody_understands_is_parked_with_its_reason,
    a_forked_box_that_is_further_on_is_told_of,
);
