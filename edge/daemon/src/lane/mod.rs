//! One task per lane: what devices report goes in, what the lane decides is carried out.

mod input;
mod site;
mod numbers;
mod board_door;
mod commits;
mod lamps;
mod terminals;
mod task;
mod face_pictures;
mod face_line;
mod camera_lamps;
mod start;
mod thread;

pub(crate) use board_door::BoardDoor;
#[cfg(test)]
pub(crate) use board_door::BoardUpdate;
pub use commits::lane_body;
pub(crate) use face_line::face_line;
pub(crate) use face_pictures::PictureShelf;
pub(crate) use input::{TokenSalt, credential};
pub(crate) use lamps::{ReaderEffects, reader_lamp, remedy};
pub use numbers::{number, numbered};
pub(crate) use site::GateSite;
pub(crate) use start::LanePlan;
pub(crate) use terminals::TerminalDesk;
pub(crate) use thread::{Gate, run_gate};

#[cfg(test)]
mod commits_test;

#[cfg(test)]
mod input_test;

#[cfg(test)]
mod lamps_test;
