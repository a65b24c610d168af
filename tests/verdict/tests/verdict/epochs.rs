//! Several epochs and several boxes: what was carried over, what goes on under another name.

use crate::day::{BOX, Day, EPOCH, LI, ZHANG};

const NEXT: &str = "8899aabbccddeeff";

fn began(previous: &str) -> (String, &'static str) {
    let body = format!(
        r#"{{"at":35000,"boot":1,"mono":35000,"clock":"synced","kind":"epoch_began","box":"{BOX}","site":"s","epoch":"{NEXT}","software":"t","reason":"forked","previous":{{"epoch":"{previous}","last":9,"head":"00"}}}}"#
    );
    (body, "stored")
}

fn carried(seq: i64, body: &str, status: &'static str) -> (String, &'static str) {
    let body = format!(
        r#"{{"at":36000,"boot":1,"mono":36000,"clock":"synced","kind":"carried","epoch":"{EPOCH}","seq":{seq},"body":{body}}}"#
    );
    (body, status)
}

/// A day whose last visit stands in the new epoch, and the bodies of that visit.
fn forked() -> (Day, Vec<(i64, String)>) {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.visit(20_000, (LI, 2));
    let lost = day.bodies.split_off(5);
    (day, lost)
}

#[test]
fn what_was_carried_over_counts_once_however_often_it_stands_there() {
    let (mut day, lost) = forked();
    let mut records = vec![began(EPOCH)];
    records.extend(lost.iter().map(|(seq, body)| carried(*seq, body, "stored")));
    day.further = vec![(BOX, NEXT, records.clone())];
    let verdict = day.judged();
    assert!(verdict.ok, "{verdict:?}");
    assert_eq!((verdict.carried, verdict.granted), (2, 2));

    // The city has the same under its own name as well, and knows it.
    day.bodies.extend(lost.clone());
    let again = vec![
        began(EPOCH),
        carried(lost[0].0, &lost[0].1, "repeated"),
        carried(lost[1].0, &lost[1].1, "repeated"),
    ];
    day.further = vec![(BOX, NEXT, again)];
    let verdict = day.judged();
    assert!(verdict.ok, "{verdict:?}");
    // A city that counts both, or neither.
    day.further = vec![(BOX, NEXT, records)];
    assert_eq!((day.judged().miscounted, day.judged().ok), (2, false));
    day.bodies.truncate(5);
    let none = vec![
        began(EPOCH),
        carried(lost[0].0, &lost[0].1, "repeated"),
        carried(lost[1].0, &lost[1].1, "stored"),
    ];
    day.further = vec![(BOX, NEXT, none)];
    assert_eq!(day.judged().miscounted, 1);
}

#[test]
fn two_histories_of_one_epoch_are_two_acts_in_the_order_of_the_file() {
    let (mut day, lost) = forked();
    // The city went on with another record in the place of what was carried over.
    day.record(15_000, r#""kind":"started","boot_id":"y","software":"t""#);
    let mut records = vec![began(EPOCH)];
    records.extend(lost.iter().map(|(seq, body)| carried(*seq, body, "stored")));
    day.further = vec![(BOX, NEXT, records)];
    let verdict = day.judged();
    assert!(verdict.ok, "{verdict:?}");
    // Nothing of it may be missing.
    day.further.clear();
    assert_eq!((day.judged().lost, day.judged().ok), (2, false));
}

#[test]
fn numbers_of_workers_go_on_in_the_next_epoch_and_are_another_boxs_own() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.card(40_000, LI);
    let presented = |worker| {
        let body = format!(
            r#"{{"at":40003,"boot":1,"mono":40003,"clock":"synced","kind":"presentation","lane":"east","direction":"in","by":"005","worker":{worker},"result":"denied","counted":false,"policy":1}}"#
        );
        (body, "stored")
    };
    day.further = vec![(BOX, NEXT, vec![began(EPOCH), presented(2)])];
    assert!(day.judged().ok);
    day.further = vec![(BOX, NEXT, vec![began(EPOCH), presented(1)])];
    assert!(!day.judged().ok, "booked on the wrong worker");
    day.further = vec![("box-2", NEXT, vec![presented(2)])];
    assert!(!day.judged().ok, "the other box has no such worker");
}
