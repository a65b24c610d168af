//! The office thread: the way to the city and the clerk's screen.

mod desk;
mod clerk_desk;
mod clerk_faces;
mod life;
mod carry;
mod fork;
mod recover;
mod city;
mod uplink;
mod unreached;
mod consents;
mod screen;
mod board_update;
mod orders;

pub(crate) use consents::watch_consents;
pub(crate) use desk::Office;
pub(crate) use fork::LastFork;
pub(crate) use life::{powered_off, pulse};
pub(crate) use orders::take_orders;
pub(crate) use screen::keep_screen;
pub(crate) use unreached::{Unreached, keep_unreached};
pub(crate) use uplink::{oldest_waiting, start_sync};
