//! A damaged file, and a backup that comes back: the gate goes on, and nothing is passed off as something else.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::Value;
use tests::{BOX_ID, City, GateBox, Result, Site, eventually};

use crate::help::{Gate, plan, site_at_work};

/// Somebody with the key changes the last record of a stopped box.
fn change_last_record(gate_box: &GateBox) -> Result<()> {
    let key = fs::read_to_string(gate_box.folder().join("ledger.key"))?;
    let db = Connection::open(gate_box.folder().join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048; \
         DROP TRIGGER ledger_is_never_updated; \
         UPDATE ledger SET body = CAST('{{}}' AS BLOB) WHERE id = (SELECT max(id) FROM ledger)",
        key.trim()
    ))?;
    Ok(())
}

fn files(gate_box: &GateBox, part: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(gate_box.folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let companion = ["-wal", "-shm", "-daily"]
            .iter()
            .any(|end| name.ends_with(end));
        if name.contains(part) && !companion {
            found.push(name);
        }
    }
    found.sort();
    Ok(found)
}

/// Every epoch of which the city has records.
fn epochs_at(city: &City) -> Result<Vec<String>> {
    let database = city.database()?;
    let mut query = database.prepare("SELECT DISTINCT epoch FROM record ORDER BY 1")?;
    let epochs = query.query_map([], |row| row.get(0))?;
    Ok(epochs.collect::<std::result::Result<_, _>>()?)
}

/// The ledger of another box with the site's roster in it, under this box's key or its own.
fn ledger_of(id: &str, folder: &Path, site: &Site, same_key: bool) -> Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let plan = plan("one-gate");
    let (readers, boards) = (site.simulator.readers(), site.simulator.boards());
    let mut wired = plan.wire(readers, boards, None)?;
    id.clone_into(&mut wired.id);
    let other = GateBox::new(folder, &wired)?;
    if same_key {
        fs::copy(
            site.gate_box.folder().join("ledger.key"),
            folder.join("ledger.key"),
        )?;
    }
    let roster = site.gate_box.folder().join("roster.json");
    other.menwei(&["import", roster.to_str().ok_or("folder")?])?;
    Ok(folder.join("ledger.db"))
}

/// Waits until the city has so many records of the box's present epoch as the box.
async fn city_has_this_epoch(site: &Site) -> Result<()> {
    eventually("the city has the new epoch", async || {
        let status = site.gate_box.status()?;
        let have: u64 = site.city.database()?.query_row(
            "SELECT count(*) FROM record WHERE box = ?1 AND epoch = ?2",
            [BOX_ID, status["epoch"].as_str().unwrap_or_default()],
            |row| row.get::<_, i64>(0).map(i64::unsigned_abs),
        )?;
        let all = status["records"] == have && status["acked_through"] == have;
        Ok((all && have > 0).then_some(()))
    })
    .await
}

fn began(records: &[Value]) -> Result<Value> {
    let first = records.first().ok_or("no record")?["body"].clone();
    assert_eq!(first["kind"], "epoch_began", "{first}");
    Ok(first)
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_whole_and_the_gate_still_knows_its_people() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    let old = site.gate_box.status()?;
    site.gate_box.stop().await?;
    change_last_record(&site.gate_box)?;

    let refused = site.gate_box.menwei_ends(&["import", "/dev/null"])?;
    assert_ne!(
        refused.code,
        Some(0),
        "only the running box sets a file aside"
    );
    assert_eq!(files(&site.gate_box, "damaged")?.len(), 0);

    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    assert_eq!(files(&site.gate_box, "damaged")?.len(), 1);
    let records = site.gate_box.records(0)?;
    let first = began(&records)?;
    assert_eq!(first["reason"], "damaged", "{first}");
    assert_eq!(first["previous"]["epoch"], old["epoch"], "{first}");
    assert!(
        first["previous"]["last"].as_u64() >= old["records"].as_u64(),
        "{first}"
    );
    let alarm = |record: &&Value| record["body"]["detail"] == "E-DB-02";
    assert_eq!(records.iter().filter(alarm).count(), 1);
    // Known people come in, unknown ones do not, as before.
    gate.passes("gate-1-in", "admitted:1").await?;
    gate.stays_out("gate-1-in", "not_on_roster:0").await?;
    city_has_this_epoch(&site).await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));

    // Nothing of the next file can be read at all: the gate works, and knows nobody.
    let second = site.gate_box.status()?;
    site.gate_box.stop().await?;
    let file = fs::File::options()
        .write(true)
        .open(site.gate_box.folder().join("ledger.db"))?;
    file.write_all_at(&[0x5a; 8192], 64)?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    assert_eq!(files(&site.gate_box, "damaged")?.len(), 2);
    gate.stays_out("gate-1-in", "admitted:2").await?;
    gate.passes("gate-2-out", "not_on_roster:0")
        .await
        .map(drop)?;
    city_has_this_epoch(&site).await?;

    // Its daily files tell where it ended, and give every record of it.
    let first = began(&site.gate_box.records(0)?)?;
    assert_eq!(first["previous"]["epoch"], second["epoch"], "{first}");
    let aside = files(&site.gate_box, "damaged")?.pop().ok_or("no file")?;
    let aside = site.gate_box.folder().join(aside);
    let said = site
        .gate_box
        .menwei(&["recover", aside.to_str().ok_or("folder")?])?;
    let last = &first["previous"]["last"];
    let expected = format!("已恢复第 1 至 {last} 条（其中 {last} 条取自每日副本）");
    assert!(said.contains(&expected), "{said}");
    city_has_this_epoch(&site).await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}

