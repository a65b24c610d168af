//! The chip of this board, for its program (`main`) and for its boot loader (`boot`).
#![no_std]

mod chip;

pub use chip::{
    ACTIVE, CLOCK_HZ, FACTORY, FLASH_AT, Flash, JOURNAL, KIND, Line, MEMORY, Part, Pin, STAGED,
    Vector, Watchdog, start_program, unmask, warm_starts,
};
