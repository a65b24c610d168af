//! The city's database file: opened once for writing, once for the page.
//!
//! `file` opens it, `write` holds the statements of one transaction, `read` the questions of the
//! page.

mod file;
mod write;
mod read;

pub use read::{AlarmFacts, BoxFacts, HeartbeatFacts, Reader, RecordFacts, Totals};
pub use write::{AlarmNote, Beat, HashBytes, NewRecord, Span, Stored, WriteTx, Writer};
