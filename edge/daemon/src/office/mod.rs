//! The office thread: the way to the city and the clerk's screen.

mod desk;
mod city;
mod uplink;
mod screen;

pub(crate) use desk::Office;
pub(crate) use screen::keep_screen;
pub(crate) use uplink::{oldest_waiting, start_sync};
