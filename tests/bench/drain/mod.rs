//! The backlog of a month to rows that the city has committed, while people go on swiping; then the same
//! bodies through a Mosquitto bridge.
//!
//! `counted_link` the cable to the broker, closed or open, which counts · `swipes` cards at ten a second ·
//! `watch` what the city has committed and acknowledged, and when · `client` a plain MQTT client ·
//! `ours` one round with the real programs · `bridge` one with Mosquitto · `measure` all of it.

mod counted_link;
mod swipes;
mod client;
mod watch;
mod ours;
mod bridge;
mod measure;

pub(crate) use measure::measure;
pub(crate) use ours::{Backlog, sign_nothing};
