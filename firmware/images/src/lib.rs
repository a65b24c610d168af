//! The gate board's images: built in the workspace `firmware/boards`, measured section by section.
//!
//! `cargo firmware` builds and prints; benches take the figures from [`Sizes::of`].

mod error;
mod sizes;
mod build;

pub use build::{BOARDS, build, image};
pub use error::ImageError;
pub use sizes::Sizes;
