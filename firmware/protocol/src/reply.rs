//! What the board answers. One reply per request, with the request's number.

use crate::EVENTS_MAX;
use crate::event::Event;
use crate::message::{BoardUid, ResetCause};
use crate::update::{UpdateFault, UpdateStatus};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// One reply. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Answers Hello.
    Hello(Hello),
    /// Answers Poll.
    Status(Status),
    /// Answers Open.
    Open {
        /// The opening that was asked for.
        token: u32,
        /// What became of it.
        result: OpenResult,
    },
    /// The request was carried out.
    Done,
    /// The request was refused and changed nothing.
    Error(Fault),
    /// Answers [`crate::Request::AskStatistics`].
    Statistics(Statistics),
    /// Answers the requests of an update.
    Update(UpdateStatus),
    /// The image, or this piece of it, was refused; the update is over.
    UpdateRefused(UpdateFault),
}

/// Who the board is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The board's [`crate::MAJOR`].
    pub major: u8,
    /// The board's [`crate::MINOR`].
    pub minor: u8,
    /// Firmware version: major, minor, patch.
    pub firmware: [u8; 3],
    /// Factory number.
    pub uid: BoardUid,
    /// Boot session: another number after every restart.
    pub session: u32,
    /// Why the board started.
    pub reset_cause: ResetCause,
}

/// How the board is, and what it saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Time since the board started, in ms, wrapping after 49.7 days.
    pub uptime_ms: u32,
    /// What the gate does now.
    pub state: GateState,
    /// Debounced inputs.
    pub inputs: Inputs,
    /// Events that wait in the board, those in this reply included.
    pub pending: u8,
    /// Events that were dropped for want of room since the board started, stops at 65535.
    pub lost_events: u16,
    /// Frames that were damaged on their way to the board since it started, stops at 65535.
    pub bad_frames: u16,
    /// The oldest waiting events.
    pub events: Vec<Event, EVENTS_MAX>,
}

/// What the board counted since it started. Counters stop at their greatest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Whole frames to this board.
    pub frames: u32,
    /// Whole frames to other boards on the line.
    pub foreign_frames: u32,
    /// Frames that arrived damaged.
    pub bad_frames: u16,
    /// Requests that were repeated, because the box did not hear the answer.
    pub repeated_frames: u16,
    /// Telegrams of Wiegand readers with another length or wrong parity.
    pub bad_telegrams: u16,
    /// Cards and keys that found the event ring too full.
    pub dropped_cards: u16,
    /// Where the settings come from.
    pub settings: SettingsOrigin,
}

/// Where a board's settings come from. Append-only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingsOrigin {
    /// The firmware's defaults: nobody configured the board, or its memory was damaged.
    #[default]
    Defaults,
    /// The board's memory, kept over a power cut.
    Kept,
    /// The box configured them, but the memory did not take them.
    NotKept,
}

/// What the gate does now, the strongest reason first. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateState {
    /// Closed, waiting for an open command.
    Closed,
    /// Open for one person.
    Opened,
    /// A direction is free by mode.
    Free,
    /// Entry is locked by mode.
    Locked,
    /// The box is silent; the link loss policy holds.
    LinkLost,
    /// Fire: both directions are free.
    Fire,
}

/// Inputs as bits; true is a broken beam or a closed contact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs(pub u8);

impl Inputs {
    /// Beam on the street side.
    pub const BEAM_OUTER: u8 = 0b0000_0001;
    /// Beam on the site side.
    pub const BEAM_INNER: u8 = 0b0000_0010;
    /// Fire contact.
    pub const FIRE: u8 = 0b0000_0100;
    /// Cabinet contact as it is now.
    pub const TAMPER: u8 = 0b0000_1000;
    /// Cabinet alarm that has not ended yet.
    pub const TAMPER_LATCHED: u8 = 0b0001_0000;
    /// A pin that could not be read or driven since the last reply.
    pub const PIN_FAULT: u8 = 0b0010_0000;

    /// Whether any of the given bits is set.
    pub const fn has(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

/// What became of an open command. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenResult {
    /// The gate opens.
    Accepted,
    /// This token opened already; nothing moved.
    Duplicate,
    /// The gate is open for somebody else. The same token may be tried again.
    Busy,
    /// Entry is locked by mode.
    Locked,
    /// Fire: the gate is free anyway and no opening is counted.
    Fire,
}

/// Why a request was refused. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// The majors differ; the gate stays as it does without a box.
    Version,
    /// No Hello since the board started, or an old session: say Hello again.
    Session,
    /// The board does not know how.
    Unsupported,
    /// A setting is out of its range.
    Settings,
    /// The frame was whole, but this firmware cannot read the message in it.
    Message,
    /// Something before this is not finished yet.
    Busy,
}
