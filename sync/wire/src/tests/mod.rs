//! What is longer than a few lines beside its code.

mod samples;
mod message;
mod proof;
mod seal;
mod down;
mod roster;
