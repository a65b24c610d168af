//! What follows a fork is carried over once; what comes out of an old file changes no read model.

use std::collections::BTreeSet;

use sync_wire::Head;
use sync_wire::record::{Direction, Kind, PreviousEpoch};

use crate::carry::ToCarry;
use crate::epoch::NewEpoch;
use crate::error::StoreError;
use crate::ledger::Entry;
use crate::store::Store;
use crate::tests::help::{Place, body, entries, new_epoch, wait};
use crate::tests::models::{presentation, record};

fn to_carry(epoch: &str, first: u64, last: u64) -> ToCarry {
    ToCarry {
        epoch: epoch.to_owned(),
        first,
        last,
    }
}

/// The epoch that is written to forks after `common`.
fn forks(store: &Store, epoch: &str, common: u64) -> String {
    let new = NewEpoch {
        first: entries(900..901),
        after: Some(*store.writer().head().borrow()),
        forked: Some((epoch.to_owned(), common)),
        ..new_epoch()
    };
    wait(store.writer().begin_epoch(new)).unwrap().name
}

#[test]
fn a_carry_goes_on_where_it_stopped_whatever_stopped_it() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(1..11))).unwrap();
    assert_eq!(store.reader().unwrap().next_to_carry().unwrap(), None);
    forks(&store, &first, 4);
    assert_eq!(
        store.reader().unwrap().backlog().unwrap().records,
        4 + 1 + 6
    );
    wait(store.writer().carry(entries(5..8), (&first, 5, 7))).unwrap();
    // Dies here: what was carried and that it was carried stand in one commit.
    drop(store);
    let store = place.open();
    let reader = store.reader().unwrap();
    let rest = to_carry(&first, 8, 10);
    assert_eq!(reader.next_to_carry().unwrap(), Some(rest));
    // The city went back further meanwhile: what it lacks now is carried, too, and nothing twice.
    wait(store.writer().fork(&first, 2)).unwrap();
    wait(store.writer().fork(&first, 2)).unwrap();
    let more = to_carry(&first, 3, 4);
    assert_eq!(reader.next_to_carry().unwrap(), Some(more));
    wait(store.writer().carry(entries(3..5), (&first, 3, 4))).unwrap();
    wait(store.writer().carry(entries(8..11), (&first, 8, 10))).unwrap();
    assert_eq!(reader.next_to_carry().unwrap(), None);
    assert_eq!(reader.epochs().unwrap()[0].shared, Some(2));
    let unknown = wait(store.writer().fork("0000000000000000", 1)).unwrap_err();
    assert!(
        matches!(unknown, StoreError::UnknownEpoch { .. }),
        "{unknown}"
    );
}

/// A file that went back still holds what the city said before it went back, too.
#[test]
fn the_city_has_nothing_of_a_forked_epoch_behind_its_common_record() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(1..13))).unwrap();
    wait(store.writer().advance_cursor(&first, 7, vec![(9, 11)])).unwrap();
    forks(&store, &first, 10);
    let reader = store.reader().unwrap();
    let cursor = || reader.cursor(&first).unwrap();
    assert_eq!((cursor().through, cursor().ranges), (7, vec![(9, 10)]));
    wait(store.writer().fork(&first, 3)).unwrap();
    assert_eq!((cursor().through, cursor().ranges), (3, Vec::new()));
}

/// Two that carry over (one of them given up too late) do not carry the same record twice.
#[test]
fn what_somebody_else_carried_over_meanwhile_is_not_carried_again() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(1..11))).unwrap();
    forks(&store, &first, 4);
    for (from, through) in [(5, 7), (8, 10)] {
        let page = || entries(from..through + 1);
        wait(store.writer().carry(page(), (&first, from, through))).unwrap();
        let head = *store.writer().head().borrow();
        let again = wait(store.writer().carry(page(), (&first, from, through))).unwrap_err();
        assert!(matches!(again, StoreError::Overtaken), "{again}");
        assert_eq!(*store.writer().head().borrow(), head);
        // A swipe beside it is not harmed.
        wait(store.writer().append(entries(900..901))).unwrap();
    }
    assert_eq!(store.reader().unwrap().next_to_carry().unwrap(), None);
}

#[test]
fn a_commit_that_fails_carries_nothing_and_says_so() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(1..11))).unwrap();
    forks(&store, &first, 4);
    let too_large = vec![Entry::new(body(5)), Entry::new(vec![b'x'; 70_000])];
    wait(store.writer().carry(too_large, (&first, 5, 6))).unwrap_err();
    let reader = store.reader().unwrap();
    let all = to_carry(&first, 5, 10);
    assert_eq!(reader.next_to_carry().unwrap(), Some(all));
}