#[tokio::test]
async fn what_a_damaged_file_holds_goes_up_when_it_is_recovered() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    // All that this file ever records stays in it: the city hears of nothing.
    site.broker.down()?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    site.gate_box.menwei(&[
        "suspend",
        "--from",
        "2027-01-20",
        "--to",
        "2027-02-15",
        "--reason",
        "春节",
    ])?;
    let before = site.gate_box.status()?;
    site.gate_box.stop().await?;
    change_last_record(&site.gate_box)?;
    site.gate_box.up().await?;
    site.broker.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    city_has_this_epoch(&site).await?;

    let junk = folder.path().join("junk.db");
    fs::write(&junk, [7_u8; 9000])?;
    let present = site.gate_box.folder().join("ledger.db");
    let same_key = ledger_of("ah-000002", &folder.path().join("second"), &site, true)?;
    let own_key = ledger_of("ah-000003", &folder.path().join("third"), &site, false)?;
    let held = site.gate_box.status()?;
    for (file, why) in [
        (junk, "文件已损坏"),
        (present, "这就是现在用的账本"),
        (folder.path().join("nowhere.db"), "文件不存在"),
        (same_key, "属于考勤盒 ah-000002，不是本盒 ah-000001"),
        (own_key, "密钥打不开"),
    ] {
        let file = file.to_str().ok_or("folder")?.to_owned();
        let refused = site.gate_box.menwei_ends(&["recover", &file])?;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.complained.contains(why), "{refused:?}");
    }
    let epoch = held["epoch"].clone();
    assert_eq!(site.gate_box.status()?["epoch"], epoch);
    let at_city = serde_json::to_value(epochs_at(&site.city)?)?;
    assert_eq!(
        at_city,
        serde_json::json!([epoch]),
        "nothing of them is here"
    );
    let aside = files(&site.gate_box, "damaged")?.pop().ok_or("no file")?;
    let aside = site.gate_box.folder().join(aside);
    let aside = aside.to_str().ok_or("folder")?;
    let said = site.gate_box.menwei(&["recover", aside])?;
    // The last record was changed in the database; the daily file has it as it was.
    assert!(said.contains("（其中 1 条取自每日副本）"), "{said}");
    let whole = before["records"].as_u64().ok_or("no count")?;
    eventually(
        "the city has the old epoch, every record of it as it was",
        async || {
            let have: i64 = site.city.database()?.query_row(
                "SELECT count(*) FROM record WHERE epoch = ?1",
                [before["epoch"].as_str().unwrap_or_default()],
                |row| row.get(0),
            )?;
            Ok((have.unsigned_abs() == whole).then_some(()))
        },
    )
    .await?;
    let verdict = site.verdict()?;
    for zero in [
        "lost",
        "duplicated",
        "out_of_order",
        "wrong_person",
        "miscounted",
    ] {
        assert_eq!(verdict[zero], 0, "{zero}: {verdict}");
    }
    // A second time there is nothing to do, and the present epoch is the one that it was.
    let said = site.gate_box.menwei(&["recover", aside])?;
    assert!(said.contains("没有需要恢复的"), "{said}");
    Gate::from(&site).passes("gate-1-out", "admitted:1").await?;
    city_has_this_epoch(&site).await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}

#[tokio::test]
async fn a_backup_comes_back_under_a_new_epoch_and_the_newer_file_is_kept() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    site.gate_box.stop().await?;
    let backup = folder.path().join("backup.db");
    fs::copy(site.gate_box.folder().join("ledger.db"), &backup)?;
    let then = site.gate_box.status()?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    site.settled().await?;
    let city_had = site.city.count(BOX_ID)?;

    let name = backup.to_str().ok_or("folder")?;
    let refused = site.gate_box.menwei_ends(&["restore", name])?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.complained.contains("正被另一个进程使用"),
        "{refused:?}"
    );
    site.gate_box.stop().await?;
    let junk = folder.path().join("junk.db");
    fs::write(&junk, [7_u8; 9000])?;
    let refused = site
        .gate_box
        .menwei_ends(&["restore", junk.to_str().ok_or("folder")?])?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(files(&site.gate_box, "replaced")?.len(), 0);

    let said = site.gate_box.menwei(&["restore", name])?;
    assert!(said.starts_with("已恢复"), "{said}");
    assert_eq!(files(&site.gate_box, "replaced")?.len(), 1);
    assert_eq!(files(&site.gate_box, "copying")?.len(), 0);
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let first = began(&site.gate_box.records(0)?)?;
    assert_eq!(first["reason"], "restored", "{first}");
    assert_eq!(first["previous"]["epoch"], then["epoch"], "{first}");
    assert_eq!(first["previous"]["last"], then["records"], "{first}");
    // The backup does not know that this worker came in; what the city has stays as it is.
    gate.passes("gate-1-in", "admitted:1").await?;
    city_has_this_epoch(&site).await?;
    eventually("the city has both epochs, and nothing twice", async || {
        let now = site.gate_box.status()?["records"].as_u64().unwrap_or(0);
        Ok((site.city.count(BOX_ID)? == city_had + now).then_some(()))
    })
    .await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}
