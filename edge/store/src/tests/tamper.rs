//! What `verify` says about a file that somebody with the key changed, and about one that rotted.

use super::help::{Place, entries, key, wait};
use crate::error::StoreError;
use crate::store::Store;
use crate::verify::{Broken, BrokenHow, VerifyProgress, VerifyReport, verify};

const RECORDS: u64 = 1500;

fn filled() -> Place {
    let place = Place::new();
    let store = place.open();
    for from in (0..RECORDS).step_by(100) {
        wait(store.writer().append(entries(from..from + 100))).unwrap();
    }
    store.close().unwrap();
    place
}

fn tampered(sql: &str) -> VerifyReport {
    let place = filled();
    let tool = place.tool();
    tool.execute_batch(
        "DROP TRIGGER ledger_is_never_updated; DROP TRIGGER ledger_is_never_deleted",
    )
    .unwrap();
    tool.execute_batch(sql).unwrap();
    drop(tool);
    verify(&place.path(), &key(), &mut |_| {}).unwrap()
}

fn check(sql: &str, seq: u64, how: BrokenHow) {
    let report = tampered(sql);
    let (_, broken) = report.first_broken().unwrap();
    assert_eq!(broken, Broken { seq, how }, "{sql}");
    assert_eq!(report.epochs[0].records, seq - 1, "{sql}");
    assert!(!report.is_intact());
}

#[test]
fn an_untouched_file_gives_its_count_and_head() {
    let place = filled();
    let mut last = None;
    let report = verify(&place.path(), &key(), &mut |progress| last = Some(progress)).unwrap();
    assert!(report.is_intact());
    assert_eq!(report.records, RECORDS);
    let store = place.open();
    assert_eq!(report.epochs[0].head, store.facts().head);
    assert_eq!(
        last,
        Some(VerifyProgress::Records {
            done: RECORDS,
            total: RECORDS
        })
    );
    // A running box does not disturb it.
    wait(store.writer().append(entries(0..10))).unwrap();
    let report = verify(&place.path(), &key(), &mut |_| {}).unwrap();
    assert_eq!(report.records, RECORDS + 10);
}

#[test]
fn a_changed_body_is_named() {
    check(
        "UPDATE ledger SET body = CAST(replace(body, 'granted', 'refused') AS BLOB) WHERE seq = 700",
        700,
        BrokenHow::BodyChanged,
    );
}

#[test]
fn a_changed_hash_is_named() {
    check(
        "UPDATE ledger SET hash = zeroblob(32) WHERE seq = 701",
        701,
        BrokenHow::HashChanged,
    );
}

#[test]
fn a_deleted_record_is_named() {
    check(
        "DELETE FROM ledger WHERE seq = 702",
        702,
        BrokenHow::Missing,
    );
    check("DELETE FROM ledger WHERE seq = 1", 1, BrokenHow::Missing);
}

#[test]
fn a_deleted_record_whose_followers_moved_up_is_named() {
    let moved = "DELETE FROM ledger WHERE seq = 703; UPDATE ledger SET id = id - 1 WHERE seq > 703";
    let (_, broken) = tampered(moved).first_broken().unwrap();
    assert_eq!(broken.seq, 703);
}

#[test]
fn exchanged_records_are_named() {
    let swap = "UPDATE ledger SET id = -1 WHERE seq = 800; \
                UPDATE ledger SET id = id - 1 WHERE seq = 801; \
                UPDATE ledger SET id = (1 << 40) + 801 WHERE id = -1";
    check(swap, 800, BrokenHow::Unfit);
    let bodies = "CREATE TEMP TABLE two AS SELECT seq, body FROM ledger WHERE seq IN (900, 950); \
                  UPDATE ledger SET body = (SELECT body FROM two WHERE two.seq = 1850 - ledger.seq) \
                  WHERE seq IN (900, 950)";
    check(bodies, 900, BrokenHow::BodyChanged);
}

#[test]
fn a_chain_cut_off_at_its_end_is_named() {
    check(
        "DELETE FROM ledger WHERE seq > 1490",
        1491,
        BrokenHow::Missing,
    );
}

#[test]
fn triggers_refuse_to_change_the_ledger() {
    let place = filled();
    let tool = place.tool();
    for sql in [
        "UPDATE ledger SET body = x'00' WHERE seq = 3",
        "DELETE FROM ledger WHERE seq = 3",
        "INSERT OR REPLACE INTO ledger (id, body, hash) SELECT id, x'00', hash FROM ledger \
         WHERE seq = 3",
    ] {
        assert!(tool.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn a_flipped_byte_anywhere_is_damage() {
    let place = filled();
    let bytes = std::fs::metadata(place.path()).unwrap().len();
    for part in 1..12 {
        let at = bytes * part / 12 + 77;
        place.flip_byte(at);
        let error = verify(&place.path(), &key(), &mut |_| {}).unwrap_err();
        assert!(
            matches!(&error, StoreError::Damaged { what } if what.contains("page")),
            "byte {at}: {error}"
        );
        place.flip_byte(at);
    }
    verify(&place.path(), &key(), &mut |_| {}).unwrap();
}

#[test]
fn a_flipped_byte_in_the_salt_is_damage() {
    let place = filled();
    place.flip_byte(3);
    let error = Store::open(&place.settings(), &key()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn a_file_cut_short_is_damage() {
    let place = filled();
    let bytes = std::fs::metadata(place.path()).unwrap().len();
    for part in [3, 6, 9] {
        let file = std::fs::File::options()
            .write(true)
            .open(place.path())
            .unwrap();
        file.set_len(bytes * (12 - part) / 12 / 2048 * 2048)
            .unwrap();
        let error = verify(&place.path(), &key(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        let error = Store::open(&place.settings(), &key()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}

#[test]
fn damage_met_while_reading_is_told() {
    let place = filled();
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    store.close().unwrap();
    let bytes = std::fs::metadata(place.path()).unwrap().len();
    // Away from the first pages (schema) and from the end (the checked tail).
    for at in (bytes / 4..bytes / 2).step_by(2048) {
        place.flip_byte(at);
    }
    let reader = crate::reader::Reader::open(&place.path(), &key(), "box-1").unwrap();
    let error = reader.records(&epoch, 1, 1500, usize::MAX).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let error = reader.quick_check().unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
