//! The device side of an ID-card reader (SAM serial protocol): a second implementation, written against the
//! published bytes and not against the driver, so that both cannot share a mistake.
//!
//! - `frame`: commands in, replies out, checksums
//! - `card_block`: the 256-byte text block of the four cards
//! - `reply_data`: portrait, serial number, lengths
//! - `faults`: what may go wrong, and what it does to a reply
//! - `sam`: the state machine, without input or output
//! - `task`: one reader on its terminal

mod frame;
mod card_block;
mod reply_data;
mod faults;
mod sam;
mod task;

pub use faults::ReaderFault;
pub use sam::{CardState, ReaderTimes};
pub use task::{ReaderCommand, ReaderHandle, ReaderPlace, ReaderView};

#[cfg(test)]
mod sam_tests;
