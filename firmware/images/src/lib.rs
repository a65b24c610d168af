//! The gate board's images: built in the workspace `firmware/boards`, measured section by section,
//! and signed for updates over the line.
//!
//! `cargo firmware` builds and prints; benches take the figures from [`Sizes::of`]. Only the key's
//! owner signs; a board has the public half, which its factory wrote into it.

mod error;
mod sizes;
mod build;
mod program;
mod signing;

pub use build::{BOARDS, UPDATABLE, boot_image, build, image};
pub use error::ImageError;
pub use program::program;
pub use signing::{UpdateKey, hex, version};
pub use sizes::Sizes;
