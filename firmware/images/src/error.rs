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
    /// The image has no bytes for the flash.
    #[error("{image} has no program for the flash")]
    Empty {
        /// The image.
        image: PathBuf,
    },
    /// A file could not be written.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key's file is no key.
    #[error(
        "{path} is no signing key: 64 hexadecimal digits, as `cargo firmware new-key` writes them"
    )]
    Key {
        /// The file.
        path: PathBuf,
    },
    /// The system gave no randomness.
    #[error("no randomness for a key: {0}")]
    Random(getrandom::Error),
    /// A version is three numbers from 0 to 255.
    #[error("{0} is no version such as 0.2.0")]
    Version(String),
    /// Images for this board cannot be signed.
    #[error("{board} takes no updates, unlike {}", crate::UPDATABLE.join(", "))]
    NotUpdatable {
        /// The board.
        board: String,
    },
}
