//! What happened at a lane.

use serde::{Deserialize, Serialize};

use crate::record::people::IdKind;

/// Which way a person goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Onto the site; national code 01.
    In,
    /// Off the site; national code 02.
    Out,
}

/// What the box decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresentationResult {
    /// The lane opens.
    Granted,
    /// The lane stays closed; `reason` says why.
    Denied,
    /// The same credential again within the repeat window; opens nothing more.
    Repeated,
    /// A face terminal told afterwards whom it had seen: the box decided and opened nothing.
    Reported,
}

/// What a face terminal told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalMark {
    /// The terminal's name at the box.
    pub name: String,
    /// Its own number of the event: (`name`, `seq`) is told once.
    pub seq: u64,
    /// When, as its clock has it, Unix ms.
    pub at: i64,
    /// When by the box's clock, the terminal's error taken out, Unix ms.
    pub happened: i64,
}

/// `presentation`: a credential was presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presentation {
    /// The lane.
    pub lane: String,
    /// The way that the reader belongs to.
    pub direction: Direction,
    /// Way of attendance: a code of the code table.
    pub by: String,
    /// The worker, where one was recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// The visit, where a visitor was recognized: then there is no worker, and nothing counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u32>,
    /// Kind of the document that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<IdKind>,
    /// The decision.
    pub result: PresentationResult,
    /// Denial code. Present when denied, and on a way out that opened although a rule refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Codes of warnings that did not refuse.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// The presentation (seq) that this one repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// This record is itself the attendance (a lane that does not sense passage).
    pub counted: bool,
    /// This record is itself the visitor's movement (a lane that does not sense passage).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// Keyed tag of an unknown ID number, 16 lower-case hexadecimal characters: equal strangers
    /// can be matched without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_tag: Option<String>,
    /// Version of the policy that decided.
    pub policy: u32,
    /// The face terminal that recognized the worker; absent for readers and the box's cameras.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<TerminalMark>,
}

/// An event as the gate board counted it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BoardEvent {
    /// The board's own boot number.
    pub boot: u32,
    /// Number of the event within that boot.
    pub seq: u16,
    /// Factory number of the board, 16 lower-case hexadecimal characters: an exchanged board may
    /// count the very same boot. Records of older boxes have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
}

/// What the body did after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Went through.
    Passed,
    /// Nobody went through before the arm closed.
    TimedOut,
    /// A second body followed on one opening.
    Tailgated,
    /// Turned back inside the lane.
    Reversed,
    /// Went through without an opening.
    Intruded,
}

/// `passage`: what the beams of a lane saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The lane.
    pub lane: String,
    /// The way that the body went.
    pub direction: Direction,
    /// What it did.
    pub outcome: Outcome,
    /// The presentation (seq) that opened for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation: Option<u64>,
    /// The worker of that presentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// The visit of that presentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u32>,
    /// This record is the attendance.
    pub counted: bool,
    /// This record is the visitor's movement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// The board's own name of the event: one event is recorded once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<BoardEvent>,
}

/// What a gate board reported besides passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateEvent {
    /// A beam stays interrupted.
    Held,
    /// The beam is free again.
    HeldCleared,
    /// The housing was opened.
    TamperOn,
    /// The housing was closed.
    TamperOff,
    /// The fire input freed the lane.
    FireOn,
    /// The fire input is quiet again.
    FireOff,
    /// The board started anew.
    BoardRestarted,
    /// The board's event memory overflowed; `count` events are lost.
    EventsLost,
    /// The board does not answer; it follows its own link-loss policy.
    LinkLost,
    /// The board answers again.
    LinkBack,
    /// The board refused to open (for example while the fire input frees the lane).
    OpenRefused,
}

/// `gate`: the state of a gate changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The lane.
    pub lane: String,
    /// What happened.
    pub event: GateEvent,
    /// The presentation (seq) that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation: Option<u64>,
    /// A count, where the event has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The board's own name of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub board: Option<BoardEvent>,
}

/// `override`: a person opened a lane by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The lane.
    pub lane: String,
    /// The way that it opened.
    pub direction: Direction,
    /// Always 008 (一键开闸).
    pub by: String,
    /// The account that ordered it.
    pub operator: String,
    /// Why, in the operator's words.
    pub reason: String,
}

/// `emergency`: openings while the ledger could not commit, counted and recorded afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// The lane.
    pub lane: String,
    /// The way that it opened.
    pub direction: Direction,
    /// How often.
    pub openings: u32,
    /// First of them, Unix ms.
    pub from: i64,
    /// Last of them, Unix ms.
    pub to: i64,
}
