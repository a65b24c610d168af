//! Starts whole sites for the tests: the broker, the city, simulated devices and the box, each a
//! real program, and waits for what they do.
//!
//! `figures` arithmetic, and randomness from a seed · `process` programs that end with the test · `ports` free loopback ports · `eventually` waiting for
//! a state · `browser` a real Chromium · `tls` the broker's door · `database` a `PostgreSQL` · `city`, `broker`, `gate_box`, `simulator` the four programs of a
//! site · `site` all of them together · `lone_gate` without a city · `boards` gate boards by themselves ·
//! `history` a month that the site has behind it · `backlog` records that wait for the city, and what dies meanwhile ·
//! `outage` a day that dies at every effect, and a disk that forgets · `signed` what comes down from a city that signs ·
//! `tampering` a forger with the database's key ·
//! `faces` the process menwei-face · `simulation` many boxes and a model city in one thread of virtual time.

mod figures;
mod eventually;
mod ports;
mod process;
mod screen;
mod tls;
mod database;
mod city;
mod broker;
mod service_watch;
mod gate_box;
mod faces;
mod history;
mod simulator;
mod site;
mod lone_gate;
mod boards;
mod backlog;
mod signed;
pub mod outage;
mod tampering;
#[path = "../simulation/mod.rs"]
pub mod simulation;

pub use backlog::{
    End, Generator, Toil, compare, kill_during_drain, record_offline, record_signed, soak,
};
pub use boards::{Asker, Bus, CableRule, ChipGate, Driver, GateCable, chip, power_on};
pub use broker::{Broker, LocalBroker};
pub use city::City;
pub use database::Postgres;
pub use eventually::{PATIENCE, eventually};
pub use faces::Faces;
pub use figures::{Dice, percentile, with_check};
pub use gate_box::{BoxPlan, Ended, GateBox, LaneWiring};
pub use history::History;
pub use lone_gate::LoneGate;
pub use ports::free_port;
pub use process::{Process, bin_dir, repository, run};
pub use screen::{Browser, Clerk};
pub use service_watch::ServiceWatch;
pub use signed::{Asked, FileServer, Sent, SigningCity, roster_file};
pub use simulator::Simulator;
pub use site::{BOX_ID, Site, SitePlan};
pub use tampering::{Found, Tampering, flip_bytes, tamper};
pub use tls::tls_as;

/// Anything that goes wrong in a test is told as text.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
