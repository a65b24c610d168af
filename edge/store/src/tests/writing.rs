//! The writer: order, group commit, and what happens when a commit cannot be.

use super::help::{Place, body, entries, new_epoch, wait};
use crate::account::AccountRow;
use crate::error::StoreError;
use crate::ledger::{Appended, Entry};
use crate::write::small_act::SmallAct;
use crate::write::writer::Writer;

/// Appends two records for each of `callers`, all at once; where each caller's pair stands.
fn append_at_once(writer: &Writer, callers: u64) -> Vec<Appended> {
    wait(async {
        let set = tokio::task::LocalSet::new();
        let handles: Vec<_> = (0..callers)
            .map(|number| {
                let writer = writer.clone();
                let two = vec![Entry::new(body(number)), Entry::new(body(number + 1))];
                set.spawn_local(async move { writer.append(two).await.unwrap() })
            })
            .collect();
        set.await;
        let mut results = Vec::new();
        for handle in handles {
            results.push(handle.await.unwrap());
        }
        results
    })
}

#[test]
fn appends_stand_in_the_order_they_were_handed_over() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let appended = append_at_once(&writer, 60);
    for (number, one) in (0..).zip(&appended) {
        assert_eq!(one.first_seq, number * 2 + 1);
        assert_eq!(one.last_seq, number * 2 + 2);
    }
    assert_eq!(*writer.head().borrow(), appended[59].head);
}

#[test]
fn more_callers_than_places_lose_and_mix_nothing() {
    let place = Place::new();
    let store = place.open();
    let appended = append_at_once(&store.writer(), 300);
    let records = store
        .reader()
        .unwrap()
        .records(&store.facts().epoch, 1, 1000, usize::MAX)
        .unwrap();
    assert_eq!(records.len(), 600);
    for (one, number) in appended.iter().zip(0..) {
        assert_eq!(one.last_seq, one.first_seq + 1);
        let stored = |seq: u64| records.iter().find(|record| record.seq == seq).unwrap();
        assert_eq!(stored(one.first_seq).body, body(number));
        assert_eq!(stored(one.last_seq).body, body(number + 1));
        assert_eq!(stored(one.last_seq).hash, one.head.hash);
    }
}

#[test]
fn a_caller_that_gives_up_does_not_stop_its_record() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    wait(async {
        let dropped = writer.append(entries(0..1));
        tokio::select! {
            biased;
            () = async {} => {}
            _ = dropped => {}
        }
        tokio::select! {
            biased;
            _ = writer.append(entries(1..2)) => {}
            () = tokio::task::yield_now() => {}
        }
        let last = writer.append(entries(2..3)).await.unwrap();
        // The first was never handed over, the second was.
        assert_eq!(last.last_seq, 2);
    });
}

#[test]
fn an_append_that_was_announced_is_the_only_thing_written() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let before = *writer.head().borrow();
    // More often than there is room for orders: none may be lost to what is only announced.
    for _ in 0..300 {
        writer.expect_append();
    }
    assert_eq!(*writer.head().borrow(), before);
    let appended = wait(writer.append(entries(0..2))).unwrap();
    assert_eq!((appended.first_seq, appended.last_seq), (1, 2));
    writer.expect_append();
    // The read models catch up though nothing came after the announcement.
    wait(writer.catch_up()).unwrap();
    for number in 2..200 {
        writer.expect_append();
        let next = wait(writer.append(entries(number..number + 1))).unwrap();
        assert_eq!(next.first_seq, number + 1);
    }
}

#[test]
fn a_body_of_a_wrong_size_is_refused_alone() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    for bytes in [0, 8449] {
        let error = wait(writer.append(vec![Entry::new(vec![b' '; bytes])])).unwrap_err();
        assert!(matches!(error, StoreError::BodySize { .. }), "{error}");
    }
    let longest = wait(writer.append(vec![Entry::new(vec![b' '; 8448])])).unwrap();
    assert_eq!(longest.last_seq, 1);
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    wait(async {
        let before = writer.append(entries(0..10)).await.unwrap();
        writer.small(SmallAct::LimitPages(1)).await.unwrap();
        let error = loop {
            match writer.append(entries(0..10)).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
        let full = *writer.head().borrow();
        assert!(full.seq >= before.last_seq);
        // What needs no space still works, and a record that was refused left no trace.
        writer.pulse(0).await.unwrap();
        writer.small(SmallAct::LimitPages(100_000)).await.unwrap();
        let after = writer.append(entries(10..11)).await.unwrap();
        assert_eq!(after.first_seq, full.seq + 1);
        assert_eq!(after.head, full.extend(&body(10)));
    });
    store.close().unwrap();
    let store = place.open();
    assert!(
        crate::verify::verify(&place.path(), &super::help::key(), &mut |_| {})
            .unwrap()
            .is_intact()
    );
    drop(store);
}

#[test]
fn a_new_epoch_starts_a_new_chain() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let first = store.facts().epoch.clone();
    wait(writer.append(entries(0..7))).unwrap();
    let second = wait(writer.begin_epoch(new_epoch())).unwrap();
    assert_ne!(first, second.name);
    assert_eq!(second.name.len(), 16);
    let appended = wait(writer.append(entries(7..9))).unwrap();
    assert_eq!((appended.first_seq, appended.last_seq), (1, 2));
    store.close().unwrap();

    let store = place.open();
    assert_eq!(store.facts().epoch, second.name);
    assert_eq!(store.facts().head, appended.head);
    let reader = store.reader().unwrap();
    assert_eq!(reader.epochs().unwrap().len(), 2);
    assert_eq!(reader.head(&first).unwrap().seq, 7);
    assert_eq!(reader.records(&first, 1, 100, usize::MAX).unwrap().len(), 7);
    let report = crate::verify::verify(&place.path(), &super::help::key(), &mut |_| {}).unwrap();
    assert!(report.is_intact());
    assert_eq!(report.records, 9);
}

fn account(name: &str) -> AccountRow {
    AccountRow {
        name: name.to_owned(),
        password_hash: "hash-1".to_owned(),
        duty: "leader".to_owned(),
        team: Some(4),
        ends_at: Some(1_780_416_000_000),
        code_hash: Some("code".to_owned()),
        code_ends_at: Some(1_780_400_000_000),
    }
}

#[test]
fn settings_and_accounts_are_kept() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    wait(async {
        for row in [account("clerk"), account("guard"), account("gone")] {
            writer.put_account(row).await.unwrap();
        }
        assert!(writer.set_password("clerk", "hash-2").await.unwrap());
        assert!(writer.remove_account("gone").await.unwrap());
        assert!(!writer.remove_account("gone").await.unwrap());
        // Who was removed does not come back with a new password.
        assert!(!writer.set_password("gone", "hash-3").await.unwrap());
        writer.put_setting("claim", "code").await.unwrap();
    });
    store.close().unwrap();
    let store = place.open();
    let reader = store.reader().unwrap();
    let clerk = AccountRow {
        password_hash: "hash-2".to_owned(),
        code_hash: None,
        code_ends_at: None,
        ..account("clerk")
    };
    assert_eq!(reader.account("clerk").unwrap(), Some(clerk.clone()));
    assert_eq!(reader.account("gone").unwrap(), None);
    assert_eq!(reader.accounts().unwrap(), [clerk, account("guard")]);
    assert_eq!(reader.setting("claim").unwrap().as_deref(), Some("code"));
    assert!(wait(store.writer().remove_setting("claim")).unwrap());
    assert!(!wait(store.writer().remove_setting("claim")).unwrap());
    assert_eq!(reader.setting("claim").unwrap(), None);
}
