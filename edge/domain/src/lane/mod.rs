//! The state machine of one lane.

mod messages;
mod display;
mod machine;

pub use display::{Display, Screen, Tone};
pub use machine::Lane;
pub use messages::{
    BoardEvent, EventMark, GateReport, LaneEffect, LaneInput, LaneMemory, LaneSettings,
    OpenRefusal, RememberedGrant, Sensing, SiteView,
};
