//! The lines as types.

use serde::{Deserialize, Serialize};

use crate::camera::Showing;
use crate::direction::Direction;

/// One act, as the table of this module's documentation defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// First line of a run.
    JournalOpened {
        /// Name of the scenario.
        site_day: String,
        /// Its seed.
        seed: u64,
    },
    /// A card lies on a reader.
    CardPut(AtReader),
    /// The box has the whole base-read reply.
    ReadOk(AtReader),
    /// A base-read that gave the box no card.
    ReadFailed {
        /// Who and where.
        #[serde(flatten)]
        at: AtReader,
        /// Which fault.
        cause: String,
    },
    /// The card is off the reader.
    CardLifted(AtReader),
    /// A person is on the other side.
    WalkedThrough(AtLane),
    /// A person is where he was.
    TurnedBack {
        /// Who and where.
        #[serde(flatten)]
        at: AtLane,
        /// Why.
        reason: TurnedBack,
    },
    /// A second person crossed on one opening.
    Tailgated(AtLane),
    /// A person crossed against a closed arm.
    Intruded(AtLane),
    /// Somebody stands before a camera.
    FaceShown {
        /// Where, and whose face it is, if he is one of the site's people.
        #[serde(flatten)]
        at: AtLane,
        /// Which picture shows him.
        shot: String,
        /// What he does there.
        showing: Showing,
    },
    /// Nobody stands before the camera any more.
    FaceGone {
        /// Which lane.
        lane: String,
        /// The way that the camera looks.
        direction: Direction,
    },
    /// The arm let go.
    ArmOpened {
        /// Which lane.
        lane: String,
        /// For which direction.
        direction: Direction,
        /// The box asked for it just before.
        commanded: bool,
    },
    /// The arm is locked again.
    ArmClosed {
        /// Which lane.
        lane: String,
        /// For which direction.
        direction: Direction,
    },
    /// The fire contact changed.
    Fire {
        /// Which lane.
        lane: String,
        /// Alarm, or over.
        on: bool,
    },
    /// The cabinet contact changed.
    Tamper {
        /// Which lane.
        lane: String,
        /// Door open, or closed.
        on: bool,
    },
    /// A cable was pulled.
    Unplugged {
        /// Reader id, or lane id of a board.
        device: String,
    },
    /// A cable was put in again.
    Plugged {
        /// Reader id, or lane id of a board.
        device: String,
    },
    /// A board's processor was reset.
    BoardRestarted {
        /// Which lane.
        lane: String,
    },
    /// A fault was armed.
    Fault {
        /// Reader id, or lane id of a board.
        device: String,
        /// Which fault.
        kind: String,
    },
    /// The scripted day begins.
    PlayStarted,
    /// The scripted day is over, every visit included.
    PlayEnded,
    /// A scripted moment.
    Mark {
        /// Its name in the scenario.
        name: String,
        /// Begin or end.
        phase: MarkPhase,
    },
}

/// Who, with a card, at which reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtReader {
    /// Number of the turn.
    pub visit: u64,
    /// Reader id.
    pub reader: String,
    /// Lane id.
    pub lane: String,
    /// The way this reader faces.
    pub direction: Direction,
    /// The full number on the card.
    pub person: String,
}

/// Who, on foot, in which lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLane {
    /// Number of the turn, when a card was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u64>,
    /// Lane id.
    pub lane: String,
    /// The way the person walks.
    pub direction: Direction,
    /// The full number, when the walker is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Why a person is where he was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedBack {
    /// The arm did not open while he waited.
    NotOpened,
    /// The arm opened, he never stepped in.
    ChangedMind,
    /// He broke the first beam and went back.
    SteppedBack,
    /// He walked against a closed arm.
    Blocked,
}

/// Start or end of a scripted moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkPhase {
    /// It begins now.
    Begin,
    /// It ends now.
    End,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1, 2, 3 … without a hole.
    pub n: u64,
    /// Unix time in ms.
    pub wall_ms: i64,
    /// `CLOCK_MONOTONIC` in ns.
    pub mono_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub act: Act,
}
