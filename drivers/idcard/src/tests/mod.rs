//! Bytes and statuses as readers were seen to send them, built without this crate's encoders.

mod sample;
mod bench;
mod golden;
mod resync;
mod cards;
mod polling;
mod loop_over_link;
