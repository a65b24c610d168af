//! The gate board's behavior, without a board: pins and bytes come in, pins and bytes go out.
//!
//! Read in this order: [`debounce`] and [`zone`] (from beams to people), [`event_ring`] and
//! [`token_memory`] (what must not happen twice), [`wiegand`] and [`readers`] (cards), [`memory`] (what outlives the power), [`gate`] (the rules), [`pins`] (embedded-hal),
//! [`board`] (rules, pins and line together; the firmware's main loop calls nothing else).
//!
//! Time is the board's uptime in ms as `u32`, given by the caller; it may wrap.
//! Nothing here allocates, blocks, or knows which chip it runs on.
#![no_std]

#[cfg(test)]
extern crate std;

mod uptime;
pub mod debounce;
pub mod zone;
pub mod event_ring;
pub mod token_memory;
pub mod wiegand;
pub mod readers;
pub mod memory;
pub mod levels;
pub mod gate;
pub mod pins;
pub mod board;

pub use board::{Board, Identity, Watchdog};
pub use gate::Gate;
pub use levels::{Levels, Outputs};
pub use pins::{Pins, RelayWiring};
pub use wiegand::Pulse;
