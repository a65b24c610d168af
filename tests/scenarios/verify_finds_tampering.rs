//! Somebody with the key changes the past: `menwei verify` names the first record that is not as it was.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use tests::{BoxPlan, GateBox, LaneWiring, Result, Simulator};

use crate::help::site_day;

/// A box that ran once: some eighty records, nothing else.
fn written_box() -> Result<(TempDir, GateBox)> {
    let folder = tempfile::tempdir()?;
    let lane = LaneWiring {
        id: "gate-1".to_owned(),
        name: "1号".to_owned(),
        readers: vec![("1号进".to_owned(), "in", PathBuf::from("/dev/null"))],
        cameras: Vec::new(),
        gate: None,
    };
    let plan = BoxPlan {
        id: tests::BOX_ID.to_owned(),
        reader_baud: 115_200,
        gate_baud: 115_200,
        find_interval_ms: 300,
        lanes: vec![lane],
        broker_port: None,
        gate_more: String::new(),
        more: String::new(),
    };
    let gate_box = GateBox::new(&folder.path().join("box"), &plan)?;
    let roster = folder.path().join("roster.json");
    Simulator::roster(&site_day("one-gate"), &roster)?;
    gate_box.menwei(&["import", roster.to_str().ok_or("folder")?])?;
    Ok((folder, gate_box))
}

/// Opens the database with its key, as a forger would who has both.
fn forge(gate_box: &GateBox, sql: &str) -> Result<()> {
    let key = fs::read_to_string(gate_box.folder().join("ledger.key"))?;
    let db = Connection::open(gate_box.folder().join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048",
        key.trim()
    ))?;
    db.execute_batch("DROP TRIGGER ledger_is_never_updated; DROP TRIGGER ledger_is_never_deleted")?;
    db.execute_batch(sql)?;
    Ok(())
}

/// The exit code for a broken chain.
const BROKEN: i32 = 2;

fn first_broken(sql: &str) -> Result<String> {
    let (_folder, gate_box) = written_box()?;
    assert_eq!(gate_box.menwei_ends(&["verify"])?.code, Some(0));
    forge(&gate_box, sql)?;
    let ended = gate_box.menwei_ends(&["verify"])?;
    assert_eq!(ended.code, Some(BROKEN), "{ended:?}");
    assert!(!ended.printed.contains("账本完好"), "{ended:?}");
    Ok(ended.complained)
}

#[test]
fn a_changed_body_is_named() -> Result<()> {
    let told = first_broken(
        "UPDATE ledger SET body = CAST(replace(CAST(body AS TEXT), '\"at\":', '\"at\":1') AS BLOB)
         WHERE seq = 17",
    )?;
    assert!(told.contains("第一处不对的是第 17 条"), "{told}");
    Ok(())
}

#[test]
fn a_deleted_record_is_named() -> Result<()> {
    let told = first_broken("DELETE FROM ledger WHERE seq = 23")?;
    assert!(told.contains("第一处不对的是第 23 条（缺失）"), "{told}");
    Ok(())
}

#[test]
fn two_swapped_records_are_named_by_the_first() -> Result<()> {
    let told = first_broken(
        "CREATE TEMP TABLE two AS SELECT seq, body, hash FROM ledger WHERE seq IN (11, 31);
         UPDATE ledger SET body = (SELECT body FROM two WHERE two.seq = 42 - ledger.seq),
                           hash = (SELECT hash FROM two WHERE two.seq = 42 - ledger.seq)
         WHERE seq IN (11, 31)",
    )?;
    assert!(told.contains("第一处不对的是第 11 条"), "{told}");
    Ok(())
}

#[test]
fn a_flipped_byte_of_the_file_is_damage() -> Result<()> {
    let (_folder, gate_box) = written_box()?;
    let path = gate_box.folder().join("ledger.db");
    let file = fs::File::options().read(true).write(true).open(&path)?;
    let bytes = file.metadata()?.len();
    for place in [5, bytes / 2, bytes - 100] {
        let mut byte = [0];
        file.read_exact_at(&mut byte, place)?;
        file.write_all_at(&[byte[0] ^ 0x10], place)?;
        let ended = gate_box.menwei_ends(&["verify"])?;
        assert_eq!(ended.code, Some(1), "byte {place}: {ended:?}");
        assert!(
            ended.complained.contains("文件已损坏"),
            "byte {place}: {ended:?}"
        );
        file.write_all_at(&byte, place)?;
        assert_eq!(gate_box.menwei_ends(&["verify"])?.code, Some(0));
    }
    Ok(())
}

#[test]
fn an_untouched_file_shows_its_count_and_the_hash_of_its_head() -> Result<()> {
    let (_folder, gate_box) = written_box()?;
    let status = gate_box.status()?;
    let (count, head) = (
        &status["records"],
        status["head"].as_str().ok_or("no head")?,
    );
    let ended = gate_box.menwei_ends(&["verify"])?;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.printed.contains(&format!("账本完好，共 {count} 条")),
        "{ended:?}"
    );
    assert!(ended.printed.contains(head), "{ended:?}");
    assert!(head.len() == 64 && count.as_u64() > Some(31));
    Ok(())
}
