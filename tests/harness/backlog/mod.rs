//! Records that wait for the city: `generator` makes them · `offline` writes them into a ledger · `kills`
//! everything dies while they drain.

mod generator;
mod offline;
mod kills;

pub use generator::Generator;
pub use kills::{compare, kill_during_drain};
pub use offline::{End, record_offline};
