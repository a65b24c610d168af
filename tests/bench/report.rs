//! A table on the screen and a flat JSON object in `target/bench`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tests::Result;

/// The figures of one bench.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    figures: Map<String, Value>,
    targets: Vec<(&'static str, f64)>,
}

impl Report {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            figures: Map::new(),
            targets: Vec::new(),
        }
    }

    /// Adds a figure, rounded to three decimals.
    pub(crate) fn add(&mut self, figure: &str, value: f64) {
        self.figures.insert(
            figure.to_owned(),
            json!((value * 1_000.0).round() / 1_000.0),
        );
    }

    /// Adds a figure that should be at most `target`.
    pub(crate) fn add_at_most(&mut self, figure: &'static str, value: f64, target: f64) {
        self.add(figure, value);
        self.targets.push((figure, target));
    }

    /// Prints the table and writes the file.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{}", self.name);
        for (figure, value) in &self.figures {
            let target = self.targets.iter().find(|(name, _)| name == figure);
            let note = target.map_or(String::new(), |(_, target)| {
                let met = value.as_f64().is_some_and(|value| value <= *target);
                format!("  at most {target}: {}", if met { "met" } else { "MISSED" })
            });
            println!("  {figure:<24} {value:>12}{note}");
        }
        let folder = Path::new("target/bench");
        fs::create_dir_all(folder)?;
        fs::write(
            folder.join(format!("{}.json", self.name)),
            serde_json::to_string_pretty(&self.figures)?,
        )?;
        Ok(())
    }
}

/// The value below which `share` of the values lie.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(at).copied().unwrap_or(f64::NAN)
}
