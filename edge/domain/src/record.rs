//! What goes into the ledger, in the domain's own words. The shell maps it to the wire body.

use jiff::civil::Date;

use crate::audit::AuditNote;
use crate::credential::{Credential, TerminalMark};
use crate::days::{Correction, CorrectionRequest, Suspension};
use crate::denial::{Denial, Flag};
use crate::id_number::DocumentKind;
use crate::ids::{Direction, LaneId, PersonTag, TeamId, VisitId, WorkerId};
use crate::person::Person;
use crate::time::Moment;
use crate::visits::Visitor;
use crate::wages::WageAct;
use crate::worker::{Contract, Employer, Role, Team, Trade, Training};

/// One act with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it happened.
    pub at: Moment,
    /// What happened.
    pub act: Act,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Somebody presented a credential.
    Presentation(PresentationRecord),
    /// Somebody passed, or did not.
    Passage(PassageRecord),
    /// The gate itself reported something.
    Gate(GateRecord),
    /// A person opened by hand (一键开闸).
    Override(OverrideRecord),
    /// Openings made while the ledger could not commit.
    Emergency(EmergencyRecord),
    /// The project.
    Project {
        /// Project code of the platform.
        code: String,
        /// Name.
        name: String,
    },
    /// An employer, new or changed.
    Employer(Employer),
    /// A team, new or changed.
    Team(Team),
    /// A worker's personal data: the shell seals it before it is stored.
    Worker {
        /// The worker.
        worker: WorkerId,
        /// Personal data.
        person: Box<Person>,
    },
    /// A worker joins the project (进场).
    Entry {
        /// The worker.
        worker: WorkerId,
        /// His crew.
        team: TeamId,
        /// His craft.
        trade: Trade,
        /// Manager or worker.
        role: Role,
        /// First day.
        on: Date,
    },
    /// A worker leaves the project (退场).
    Exit {
        /// The worker.
        worker: WorkerId,
        /// Last day.
        on: Date,
        /// Why, as the clerk wrote it.
        reason: Option<String>,
    },
    /// A contract.
    Contract {
        /// The worker.
        worker: WorkerId,
        /// The contract.
        contract: Contract,
    },
    /// A finished training.
    Training {
        /// The worker.
        worker: WorkerId,
        /// The training.
        training: Training,
    },
    /// The worker allows the use of his face at the gate, or takes that back.
    FaceConsent {
        /// The worker.
        worker: WorkerId,
        /// Allowed from now on, or no longer.
        given: bool,
        /// The day on which it was signed.
        on: Date,
        /// Which version of the words was signed, where it is known.
        text: Option<u16>,
    },
    /// A health certificate.
    HealthCertificate {
        /// The worker.
        worker: WorkerId,
        /// Its last day.
        until: Date,
    },
    /// Put on or taken off the blacklist.
    Blacklist {
        /// The worker.
        worker: WorkerId,
        /// Whether he is barred from here on.
        listed: bool,
        /// Why, as the clerk wrote it.
        reason: Option<String>,
    },
    /// A visitor is let in for a while: the shell seals who he is.
    Visit {
        /// The visit.
        visit: VisitId,
        /// Who visits whom.
        visitor: Box<Visitor>,
        /// From when on, Unix ms.
        from_ms: i64,
        /// When it is over, Unix ms.
        until_ms: i64,
        /// The account that lets him in.
        account: String,
    },
    /// A visit is over before its time.
    VisitEnded {
        /// The visit.
        visit: VisitId,
        /// The account that ends it.
        account: String,
    },
    /// A roster from the city was applied.
    RosterApplied(RosterApplied),
    /// Somebody asks for a movement that no gate recorded (补卡): the shell seals its evidence.
    CorrectionRequest(Box<CorrectionRequest>),
    /// Such a request is approved.
    Correction(Correction),
    /// Such a request is turned down.
    CorrectionRefused {
        /// Number of the request.
        request: u32,
        /// The worker.
        worker: WorkerId,
        /// The account that turned it down.
        approver: String,
        /// Why.
        why: String,
    },
    /// A team's sheet of a month is closed: everybody signs this one.
    MonthClosed {
        /// First day of the month.
        first: Date,
        /// The team.
        team: TeamId,
        /// 1 for the first, one more for each that replaces it.
        version: u32,
        /// SHA-256 of the sheet, lower-case hexadecimal.
        digest: String,
        /// The account that closed it.
        account: String,
    },
    /// A time without work is declared.
    Suspended(Suspension),
    /// Rates, wage lines, a sheet's steps, what the bank said.
    Wage(WageAct),
    /// Somebody looked, took away, or changed an account or a rule.
    Audit(AuditNote),
}

