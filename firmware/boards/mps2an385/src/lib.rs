//! The chip of this board, for its program (`main`) and for its boot loader (`boot`).
#![no_std]

mod chip;

pub use chip::{CLOCK_HZ, Flash, KIND, Pin, SerialLine, Vector, WATCHDOG, unmask};
