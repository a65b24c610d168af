//! What the city has.

use proptest::prelude::*;

use crate::city::cursor::Cursor;
use crate::error::StoreError;
use crate::tests::help::{Place, entries, wait};

#[test]
fn the_cursor_goes_where_the_city_says_but_not_beyond_the_ledger() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let epoch = store.facts().epoch.clone();
    let reader = store.reader().unwrap();
    wait(writer.append(entries(0..100))).unwrap();
    assert_eq!(reader.cursor(&epoch).unwrap(), Cursor::default());
    assert_eq!(reader.backlog().unwrap().records, 100);

    wait(writer.advance_cursor(&epoch, 10, vec![(50, 59), (12, 20), (21, 30)])).unwrap();
    let cursor = reader.cursor(&epoch).unwrap();
    assert_eq!(cursor.through, 10);
    assert_eq!(cursor.ranges, [(12, 30), (50, 59)]);
    let backlog = reader.backlog().unwrap();
    assert_eq!(backlog.records, 100 - 10 - 19 - 10);
    assert_eq!(backlog.oldest_at, Some(1_790_000_000_000 + 10 * 3_137));

    wait(writer.advance_cursor(&epoch, 5, Vec::new())).unwrap();
    assert_eq!(reader.cursor(&epoch).unwrap().through, 5);
    let error = wait(writer.advance_cursor(&epoch, 5, vec![(90, 101)])).unwrap_err();
    assert!(matches!(error, StoreError::CursorAhead { .. }), "{error}");
    let error = wait(writer.advance_cursor("0000000000000000", 1, Vec::new())).unwrap_err();
    assert!(matches!(error, StoreError::UnknownEpoch { .. }), "{error}");
    assert_eq!(reader.cursor(&epoch).unwrap().through, 5);
}

proptest! {
    #[test]
    fn a_normal_cursor_says_the_same(
        through in 0_u64..40,
        ranges in proptest::collection::vec((1_u64..60, 0_u64..12), 0..8),
    ) {
        let ranges: Vec<_> = ranges.into_iter().map(|(from, more)| (from, from + more)).collect();
        let held = |seq: u64| seq <= through || ranges.iter().any(|(a, b)| (*a..=*b).contains(&seq));
        let cursor = Cursor::normal(through, ranges.clone());
        let mut missing = 0;
        for seq in 1..=80 {
            prop_assert_eq!(cursor.holds(seq), held(seq), "seq {}", seq);
            missing += u64::from(!held(seq));
        }
        prop_assert_eq!(cursor.waiting(80), missing);
        let mut before = cursor.through;
        for (from, to) in &cursor.ranges {
            prop_assert!(*from > before + 1 && from <= to);
            before = *to;
        }
    }
}
