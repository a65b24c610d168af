//! The only reader of the system clock, and the watch that says how far it can be trusted.
//!
//! `watch` judges readings, pure · `floor` what is certainly past when the box starts ·
//! `machine` the machine's clocks, and the box's clock above them.

mod watch;
mod floor;
mod machine;

pub(crate) use floor::Known;
pub(crate) use machine::{Clock, HERE, Machine, boot_id, read, without_a_ledger};
pub(crate) use watch::ClockChange;
#[cfg(test)]
pub(crate) use watch::{ClockWatch, Reading};

#[cfg(test)]
mod watch_test;
