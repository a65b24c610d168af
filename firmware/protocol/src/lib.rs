//! Messages and frames between the gate box (master) and the gate board (slave).
//!
//! Read in this order: [`message`] and [`card`] (the small shared types), [`event`], [`update`], [`request`], [`reply`],
//! then [`frame`] (bytes on the line). `PROTOCOL.md` beside this crate shows every message as
//! bytes; a test decodes that page, so the page and the code cannot drift apart.
//!
//! The crate knows no clock, no port and no gate: both ends of the line share it.
#![no_std]

#[cfg(test)]
extern crate std;

pub mod version;
pub mod message;
pub mod card;
pub mod settings;
pub mod event;
pub mod update;
pub mod request;
pub mod reply;
pub mod frame;

pub use card::{CardNumber, KeyPress};
pub use event::{Event, EventKind, event_gap, event_seq_after};
pub use frame::{
    FRAME_BYTES_MAX, Frame, FrameFault, PLAIN_BYTES_MAX, Received, Receiver, checksum, encode_frame,
};
pub use message::{BoardUid, Direction, Lamp, Mode, ResetCause, Signal};
pub use reply::{
    Fault, GateState, Hello, Inputs, OpenResult, Reply, SettingsOrigin, Statistics, Status,
};
pub use request::{CHUNK_BYTES_MAX, Request};
pub use settings::{LinkLossPolicy, Settings};
pub use update::{UpdateFault, UpdatePhase, UpdateStatus};
pub use version::{EVENTS_MAX, MAJOR, MINOR, MINOR_OF_CARDS};

#[cfg(test)]
mod golden;
