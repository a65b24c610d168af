//! A table on the screen and a flat JSON object in `target/bench`.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use tests::Result;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    fn note(self, value: &Value) -> String {
        let value = value.as_f64().unwrap_or(f64::NAN);
        let (words, target, met) = match self {
            Self::AtMost(target) => ("at most", target, value <= target),
            Self::AtLeast(target) => ("at least", target, value >= target),
        };
        format!("  {words} {target}: {}", if met { "met" } else { "MISSED" })
    }
}

/// The figures of one bench.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    figures: Map<String, Value>,
    targets: Vec<(&'static str, Target)>,
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
        self.targets.push((figure, Target::AtMost(target)));
    }

    /// Adds a figure that should be at least `target`.
    pub(crate) fn add_at_least(&mut self, figure: &'static str, value: f64, target: f64) {
        self.add(figure, value);
        self.targets.push((figure, Target::AtLeast(target)));
    }

    /// Prints the table and writes the file.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n{}", self.name);
        for (figure, value) in &self.figures {
            let target = self.targets.iter().find(|(name, _)| name == figure);
            let note = target.map_or(String::new(), |(_, target)| target.note(value));
            println!("  {figure:<28} {value:>12}{note}");
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
