//! What this board needs beyond its chip's HAL, for its program (`main`) and for its boot loader
//! (`boot`).
#![no_std]

mod chip;

pub use chip::{Flash, KIND, Watchdog, reset_cause, take_card_edges, unmask};
