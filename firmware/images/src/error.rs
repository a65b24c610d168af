//! What can go wrong with an image.

use std::path::PathBuf;

/// A step that failed.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file could not be read.
    #[error("read {image}: build it with `cargo firmware`")]
    Read {
        /// The image.
        image: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no ELF image.
    #[error("{image} is no ELF image")]
    Parse {
        /// The image.
        image: PathBuf,
        /// What the reader said.
        source: object::Error,
    },
    /// Cargo could not be started.
    #[error("start cargo")]
    Start {
        /// What the system said.
        source: std::io::Error,
    },
    /// The build failed; cargo has said why.
    #[error(
        "the images do not build; the target comes with `rustup target add thumbv7m-none-eabi`"
    )]
    Build,
}
