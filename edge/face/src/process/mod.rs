//! The running process: threads for cameras and connections around the one that compares faces.

mod clients;
mod door;
mod freshness;
mod liveness;
mod templates;
mod sitting;
mod shots;
mod analyst;
mod start;

pub(crate) use start::run;
