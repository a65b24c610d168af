//! What a lane is told, what it answers, and what it is set up with.

use crate::credential::{Credential, TerminalMark};
use crate::face::FaceEvidence;
use crate::ids::{Direction, LaneId, LookId, PersonTag, Ticket, VisitId, WorkerId};
use crate::lane::display::Display;
use crate::lane::mismatches::Mismatches;
use crate::policy::Policy;
use crate::presence::Presence;
use crate::record::{BoardStamp, Record};
use crate::roster::Roster;

/// Whether the gate senses who passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sensing {
    /// Beams report each passage: attendance counts on passage.
    Beams,
    /// No turnstile, or one without beams: attendance counts on grant.
    None,
}

/// Fixed set-up of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSettings {
    /// Its name.
    pub lane: LaneId,
    /// Whether the gate senses passage.
    pub sensing: Sensing,
    /// Longest wait for a passage after an opening, milliseconds, 1,000 to 60,000. Should exceed
    /// the board's own pass time by a second: it only matters when the board's report is lost.
    pub passage_ms_max: u64,
    /// Longest wait for a commit, milliseconds, 500 to 10,000. After it an exit opens without
    /// its record and is counted, and an entry stays closed.
    pub commit_ms_max: u64,
}

/// A board event that was already recorded, so that its redelivery is not recorded again.
pub type EventMark = BoardStamp;

/// A granted presentation before a restart whose passage may still be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RememberedGrant {
    /// Sequence number of the presentation.
    pub seq: u64,
    /// Who.
    pub worker: Option<WorkerId>,
    /// Which visit, of a visitor.
    pub visit: Option<VisitId>,
    /// Which way.
    pub direction: Direction,
    /// Whether that record already was the movement.
    pub counted: bool,
}

/// What a lane knows from before a restart, read back from the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaneMemory {
    /// Newest board event in the ledger. Where it names no board (a record of an older version),
    /// events of the same session up to its number are taken for told already.
    pub last_event: Option<EventMark>,
    /// Latest granted presentations of this lane without a passage, oldest first; the newest
    /// sixteen are used.
    pub grants: Vec<RememberedGrant>,
}

/// What the whole site knows, lent for one step.
#[derive(Debug, Clone, Copy)]
pub struct SiteView<'a> {
    /// Who is registered.
    pub roster: &'a Roster,
    /// The numbers.
    pub policy: &'a Policy,
    /// Who is inside.
    pub presence: &'a Presence,
    /// Whose card came with another face today.
    pub mismatches: &'a Mismatches,
}

/// The camera of one way through a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Camera {
    /// There is none: cards alone decide.
    #[default]
    Absent,
    /// Set up, but neither picture nor answer comes from it: as if it saw no usable face.
    Down,
    /// Works.
    Up,
}

/// What a lane is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneInput {
    /// Somebody presented a credential.
    Presented {
        /// Which way the reader faces.
        direction: Direction,
        /// What was read.
        credential: Credential,
        /// Keyed tag of the number, for strangers.
        person_tag: Option<PersonTag>,
    },
    /// A face terminal told afterwards whom it had seen. It is written down as a report of the
    /// past: it decides nothing, opens nothing and counts for nobody's attendance.
    Reported {
        /// Which way the terminal faces.
        direction: Direction,
        /// Whom it took it for.
        worker: WorkerId,
        /// The terminal's name for the event.
        terminal: TerminalMark,
    },
    /// The record of a ticket is durable.
    Recorded {
        /// Which record.
        ticket: Ticket,
        /// Its sequence number.
        seq: u64,
    },
    /// The record of a ticket is certainly not in the ledger.
    RecordFailed {
        /// Which record.
        ticket: Ticket,
    },
    /// The gate reports.
    Gate(GateReport),
    /// The camera of one way came or went. Without this input a lane has none.
    Camera {
        /// Which way it faces.
        direction: Direction,
        /// How it is now.
        camera: Camera,
    },
    /// The answer to [`LaneEffect::LookAtFace`]. One that comes late changes nothing.
    Face {
        /// Which question.
        look: LookId,
        /// What was seen.
        evidence: FaceEvidence,
    },
    /// A person opens by hand.
    Override {
        /// Which way.
        direction: Direction,
        /// Account.
        operator: String,
        /// Why.
        reason: String,
    },
    /// A time asked for by [`LaneEffect::WakeAt`] has come. Early or extra ones do no harm.
    Wake,
}

/// One numbered event of the gate board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoardEvent {
    /// Factory number of the board: an exchanged board may count the same session.
    pub uid: [u8; 8],
    /// Boot session of the board.
    pub boot: u32,
    /// Event number within it, wraps.
    pub seq: u16,
    /// How long ago by the board's clock, milliseconds.
    pub age_ms: u64,
}

