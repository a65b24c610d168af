//! Updates of the board's firmware, over any NOR flash.
//!
//! Read in this order: [`record_pages`] (records that outlive a power cut), [`window`] (a part of a
//! shared flash), [`image`] (what is signed), [`journal`] (how far an update is), [`mod@check`] (is the
//! image good), [`updates`] (the program's part: pieces come in, the new image is confirmed),
//! [`loader`] (the boot loader's part: check, swap, trial, rollback).
//!
//! Nothing here allocates, blocks or knows a chip. Whatever write or erasure a power cut interrupts,
//! the next start of the boot loader ends with a whole image, the old one or the new one.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod record_pages;
pub mod window;
pub mod image;
pub mod journal;
pub mod check;
pub mod updates;
pub mod loader;

pub use check::{check, header};
pub use image::{BoardKind, HEAD_BYTES, HEADER_BYTES, Header, SIGNATURE_BYTES, TrustedKey};
pub use journal::{Journal, Phase};
pub use loader::{FlashFailed, Loader, Start};
pub use record_pages::RecordPages;
pub use updates::{NoUpdates, Running, Updater, Updates};
pub use window::Window;
