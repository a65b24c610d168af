//! A box with a face terminal at its first lane.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tests::{LoneGate, Result, eventually};

use crate::help::{Gate, admitted, plan};

pub(super) const TERMINAL: &str = "东门人脸机";

/// A box with a terminal at its first lane; not running yet.
pub(super) struct Stand {
    pub(super) site: LoneGate,
    /// Has signed the words that name the terminals.
    pub(super) signed: u32,
    /// Has signed the older words only.
    pub(super) older: u32,
}

impl Stand {
    /// `keys` are those of the terminal beside name and direction.
    pub(super) async fn prepare(folder: &Path, keys: &str) -> Result<Self> {
        let site = LoneGate::prepare(folder, &plan("one-gate")).await?;
        let file = site.gate_box.folder().join("roster.json");
        let mut roster: Value = serde_json::from_slice(&fs::read(&file)?)?;
        let workers = roster["workers"].as_array_mut().ok_or("no workers")?;
        let mut numbers = Vec::new();
        for (row, text) in admitted(workers).zip([Some(2), Some(1)]) {
            row["face_consent_on"] = json!("2026-11-01");
            row["face_consent_text"] = json!(text);
            numbers.push(row["id_number"].clone());
        }
        let place = |number: &Value| {
            let place = workers.iter().position(|row| row["id_number"] == *number);
            Some(u32::try_from(place?).ok()? + 1)
        };
        let places: Option<Vec<u32>> = numbers.iter().map(place).collect();
        let Some([signed, older]) = places.as_deref() else {
            return Err("two admitted workers".into());
        };
        let (signed, older) = (*signed, *older);
        fs::write(&file, serde_json::to_vec(&roster)?)?;
        let file = file.to_str().ok_or("no text")?;
        site.gate_box.menwei(&["import", file])?;
        site.gate_box.edit(|text| {
            let terminal = format!(
                "\n[[lane.terminal]]\nname = \"{TERMINAL}\"\ndirection = \"in\"\n{keys}\n\n[lane.gate]"
            );
            text.replacen("\n[lane.gate]", &terminal, 1)
        })?;
        Ok(Self {
            site,
            signed,
            older,
        })
    }

    pub(super) fn gate(&self) -> Gate<'_> {
        Gate::from(&self.site)
    }

    /// Waits for the record of a terminal's event.
    pub(super) async fn told(&self, after: u64, seq: u64) -> Result<(u64, Value)> {
        let what = format!("event {seq} of the terminal");
        self.gate()
            .record(after, &what, |body| {
                body["kind"] == "presentation" && body["terminal"]["seq"] == seq
            })
            .await
    }

    /// How often the ledger has a terminal's event.
    pub(super) fn times(&self, seq: u64) -> Result<usize> {
        let bodies = self.gate().bodies(0, "presentation")?;
        Ok(bodies
            .iter()
            .filter(|body| body["terminal"]["seq"] == seq)
            .count())
    }

    /// The person who was let in walks through.
    pub(super) async fn walks_in(&self, presentation: u64) -> Result<()> {
        let gate = self.gate();
        gate.lane_shows("gate-1", "open_in", true.into()).await?;
        gate.simulator.walk("gate-1", "in").await?;
        gate.record(presentation, "the passage", |body| {
            body["kind"] == "passage" && body["presentation"] == presentation
        })
        .await
        .map(drop)
    }
}

/// Waits until something holds.
pub(super) async fn until(what: &str, holds: impl Fn() -> bool) -> Result<()> {
    eventually(what, async || Ok(holds().then_some(()))).await
}
