//! Records that wait for the city: `generator` makes them · `offline` writes them into a ledger · `kills`
//! everything dies while they drain · `bad_line` a line that fails in every way · `soak` both at once.

mod generator;
mod offline;
mod kills;
mod bad_line;
mod soak;

pub use generator::Generator;
pub use kills::{compare, kill_during_drain};
pub use offline::{End, record_offline, record_signed};
pub use soak::{Toil, soak};
