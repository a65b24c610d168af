//! Serial ports and sockets opened by address, with reconnection.
//!
//! A driver never names a port type: it is given a [`LinkAddress`] and a [`LinkOpener`], and gets
//! a [`BoxedLink`] to read and write. The same driver therefore runs against a real port, a
//! pseudo-terminal, a serial server on TCP, or an in-process duplex in a test.
//! This crate knows nothing of frames, cards or gates.
//!
//! Read in this order:
//! - [`LinkError`]: everything that can go wrong, an address as well as an open port;
//!   [`LinkCause`]: the same in one word
//! - [`LinkAddress`]: `serial:/dev/menwei/gate0?baud=115200`, `tcp:10.0.0.7:4001`
//! - [`LinkOpener`], [`SystemLinks`]: from address to open link
//! - [`read_some`], [`send`], [`discard_input`]: the only ways in which drivers move bytes
//! - [`Backoff`], [`Reconnect`], [`LinkState`]: when to try again, and what to say meanwhile
//! - [`FrameTrace`]: the heads of the last frames, for a support bundle

mod error;
mod address;
mod opener;
mod transfer;
mod reconnect;
mod trace;

pub use address::{BAUD_DEFAULT, BAUD_MAX, BAUD_MIN, LinkAddress};
pub use error::{LinkCause, LinkError};
pub use opener::{BoxedLink, CONNECT_TIMEOUT_MS, Link, LinkOpener, OpenFuture, SystemLinks};
pub use reconnect::{
    BACKOFF_FIRST_MS, BACKOFF_MAX_MS, Backoff, HEALTHY_AFTER_MS, Jitter, LinkState, Reconnect,
};
pub use trace::{FrameTrace, HEAD_BYTES, TRACE_FRAMES, TraceEntry, TraceKind};
pub use transfer::{discard_input, read_some, send};