impl Act {
    /// It changes nothing about who may pass: corrections, closed months, notices, wages, audit.
    pub fn is_of_the_office(&self) -> bool {
        matches!(
            self,
            Self::CorrectionRequest(_)
                | Self::Correction(_)
                | Self::CorrectionRefused { .. }
                | Self::MonthClosed { .. }
                | Self::Suspended(_)
                | Self::Wage(_)
                | Self::Audit(_)
        )
    }
}

/// How somebody was recognized: attendType of the national table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// 001 人脸识别.
    Face,
    /// 005 身份证识别.
    IdCard,
    /// 006 实名卡.
    IcCard,
    /// 008 一键开闸.
    Override,
}

impl By {
    /// The three-character code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Face => "001",
            Self::IdCard => "005",
            Self::IcCard => "006",
            Self::Override => "008",
        }
    }

    /// How a credential recognizes.
    pub fn of(credential: &Credential) -> Self {
        match credential {
            Credential::IdCard(_) | Credential::Unreadable { .. } => Self::IdCard,
            Credential::IcCard(_) => Self::IcCard,
            Credential::Face { .. } => Self::Face,
        }
    }
}

/// What became of a presentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentationResult {
    /// The gate opens.
    Granted,
    /// The gate stays closed.
    Denied,
    /// A repetition of an earlier presentation: nothing more opens.
    Repeated,
    /// A face terminal told afterwards whom it had seen: the box decided and opened nothing.
    Reported,
}

impl PresentationResult {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Repeated => "repeated",
            Self::Reported => "reported",
        }
    }
}

/// One act of presenting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentationRecord {
    /// Where.
    pub lane: LaneId,
    /// Which way.
    pub direction: Direction,
    /// How.
    pub by: By,
    /// Who, when on the roster.
    pub worker: Option<WorkerId>,
    /// Which visit, of a visitor: then there is no worker.
    pub visit: Option<VisitId>,
    /// Which document, when one was read.
    pub document: Option<DocumentKind>,
    /// What became of it.
    pub result: PresentationResult,
    /// The rule that refused; on the way out the rule that would have refused.
    pub reason: Option<Denial>,
    /// Further marks.
    pub flags: Vec<Flag>,
    /// Sequence number of the presentation that this one repeats, when already committed.
    pub of: Option<u64>,
    /// Whether this record is itself the attendance (a lane that senses no passage).
    pub counted: bool,
    /// Whether this record is itself the visitor's movement (a lane that senses no passage).
    pub moved: bool,
    /// Tag of an unknown identity number.
    pub person_tag: Option<PersonTag>,
    /// Version of the policy that decided.
    pub policy: u32,
    /// The face terminal that told it.
    pub terminal: Option<TerminalMark>,
}

/// What the body did at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassageOutcome {
    /// Went through.
    Passed,
    /// Nobody went through before the gate closed.
    TimedOut,
    /// A second body followed.
    Tailgated,
    /// Walked against an opening.
    Reversed,
    /// Went in without an opening.
    Intruded,
}

