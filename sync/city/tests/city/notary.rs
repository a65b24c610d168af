//! Checkpoints at the city: signed where they are the box's own and fit, an alarm where not; and the
//! day's digest, which finds a record that was changed here.

use std::sync::Arc;

use sync_city::care;
use sync_city::db::Session;
use sync_city::pki;
use sync_city::registry::Registry;
use sync_city::{City, Silent};
use sync_wire::checkpoint::{self, Facts};
use sync_wire::ctl::{Digest, Part};
use sync_wire::down::{SigningKey, VerifyingKey};
use sync_wire::record::{ClockQuality, PreviousEpoch, Stamp};
use sync_wire::{Ctl, Head, Hello, Topic, chain, merkle};

use crate::common::database::{Store, ask, on_both_databases};
use crate::common::{EPOCH, Ledger, Peer, SITE, Site, state};

const BOX: (&str, &str) = ("box-1", EPOCH);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn place(seq: u64) -> usize {
    usize::try_from(seq).unwrap()
}

/// A checkpoint after what the ledger has; `before` is the one before.
fn sign(ledger: &mut Ledger, key: &SigningKey, before: u64, lost: Option<PreviousEpoch>) -> u64 {
    let seq = ledger.bodies.len() as u64;
    let from = before.max(1);
    let hash = |seq: u64| ledger.hashes[place(seq)];
    let stamp = Stamp {
        at: sync_city::clock::now_ms(),
        boot: 1,
        mono: 1,
        clock: ClockQuality::Synced,
    };
    let facts = Facts {
        from,
        head: Head {
            seq,
            hash: hash(seq),
        },
        root: merkle::root((from..=seq).map(|seq| (seq, hash(seq)))).unwrap(),
        lost,
    };
    let body = checkpoint::write(key, BOX, stamp, &facts).unwrap();
    ledger.push_body(body)
}

async fn tell_key(peer: &Peer, ledger: &Ledger, device_key: &SigningKey) {
    let hello = Hello {
        v: 1,
        number: 77,
        site: SITE.to_owned(),
        r#box: BOX.0.to_owned(),
        epoch: EPOCH.to_owned(),
        first: 1,
        last: ledger.bodies.len() as u64,
        head: *ledger.hashes.last().unwrap(),
        acked_through: 0,
        closed: false,
        roster_version: None,
        software: "test".to_owned(),
        clock: ClockQuality::Synced,
        sent_at: sync_city::clock::now_ms(),
        device_key: Some(device_key.verifying_key().to_hex()),
        parked_after: None,
    };
    let hello = Ctl::Hello(hello).encode().unwrap();
    peer.send(Topic::UpCtl, hello).await;
}

async fn tell(peer: &Peer, number: u64, parts: Vec<Part>, unsigned: Vec<u64>) {
    let digest = Digest {
        v: 1,
        number,
        r#box: BOX.0.to_owned(),
        epoch: EPOCH.to_owned(),
        parts,
        unsigned,
        sent_at: sync_city::clock::now_ms(),
    };
    let digest = Ctl::Digest(digest).encode().unwrap();
    peer.send(Topic::UpCtl, digest).await;
}

async fn codes(city: &City) -> Vec<(String, u64)> {
    let state = state(city).await;
    let alarms = state["alarms"].as_array().unwrap().iter();
    let mut codes: Vec<_> = alarms
        .map(|one| {
            let code = one["code"].as_str().unwrap().to_owned();
            (code, one["seq"].as_u64().unwrap_or(0))
        })
        .collect();
    codes.sort();
    codes
}

fn city_key(site: &Site) -> VerifyingKey {
    let text = pki::signing_public(&site.settings().dir).unwrap();
    VerifyingKey::from_hex(text.trim()).unwrap()
}

async fn a_checkpoint_is_signed_once_nothing_before_it_is_missing(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    tell_key(&peer, &ledger, &key(1)).await;
    peer.ack_where(|ack| ack.hello == Some(77)).await;
    ledger.fill(3);
    assert_eq!(sign(&mut ledger, &key(1), 0, None), 4);
    ledger.fill(2);
    assert_eq!(sign(&mut ledger, &key(1), 4, None), 7);
    peer.send(Topic::UpBulk, ledger.bulk(3, 7)).await;
    let ack = peer.ack_where(|ack| !ack.ranges.is_empty()).await;
    assert_eq!(ack.countersign, []);
    peer.send(Topic::UpBulk, ledger.bulk(1, 2)).await;
    let ack = peer.ack_where(|ack| ack.through == 7).await;
    let seqs: Vec<u64> = ack.countersign.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [4, 7]);
    for one in &ack.countersign {
        assert_eq!(one.head, ledger.hashes[place(one.seq)]);
        assert!(one.holds(&city_key(&site), BOX));
    }
    // One that was lost on its way is told again; one that is none is not.
    tell(&peer, 1, Vec::new(), vec![3, 4, 9]).await;
    let again = peer.ack_where(|ack| !ack.countersign.is_empty()).await;
    assert_eq!(again.countersign, ack.countersign[..1]);
    assert_eq!(codes(&city).await, []);
    city.stop().await.unwrap();
}

