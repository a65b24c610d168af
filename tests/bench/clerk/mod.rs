//! What a clerk waits for, on a site of five thousand workers: pages, sheets, a file of two thousand people
//! from its sending to the last record, a passage's way onto the screen; and what the gate waits for while he
//! is at work.

mod desk;
mod beside;
mod live;
mod measure;

pub(crate) use measure::measure;
