//! From a record to the row on the clerk's screen, in a real browser.

use std::collections::BTreeMap;

use tests::{Browser, GateBox, Result};

use super::beside::Gate;
use super::desk::NAME;
use crate::folder;

/// Notes when each row came, by its record's number.
const WATCH: &str = "window.rowsAt = {};
    const strip = document.getElementById('strip');
    const look = () => {
        const now = Date.now();
        for (const row of strip.querySelectorAll('[data-seq]')) {
            if (!(row.dataset.seq in window.rowsAt)) { window.rowsAt[row.dataset.seq] = now; }
        }
    };
    look();
    new MutationObserver(look).observe(strip, {childList: true, subtree: true});
    return true";

/// So many people come in; ms from what each record says as its time, which is before its commit, to its
/// row in the page. Box and browser read the same clock.
pub(super) async fn measure(
    gate: &mut Gate,
    gate_box: &GateBox,
    people: usize,
) -> Result<Vec<f64>> {
    let browser = Browser::start(&folder("clerk-browser")?).await?;
    browser.resize(1366, 768).await?;
    browser.enter(gate_box.screen(), NAME).await?;
    let live = "return document.getElementById('live').dataset.state === 'live'";
    browser.until("the page is live", live).await?;
    browser.until("the watch", WATCH).await?;
    let before = gate_box.status()?["records"].as_u64().unwrap_or(0);
    for _ in 0..people {
        gate.turn().await?;
    }
    let presented: BTreeMap<u64, f64> = gate_box
        .records(before)?
        .iter()
        .filter(|one| one["body"]["kind"] == "presentation")
        .filter_map(|one| Some((one["seq"].as_u64()?, one["body"]["at"].as_f64()?)))
        .collect();
    let last = presented.keys().next_back().ok_or("nobody came")?;
    let shown = format!("return '{last}' in window.rowsAt");
    browser.until("the last row", &shown).await?;
    let rows = browser.script("return window.rowsAt").await?;
    browser.close().await?;
    let took = presented.iter().map(|(seq, at)| {
        let row = rows[seq.to_string()].as_f64();
        Ok(row.ok_or_else(|| format!("record {seq} was never shown"))? - at)
    });
    took.collect()
}
