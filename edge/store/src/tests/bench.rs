//! Measurements, run by hand: `cargo test --release -p edge-store -- --ignored --nocapture bench`.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::time::Instant;

use super::help::{Place, body, entries, wait};
use super::views::worker;
use crate::ledger::Entry;

const COMMITS: u64 = 4000;

/// Bytes that this process sent to the disk so far.
fn written() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = io.lines().find(|l| l.starts_with("write_bytes")).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

fn percentile(times: &mut [Duration], per_mille: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * per_mille / 1000].as_secs_f64() * 1000.0
}

/// A bare ledger: what one commit costs without any of our code.
fn bare(path: &Path, pragmas: &str) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(pragmas).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE ledger (id INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL)",
    )
    .unwrap();
    db
}

#[test]
#[ignore = "a measurement"]
fn bench_page_sizes() {
    let cipher =
        "PRAGMA key = \"x'0707070707070707070707070707070707070707070707070707070707070707'\";";
    for (name, pragmas) in [
        ("plain 4096", "PRAGMA page_size = 4096".to_owned()),
        ("plain 2048", "PRAGMA page_size = 2048".to_owned()),
        (
            "cipher 4096",
            format!("{cipher} PRAGMA cipher_page_size = 4096"),
        ),
        (
            "cipher 2048",
            format!("{cipher} PRAGMA cipher_page_size = 2048"),
        ),
        (
            "cipher 1024",
            format!("{cipher} PRAGMA cipher_page_size = 1024"),
        ),
        (
            "cipher 2048 sha256",
            format!(
                "{cipher} PRAGMA cipher_hmac_algorithm = HMAC_SHA256; PRAGMA cipher_page_size = 2048"
            ),
        ),
        (
            "cipher 4096 sha256",
            format!(
                "{cipher} PRAGMA cipher_hmac_algorithm = HMAC_SHA256; PRAGMA cipher_page_size = 4096"
            ),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let db = bare(&folder.path().join("bare.db"), &pragmas);
        let mut insert = db
            .prepare("INSERT INTO ledger VALUES (?1, ?2, ?3)")
            .unwrap();
        let before = written();
        let mut times = Vec::new();
        for number in 0..COMMITS {
            let begin = Instant::now();
            insert
                .execute(params![number, body(number), [7_u8; 32]])
                .unwrap();
            times.push(begin.elapsed());
        }
        let bytes = (written() - before) / COMMITS;
        println!(
            "{name:20} p50 {:.3} ms  p99 {:.3} ms  {bytes} B a record",
            percentile(&mut times, 500),
            percentile(&mut times, 990),
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn bench_append_against_bare_commit() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let db = bare(&place.path().with_file_name("bare.db"), "");
    let mut insert = db
        .prepare("INSERT INTO ledger VALUES (?1, ?2, ?3)")
        .unwrap();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    wait(async {
        for number in 0..COMMITS {
            let one = vec![Entry::new(body(number))];
            let begin = Instant::now();
            writer.append(one).await.unwrap();
            ours.push(begin.elapsed());
            let one = body(number);
            let begin = Instant::now();
            insert.execute(params![number, one, [7_u8; 32]]).unwrap();
            bare.push(begin.elapsed());
        }
    });
    for per_mille in [500, 900, 990, 999] {
        let (ours, bare) = (
            percentile(&mut ours, per_mille),
            percentile(&mut bare, per_mille),
        );
        println!(
            "p{per_mille}: append {ours:.3} ms, bare {bare:.3} ms, ratio {:.2}",
            ours / bare
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn bench_bytes_per_record() {
    let place = Place::new();
    let store = place.open();
    let writer = store.writer();
    let before = written();
    wait(async {
        for number in 0..20_000 {
            writer.append(vec![Entry::new(body(number))]).await.unwrap();
        }
    });
    store.close().unwrap();
    println!(
        "{} B a record, read models included",
        (written() - before) / 20_000
    );
}

#[test]
#[ignore = "a measurement"]
fn bench_opening() {
    let place = Place::new();
    let store = place.open();
    wait(async {
        for number in 1..=10_000 {
            store.writer().append(worker(number)).await.unwrap();
        }
    });
    store.close().unwrap();
    for (records, name) in [(10_000, "10k"), (990_000, "1m")] {
        let store = place.open();
        let writer = store.writer();
        wait(async {
            for batch in 0..records / 1000 {
                writer
                    .append(entries(batch * 1000..(batch + 1) * 1000))
                    .await
                    .unwrap();
            }
        });
        store.close().unwrap();
        for _ in 0..3 {
            let begin = Instant::now();
            let store = place.open();
            let opened = begin.elapsed();
            let reader = store.reader().unwrap();
            let roster = reader.roster().unwrap();
            let presence = reader.presence().unwrap();
            println!(
                "{name}: open {opened:?}, with a roster of {} and {} inside {:?}",
                roster.len(),
                presence.inside_count(),
                begin.elapsed()
            );
            store.close().unwrap();
        }
        drop(place.open());
        let begin = Instant::now();
        let store = place.open();
        println!("{name}: open after an unclean stop {:?}", begin.elapsed());
        store.close().unwrap();
    }
}
