//! The verdict of a program that shares nothing with the box.

use std::process::Command;

use serde_json::Value;
use tests::{Result, Site, bin_dir};

pub(crate) fn judge(site: &Site) -> Result<Value> {
    let output = Command::new(bin_dir()?.join("site-verdict"))
        .arg("--journal")
        .arg(site.simulator.journal_file())
        .arg("--city-db")
        .arg(site.city.folder().join("city.db"))
        .arg("--city-key")
        .arg(site.city.folder().join("city-seal.key"))
        .output()?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("no verdict: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Whether the scripted day is over, every visit included.
pub(crate) fn play_ended(site: &Site) -> Result<bool> {
    Ok(site
        .simulator
        .journal()?
        .iter()
        .any(|line| line["act"] == "play_ended"))
}
