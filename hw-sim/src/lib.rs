//! A construction site without a construction site: readers and gate boards that speak the real bytes on
//! pseudo-terminals, invented people who put cards on them and walk, and a journal of what they did.
//!
//! Floor order, bottom first (a module imports only from above it):
//! - `error`, `clock`, `wait`, `seed`, `direction`: small things
//! - `camera`: whoever stands before a camera, as frames
//! - `journal`: **the truth**, line by line; read its documentation before judging anybody by it
//! - `line`: a paced serial line on a terminal
//! - `people`: invented people and the roster file
//! - `settings`: what benches want to know
//! - `reader`: the device side of an ID-card reader
//! - `mcu`: the firmware's real image on a chip in QEMU
//! - `gate`: the board's own logic over simulated pins, and the people who walk through
//! - `site_day`: the scenario file
//! - `site`: everything of one site, running
//! - `visit`: one person's turn
//! - `face_visit`: one person's turn before a camera
//! - `terminal`: face terminals over HTTP and MQTT, for tests
//! - `player`: plays the scenario
//! - `http`: the page and its API
//! - `cli`: the program

mod error;
mod clock;
mod wait;
mod seed;
mod direction;
mod camera;
mod journal;
mod line;
mod people;
mod settings;
mod reader;
mod mcu;
mod gate;
mod site_day;
mod site;
mod visit;
mod face_visit;
mod terminal;
mod player;
mod http;
mod cli;

pub use camera::{Album, CameraHandle, Shot, Showing};
pub use cli::Cli;
pub use direction::Direction;
pub use error::SimError;
pub use face_visit::{FacePlan, face_visit};
pub use gate::{LaneCommand, LaneHandle, LanePlace, LaneView, WalkEnd, WalkStyle, WorldSettings};
pub use http::{Stage, listen, serve};
pub use journal::{
    Act, AtLane, AtReader, Journal, Line, MarkPhase, TurnedBack, read as read_journal,
};
pub use mcu::{
    Chip, ChipLine, Contact, Edge, Machine, Output, Pin, UpdatableBoard, UpdatableMachine,
};
pub use people::{CardKind, Crowd, CrowdSettings, Person, Sex, Standing, roster_file};
pub use player::play;
pub use reader::{
    CardState, ReaderCommand, ReaderFault, ReaderHandle, ReaderPlace, ReaderTimes, ReaderView,
};
pub use settings::{GateMoment, GateTiming, TimingSink};
pub use site::{Site, Terminals};
pub use site_day::{
    DeviceAct, FaceOwner, FaceStream, GateSettings, Habits, Happening, LaneSettings, Mark,
    PeopleSettings, PlanWord, ReaderSettings, ScriptedVisit, SiteDay, Stream,
};
pub use terminal::{HikTerminal, PanelTerminal, Quirks};
pub use visit::{Plan, visit};
