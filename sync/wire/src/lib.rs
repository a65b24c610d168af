//! The contract between box and city: records, messages, hashes, sealing.
//!
//! Everything here is pure: bytes in, values out. Time, identifiers and randomness are arguments.
//! `sync/PROTOCOL.md` is this crate in prose, for a city that is written in another language; its
//! examples are the files in `samples/`, which the tests execute.
//!
//! - [`error`]: what can be wrong with bytes, and the codes under which a city parks a record
//! - [`name`]: box names and epochs
//! - [`codes`]: the national code tables with their Chinese names
//! - [`chain`]: the hash chain over record bodies
//! - [`record`]: the body of a record, kind by kind

pub mod error;
pub mod name;
pub mod codes;
pub mod chain;
pub mod record;

pub use chain::{Hash, Head};
pub use error::{ParkCode, WireError};
pub use record::{Kind, Record, Stamp};
