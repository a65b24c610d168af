//! Pages that no start reads are damaged: the check after an unclean stop finds it and says so.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use rusqlite::Connection;
use tests::{LoneGate, Result, eventually};

use crate::help::{Gate, plan};

/// Bytes of a page of the file.
const PAGE: u64 = 2_048;

#[tokio::test]
async fn damage_after_an_unclean_stop_is_an_alarm_until_the_file_is_sound() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    add_pages_that_no_start_reads(&site)?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    site.gate_box.kill()?;
    flip_a_byte_of_them(&site)?;
    site.gate_box.up().await?;
    alarm(&site, true).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    // A clean stop between makes no damaged page whole.
    site.gate_box.stop().await?;
    site.gate_box.up().await?;
    alarm(&site, true).await?;
    flip_a_byte_of_them(&site)?;
    site.gate_box.stop().await?;
    site.gate_box.up().await?;
    alarm(&site, false).await
}

#[tokio::test]
async fn daily_files_that_cannot_be_written_are_an_alarm_and_keep_nobody_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = LoneGate::prepare(folder.path(), &plan("one-gate")).await?;
    let daily = site.gate_box.folder().join("ledger.db-daily");
    if daily.exists() {
        fs::remove_dir_all(&daily)?;
    }
    fs::write(&daily, "in the way")?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    gate.passes("gate-1-in", "admitted:0").await?;
    gate.passes("gate-1-out", "admitted:0").await?;
    status_tells(&site, ("E-DB-08", "打卡照常"), true).await?;
    recorded(&site, "fault").await?;

    site.gate_box.stop().await?;
    fs::remove_file(&daily)?;
    site.gate_box.up().await?;
    status_tells(&site, ("E-DB-08", "打卡照常"), false).await?;
    recorded(&site, "online").await?;
    assert!(
        fs::read_dir(&daily)?.next().is_some(),
        "nothing is made good"
    );
    Ok(())
}

/// Waits until the ledger, which the city gets, holds what became of the daily files.
async fn recorded(site: &LoneGate, state: &str) -> Result<()> {
    eventually("the record about the daily files", async || {
        let records = site.gate_box.records(0)?;
        let told = records
            .iter()
            .rfind(|record| record["body"]["detail"] == "E-DB-08");
        Ok(told.and_then(|told| (told["body"]["state"] == state).then_some(())))
    })
    .await
}

/// Waits until `menwei status` has the alarm of damage, or has it no longer.
async fn alarm(site: &LoneGate, expected: bool) -> Result<()> {
    status_tells(site, ("E-DB-04", "menwei verify"), expected).await
}

async fn status_tells(site: &LoneGate, (code, advice): (&str, &str), expected: bool) -> Result<()> {
    eventually("the alarm in `menwei status`", async || {
        let told = site.gate_box.menwei(&["status"])?;
        let listed = site.gate_box.status()?["troubles"].to_string();
        let is_told = told.contains(&format!("告警 {code}")) && told.contains(advice);
        Ok((is_told == expected && listed.contains(code) == expected).then_some(()))
    })
    .await
}

/// A table that the box does not know, at the end of the file.
fn add_pages_that_no_start_reads(site: &LoneGate) -> Result<()> {
    let folder = site.gate_box.folder();
    let key = fs::read_to_string(folder.join("ledger.key"))?;
    let db = Connection::open(folder.join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = {PAGE}",
        key.trim()
    ))?;
    db.execute_batch(
        "CREATE TABLE spare (filling BLOB);
         WITH RECURSIVE row(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 40)
         INSERT INTO spare SELECT zeroblob(1900) FROM row",
    )?;
    Ok(())
}

/// Twice is none.
fn flip_a_byte_of_them(site: &LoneGate) -> Result<()> {
    let path = site.gate_box.folder().join("ledger.db");
    let file = File::options().read(true).write(true).open(&path)?;
    let marker = site.gate_box.folder().join("damaged-at");
    let at = match fs::read_to_string(&marker) {
        Ok(text) => text.parse()?,
        Err(_) => fs::metadata(&path)?.len() - 10 * PAGE + 100,
    };
    fs::write(marker, at.to_string())?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at)?;
    file.write_all_at(&[byte[0] ^ 1], at)?;
    Ok(())
}
