//! Several boxes with the real lane, engine and store, and a model city, in one thread of virtual time:
//! one seed decides everything that happens.
//!
//! `fault` what a broken promise is · `people` who comes · `happening` what may happen · `board` a gate
//! board as the lane hears it · `city` the model city · `file` a box's ledger · `model` the obvious
//! answer · `life` a box between two power cuts · `site_box` a box · `gates` its gates · `line` its way
//! to the city · `world` all of them · `quiet` what must be true once nothing more happens · `run` seeds.

mod fault;
mod people;
mod happening;
mod board;
mod city;
mod file;
mod model;
mod life;
mod site_box;
mod gates;
mod line;
mod world;
mod quiet;
mod run;

pub use fault::Promise;
pub use run::{Failure, Found, HAPPENINGS, run, run_flapping};
