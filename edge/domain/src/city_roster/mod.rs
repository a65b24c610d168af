//! The city's roster meets the box's: what a line says, and what follows from it.

mod city_person;
mod merge;

pub use city_person::{CityOp, CityPerson, CityTeam};
pub use merge::{Known, Merge, merge};
