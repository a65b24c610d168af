//! The state machine of one lane.
//!
//! `mismatches` cards with another face, by day · `messages` what goes in and out · `display`
//! words of the gate's screen · `repeats` the repeat window · `openings` one body at a time
//! through the gate · `event_log` board events in order until durable · `emergencies` openings
//! without a ledger · `pending` tickets that are out · `looks` card holders before the camera ·
//! `reports` sorts what the gate says · `presentation` decision, record and words of one
//! presentation · `gate_side` link, fire, openings, events · `state` what a lane consists of ·
//! `presenting` from a credential to its record, with and without a camera · `machine` the step
//! function.

mod mismatches;
mod messages;
mod display;
mod repeats;
mod openings;
mod event_log;
mod emergencies;
mod pending;
mod looks;
mod reports;
mod presentation;
mod gate_side;
mod state;
mod presenting;
mod machine;

pub use display::{Delay, Display, Screen, Tone, spoken_lines};
pub use messages::{
    BoardEvent, Camera, EventMark, GateReport, LaneEffect, LaneInput, LaneMemory, LaneSettings,
    OpenRefusal, RememberedGrant, Sensing, SiteView,
};
pub use mismatches::Mismatches;
pub use state::Lane;
