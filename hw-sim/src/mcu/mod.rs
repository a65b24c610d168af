//! The firmware's real image on a Cortex-M3 in QEMU.
//!
//! - `port`: what is said to QEMU (qtest for pins, QMP for power, gdb's protocol to hang the program)
//! - `chip`: the chip as seen from its pins
//! - `task`: QEMU and its sockets
//! - `machine`: a chip with power
//! - `updatable`: a board with a boot loader, whose flash is a file

mod port;
mod chip;
mod task;
mod machine;
mod updatable;

pub use chip::{Chip, Contact, Edge, Output, Pin};
pub use machine::{ChipLine, Machine};
pub use updatable::{UpdatableBoard, UpdatableMachine};
