//! What stands outside the box and goes on when it dies: people, the gate board, the city. A file of
//! lines, one happening each; half a line, from whoever died over it, has not happened.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

/// Something outside the box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Fact {
    /// The ledger said that it holds everything up to this record.
    Told {
        /// Its epoch.
        epoch: String,
        /// The record's number.
        seq: u64,
        /// The chain at it, hexadecimal.
        hash: String,
    },
    /// The arm was let go.
    Open {
        /// Whose turn it was.
        step: usize,
        /// The opening.
        token: u32,
    },
    /// Somebody went through; the board keeps the event until the box has heard of it.
    Walked {
        /// The board's number of it.
        event: u16,
        /// Whose turn it was.
        step: usize,
        /// The opening.
        token: u32,
    },
    /// The box took the board's events up to this one.
    Heard {
        /// The board's number.
        event: u16,
    },
    /// That turn is over.
    Done {
        /// Which.
        step: usize,
    },
    /// The city committed these records.
    Stored {
        /// Their epoch.
        epoch: String,
        /// The first one's number.
        from: u64,
        /// The bodies.
        bodies: Vec<String>,
    },
    /// The way to the city found something wrong.
    Alarm {
        /// What.
        what: String,
    },
    /// The day ended, the ledger was closed.
    Over,
}

/// The file of what happened.
#[derive(Debug)]
pub struct World {
    file: File,
    facts: Vec<Fact>,
}

/// What a file says.
pub fn facts(text: &[u8]) -> Vec<Fact> {
    let lines = text.split(|byte| *byte == b'\n');
    lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect()
}

impl World {
    /// Opens or begins it.
    pub fn open(path: &Path) -> Result<Self> {
        let text = fs::read(path).unwrap_or_default();
        let mut file = File::options().create(true).append(true).open(path)?;
        if text.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        let facts = facts(&text);
        Ok(Self { file, facts })
    }

    /// It happens.
    pub fn add(&mut self, fact: Fact) -> Result<()> {
        let mut line = serde_json::to_vec(&fact)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.facts.push(fact);
        Ok(())
    }

    /// All that happened so far.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }
}
