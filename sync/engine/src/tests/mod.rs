//! A model city, and the engine's promises.

mod model_city;
mod file;
mod world;
mod one_epoch;
mod forks;
mod mad_city;
mod liars;
mod stuck;
mod pacing;
mod slow_line;
mod any_order;
