//! Acts of a span of time, and records on their way.

use sync_wire::record::Direction;

use super::help::{Place, new_epoch, wait};
use super::models::{passage, presentation, record};
use super::views::denied;
use crate::epoch::NewEpoch;

#[test]
fn a_spans_acts_are_found_in_all_epochs_with_what_became_of_them() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let before: Vec<_> = (1..=40).map(|at| record(at * 1_000, denied())).collect();
    wait(writer.append(before)).unwrap();
    let first = vec![
        record(41_000, presentation(Some(1), Direction::In, false)),
        record(50_000, passage(Some(1), Direction::In, Some(1), 8)),
        record(51_000, denied()),
    ];
    let new = NewEpoch {
        first,
        ..new_epoch()
    };
    wait(writer.begin_epoch(new)).unwrap();

    let found = |from, to| -> Vec<i64> {
        let acts = reader.acts(from, to).unwrap();
        acts.iter().map(|act| act.at).collect()
    };
    assert_eq!(found(39_500, 51_000), [41_000, 40_000]);
    assert_eq!(found(3_000, 5_001), [5_000, 4_000, 3_000]);
    assert_eq!(found(0, 1_000), [0; 0]);
    assert_eq!(found(60_000, 90_000), [0; 0]);
    assert_eq!(found(0, 90_000).len(), 42);
    // The passage lies beyond the span, and still belongs to its presentation.
    let act = &reader.acts(41_000, 42_000).unwrap()[0];
    assert!(act.passage.is_some(), "{act:?}");
}

#[test]
fn single_records_say_whether_the_city_has_them() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let records: Vec<_> = (1..=9).map(|at| record(at, denied())).collect();
    wait(writer.append(records)).unwrap();
    wait(writer.advance_cursor(&epoch, 3, vec![(6, 7)])).unwrap();

    let list = |before, waiting, lines_max| -> Vec<(u64, bool)> {
        let lines = reader.record_lines(before, waiting, lines_max).unwrap();
        lines
            .iter()
            .map(|line| (line.seq, line.acknowledged))
            .collect()
    };
    assert_eq!(list(None, false, 3), [(9, false), (8, false), (7, true)]);
    assert_eq!(list(Some(3), false, 9), [(2, true), (1, true)]);
    let waiting = [(9, false), (8, false), (5, false), (4, false)];
    assert_eq!(list(None, true, 9), waiting);
    assert_eq!(list(Some(u64::MAX), true, 1), waiting[..1]);
    assert_eq!(list(Some(0), false, 9), []);
    let some = reader.record_lines(None, false, 1).unwrap();
    assert_eq!(
        (some[0].kind.as_str(), &some[0].parked),
        ("presentation", &None)
    );
}
