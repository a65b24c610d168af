//! Somebody with the key changes the past: `menwei verify` names the first record that is not as it was.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use edge_store::{Key, Store, StoreSettings};
use rusqlite::Connection;
use sync_wire::down::SigningKey;
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
        desk_reader: None,
        broker_port: None,
        screen_more: String::new(),
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

/// Runs `menwei` in an empty folder, with nothing of the box's.
fn elsewhere(arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let empty = tempfile::tempdir()?;
    let done = std::process::Command::new(tests::bin_dir()?.join("menwei"))
        .args(arguments)
        .current_dir(empty.path())
        .env_clear()
        .output()?;
    let said = [done.stdout, done.stderr].concat();
    Ok((done.status.code(), String::from_utf8(said)?))
}

#[test]
fn a_workers_proof_is_checked_elsewhere_and_a_changed_copy_refused() -> Result<()> {
    let (folder, gate_box) = written_box()?;
    let at = |name: &str| gate_box.folder().join(name);
    let device = SigningKey::from_bytes(Key::from_file(&at("device.key"))?.reveal());
    let public = device.verifying_key().to_hex();
    sign(&gate_box, device)?;
    let file = folder.path().join("proof.json");
    let path = file.to_str().ok_or("folder")?;
    let days = ["--from", "2020-01-01", "--to", "2090-12-31"];
    let asked = ["export", "proof", "--worker", "1", "--out", path];
    let told = gate_box.menwei(&[asked.as_slice(), &days].concat())?;
    assert!(told.contains(&public), "{told}");

    let (code, said) = elsewhere(&["verify-proof", path, "--key", &public])?;
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("可信") && said.contains("\"kind\":\"worker\""),
        "{said}"
    );
    let text = fs::read_to_string(&file)?;
    for (from, to, why) in [
        ("\"worker\":1,", "\"worker\":2,", "不是这名工人的"),
        ("\"kind\":\"entry\"", "\"kind\":\"exit\"", "记录被改过"),
        ("\"made_at\":1", "\"made_at\":2", "在导出之后被改过"),
        ("\"records\":[", "\"records\":[[", "文件残缺"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        fs::write(&file, changed)?;
        let (code, said) = elsewhere(&["verify-proof", path, "--key", &public])?;
        assert_eq!(code, Some(BROKEN), "{said}");
        assert!(said.contains(why), "{from}: {said}");
    }
    fs::write(&file, text)?;
    let other = SigningKey::from_bytes(&[9; 32]).verifying_key().to_hex();
    let (code, said) = elsewhere(&["verify-proof", path, "--key", &other])?;
    assert_eq!(code, Some(BROKEN), "{said}");
    Ok(())
}

/// A checkpoint at the end of a ledger of a box that does not run.
fn sign(gate_box: &GateBox, device: SigningKey) -> Result<()> {
    let settings = StoreSettings {
        path: gate_box.folder().join("ledger.db"),
        box_id: tests::BOX_ID.to_owned(),
        site: "3499002026TEST001".to_owned(),
    };
    let key = Key::from_file(&gate_box.folder().join("ledger.key"))?;
    let store = Store::open(&settings, &key)?;
    let stamp = store.facts().last.ok_or("an empty ledger")?;
    let writer = store.writer();
    let signed = writer.checkpoint(stamp, Arc::new(device), None);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(signed)?.ok_or("no checkpoint")?;
    drop(writer);
    store.close()?;
    Ok(())
}

#[test]
fn a_cut_end_is_named_and_on_record_after_the_next_start() -> Result<()> {
    // Nothing was uploaded, and the forger knows every table.
    let cut = "DELETE FROM ledger WHERE seq > 40;
               UPDATE folded SET through = 40 WHERE through > 40;
               DELETE FROM checkpoint";
    let (folder, gate_box) = written_box()?;
    let count = gate_box.status()?["records"].as_u64().ok_or("no count")?;
    forge(&gate_box, cut)?;
    let ended = gate_box.menwei_ends(&["verify"])?;
    assert_eq!(ended.code, Some(BROKEN), "{ended:?}");
    let said = format!("写到第 {count} 条，现在只到第 40 条");
    assert!(ended.complained.contains(&said), "{ended:?}");
    // The next start writes it down, signed, for the city and for whoever looks later.
    let roster = folder.path().join("roster.json");
    gate_box.menwei_ends(&["import", roster.to_str().ok_or("folder")?])?;
    let told = gate_box.menwei(&["export", "--from", "41"])?;
    let fault = r#""device":"ledger","state":"fault","detail":"E-DB-07""#;
    assert!(told.contains(fault), "{told}");
    let lost = told.lines().find(|line| line.contains("\"checkpoint\""));
    let lost = lost.ok_or("no checkpoint")?;
    assert!(lost.contains(&format!("\"last\":{count},")), "{lost}");
    assert_eq!(gate_box.menwei_ends(&["verify"])?.code, Some(0));
    Ok(())
}

#[test]
fn an_end_that_was_written_anew_is_named_and_so_is_a_note_that_is_gone() -> Result<()> {
    let (_folder, gate_box) = written_box()?;
    let note = gate_box.folder().join("ledger.db.head");
    let whole = fs::read(&note)?;
    forge(
        &gate_box,
        "UPDATE ledger SET hash = zeroblob(32), body = CAST(body || ' ' AS BLOB)
         WHERE seq = (SELECT max(seq) FROM ledger)",
    )?;
    let ended = gate_box.menwei_ends(&["verify"])?;
    assert!(ended.complained.contains("在封存之后被改写"), "{ended:?}");
    fs::write(&note, &whole[..100])?;
    let ended = gate_box.menwei_ends(&["verify"])?;
    assert!(ended.complained.contains("封条"), "{ended:?}");
    Ok(())
}
