//! What is compared with the city once a day.

use sync_wire::merkle;
use sync_wire::{Hash, Head};

use super::help::{Place, body, entries, new_epoch, wait};
use crate::questions::compare::{ToCompare, compared_setting};

/// Number and hash of a chain of these bodies, by the chain's definition alone.
fn chain(epoch: &str, records: u64) -> Vec<(u64, Hash)> {
    let mut head = Head::genesis("box-1", epoch);
    let next = |number| {
        head = head.extend(&body(number));
        (head.seq, head.hash)
    };
    (0..records).map(next).collect()
}

/// An epoch, and first and last record.
type Found = Option<(String, Option<(u64, u64)>)>;

fn records(found: Option<ToCompare>) -> Found {
    found.map(|found| (found.epoch, found.records))
}

#[test]
fn what_the_city_has_is_compared_once_the_oldest_first() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let first = store.facts().epoch.clone();
    let asked = || records(reader.to_compare((10, 64)).unwrap());
    wait(writer.append(entries(0..30))).unwrap();
    assert_eq!(asked(), None, "the city has none");
    wait(writer.advance_cursor(&first, 12, vec![(20, 25)])).unwrap();
    assert_eq!(asked(), Some((first.clone(), Some((1, 10)))));
    let second = wait(writer.begin_epoch(new_epoch())).unwrap().name;
    wait(writer.append(entries(0..3))).unwrap();
    wait(writer.advance_cursor(&second, 3, Vec::new())).unwrap();
    wait(writer.put_setting(&compared_setting(&first), "10")).unwrap();
    assert_eq!(asked(), Some((first.clone(), Some((11, 12)))));
    wait(writer.put_setting(&compared_setting(&first), "12")).unwrap();
    assert_eq!(asked(), Some((second.clone(), Some((1, 3)))));
    wait(writer.put_setting(&compared_setting(&second), "3")).unwrap();
    assert_eq!(asked(), None);
}

#[test]
fn a_body_that_was_changed_without_its_hash_shows_in_the_root() {
    let place = Place::new();
    let store = place.open();
    let epoch = store.facts().epoch.clone();
    wait(store.writer().append(entries(0..40))).unwrap();
    let chain = chain(&epoch, 40);
    let root = |from: usize, to: usize| {
        let part = chain[from - 1..to].iter().copied();
        merkle::root(part).unwrap()
    };
    let roots = |runs: &[(u64, u64)]| {
        let parts = store.reader().unwrap().roots(&epoch, runs).unwrap();
        parts.iter().map(|part| part.root).collect::<Vec<_>>()
    };
    let runs = [(1, 40), (17, 20), (18, 18), (21, 40)];
    let whole = [root(1, 40), root(17, 20), root(18, 18), root(21, 40)];
    assert_eq!(roots(&runs), whole);
    let tool = place.tool();
    tool.execute_batch(
        "DROP TRIGGER ledger_is_never_updated;
         UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), 'north', 'south') AS BLOB)
         WHERE seq = 18",
    )
    .unwrap();
    let found = roots(&runs);
    let same: Vec<bool> = found
        .iter()
        .zip(whole)
        .map(|(one, was)| *one == was)
        .collect();
    assert_eq!(same, [false, false, false, true]);
    // What is not there has no root that any record has.
    let nothing = Hash::from_bytes([0; 32]);
    assert_eq!(roots(&[(41, 41), (38, 44)]), [nothing, nothing]);
}
