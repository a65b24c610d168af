//! Once a day box and city compare what they have: a record that somebody changed at the city is named on
//! both sides, though every hash there still fits.

use std::fs;

use rusqlite::Connection;
use tests::{BOX_ID, GateBox, Result, Site, eventually};

use crate::delivery::identity::delivered;
use crate::help::plan;

/// The record that is changed at the city.
const CHANGED: u64 = 17;

/// A day ago by the box's own notes.
fn a_day_passes(gate_box: &GateBox) -> Result<()> {
    let key = fs::read_to_string(gate_box.folder().join("ledger.key"))?;
    let db = Connection::open(gate_box.folder().join("ledger.db"))?;
    db.execute_batch(&format!(
        "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048",
        key.trim()
    ))?;
    let days = db.execute(
        "UPDATE setting SET value = value - 1 WHERE name = 'compared_day'",
        [],
    )?;
    assert_eq!(days, 1, "the box has begun to count days");
    Ok(())
}

#[tokio::test]
async fn a_record_that_was_changed_at_the_city_is_named_on_both_sides() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.gate_box.up().await?;
    let status = delivered(&site.gate_box).await?;
    assert!(status["records"].as_u64() > Some(CHANGED), "{status}");
    // With the key of its first day the box has said which key signs its ledger.
    let key: String = site.city.database()?.query_row(
        "SELECT device_key FROM box WHERE box = ?1",
        [BOX_ID],
        |row| row.get(0),
    )?;
    assert_eq!(key.len(), 64);
    site.gate_box.stop().await?;
    let forger = Connection::open(site.city.folder().join("city.db"))?;
    forger.busy_timeout(std::time::Duration::from_secs(10))?;
    let changed = forger.execute(
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), '\"boot\":', '\"boot\":1') AS BLOB)
         WHERE box = ?1 AND seq = ?2",
        (BOX_ID, CHANGED),
    )?;
    assert_eq!(changed, 1);
    a_day_passes(&site.gate_box)?;
    site.gate_box.up().await?;
    let told = eventually("the box names the record", async || {
        let told = site.gate_box.status()?["troubles"]["逐日核对"].clone();
        Ok((told["code"] == "E-DB-09").then_some(told))
    })
    .await?;
    let cause = told["cause"].as_str().unwrap_or_default();
    assert!(cause.contains(&format!("第 {CHANGED} 条")), "{told}");
    let alarms: u64 = site.city.database()?.query_row(
        "SELECT count(*) FROM alarm WHERE box = ?1 AND code = 'record_differs' AND seq = ?2",
        (BOX_ID, CHANGED),
        |row| row.get(0),
    )?;
    assert_eq!(alarms, 1);
    // The box's own ledger is whole, and has the find on record.
    delivered(&site.gate_box).await?;
    site.gate_box.stop().await?;
    assert_eq!(site.gate_box.menwei_ends(&["verify"])?.code, Some(0));
    let fault = r#""device":"ledger","state":"fault","detail":"E-DB-09""#;
    assert!(site.gate_box.menwei(&["export"])?.contains(fault));
    Ok(())
}
