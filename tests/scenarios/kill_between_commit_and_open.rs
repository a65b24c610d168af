//! The box dies between the commit and the open, and at any other moment.

use serde_json::{Value, json};
use tests::{BOX_ID, CableRule, GateCable, Result, Site, SitePlan, eventually};

use crate::help::{Gate, plan};
use crate::kill_city_before_ack::same_ledger;
use crate::script::{everybody_is_through_and_recorded, play_ended};

/// Times that the way in opened. The way out is free while the box is dead, whatever the settings.
async fn entries_opened(gate: Gate<'_>) -> Result<u64> {
    Ok(gate.openings("gate-1").await?.0)
}

/// A site whose first gate hangs on a cable that the test holds in its hands.
async fn site_on_a_cable(folder: &std::path::Path, plan: &SitePlan) -> Result<(Site, GateCable)> {
    let mut site = Site::prepare(folder, plan).await?;
    let terminal = site
        .simulator
        .boards()
        .get("gate-1")
        .ok_or("no board")?
        .clone();
    let cable = GateCable::lay(&terminal)?;
    let link = format!("serial:{}?baud=115200", terminal.display());
    site.gate_box
        .edit(|text| text.replace(&link, cable.address()))?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    site.settled().await?;
    Ok((site, cable))
}

/// Everything of one worker after `seq`: granted presentations and counted passages.
fn of_worker(gate: Gate<'_>, after: u64, worker: &Value) -> Result<(usize, usize)> {
    let count = |kind: &str, key: &str, value: Value| -> Result<usize> {
        let bodies = gate.bodies(after, kind)?;
        Ok(bodies
            .iter()
            .filter(|body| body["worker"] == *worker && body[key] == value)
            .count())
    };
    Ok((
        count("presentation", "result", json!("granted"))?,
        count("passage", "counted", json!(true))?,
    ))
}

#[tokio::test]
async fn an_open_that_never_left_stays_recorded_and_opens_nothing_later() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut site, cable) = site_on_a_cable(folder.path(), &plan("one-gate")).await?;
    let before = Gate::from(&site).head()?;
    cable.set(CableRule::LoseOpens);
    site.simulator.put("gate-1-in", "admitted:0").await?;
    eventually("the box commands the gate", async || {
        Ok((cable.opens() > 0).then_some(()))
    })
    .await?;
    site.gate_box.kill()?;
    site.simulator.lift("gate-1-in").await?;
    cable.set(CableRule::Through);

    let gate = Gate::from(&site);
    let (seq, granted) = gate
        .record(before, "the presentation", |body| {
            body["result"] == "granted"
        })
        .await?;
    assert_eq!(of_worker(gate, before, &granted["worker"])?, (1, 0));
    assert_eq!(entries_opened(gate).await?, 0);

    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.devices_answer(seq).await?;
    let (_, started) = gate
        .record(seq, "the start", |body| body["kind"] == "started")
        .await?;
    assert!(
        started["off_since"].as_i64() >= granted["at"].as_i64(),
        "{started}"
    );
    // The box works, the gate answers, and the grant from before the death opens nothing.
    gate.passes("road-in", "admitted:1").await?;
    gate.lane_shows("gate-1", "open_in", json!(false)).await?;
    assert_eq!(entries_opened(gate).await?, 0, "the arm opened by itself");
    assert_eq!(of_worker(gate, before, &granted["worker"])?, (1, 0));

    gate.passes("gate-1-in", "admitted:0").await?;
    assert_eq!(entries_opened(gate).await?, 1);
    assert_eq!(of_worker(gate, before, &granted["worker"])?, (2, 1));
    settled_and_sound(&site).await
}