#[test]
fn the_newest_epoch_is_carried_first_because_it_holds_what_came_before() {
    let place = Place::new();
    let store = place.open();
    let first = store.facts().epoch.clone();
    wait(store.writer().append(entries(1..11))).unwrap();
    let second = forks(&store, &first, 4);
    wait(store.writer().carry(entries(5..8), (&first, 5, 7))).unwrap();
    forks(&store, &second, 2);
    let reader = store.reader().unwrap();
    let newest = to_carry(&second, 3, 4);
    assert_eq!(reader.next_to_carry().unwrap(), Some(newest));
    wait(store.writer().carry(entries(3..5), (&second, 3, 4))).unwrap();
    let rest = to_carry(&first, 8, 10);
    assert_eq!(reader.next_to_carry().unwrap(), Some(rest));
}

#[test]
fn an_epoch_begins_behind_the_record_that_it_names_or_not_at_all() {
    let place = Place::new();
    let store = place.open();
    let seen = *store.writer().head().borrow();
    wait(store.writer().append(entries(1..2))).unwrap();
    let new = NewEpoch {
        first: entries(900..901),
        after: Some(seen),
        ..new_epoch()
    };
    let error = wait(store.writer().begin_epoch(new)).unwrap_err();
    assert!(matches!(error, StoreError::Overtaken), "{error}");
    assert_eq!(store.reader().unwrap().epochs().unwrap().len(), 1);
}

const OLD: &str = "8899aabbccddeeff";

fn entering(worker: u32) -> Entry {
    record(1000, presentation(Some(worker), Direction::In, true))
}

fn bodies(entries: &[Entry]) -> Vec<Vec<u8>> {
    entries.iter().map(|entry| entry.body.clone()).collect()
}

#[test]
fn an_old_files_epoch_stands_beside_and_changes_no_read_model() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let present = store.facts().epoch.clone();
    wait(writer.append(vec![entering(1)])).unwrap();
    let old = [entering(8), entering(9)];
    let start = Head::genesis("box-1", OLD);
    assert_eq!(
        wait(writer.take_over(OLD, start, bodies(&old[..1]))).unwrap(),
        1
    );
    let half = reader.head(OLD).unwrap();
    assert_eq!(half, start.extend(&old[0].body));
    assert_eq!(
        wait(writer.take_over(OLD, half, bodies(&old[1..]))).unwrap(),
        2
    );
    let names: Vec<String> = reader
        .epochs()
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, [OLD, &present], "the last is written to");
    // Before folding, after it, and built anew.
    for _ in 0..2 {
        let workers: BTreeSet<u32> = reader
            .counted_acts(0, 10_000)
            .unwrap()
            .into_keys()
            .map(|worker| worker.0)
            .collect();
        assert_eq!(workers, [1].into());
        assert_eq!(reader.presence().unwrap().inside_count(), 1);
        wait(writer.catch_up()).unwrap();
    }
    assert_eq!(reader.backlog().unwrap().records, 3);
    store.close().unwrap();
    let store = place.open();
    assert_eq!(store.facts().epoch, present);
    wait(store.writer().append(vec![entering(2)])).unwrap();
    assert_eq!(store.reader().unwrap().head(&present).unwrap().seq, 2);
}

#[test]
fn what_does_not_continue_an_epoch_is_not_added_to_it() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let present = store.facts().epoch.clone();
    let began = Kind::EpochBegan(sync_wire::record::EpochBegan {
        r#box: "box-1".to_owned(),
        site: "site-1".to_owned(),
        epoch: present.clone(),
        software: "t".to_owned(),
        reason: sync_wire::record::EpochReason::Restored,
        previous: None::<PreviousEpoch>,
    });
    wait(writer.append(vec![record(1, began), entering(1)])).unwrap();
    let start = Head::genesis("box-1", OLD);
    wait(writer.take_over(OLD, start, bodies(&[entering(1)]))).unwrap();
    let last = *writer.head().borrow();
    for (epoch, after) in [
        (present.as_str(), last),
        (OLD, start),
        (OLD, start.extend(b"another record 1")),
        ("0000000000000001", start.extend(b"no beginning")),
    ] {
        let refused = wait(writer.take_over(epoch, after, bodies(&[entering(3)])));
        assert!(
            matches!(refused, Err(StoreError::OtherEnd { .. })),
            "{epoch} {refused:?}"
        );
    }
    assert_eq!(store.reader().unwrap().head(OLD).unwrap().seq, 1);
}
