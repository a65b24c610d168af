//! What people did: the simulator's journal, one JSON object a line.

use std::path::Path;

use serde::Deserialize;

use crate::error::VerdictError;

/// Which way a person goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Onto the site.
    In,
    /// Off the site.
    Out,
}

/// One line of the journal. Keys that an act does not have are absent.
#[derive(Clone, Debug, Deserialize)]
pub struct Line {
    /// Number of the line, 1, 2, 3 ….
    pub n: u64,
    /// Unix time in ms.
    pub wall_ms: i64,
    /// Which act.
    pub act: String,
    /// Which lane.
    pub lane: Option<String>,
    /// Which way.
    pub direction: Option<Direction>,
    /// Full ID number of whoever acts.
    pub person: Option<String>,
    /// Fire or tamper contact closed.
    pub on: Option<bool>,
    /// Whether the box asked an arm to open just before.
    pub commanded: Option<bool>,
    /// Reader, or lane of a board.
    pub device: Option<String>,
    /// Name of a scripted moment.
    pub name: Option<String>,
    /// `begin` or `end` of it.
    pub phase: Option<String>,
    /// What somebody does before a camera.
    pub showing: Option<String>,
}

/// An act of a person at a lane.
#[derive(Clone, Debug)]
pub struct Act {
    /// When, Unix ms.
    pub at: i64,
    /// Which lane.
    pub lane: String,
    /// Which way.
    pub direction: Direction,
    /// Full ID number, if known.
    pub person: Option<String>,
}

/// Reads a journal. Lines must be numbered without a hole.
pub fn read(path: &Path) -> Result<Vec<Line>, VerdictError> {
    let text = std::fs::read_to_string(path).map_err(|source| VerdictError::ReadFile {
        path: path.to_owned(),
        source,
    })?;
    parse(&text)
}

/// Reads the text of a journal.
pub fn parse(text: &str) -> Result<Vec<Line>, VerdictError> {
    let mut lines = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let line: Line = serde_json::from_str(row).map_err(|source| VerdictError::JournalLine {
            line: index + 1,
            source,
        })?;
        let expected = u64::try_from(index).unwrap_or(u64::MAX).saturating_add(1);
        if line.n != expected {
            return Err(VerdictError::JournalHole {
                line: expected,
                found: line.n,
            });
        }
        lines.push(line);
    }
    Ok(lines)
}

impl Line {
    /// The line as an act of a person, if its act is one of `acts`.
    pub fn as_act(&self, acts: &[&str]) -> Option<Act> {
        if !acts.contains(&self.act.as_str()) {
            return None;
        }
        Some(Act {
            at: self.wall_ms,
            lane: self.lane.clone()?,
            direction: self.direction?,
            person: self.person.clone(),
        })
    }
}
