//! Gate boards by themselves: `cable` one that a test can cut · `asker` a box that asks a board
//! anything · `chip_gate` the firmware's image on a chip in QEMU, behind the box's own driver.

mod cable;
mod asker;
mod chip_gate;

pub use asker::Asker;
pub use cable::{CableRule, GateCable};
pub use chip_gate::{Bus, ChipGate, Driver, chip, power_on};
