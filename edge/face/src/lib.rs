//! Faces at the gate: the process `menwei-face`.
//!
//! It owns cameras, models and templates, measures how alike faces are, and tells the numbers to
//! `menwei` over a Unix socket; who may pass is decided there. Hostile pictures and 150 MiB of models
//! stay out of the process that holds the ledger, and a crash here costs no swipe.
//!
//! Reading order: `process/analyst.rs` what is asked and answered, `vision/engine.rs` from a frame
//! to an embedding, `vault.rs` templates on the disk, `measure` how good it all is.
//!
//! Without the feature `opencv` the crate is empty, and nobody else needs `OpenCV`.

#![cfg(feature = "opencv")]

mod error;
mod number;
mod clock;
mod embedding;
mod gallery;
mod vault;
mod models;
mod quality;
mod track;
mod settings;
mod vision;
mod process;
mod measure;
mod cli;

pub use cli::{Cli, execute};
