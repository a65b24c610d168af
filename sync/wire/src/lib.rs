//! The contract between box and city: records, messages, hashes, sealing.
//!
//! Everything here is pure: bytes in, values out. Time, identifiers and randomness are arguments.
//! `sync/PROTOCOL.md` is this crate in prose, for a city that is written in another language; its
//! examples are the files in `samples/`, which the tests execute.
//!
//! - [`error`]: what can be wrong with bytes, and the codes under which a city parks a record
//! - [`name`]: box names, epochs, the protocol's version
//! - [`chain`]: the hash chain over record bodies
//! - [`merkle`]: one hash over many records, and proofs
//! - [`record`]: the body of a record, kind by kind
//! - [`codes`]: the national code tables with their Chinese names
//! - [`plain`]: personal data before it is sealed
//! - [`seal`]: personal data, readable for the box and the city only
//! - [`topic`]: where messages go
//! - [`message`]: up to 200 records on their way to the city
//! - [`down`]: rosters, policies and revocations, signed by the city
//! - [`checkpoint`]: what a box signs of its ledger, and the city after it
//! - [`proof`]: the records of one worker in a file that proves itself
//! - [`roster`]: the roster file
//! - [`ctl`]: hello, comparison, heartbeat, results
//! - [`ack`]: the city's word that it has stored
//! - [`state`]: the retained "online" and the last will

pub mod error;
pub mod name;
pub mod chain;
pub mod merkle;
pub mod record;
pub mod codes;
pub mod plain;
pub mod seal;
pub mod topic;
pub mod message;
pub mod down;
pub mod checkpoint;
pub mod proof;
pub mod roster;
pub mod ctl;
pub mod ack;
pub mod state;

#[cfg(test)]
mod tests;

pub use ack::{Ack, AckRange, Compared, Parked};
pub use chain::{Hash, Head};
pub use checkpoint::Countersign;
pub use ctl::{Compare, Ctl, Heartbeat, Hello, Mark, Report};
pub use down::{Command, Down, ResultCode};
pub use error::{ParkCode, RosterFault, WireError};
pub use message::{Compression, Header, Message, Tier};
pub use name::VERSION;
pub use record::{Kind, Record, Stamp};
pub use state::{Presence, State};
pub use topic::Topic;
