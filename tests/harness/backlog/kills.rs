//! Box, city and broker die at random moments while a backlog drains.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::backlog::generator::Generator;
use crate::backlog::offline::record_offline;
use crate::city::text;
use crate::process::{bin_dir, run};
use crate::site::{BOX_ID, Site, SitePlan};
use crate::{Result, eventually};

/// Records that wait at the first start.
const FIRST_BACKLOG: u64 = 20_000;
/// Records that are there when a killed box comes back.
const FURTHER_BACKLOG: u64 = 8_000;
/// A victim dies after at most so many records since the last death.
const STRIDE: u64 = 1_000;
/// With fewer left than a quick box delivers until a death, the box dies to find more when it is back.
const LEFT_MIN: u64 = 3_000;
/// So many deaths for each one that is wanted; the others fell after the drain.
const DEATHS_MAX: u64 = 4;
/// A quick drain brings some hundred records meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    GateBox,
    City,
    Broker,
}

/// Kills (kill -9) so often in the middle of the drain, each time after a random number of further
/// records at the city, and gives the judge's comparison of ledger and city with the number of kills.
/// `tell` hears of each kill. A death that found everything delivered shows nothing and does not count.
pub async fn kill_during_drain(
    folder: &Path,
    plan: &SitePlan,
    (seed, kills): (u64, u64),
    mut tell: impl FnMut(u64),
) -> Result<Value> {
    let mut site = Site::prepare(folder, plan).await?;
    let mut random = Generator::new(seed);
    let mut bodies = Generator::new(seed);
    let box_dir = site.gate_box.folder().to_path_buf();
    let mut last = record_offline(&box_dir, FIRST_BACKLOG, &mut bodies)
        .await?
        .last;
    site.gate_box.up().await?;
    let mut order = Vec::new();
    let (mut deaths, mut during) = (0, 0);
    let mut by_victim = [0_u64; 3];
    while during < kills {
        if deaths == kills * DEATHS_MAX {
            return Err(format!("only {during} of {deaths} kills fell into the drain").into());
        }
        let city = site.city.database()?;
        let has = through(&city)?;
        let victim = next_victim(last.saturating_sub(has), &mut order, &mut random);
        let wanted = (has + 1 + random.below(STRIDE)).min(last);
        eventually("records reach the city", async || {
            soon(async || Ok(through(&city)? >= wanted)).await
        })
        .await?;
        match victim {
            Victim::GateBox => site.gate_box.kill()?,
            Victim::City => site.city.kill()?,
            Victim::Broker => site.broker.down()?,
        }
        deaths += 1;
        let in_the_drain = u64::from(through(&city)? < last);
        during += in_the_drain;
        by_victim[victim as usize] += in_the_drain;
        match victim {
            Victim::GateBox => {
                last = record_offline(&box_dir, FURTHER_BACKLOG, &mut bodies)
                    .await?
                    .last;
                site.gate_box.up().await?;
            }
            Victim::City => site.city.up().await?,
            Victim::Broker => site.broker.up().await?,
        }
        tell(during);
    }
    site.settled().await?;
    site.gate_box.stop().await?;
    let mut found = compare(&site)?;
    found["kills"] = json!(during);
    for (name, times) in ["box_kills", "city_kills", "broker_kills"]
        .iter()
        .zip(by_victim)
    {
        found[*name] = json!(times);
    }
    found["kills_after_the_drain"] = json!(deaths - during);
    found["ledger_intact"] = json!(site.gate_box.menwei(&["verify"]).is_ok());
    Ok(found)
}

/// Through where the city has the ledger without a hole, which it finds without counting.
pub(super) fn through(city: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(max(through), 0) FROM ack WHERE box = ?1";
    let mut query = city.prepare_cached(sql)?;
    Ok(query.query_row([BOX_ID], |row| row.get(0))?)
}

/// Looks so often that a quick drain does not end between two looks; `None` after a hundred of them.
async fn soon(mut ask: impl AsyncFnMut() -> Result<bool>) -> Result<Option<()>> {
    for _ in 0..100 {
        if ask().await? {
            return Ok(Some(()));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// The box where little is left, so that more waits when it is back; else each of the three in turn.
fn next_victim(left: u64, order: &mut Vec<Victim>, random: &mut Generator) -> Victim {
    if left < LEFT_MIN {
        return Victim::GateBox;
    }
    if order.is_empty() {
        *order = shuffled(random);
    }
    order.pop().unwrap_or(Victim::Broker)
}

/// Each of the three once, so that no wait between two connections of one box grows long.
fn shuffled(random: &mut Generator) -> Vec<Victim> {
    let mut all = vec![Victim::GateBox, Victim::City, Victim::Broker];
    let mut order = Vec::new();
    while !all.is_empty() {
        let at = usize::try_from(random.below(all.len() as u64)).unwrap_or(0);
        order.push(all.swap_remove(at));
    }
    order
}

/// The judge's comparison of the box's ledger with what the city has.
pub fn compare(site: &Site) -> Result<Value> {
    let export = site.gate_box.folder().join("export.ndjson");
    site.gate_box.menwei(&["export", "--out", text(&export)?])?;
    let database = site.city.folder().join("city.db");
    let printed = run(
        &bin_dir()?.join("site-verdict"),
        &[
            "--ledger",
            text(&export)?,
            "--city-db",
            text(&database)?,
            "--box",
            BOX_ID,
        ],
    )?;
    Ok(serde_json::from_str(&printed)?)
}
