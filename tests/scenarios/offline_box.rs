//! A box that has never seen its broker works like any other, and catches up: the newest first, the
//! backlog in order.

use tests::{BOX_ID, Result, Site, eventually};

use crate::help::{Gate, plan};

/// Most unsent records that go by the live tier, newest first (`sync/PROTOCOL.md`, tiers).
const FRESH_MAX: u64 = 40;

#[tokio::test]
async fn a_box_works_with_no_broker_and_drains_in_order_when_one_comes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.broker.down()?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for person in ["admitted:0", "admitted:1", "hmt:1"] {
        gate.passes("gate-1-in", person).await?;
    }
    gate.passes("gate-2-out", "admitted:0").await?;
    let offline = site.gate_box.status()?;
    assert_eq!(offline["acked_through"], 0, "{offline}");
    assert_eq!(offline["on_site"], 2, "{offline}");
    assert_eq!(site.city.count(BOX_ID)?, 0);
    let offline_records = offline["records"].as_u64().unwrap_or(0);

    site.broker.up().await?;
    site.settled().await?;
    let city = site.city.database()?;
    let mut query = city.prepare("SELECT seq FROM record WHERE box = ?1 ORDER BY rowid")?;
    let arrived: Vec<i64> = query
        .query_map([BOX_ID], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let backlog: Vec<u64> = arrived
        .into_iter()
        .filter_map(|seq| u64::try_from(seq).ok())
        .filter(|seq| *seq + FRESH_MAX <= offline_records)
        .collect();
    assert!(offline_records > 2 * FRESH_MAX, "{offline}");
    let in_order: Vec<u64> = (1..=offline_records - FRESH_MAX).collect();
    assert_eq!(backlog, in_order, "the backlog arrived in another order");
    eventually("the clock is proved by the city", async || {
        let records = site.gate_box.records(offline_records)?;
        let proved = records
            .iter()
            .any(|record| record["body"]["clock"] == "synced");
        Ok(proved.then_some(()))
    })
    .await
}
