//! A file as a power cut leaves it: database and write-ahead log copied while the box runs.

use super::help::{Place, body, entries, key, wait};
use crate::verify::verify;

/// The file at this moment, its log cut by some bytes.
fn cut_power(running: &Place, bytes_lost: u64) -> Place {
    let place = Place::new();
    let beside = |place: &Place| place.path().with_file_name("menwei.db-wal");
    std::fs::copy(running.path(), place.path()).unwrap();
    std::fs::copy(beside(running), beside(&place)).unwrap();
    let log = std::fs::File::options()
        .write(true)
        .open(beside(&place))
        .unwrap();
    let bytes = log.metadata().unwrap().len();
    log.set_len(bytes.saturating_sub(bytes_lost)).unwrap();
    place
}

#[test]
fn every_record_that_was_answered_is_there_after_a_power_cut() {
    let running = Place::new();
    let store = running.open();
    for number in 0..60 {
        let appended = wait(store.writer().append(entries(number..number + 1))).unwrap();
        if number % 10 == 9 {
            let place = cut_power(&running, 0);
            let report = verify(&place.path(), &key(), &mut |_| {}).unwrap();
            assert!(report.is_intact());
            assert_eq!(report.epochs[0].head, appended.head);
            let survivor = place.open();
            assert!(survivor.facts().unclean);
            assert_eq!(survivor.facts().head, appended.head);
        }
    }
}

#[test]
fn a_torn_log_leaves_a_whole_chain_that_can_go_on() {
    let running = Place::new();
    let store = running.open();
    for number in 0..40 {
        wait(store.writer().append(entries(number..number + 1))).unwrap();
    }
    // The running box goes on folding: cut every time from the same moment.
    let moment = cut_power(&running, 0);
    let mut lengths = Vec::new();
    for bytes_lost in (0..60_000).step_by(1777) {
        let place = cut_power(&moment, bytes_lost);
        let survivor = place.open();
        let head = survivor.facts().head;
        lengths.push(head.seq);
        let records = survivor
            .reader()
            .unwrap()
            .records(&survivor.facts().epoch, 1, 100, usize::MAX)
            .unwrap();
        for (record, number) in records.iter().zip(0..) {
            assert_eq!(record.body, body(number));
        }
        let appended = wait(survivor.writer().append(entries(90..91))).unwrap();
        assert_eq!(appended.first_seq, head.seq + 1);
        survivor.close().unwrap();
        assert!(
            verify(&place.path(), &key(), &mut |_| {})
                .unwrap()
                .is_intact()
        );
    }
    assert!(
        lengths.is_sorted_by(|before, after| before >= after),
        "{lengths:?}"
    );
    assert_eq!(lengths.first(), Some(&40));
    assert!(lengths.last() < Some(&30));
}
