//! The comparison of a ledger with a city's rows finds what is wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use tests_verdict::delivery::{Delivery, compare};

const BOX: &str = "ah-000001";
const EPOCH: &str = "00112233aabbccdd";

type Row = (i64, Vec<u8>, Vec<u8>);

fn records(count: i64) -> Vec<Row> {
    let mut hash = Sha256::digest(format!("menwei/1/{BOX}/{EPOCH}")).to_vec();
    let bodies = (1..=count).map(|seq| (seq, format!("{{\"at\":{seq}}}").into_bytes()));
    bodies
        .map(|(seq, body)| {
            hash = Sha256::new()
                .chain_update(&hash)
                .chain_update(&body)
                .finalize()
                .to_vec();
            (seq, body, hash.clone())
        })
        .collect()
}

fn judged(folder: &Path, ledger: &[Row], city: &[Row]) -> Delivery {
    let mut export = String::new();
    for (seq, body, hash) in ledger {
        let hash = hash.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        });
        let body = String::from_utf8_lossy(body);
        writeln!(
            export,
            r#"{{"epoch":"{EPOCH}","seq":{seq},"hash":"{hash}","body":{body}}}"#
        )
        .unwrap();
    }
    let (export_file, db_file) = (folder.join("export.ndjson"), folder.join("city.db"));
    fs::write(&export_file, export).unwrap();
    let db = Connection::open(&db_file).unwrap();
    db.execute_batch(
        "DROP TABLE IF EXISTS record;
         CREATE TABLE record (box TEXT, epoch TEXT, seq INTEGER, body BLOB, hash BLOB);",
    )
    .unwrap();
    for (seq, body, hash) in city {
        db.execute(
            "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5)",
            (BOX, EPOCH, seq, body, hash),
        )
        .unwrap();
    }
    compare(&export_file, &db_file, BOX).unwrap()
}

#[test]
fn every_difference_is_counted_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = records(5);
    let of = |city: &[Row]| {
        let found = judged(folder.path(), &ledger, city);
        let counts = [
            found.lost,
            found.duplicated,
            found.reordered,
            found.invented,
        ];
        (found.ok, counts)
    };
    assert_eq!(of(&ledger), (true, [0, 0, 0, 0]));
    assert_eq!(of(&ledger[..4]), (false, [1, 0, 0, 0]));
    let mut twice = ledger.clone();
    twice.push((6, ledger[2].1.clone(), ledger[2].2.clone()));
    assert_eq!(of(&twice), (false, [0, 1, 1, 0]));
    let mut swapped = ledger.clone();
    (swapped[1].0, swapped[2].0) = (3, 2);
    assert_eq!(of(&swapped), (false, [0, 0, 2, 0]));
    let mut altered = ledger.clone();
    altered[3].1 = b"{\"at\":9}".to_vec();
    assert_eq!(of(&altered), (false, [1, 0, 0, 1]));
    let mut more = ledger.clone();
    more.push((6, b"{}".to_vec(), vec![7; 32]));
    assert_eq!(of(&more), (false, [0, 0, 0, 1]));
}

#[test]
fn a_ledger_with_a_hole_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = records(5);
    ledger.remove(2);
    let found = judged(folder.path(), &ledger, &ledger);
    assert!(!found.ledger_whole && !found.ok, "{found:?}");
}
