//! Opening, closing, and everything that refuses to open.

use super::help::{Place, body, entries, wait};

#[test]
fn records_survive_a_clean_close() {
    let place = Place::new();
    let store = place.open();
    assert!(store.facts().epoch_is_new);
    assert!(!store.facts().unclean);
    let epoch = store.facts().epoch.clone();
    let appended = wait(store.writer().append(entries(0..5))).unwrap();
    assert_eq!((appended.first_seq, appended.last_seq), (1, 5));
    store.close().unwrap();

    let store = place.open();
    assert_eq!(store.facts().epoch, epoch);
    assert_eq!(store.facts().head, appended.head);
    assert!(!store.facts().unclean);
    assert_eq!(store.facts().last_at, Some(1_790_000_000_000 + 4 * 3_137));
    let records = store
        .reader()
        .unwrap()
        .records(&epoch, 2, 2, 10_000)
        .unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].seq, 2);
    assert_eq!(records[0].body, body(1));
}
