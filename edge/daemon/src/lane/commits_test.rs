//! The queue of a lane to a real ledger.

use std::os::unix::fs::PermissionsExt;

use edge_domain::{Act, ClockQuality, Direction, LaneId, Moment, OverrideRecord, Record, Ticket};
use edge_store::{Key, Store, StoreSettings};
use tempfile::TempDir;

use crate::lane::commits::{Commits, Done};
use crate::lane::numbers::number;

fn store(folder: &TempDir) -> Store {
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, [7; 32]).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = StoreSettings {
        path: folder.path().join("ledger.db"),
        box_id: "box-1".to_owned(),
        site: "site-1".to_owned(),
    };
    Store::open(&settings, &Key::from_file(&key_file).unwrap()).unwrap()
}

fn record(number: u64) -> Record {
    Record {
        at: Moment {
            wall_ms: 1_795_302_124_000,
            boot: 1,
            mono_ms: number,
            quality: ClockQuality::Synced,
        },
        act: Act::Override(OverrideRecord {
            lane: LaneId::parse("east-1").unwrap(),
            direction: Direction::Out,
            operator: "zhao".to_owned(),
            reason: number.to_string(),
        }),
    }
}

#[tokio::test]
async fn records_of_a_lane_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut commits = Commits::new(store.writer());
    let total = 70;
    for number in 1..=total {
        commits.push(Ticket(number), record(number));
    }
    let mut seen = 0;
    while seen < total {
        let Done::Recorded(batch) = commits.next().await else {
            panic!("not recorded");
        };
        for (ticket, record, seq) in batch {
            seen += 1;
            assert_eq!((ticket, seq), (Ticket(seen), number(1, seen)));
            assert_eq!(record.at.mono_ms, seen);
        }
    }
    let epoch = store.facts().epoch.clone();
    let stored = store
        .reader()
        .unwrap()
        .records(&epoch, 1, 100, 1 << 20)
        .unwrap();
    let reasons: Vec<_> = stored
        .iter()
        .map(|one| {
            serde_json::from_slice::<serde_json::Value>(&one.body).unwrap()["reason"].clone()
        })
        .collect();
    let expected: Vec<_> = (1..=total).map(|number| number.to_string()).collect();
    assert_eq!(reasons, expected);
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut commits = Commits::new(store.writer());
    commits.push(Ticket(1), record(1));
    tokio::select! {
        biased;
        () = std::future::ready(()) => {}
        _ = commits.next() => panic!("too early"),
    }
    commits.push(Ticket(2), record(2));
    let mut tickets = Vec::new();
    while tickets.len() < 2 {
        let Done::Recorded(batch) = commits.next().await else {
            panic!("not recorded");
        };
        tickets.extend(batch.into_iter().map(|(ticket, ..)| ticket));
    }
    assert_eq!(tickets, [Ticket(1), Ticket(2)]);
}

#[tokio::test]
async fn a_failed_batch_fails_all_its_tickets() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder);
    let mut commits = Commits::new(store.writer());
    store.close().unwrap();
    for number in 1..=3 {
        commits.push(Ticket(number), record(number));
    }
    let Done::Failed(tickets, _) = commits.next().await else {
        panic!("recorded without a ledger");
    };
    assert_eq!(tickets, [Ticket(1), Ticket(2), Ticket(3)]);
}
