//! What a terminal tells.

use crate::error::TerminalFault;
use crate::library::LibraryState;

/// One face that a terminal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceEvent {
    /// The terminal's own number of the event.
    pub seq: u64,
    /// When, as the terminal's clock has it, Unix ms.
    pub at_ms: i64,
    /// When by the box's clock, as well as it can be known, Unix ms.
    pub happened_ms: i64,
    /// Whom it took it for: the number under which the box put him into its library.
    pub person: u32,
    /// Whether the terminal waits for the box's answer before it opens or greets.
    pub asks: bool,
}

/// What a terminal's driver tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TerminalNews {
    /// It answers.
    Online {
        /// Its own serial number, where it tells one.
        serial: Option<String>,
    },
    /// It does not.
    Offline(TerminalFault),
    /// How far its clock is ahead of the box's (behind: negative), ms; told when it changes by a
    /// minute or more.
    ClockOff(i64),
    /// A known face stands before it now, and this was never told before. If it
    /// [asks](FaceEvent::asks), [`crate::TerminalHandle::verdict`] answers.
    Now(FaceEvent),
    /// It let somebody pass while nobody listened, or its report comes too late to be an act of
    /// now. Nothing may open for it. [`crate::TerminalHandle::written`] lets the terminal forget it.
    Past(FaceEvent),
    /// How its library stands.
    Library(LibraryState),
}

/// What one report says, before it is known whether it is news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) seq: u64,
    /// The terminal's clock, Unix ms.
    pub(crate) at_ms: i64,
    /// The number under which it knows the face; none for a stranger.
    pub(crate) person: Option<u32>,
    /// Whether it would let him pass.
    pub(crate) allowed: bool,
    /// Whether it waits for an answer.
    pub(crate) asks: bool,
    /// What it says about being of now; `None` where it says nothing.
    pub(crate) live: Option<bool>,
}
