//! The scenario file: one TOML that says which lanes and readers a site has, who its people are, and what
//! happens on that day. `site-days/*.toml` are examples; tests play them.
//!
//! - `devices`: lanes, readers, arms, people and their habits
//! - `script`: what happens, and when
//! - `day`: the whole file, checked

mod devices;
mod script;
mod day;

pub use day::SiteDay;
pub use devices::{GateSettings, Habits, LaneSettings, PeopleSettings, ReaderSettings};
pub use script::{
    DeviceAct, FaceOwner, FaceStream, Happening, Mark, PlanWord, ScriptedVisit, Stream,
};
