//! The office thread: the way to the city and the clerk's screen.

mod supervise;
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

pub use city::epochs;
pub(crate) use consents::watch_consents;
pub(crate) use desk::Office;
pub(crate) use fork::LastFork;
pub(crate) use life::{
    OffSince, forget_pictures, off_since, powered_off, pulse, record_clock_changes,
};
pub(crate) use orders::keep_orders;
pub(crate) use screen::{keep_screen, web_settings};
pub(crate) use unreached::{Unreached, keep_unreached};
pub(crate) use uplink::{keep_city, waiting};
