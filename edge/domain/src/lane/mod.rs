//! The state machine of one lane.
//!
//! `messages` what goes in and out · `display` words of the gate's screen · `repeats` the repeat
//! window · `openings` one body at a time through the gate · `event_log` board events in order
//! until durable · `emergencies` openings without a ledger · `pending` tickets that are out ·
//! `reports` sorts what the gate says · `presentation` decision, record and words of one
//! presentation · `gate_side` link, fire, openings, events · `machine` the step function.

mod messages;
mod display;
mod repeats;
mod openings;
mod event_log;
mod emergencies;
mod pending;
mod reports;
mod presentation;
mod gate_side;
mod machine;

pub use display::{Display, Screen, Tone};
pub use machine::Lane;
pub use messages::{
    BoardEvent, EventMark, GateReport, LaneEffect, LaneInput, LaneMemory, LaneSettings,
    OpenRefusal, RememberedGrant, Sensing, SiteView,
};
