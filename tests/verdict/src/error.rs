//! Why no verdict could be given.

use std::path::PathBuf;

/// Why no verdict could be given. `Display` names the step; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum VerdictError {
    /// A file could not be read.
    #[error("read {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A line of the journal is damaged.
    #[error("line {line} of the journal")]
    JournalLine {
        /// Its number, from 1.
        line: usize,
        /// The cause.
        source: serde_json::Error,
    },
    /// Lines of the journal are missing.
    #[error("line {line} of the journal has the number {found}: lines are missing")]
    JournalHole {
        /// Its number, from 1.
        line: u64,
        /// The number it has.
        found: u64,
    },
    /// The city's database could not be read.
    #[error("city's database")]
    Database(#[from] rusqlite::Error),
    /// The city's key file does not hold a key.
    #[error("the city's key must be 64 hex digits")]
    Key,
}
