//! One lane of the gate: the board's own logic over simulated pins, arms, beams and people.
//!
//! - `sim_pins`: pins whose other end the simulator holds
//! - `world`: arms, beams and walkers, without input or output
//! - `board`: the board's program on those pins, with its line and its resets
//! - `chip_board`: the firmware's image on a chip instead; `brain`: either of them
//! - `tap`: listens on the wire for open commands
//! - `task`: one lane running

mod sim_pins;
mod world;
mod board;
mod chip_board;
mod brain;
mod tap;
mod task;

pub use task::{LaneCommand, LaneHandle, LanePlace, LaneView};
pub use world::{WalkEnd, WalkStyle, WorldSettings};