impl BoardEvent {
    /// The event's name.
    pub fn stamp(&self) -> BoardStamp {
        BoardStamp {
            uid: Some(self.uid),
            boot: self.boot,
            seq: self.seq,
        }
    }
}

/// Why a board did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenRefusal {
    /// Locked by mode or by hand.
    Locked,
    /// Open for somebody else: the lane tries the same token again.
    Busy,
    /// Fire input active: everything is free already.
    Fire,
    /// No link: the command could not be delivered.
    NoLink,
    /// Anything else.
    Fault,
}

/// What the gate reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateReport {
    /// The arm moved for a token.
    Opened {
        /// Token of the opening.
        token: u32,
    },
    /// The arm did not move for a token.
    OpenRefused {
        /// Token of the opening.
        token: u32,
        /// Why.
        why: OpenRefusal,
    },
    /// A body went through.
    Passed {
        /// Which way.
        direction: Direction,
        /// The opening it used; `None` when the gate was free.
        token: Option<u32>,
        /// The board's event.
        event: BoardEvent,
    },
    /// Nobody used an opening.
    TimedOut {
        /// Which way it was opened.
        direction: Direction,
        /// The opening.
        token: Option<u32>,
        /// The board's event.
        event: BoardEvent,
    },
    /// A second body followed.
    Tailgated {
        /// Which way.
        direction: Direction,
        /// The opening.
        token: Option<u32>,
        /// The board's event.
        event: BoardEvent,
    },
    /// A body walked against an opening. The opening stays good for its own person.
    Reversed {
        /// Which way the body walked.
        direction: Direction,
        /// The opening.
        token: Option<u32>,
        /// The board's event.
        event: BoardEvent,
    },
    /// A body went in without an opening.
    Intruded {
        /// Which way.
        direction: Direction,
        /// The board's event.
        event: BoardEvent,
    },
    /// Held open too long.
    Held {
        /// The board's event.
        event: BoardEvent,
    },
    /// No longer held.
    HeldCleared {
        /// The board's event.
        event: BoardEvent,
    },
    /// Fire input changed.
    Fire {
        /// Whether it is active.
        on: bool,
        /// The board's event.
        event: BoardEvent,
    },
    /// Housing contact changed.
    Tamper {
        /// Whether it is open.
        on: bool,
        /// The board's event.
        event: BoardEvent,
    },
    /// An event that needs no record (the board's own view of the link, or a kind that this box
    /// does not know): it is only acknowledged, in its order.
    Unrecorded {
        /// The board's event.
        event: BoardEvent,
    },
    /// The board is in a new boot session.
    Restarted {
        /// The new session.
        boot: u32,
    },
    /// The board's event store overflowed.
    EventsLost {
        /// How many were lost.
        count: u32,
    },
    /// The board heard nothing from the box and applied its own rule for that, or heard it again.
    /// It says so later, so this tells nothing about the link now.
    BoxSilent {
        /// Silent, or heard again.
        on: bool,
        /// Its event.
        event: BoardEvent,
    },
    /// The board does not answer.
    LinkLost,
    /// The board answers (again).
    LinkBack,
}

/// What must happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneEffect {
    /// Append to the ledger and answer with `Recorded` or `RecordFailed`. Order matters.
    Record {
        /// Names the answer.
        ticket: Ticket,
        /// What to append.
        record: Record,
    },
    /// Open the gate.
    OpenGate {
        /// Comes back with the passage.
        token: u32,
        /// Which way.
        direction: Direction,
    },
    /// Compare whoever stands before the camera with a worker and answer with `Face`: as soon as
    /// enough pictures agree, at the latest at the deadline. The lane goes on by itself then.
    LookAtFace {
        /// Names the answer.
        look: LookId,
        /// Which way's camera.
        direction: Direction,
        /// The card's holder.
        worker: WorkerId,
        /// Deadline on the boot clock, ms.
        until_mono_ms: u64,
    },
    /// Keep the best picture of a look and the holder's own, under the presentation's number:
    /// somebody will look at them. They stay on the box.
    KeepPictures {
        /// The look.
        look: LookId,
        /// Sequence number of the presentation, now durable.
        presentation: u64,
    },
    /// The board may forget this event and all before it.
    Acknowledge {
        /// The event.
        event: BoardEvent,
    },
    /// Show on the gate's screen.
    Show(Display),
    /// Send `Wake` at this time of the boot clock.
    WakeAt {
        /// Milliseconds since boot.
        mono_ms: u64,
        /// Why, for the log.
        reason: &'static str,
    },
    /// A rule of the lane itself was broken: a bug. Nothing opens; log it as an error.
    Alarm {
        /// What.
        what: &'static str,
    },
}
