//! A city on `PostgreSQL` and a real box: a backlog drains while people pass, and the city is killed.

use serde_json::Value;
use tests::{BOX_ID, Generator, Postgres, Result, Site, compare, eventually, record_offline};
use tokio_postgres::Client;

use crate::help::{Gate, plan};

/// Records that wait at the start.
const BACKLOG: u64 = 30_000;
const DATABASE: &str = "city";

async fn stored(city: &Client) -> Result<u64> {
    let row = city
        .query_one("SELECT count(*) FROM record WHERE box = $1", &[&BOX_ID])
        .await?;
    Ok(u64::try_from(row.get::<_, i64>(0))?)
}

#[tokio::test]
async fn a_backlog_drains_into_postgresql_while_people_pass() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Postgres::start()?;
    server.create(DATABASE).await?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    let unused = site.city.folder().join("city.db");
    let url = server.url(DATABASE);
    site.city
        .set(&format!("workers = 2\n[database]\nurl = \"{url}\"\n"));
    site.city.up().await?;
    let box_dir = site.gate_box.folder().to_path_buf();
    let end = record_offline(&box_dir, BACKLOG, &mut Generator::new(7)).await?;
    let city = server.connect(DATABASE).await?;

    site.gate_box.up().await?;
    eventually("the drain goes on", async || {
        Ok((stored(&city).await? > 1_000).then_some(()))
    })
    .await?;
    site.city.kill()?;
    let killed_at = stored(&city).await?;
    assert!(killed_at < BACKLOG, "{killed_at}");
    Gate::from(&site).devices_answer(end.last).await?;
    site.city.up().await?;
    let gate = Gate::from(&site);
    let mut swipes = Vec::new();
    for person in ["admitted:0", "admitted:1", "hmt:1"] {
        let (presentation, passage) = gate.passes("gate-1-in", person).await?;
        swipes.push(presentation);
        swipes.extend(passage);
    }
    let records = eventually(
        "the city has every record and the box knows it",
        async || {
            let status = site.gate_box.status()?;
            let records = status["records"].as_u64().unwrap_or(0);
            let settled = status["acked_through"] == records && stored(&city).await? == records;
            Ok(settled.then_some(records))
        },
    )
    .await?;
    assert!(records > BACKLOG + 6, "{records}");

    site.gate_box.stop().await?;
    site.city.kill()?;
    std::fs::remove_file(&unused)?;
    server.copy_records(DATABASE, &unused).await?;
    let found = compare(&site)?;
    assert_eq!(found["ok"], true, "{found}");
    for zero in ["lost", "duplicated", "reordered", "invented"] {
        assert_eq!(found[zero], 0, "{found}");
    }
    // What the gate saw meanwhile stands there.
    let last = i64::try_from(end.last)?;
    let newest = "SELECT body FROM record WHERE box = $1 AND seq > $2";
    let rows = city.query(newest, &[&BOX_ID, &last]).await?;
    let bodies = rows
        .iter()
        .map(|row| serde_json::from_slice(row.get::<_, &[u8]>(0)));
    let bodies: Vec<Value> = bodies.collect::<std::result::Result<_, _>>()?;
    for swipe in swipes {
        assert!(bodies.contains(&swipe), "{swipe}");
    }
    let days: i64 = city
        .query_one(
            "SELECT CAST(sum(records) AS BIGINT) FROM day WHERE box = $1",
            &[&BOX_ID],
        )
        .await?
        .get(0);
    assert_eq!(
        u64::try_from(days)?,
        records,
        "every record is counted once"
    );
    Ok(())
}
