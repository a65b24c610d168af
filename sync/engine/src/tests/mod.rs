//! A model city, and the engine's promises.

mod model_city;
mod world;
mod one_epoch;
mod forks;
mod liars;
mod pacing;
mod any_order;
