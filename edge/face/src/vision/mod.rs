//! Everything that touches a pixel.

mod picture;
mod detector;
mod prints;
mod spoof;
mod engine;
mod portrait;
#[cfg(test)]
mod bad_input_test;
#[cfg(test)]
mod real_faces_test;

pub(crate) use engine::{Engine, Usable};
pub(crate) use picture::{decode, fit, read};
pub(crate) use portrait::{portrait, view};
pub(crate) use prints::{Prints, Tile};
