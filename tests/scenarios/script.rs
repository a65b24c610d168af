//! Waiting for the end of a scripted day.

use tests::{Result, Site, eventually};

use crate::help::Gate;

/// Whether the scripted day is over, every visit included.
pub(crate) fn play_ended(site: &Site) -> Result<bool> {
    Ok(site
        .simulator
        .journal()?
        .iter()
        .any(|line| line["act"] == "play_ended"))
}

/// Waits for the end of the scripted day, and for the record of everybody who walked through a gate: what
/// a board saw while the box was dead comes when they speak again.
pub(crate) async fn everybody_is_through_and_recorded(site: &Site) -> Result<()> {
    eventually("the scripted day ends", async || {
        Ok(play_ended(site)?.then_some(()))
    })
    .await?;
    let journal = site.simulator.journal()?;
    let gates = site.simulator.boards();
    let walks = journal.iter().filter(|line| {
        let lane = line["lane"].as_str().unwrap_or_default();
        line["act"] == "walked_through" && gates.contains_key(lane)
    });
    let walks = walks.count();
    eventually(&format!("records of {walks} walks"), async || {
        let passages = Gate::from(site).bodies(0, "passage")?;
        Ok((passages.len() >= walks).then_some(()))
    })
    .await
}