#[tokio::test]
async fn an_open_whose_answer_never_came_is_counted_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut site, cable) = site_on_a_cable(folder.path(), &plan("one-gate")).await?;
    let before = Gate::from(&site).head()?;
    cable.set(CableRule::LoseAnswersToOpens);
    site.simulator.put("gate-1-in", "admitted:0").await?;
    Gate::from(&site)
        .lane_shows("gate-1", "open_in", json!(true))
        .await?;
    site.gate_box.kill()?;
    site.simulator.lift("gate-1-in").await?;
    let number = Gate::from(&site).simulator.state().await?["people"][0]["person"].clone();
    let walk = json!({"lane": "gate-1", "direction": "in", "person": number});
    assert_eq!(site.simulator.act("walk", &walk).await?["end"], "through");
    cable.set(CableRule::Through);

    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    let (seq, granted) = gate
        .record(before, "the presentation", |body| {
            body["result"] == "granted"
        })
        .await?;
    let (_, passage) = gate
        .record(seq, "the passage", |body| body["kind"] == "passage")
        .await?;
    assert_eq!(passage["presentation"], seq, "{passage}");
    assert_eq!(passage["outcome"], "passed", "{passage}");
    gate.passes("gate-1-out", "admitted:0").await?;
    assert_eq!(of_worker(gate, before, &granted["worker"])?, (2, 2));
    assert_eq!(entries_opened(gate).await?, 1);
    settled_and_sound(&site).await
}

/// City and ledger are the same, the chain holds, and the verdict has nothing to say.
async fn settled_and_sound(site: &Site) -> Result<()> {
    site.settled().await?;
    same_ledger(Gate::from(site), &site.city)?;
    site.gate_box.menwei(&["verify"])?;
    let verdict = site.verdict()?;
    assert_eq!(verdict["ok"], true, "{verdict}");
    Ok(())
}

/// Kills during the rush; at some of them the city or the broker dies too.
const KILLS: u64 = 10;
const READERS: u64 = 3;

#[tokio::test]
async fn ten_kills_in_a_rush_lose_and_double_nothing_that_was_promised() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::start(folder.path(), &plan("small-rush")).await?;
    Gate::from(&site).devices_answer(0).await?;
    site.simulator.act("play", &json!({})).await?;
    for kill in 0..KILLS {
        // Right after a card was read, and so many looks of 20 ms later.
        let had = cards_read(&site)?;
        let mut looks = kill * 7 % 10;
        eventually("a card is read", async || {
            let read = cards_read(&site)? > had || play_ended(&site)?;
            looks = if read { looks.saturating_sub(1) } else { looks };
            Ok((read && looks == 0).then_some(()))
        })
        .await?;
        site.gate_box.kill()?;
        match kill % 3 {
            1 => {
                site.city.kill()?;
                site.city.up().await?;
            }
            2 => {
                site.broker.down()?;
                site.broker.up().await?;
            }
            _ => {}
        }
        site.gate_box.up().await?;
    }
    everybody_is_through_and_recorded(&site).await?;
    site.settled().await?;
    same_ledger(Gate::from(&site), &site.city)?;
    site.gate_box.menwei(&["verify"])?;

    let verdict = site.verdict()?;
    for zero in [
        "duplicated",
        "out_of_order",
        "wrong_person",
        "opened_without_record",
        "sealed_shut",
    ] {
        assert_eq!(verdict[zero], 0, "{zero}: {verdict}");
    }
    assert_eq!(verdict["chain_ok"], true, "{verdict}");
    // A card that the box had read and not yet committed when it died was promised nothing: no arm
    // opened, no lamp was green. It is the only thing that may be missing, once for each reader and kill.
    let figure = |key: &str| verdict[key].as_u64().unwrap_or(u64::MAX);
    let recorded = cards_recorded(&site)?;
    let promised_nothing = figure("presentations").saturating_sub(recorded);
    assert_eq!(
        figure("lost"),
        promised_nothing,
        "a passage is lost: {verdict}"
    );
    assert!(
        promised_nothing <= KILLS * READERS,
        "{promised_nothing} cards without a record: {verdict}"
    );
    assert!(figure("opened") > 0 && recorded > 0, "{verdict}");
    Ok(())
}

fn cards_read(site: &Site) -> Result<usize> {
    Ok(site
        .simulator
        .journal()?
        .iter()
        .filter(|line| line["act"] == "read_ok")
        .count())
}

/// Presentations of readable cards that the city holds.
fn cards_recorded(site: &Site) -> Result<u64> {
    let mut count = 0;
    let database = site.city.database()?;
    let mut query = database.prepare("SELECT body FROM record WHERE box = ?1")?;
    let bodies = query.query_map([BOX_ID], |row| row.get::<_, Vec<u8>>(0))?;
    for body in bodies {
        let body: Value = serde_json::from_slice(&body?)?;
        let readable = body["reason"] != "unreadable_card";
        count += u64::from(body["kind"] == "presentation" && readable);
    }
    Ok(count)
}
