//! What the gate board's programs and boot loaders share, whatever their chip is.
//!
//! - `registers`: a peripheral's registers, without `unsafe` at every access
//! - `watchdog`: Arm's watchdog, which two of the chips have
//! - `clock`: milliseconds since the start
//! - `restarts`: whatever panics restarts the chip; what outlives that, and who the board is afterwards
//! - `cards`: Wiegand wires, from interrupts to the board and back
//! - `line`: the line to the box
//! - `slots`: the flash of a board that takes updates
//! - `boot`: the boot loader
#![no_std]

mod registers;
mod watchdog;
mod clock;
mod restarts;
mod cards;
mod line;
mod slots;
mod boot;

pub use boot::boot;
pub use cards::{Wires, hand_over_cards, on_card_edges, send_card};
pub use clock::{start_clock, uptime_ms};
pub use line::{Line, answer, keep_settings};
pub use registers::Registers;
pub use restarts::identify;
pub use slots::{Slots, slots};
pub use watchdog::{ArmWatchdog, WATCHDOG_MS};
