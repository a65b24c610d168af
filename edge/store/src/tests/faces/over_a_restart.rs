//! What faces did, over a restart.

use edge_domain::WorkerId;
use sync_wire::record::{Direction, FaceConsent, Kind, PresentationResult, TerminalMark};

use crate::ledger::Entry;
use crate::tests::help::{Place, wait};
use crate::tests::models::{presentation, record};

/// 2026-11-22 00:00 at the site, Unix ms.
const DAY: i64 = 1_795_276_800_000;
const HOUR: i64 = 3_600_000;

fn differs(at: i64, worker: u32, as_flag: bool) -> Entry {
    let mut kind = presentation(Some(worker), Direction::In, false);
    if let Kind::Presentation(one) = &mut kind {
        if as_flag {
            one.flags.push("face_differs".to_owned());
        } else {
            one.result = PresentationResult::Denied;
            one.reason = Some("face_differs".to_owned());
        }
    }
    record(at, kind)
}

fn told(at: i64, terminal: &str, seq: u64) -> Entry {
    let mut kind = presentation(Some(1), Direction::In, false);
    if let Kind::Presentation(one) = &mut kind {
        one.result = PresentationResult::Reported;
        one.terminal = Some(TerminalMark {
            name: terminal.to_owned(),
            seq,
            at,
            happened: at,
        });
    }
    record(at, kind)
}

#[test]
fn a_days_mismatches_are_counted_from_the_ledger_after_a_restart() {
    let place = Place::new();
    let store = place.open();
    let records = vec![
        differs(DAY - 1, 7, false),
        differs(DAY, 7, false),
        differs(DAY + HOUR, 7, true),
        differs(DAY + HOUR, 8, false),
        record(DAY + HOUR, presentation(Some(7), Direction::In, true)),
    ];
    wait(store.writer().append(records)).unwrap();
    let noon = DAY + 12 * HOUR;
    let count = |store: &crate::Store, worker, now_ms| {
        let found = store
            .reader()
            .unwrap()
            .faces()
            .unwrap()
            .mismatches(now_ms)
            .unwrap();
        found.count(WorkerId(worker), edge_domain::site_date(now_ms))
    };
    // Folded or not yet: the same.
    assert_eq!(count(&store, 7, noon), 2);
    store.close().unwrap();
    let store = place.open();
    assert_eq!(count(&store, 7, noon), 2);
    assert_eq!(count(&store, 8, noon), 1);
    assert_eq!(count(&store, 7, noon + 24 * HOUR), 0);
}

#[test]
fn a_terminals_numbers_are_known_after_a_restart() {
    let place = Place::new();
    let store = place.open();
    let records = vec![told(1, "东", 5), told(2, "西", 9), told(3, "东", 6)];
    wait(store.writer().append(records)).unwrap();
    assert_eq!(
        store
            .reader()
            .unwrap()
            .faces()
            .unwrap()
            .terminal_events("东")
            .unwrap(),
        [5, 6]
    );
    store.close().unwrap();
    let store = place.open();
    wait(store.writer().append(vec![told(4, "东", 2)])).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(
        reader.faces().unwrap().terminal_events("东").unwrap(),
        [5, 6, 2]
    );
    assert_eq!(
        reader.faces().unwrap().terminal_events("北").unwrap(),
        [0; 0]
    );
}

#[test]
fn only_who_signed_words_that_are_new_enough_is_named() {
    let place = Place::new();
    let store = place.open();
    let consent = |worker, given, text| {
        let on = "2026-11-01".to_owned();
        record(
            1,
            Kind::FaceConsent(FaceConsent {
                worker,
                given,
                on,
                text,
            }),
        )
    };
    let entry = |worker| {
        record(
            1,
            Kind::Entry(sync_wire::record::Entry {
                worker,
                team: 1,
                trade: "030".to_owned(),
                role: "worker".to_owned(),
                on: "2026-11-01".to_owned(),
            }),
        )
    };
    let mut records: Vec<Entry> = (1..=5).map(entry).collect();
    records.extend([
        consent(1, true, Some(2)),
        consent(2, true, Some(1)),
        consent(3, true, None),
        consent(4, true, Some(3)),
        consent(5, true, Some(2)),
        consent(5, false, None),
    ]);
    wait(store.writer().append(records)).unwrap();
    // Folded for certain.
    store.close().unwrap();
    let store = place.open();
    let reader = store.reader().unwrap();
    assert_eq!(reader.faces().unwrap().consents().unwrap(), [1, 2, 3, 4]);
    assert_eq!(reader.faces().unwrap().signed(&[2, 3]).unwrap(), [1, 4]);
    assert_eq!(reader.faces().unwrap().signed(&[3, 4]).unwrap(), [4]);
}