async fn what_does_not_fit_is_an_alarm_and_never_signed(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    tell_key(&peer, &ledger, &key(1)).await;
    peer.ack_where(|ack| ack.hello == Some(77)).await;
    ledger.fill(2);
    let forged = sign(&mut ledger, &key(2), 0, None);
    let hole = sign(&mut ledger, &key(1), 0, None);
    let mut broken = ledger.bodies[place(forged) - 1].clone();
    let at = broken.len() - 10;
    broken[at] = if broken[at] == b'A' { b'B' } else { b'A' };
    let broken = ledger.push_body(broken);
    let lost = PreviousEpoch {
        epoch: EPOCH.to_owned(),
        last: 900,
        head: chain::genesis("a", "b"),
    };
    let good = sign(&mut ledger, &key(1), broken, Some(lost));
    let all = ledger.bodies.len();
    peer.send(Topic::UpBulk, ledger.bulk(1, all)).await;
    let ack = peer.ack_where(|ack| ack.through == good).await;
    let seqs: Vec<u64> = ack.countersign.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [good], "stored all the same, and only one is signed");
    tell_key(&peer, &ledger, &key(2)).await;
    peer.ack_where(|ack| ack.hello == Some(77)).await;
    let bad = |seq| ("bad_checkpoint".to_owned(), seq);
    let mut expected = vec![bad(forged), bad(hole), bad(broken)];
    expected.push(("end_lost".to_owned(), good));
    expected.push(("other_device_key".to_owned(), 0));
    assert_eq!(codes(&city).await, expected);
    city.stop().await.unwrap();
}

async fn a_key_that_was_told_with_the_claim_is_known_before_the_first_hello(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    Registry::change(&site.settings().dir, |registry| {
        let key = key(1).verifying_key().to_hex();
        drop(registry.device_keys.insert("box-1".to_owned(), key));
        Ok(())
    })
    .unwrap();
    let city = site.city(Arc::new(Silent)).await;
    let settings = site.settings();
    // What the city does every few seconds; a connection waits, which this thread must not.
    let enrolled = std::thread::spawn(move || {
        let mut session = Session::open(&settings.place).unwrap();
        care::enroll(&mut session, &settings.dir).unwrap();
    });
    enrolled.join().unwrap();
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(3);
    sign(&mut ledger, &key(1), 0, None);
    peer.send(Topic::UpBulk, ledger.bulk(1, 4)).await;
    let ack = peer.ack_where(|ack| ack.through == 4).await;
    assert_eq!(ack.countersign.len(), 1);
    tell_key(&peer, &ledger, &key(2)).await;
    peer.ack_where(|ack| ack.hello == Some(77)).await;
    assert_eq!(codes(&city).await, [("other_device_key".to_owned(), 0)]);
    city.stop().await.unwrap();
}

async fn a_digest_finds_the_record_that_was_changed_at_the_city(store: Store) {
    let site = Site::begin(store, &["box-1"]).await;
    let city = site.city(Arc::new(Silent)).await;
    let mut peer = Peer::connect(&site, "box-1").await;
    peer.greet().await;
    let mut ledger = Ledger::new("box-1");
    ledger.fill(150);
    peer.send(Topic::UpBulk, ledger.bulk(1, 150)).await;
    peer.ack_where(|ack| ack.through == 150).await;
    let part = |(from, to): (u64, u64)| {
        let hashes = (from..=to).map(|seq| (seq, ledger.hashes[place(seq)]));
        let root = merkle::root(hashes).unwrap();
        Part { from, to, root }
    };
    tell(&peer, 1, vec![part((1, 100)), part((101, 150))], Vec::new()).await;
    let ack = peer.ack_where(|ack| ack.digest.is_some()).await;
    let answer = ack.digest.unwrap();
    assert_eq!((answer.number, answer.same), (1, true));

    // Somebody at the city changes a body, and leaves no other trace.
    let changed = ledger.bodies[136].iter().map(|byte| byte ^ 1).collect();
    let place = site.settings().place;
    let sql = "UPDATE record SET body = ?1 WHERE seq = 137 RETURNING seq";
    let set = vec![sync_city::db::Value::Bytes(changed)];
    assert_eq!(ask(&place, sql, set).len(), 1);
    let mut parts = vec![part((1, 150))];
    let mut found = Vec::new();
    for number in 2..=4 {
        tell(&peer, number, parts, Vec::new()).await;
        let ack = peer.ack_where(|ack| ack.digest.is_some()).await;
        let answer = ack.digest.unwrap();
        assert_eq!((answer.number, answer.same), (number, false));
        found.extend(answer.differs);
        parts = answer.ask.iter().copied().map(part).collect();
        if parts.is_empty() {
            break;
        }
    }
    assert_eq!(found, [137]);
    assert_eq!(codes(&city).await, [("record_differs".to_owned(), 137)]);
    // Of what the city does not have it says nothing.
    ledger.fill(1);
    let hash = ledger.hashes[151];
    let beyond = merkle::root([(151, hash)]).unwrap();
    let beyond = Part {
        from: 151,
        to: 151,
        root: beyond,
    };
    tell(&peer, 9, vec![beyond], vec![]).await;
    peer.hello(55, 150, ledger.hashes[150]).await;
    let ack = peer.ack_where(|ack| ack.hello == Some(55)).await;
    assert_eq!(ack.digest, None);
    city.stop().await.unwrap();
}

on_both_databases!(
    a_checkpoint_is_signed_once_nothing_before_it_is_missing,
    what_does_not_fit_is_an_alarm_and_never_signed,
    a_key_that_was_told_with_the_claim_is_known_before_the_first_hello,
    a_digest_finds_the_record_that_was_changed_at_the_city,
);
