//! Pure: what to send next and what an acknowledgement means.
//!
//! No clock, no network, no file: [`Engine::handle`] takes the time and what happened,
//! [`Engine::poll_action`] gives what to do, [`Engine::poll_timeout`] says when to come back. The
//! ledger is the queue; the engine only knows how far the city has it. Losing every message in
//! flight at any moment costs a repetition, never a record.
//!
//! - [`ranges`]: sets of record numbers
//! - [`settings`]: limits and times
//! - [`backoff`]: how long to wait before the next connection, and before the next fork
//! - [`input`]: what can happen
//! - [`action`]: what is to be done
//! - [`meter`]: how long the way to the city is, and how much it carries
//! - [`uplink`]: which records are acknowledged, on their way, or next
//! - [`pack`]: records into a message that fits
//! - [`parked`]: what the city has put aside
//! - [`pace`]: how fast, where the city wants less
//! - [`search`]: the last record that box and city have alike
//! - [`voice`]: what the box says about itself
//! - [`link`]: how far the connection is, and what there is to show
//! - [`course`]: one epoch on its way
//! - [`digest`]: once a day, whether the city has what the box has
//! - [`engine`]: the state machine: one connection, all epochs

pub mod ranges;
pub mod settings;
pub mod backoff;
pub mod input;
pub mod action;
mod meter;
mod reads;
pub mod uplink;
pub mod pack;
mod parked;
mod pace;
mod search;
mod voice;
pub mod link;
mod course;
pub mod digest;
pub mod engine;

#[cfg(test)]
mod tests;

pub use action::{Action, Alarm, Fork};
pub use backoff::Backoff;
pub use digest::{DailyDigest, DigestRun, DigestStep, RUN_RECORDS, Runs, china_day};
pub use engine::Engine;
pub use input::{Input, LedgerRecord, Now, OurHashes, Survey};
pub use link::{Link, Refusal, Status};
pub use settings::{EpochStart, Identity, PastFork, Settings, Start};
