//! What a start tells of the time before it, over the real opening, on a machine whose clocks are given.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use edge_store::Store;
use serde_json::Value;

use crate::clock::{Machine, Reading};
use crate::config::SiteConfig;
use crate::config::site_test::SHORT;
use crate::office;
use crate::opening::ledger::{OnDamage, Opened, open_on};

/// 2026-11-24, 08:00 in China.
const WALL_MS: i64 = 1_795_478_400_000;
const DAY_MS: i64 = 86_400_000;

/// The machine: wall clock, boot clock, number of the boot.
static MACHINE: Mutex<(i64, u64, u32)> = Mutex::new((0, 0, 0));

fn machine() -> Machine {
    let read = || {
        let (wall_ms, mono_ms, _) = *MACHINE.lock().unwrap();
        Reading {
            wall_ms,
            mono_ms,
            marked_at: None,
        }
    };
    let boot_id = || Ok(format!("{:036}", MACHINE.lock().unwrap().2));
    Machine { read, boot_id }
}

fn config(folder: &Path) -> SiteConfig {
    let key = folder.join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = SHORT
        .replace("/run/key", key.to_str().unwrap())
        .replace("/var/lib/menwei", folder.to_str().unwrap());
    SiteConfig::parse(&text).unwrap()
}

/// All records, as JSON.
fn records(store: &Store) -> Vec<Value> {
    let (epoch, reader) = (store.facts().epoch.clone(), store.reader().unwrap());
    let stored = reader.records(&epoch, 1, 100, 1 << 20).unwrap();
    let body = |one: &edge_store::StoredRecord| serde_json::from_slice(&one.body).unwrap();
    stored.iter().map(body).collect()
}

fn gaps(store: &Store) -> Vec<(i64, i64)> {
    let all = records(store);
    let gaps = all.iter().filter(|body| body["kind"] == "gap");
    let times = |body: &Value| Some((body["from"].as_i64()?, body["to"].as_i64()?));
    gaps.map(|body| times(body).unwrap()).collect()
}

/// Starts at these times, and has its clock changes written down.
async fn start(config: &SiteConfig, (wall_ms, mono_ms, boot): (i64, u64, u32)) -> Opened {
    *MACHINE.lock().unwrap() = (wall_ms, mono_ms, boot);
    let opened = open_on(machine(), config, OnDamage::Refuse).await;
    opened.unwrap()
}

/// Writes down what becomes of the clock until so many gaps stand in the ledger.
async fn until_gaps(opened: Opened, count: usize) -> Store {
    let Opened {
        store,
        clock,
        changes,
        sealing: _,
    } = opened;
    let writer = store.writer();
    let mut head = writer.head();
    let task = tokio::spawn(office::record_clock_changes(clock.clone(), writer, changes));
    while gaps(&store).len() < count {
        clock.now();
        head.changed().await.unwrap();
    }
    task.abort();
    store
}

/// A month without power, and a clock that begins anew in 1970: the first proof of the time declares
/// the month, though a process ended in between.
#[tokio::test]
async fn a_box_with_a_dead_clock_declares_its_absence_with_the_first_proof() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let opened = start(&config, (WALL_MS, 5_000, 1)).await;
    let alive_at = WALL_MS + 60_000;
    opened.store.writer().pulse(alive_at).await.unwrap();
    assert_eq!(gaps(&opened.store), []);
    opened.store.close().unwrap();

    // The second boot, thirty days later, begins in 1970.
    let opened = start(&config, (20_000, 20_000, 2)).await;
    let started = records(&opened.store).pop().unwrap();
    assert_eq!(
        (&started["kind"], &started["clock"]),
        (&"started".into(), &"unset".into())
    );
    opened.clock.now();
    let now = opened.clock.now();
    opened.store.writer().pulse(now.wall_ms).await.unwrap();
    assert_eq!(gaps(&opened.store), [], "nobody knows how long it was");
    opened.store.close().unwrap();

    // The process is begun again ten minutes later, and then the network is there.
    let opened = start(&config, (620_000, 620_000, 2)).await;
    let there = WALL_MS + 30 * DAY_MS;
    *MACHINE.lock().unwrap() = (there, 920_000, 2);
    opened.clock.prove(there);
    let store = until_gaps(opened, 1).await;
    let began = there - 900_000;
    assert_eq!(gaps(&store), [(alive_at, began)]);
    let last = records(&store);
    let kinds: Vec<_> = last
        .iter()
        .rev()
        .take(2)
        .map(|body| &body["kind"])
        .collect();
    assert_eq!(kinds, ["gap", "clock"]);
    assert_eq!(last.last().unwrap()["clock"], "synced");
    store.close().unwrap();

    // Told once.
    let opened = start(&config, (there + 60_000, 980_000, 2)).await;
    let all = gaps(&opened.store);
    assert!(
        all.iter().filter(|(from, _)| *from == alive_at).count() == 1,
        "{all:?}"
    );
}
