//! The city dies with messages in its hands: it gets them again, and keeps each once.

use serde_json::json;
use tests::{BOX_ID, City, Result, Site, eventually};

use crate::help::{Gate, plan};
use crate::script::{everybody_is_through_and_recorded, play_ended};

/// The city's records are those of the box, seq by seq, hash by hash. For a site that is settled: only
/// what the box has written since may not have arrived.
pub(crate) fn same_ledger(gate: Gate<'_>, city: &City) -> Result<()> {
    let database = city.database()?;
    let mut query = database.prepare(
        "SELECT seq, lower(hex(hash)), body FROM record WHERE box = ?1 ORDER BY epoch, seq",
    )?;
    let rows = query.query_map([BOX_ID], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, Vec<u8>>(2)?,
        ))
    })?;
    let theirs = rows.collect::<std::result::Result<Vec<_>, _>>()?;
    let ours = gate.gate_box.records(0)?;
    assert!(theirs.len() <= ours.len(), "the city has what no box wrote");
    for (record, (seq, hash, body)) in ours.iter().zip(theirs) {
        assert_eq!(record["seq"], seq);
        assert_eq!(record["hash"], hash);
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        assert_eq!(record["body"], body);
    }
    Ok(())
}

#[tokio::test]
async fn a_city_killed_with_unacknowledged_messages_loses_and_doubles_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    site.settled().await?;
    for round in 0..3 {
        // The city stands still: what is sent to it waits in its socket, unread or half read.
        site.city.process()?.signal("STOP")?;
        let acked = site.gate_box.status()?["acked_through"].clone();
        let gate = Gate::from(&site);
        gate.passes("gate-1-in", &format!("admitted:{round}"))
            .await?;
        gate.passes("road-in", &format!("admitted:{}", round + 5))
            .await?;
        let now = site.gate_box.status()?;
        assert_eq!(
            now["acked_through"], acked,
            "a record was settled without the city"
        );
        if round == 1 {
            // It works off what waits, and dies somewhere in between.
            let had = site.city.count(BOX_ID)?;
            site.city.process()?.signal("CONT")?;
            eventually("the city takes the first record", async || {
                Ok((site.city.count(BOX_ID)? > had).then_some(()))
            })
            .await?;
        }
        site.city.kill()?;
        site.city.up().await?;
        site.settled().await?;
    }
    let gate = Gate::from(&site);
    same_ledger(gate, &site.city)?;
    let verdict = site.verdict()?;
    assert_eq!(verdict["ok"], true, "{verdict}");
    Ok(())
}

#[tokio::test]
async fn a_city_killed_again_and_again_in_a_rush_has_everything_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("small-rush")).await?;
    Gate::from(&site).devices_answer(0).await?;
    site.simulator.act("play", &json!({})).await?;
    let mut kills = 0;
    while !play_ended(&site)? {
        let had = site.city.count(BOX_ID)?;
        eventually("the city takes some records, or the day ends", async || {
            let moved = site.city.count(BOX_ID)? >= had + 3 || play_ended(&site)?;
            Ok(moved.then_some(()))
        })
        .await?;
        site.city.kill()?;
        kills += 1;
        site.city.up().await?;
    }
    assert!(kills >= 3, "only {kills} kills");
    everybody_is_through_and_recorded(&site).await?;
    site.settled().await?;
    same_ledger(Gate::from(&site), &site.city)?;
    let verdict = site.verdict()?;
    assert_eq!(verdict["ok"], true, "{kills} kills: {verdict}");
    assert_eq!(verdict["presentations"], 51, "{verdict}");
    Ok(())
}