impl PassageOutcome {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::TimedOut => "timed_out",
            Self::Tailgated => "tailgated",
            Self::Reversed => "reversed",
            Self::Intruded => "intruded",
        }
    }
}

/// Names an event of a gate board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BoardStamp {
    /// Factory number of the board; `None` where a record of an older version does not say.
    pub uid: Option<[u8; 8]>,
    /// Boot session of the board.
    pub boot: u32,
    /// The board's event number, wraps.
    pub seq: u16,
}

/// One passage, or its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageRecord {
    /// Where.
    pub lane: LaneId,
    /// Which way.
    pub direction: Direction,
    /// What the body did.
    pub outcome: PassageOutcome,
    /// Sequence number of the presentation or override that opened.
    pub presentation: Option<u64>,
    /// Who, when the opening was for a worker.
    pub worker: Option<WorkerId>,
    /// Which visit, when the opening was for a visitor.
    pub visit: Option<VisitId>,
    /// Whether this record is the attendance.
    pub counted: bool,
    /// Whether this record is the visitor's movement.
    pub moved: bool,
    /// The board's name for the event.
    pub board: Option<BoardStamp>,
}

/// What a gate reports about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateEvent {
    /// Held open too long.
    Held,
    /// No longer held.
    HeldCleared,
    /// Housing opened.
    TamperOn,
    /// Housing closed.
    TamperOff,
    /// Fire input active: free both ways.
    FireOn,
    /// Fire input released.
    FireOff,
    /// The board began a new boot session.
    BoardRestarted,
    /// The board's (or the lane's) event store overflowed.
    EventsLost,
    /// No answer from the board.
    LinkLost,
    /// The board answers again.
    LinkBack,
    /// The board did not open, or the permission came too late to be used.
    OpenRefused,
}

impl GateEvent {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::HeldCleared => "held_cleared",
            Self::TamperOn => "tamper_on",
            Self::TamperOff => "tamper_off",
            Self::FireOn => "fire_on",
            Self::FireOff => "fire_off",
            Self::BoardRestarted => "board_restarted",
            Self::EventsLost => "events_lost",
            Self::LinkLost => "link_lost",
            Self::LinkBack => "link_back",
            Self::OpenRefused => "open_refused",
        }
    }
}

/// Something a gate reported about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRecord {
    /// Where.
    pub lane: LaneId,
    /// What.
    pub event: GateEvent,
    /// The presentation concerned.
    pub presentation: Option<u64>,
    /// How many, for [`GateEvent::EventsLost`].
    pub count: Option<u32>,
    /// The board's name for the event; only the boot counts for a restart.
    pub board: Option<BoardStamp>,
}

/// A person opened by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverrideRecord {
    /// Where.
    pub lane: LaneId,
    /// Which way.
    pub direction: Direction,
    /// Account that opened.
    pub operator: String,
    /// Why, as written.
    pub reason: String,
}

/// Openings made while the ledger could not commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmergencyRecord {
    /// Where.
    pub lane: LaneId,
    /// Which way.
    pub direction: Direction,
    /// How many openings.
    pub openings: u32,
    /// Wall time of the first, Unix ms.
    pub from_ms: i64,
    /// Wall time of the last, Unix ms.
    pub to_ms: i64,
}

/// A roster from the city was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterApplied {
    /// Version of the roster.
    pub version: u64,
    /// Its SHA-256, lower hex.
    pub digest: String,
    /// Workers added.
    pub added: u32,
    /// Workers changed.
    pub changed: u32,
    /// Workers barred by explicit revocation.
    pub revoked: u32,
}

impl Record {
    /// The attendance in this record: who moved which way, when it counts.
    pub fn counted(&self) -> Option<(WorkerId, Direction)> {
        if let Act::Presentation(one) = &self.act
            && one.counted
        {
            return Some((one.worker?, one.direction));
        }
        if let Act::Passage(one) = &self.act
            && one.counted
        {
            return Some((one.worker?, one.direction));
        }
        None
    }
}
