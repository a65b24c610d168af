//! What the driver tells.

use drivers_link::LinkCause;
use firmware_protocol::{BoardUid, Direction, EventKind, GateState, Inputs, ResetCause};

/// Name of a board's event, for good: two events of one name are one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventKey {
    /// Board.
    pub uid: BoardUid,
    /// Boot session of the board.
    pub boot: u32,
    /// Number within the session, 1 to 65535, then 1 again.
    pub seq: u16,
}

/// Something that the board saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardReport {
    /// Its name; give it to [`crate::TurnstileHandle::acknowledge`] once it is written down.
    pub key: EventKey,
    /// How long ago it happened, in ms by the board's clock, when the box heard of it.
    pub age_ms: u32,
    /// What happened.
    pub kind: EventKind,
}

/// Who answers at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardFacts {
    /// Factory number.
    pub uid: BoardUid,
    /// Boot session.
    pub boot: u32,
    /// Firmware version: major, minor, patch.
    pub firmware: [u8; 3],
    /// Why the board started its session.
    pub reset_cause: ResetCause,
}

/// Why an open command opened nothing, as far as the box knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenRefusal {
    /// The gate is open for somebody else; the same token may be tried again.
    Busy,
    /// Entry is locked.
    Locked,
    /// Fire: the gate is free.
    Fire,
    /// There is no link to the board; the command was not sent.
    Offline,
    /// The command waited too long for the line; it was not sent.
    Late,
    /// The board does not answer. It may have opened; a passage with this token would tell.
    Unanswered,
    /// The board restarted meanwhile. It may have opened before.
    Restarted,
    /// The board answers something else.
    Unsupported,
}

/// What the driver tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnstileEvent {
    /// The board answers, for the first time or again; or another one was taken in its place.
    LinkBack(BoardFacts),
    /// The board does not answer (any more). Said once until it is back.
    LinkLost {
        /// What kind of trouble, for the device lamp.
        cause: LinkCause,
        /// Why, for the log.
        why: String,
    },
    /// Another board than the known one answers.
    IdentityChanged {
        /// The board that belongs here.
        was: BoardUid,
        /// The board that answers.
        now: BoardUid,
        /// Whether the lane works with it. Not if the settings name the board.
        accepted: bool,
    },
    /// The board speaks another major version; the lane cannot work with it.
    VersionMismatch {
        /// The board's major, where it told.
        board: Option<u8>,
        /// This driver's major.
        driver: u8,
    },
    /// The board restarted since it last answered.
    Restarted(BoardFacts),
    /// The board had no room for events that the box had not acknowledged.
    EventsLost {
        /// How many.
        count: u16,
    },
    /// The gate's state or an input changed.
    StateChanged {
        /// What the gate does.
        state: GateState,
        /// Its inputs.
        inputs: Inputs,
    },
    /// The gate opens.
    Opened {
        /// The command's token.
        token: u32,
        /// The command's direction.
        direction: Direction,
        /// The board had obeyed this token before and did not open again.
        duplicate: bool,
    },
    /// An open command opened nothing.
    OpenRefused {
        /// The command's token.
        token: u32,
        /// The command's direction.
        direction: Direction,
        /// Why.
        why: OpenRefusal,
    },
    /// The board saw something.
    Reported(BoardReport),
}
