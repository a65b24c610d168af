//! What a record changes in the read models. Pure: a record in, row changes out.

use edge_domain::{AuditAct, Denial};
use sync_wire::record::{
    Audit, BoardEvent, ClockChange, ClockQuality, Contract, CorrectionRequest, Direction, Employer,
    Entry, Exit, HealthCertificate, Kind, MonthClosed, PresentationResult, Project, Record, Team,
    Training, Visit, Worker,
};

/// Names this way of folding. Another number rebuilds the read models at the next opening.
pub(crate) const FOLD_VERSION: u32 = 16;

const DAY_MS: i64 = 86_400_000;

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Movement(Movement),
    /// The clock of a boot changed: what it wrote while it was unset moves with it.
    Clock(ClockShift),
    /// A presentation was denied, Unix ms.
    Denied {
        at: i64,
    },
    BoardEvent {
        lane: String,
        event: BoardEvent,
    },
    Project(Project),
    Employer(Employer),
    Team(Team),
    /// Personal data, still sealed.
    Person(Worker),
    Entered(Entry),
    Left(Exit),
    Contract(Contract),
    Training(Training),
    HealthCertificate(HealthCertificate),
    FaceConsent {
        worker: u32,
        given: bool,
        text: Option<u16>,
    },
    /// A card came with another face.
    FaceMismatch {
        worker: u32,
        at: i64,
    },
    /// A face terminal told it.
    TerminalEvent {
        terminal: String,
        seq: u64,
    },
    Blacklisted {
        worker: u32,
        listed: bool,
    },
    RosterVersion(u64),
    /// What people in the office did.
    Office(OfficeChange),
    /// A visitor.
    Visit(VisitChange),
}

/// What became of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VisitChange {
    /// It began; the visitor is still sealed.
    Began(Visit),
    Ended {
        visit: u32,
        at: i64,
    },
    /// He went in or out.
    Moved {
        visit: u32,
        at: i64,
        is_in: bool,
    },
}

impl VisitChange {
    /// The visit.
    pub(crate) const fn visit(&self) -> u32 {
        match self {
            Self::Began(one) => one.visit,
            Self::Ended { visit, .. } | Self::Moved { visit, .. } => *visit,
        }
    }
}

/// Corrections, closed months, audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OfficeChange {
    /// A request for a correction, its evidence still sealed, and when it was made.
    Asked(CorrectionRequest, i64),
    Decided(Decision),
    Audited {
        /// It is a worker's objection, or the answer to one.
        is_dispute: bool,
    },
    MonthClosed(MonthClosed, i64),
    /// A record about wages or the money for them, and when it was made.
    Wages(Box<Kind>, i64),
}

/// What became of a request for a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) request: u32,
    pub(crate) approver: String,
    pub(crate) at: i64,
    /// Why it was refused; `None` where it is approved.
    pub(crate) refused: Option<String>,
}

impl Change {
    /// Whether it is about people, employers or teams.
    pub(crate) const fn is_about_people(&self) -> bool {
        !matches!(
            self,
            Self::Movement(_)
                | Self::Clock(_)
                | Self::Denied { .. }
                | Self::BoardEvent { .. }
                | Self::Office(_)
                | Self::Visit(_)
                | Self::FaceMismatch { .. }
                | Self::TerminalEvent { .. }
        )
    }
}

/// A movement that counts as attendance: a gate's, or a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) worker: u32,
    pub(crate) at: i64,
    pub(crate) is_in: bool,
    /// The boot, where its clock was unset.
    pub(crate) unset_boot: Option<u32>,
    /// Number of the request, where it is a correction: no gate saw it.
    pub(crate) request: Option<u32>,
}

/// A change of a boot's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockShift {
    pub(crate) boot: u32,
    /// What corrects the times that were written with the clock unset.
    pub(crate) by_ms: i64,
    /// A source of time proved it: they are believed from now on.
    pub(crate) is_proof: bool,
}

/// No correction is longer (a thousand years), so that no sum is beyond what the file can hold.
const SHIFT_MS_MAX: i64 = 1_000 * 366 * DAY_MS;

/// The day (of UTC) that an instant in Unix ms falls into, counted from 1970.
pub(crate) const fn utc_day(at: i64) -> i64 {
    at.div_euclid(DAY_MS)
}

/// What `record` changes. Most records change nothing: they are found in the ledger itself.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest is the office's, or changes no read model"
)]
pub(crate) fn changes(record: Record) -> Vec<Change> {
    let movement = counted(&record);
    let denied_at = denied(&record);
    let at = record.stamp.at;
    let mismatch = mismatch(&record);
    let told = terminal_event(&record);
    let visit = visit(&record);
    let one = match record.kind {
        Kind::Passage(passage) => board_event(passage.lane, passage.board),
        Kind::Gate(gate) => board_event(gate.lane, gate.board),
        Kind::Project(project) => Some(Change::Project(project)),
        Kind::Employer(employer) => Some(Change::Employer(employer)),
        Kind::Team(team) => Some(Change::Team(team)),
        Kind::Worker(worker) => Some(Change::Person(worker)),
        Kind::Entry(entry) => Some(Change::Entered(entry)),
        Kind::Exit(exit) => Some(Change::Left(exit)),
        Kind::Contract(contract) => Some(Change::Contract(contract)),
        Kind::Training(training) => Some(Change::Training(training)),
        Kind::HealthCertificate(paper) => Some(Change::HealthCertificate(paper)),
        Kind::FaceConsent(consent) => Some(Change::FaceConsent {
            worker: consent.worker,
            given: consent.given,
            text: consent.text,
        }),
        Kind::Blacklist(entry) => Some(Change::Blacklisted {
            worker: entry.worker,
            listed: entry.listed,
        }),
        Kind::RosterApplied(roster) => Some(Change::RosterVersion(roster.version)),
        Kind::Clock(clock) => Some(Change::Clock(ClockShift {
            boot: record.stamp.boot,
            by_ms: clock
                .after
                .saturating_sub(clock.before)
                .clamp(-SHIFT_MS_MAX, SHIFT_MS_MAX),
            is_proof: clock.change == ClockChange::Synced,
        })),
        other => office(other, at).map(Change::Office),
    };
    movement
        .map(Change::Movement)
        .into_iter()
        .chain(denied_at.map(|at| Change::Denied { at }))
        .chain(mismatch.map(|(worker, at)| Change::FaceMismatch { worker, at }))
        .chain(told.map(|(terminal, seq)| Change::TerminalEvent { terminal, seq }))
        .chain(visit.map(Change::Visit))
        .chain(one)
        .collect()
}

/// The attendance in a record, where it has any.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind can be attendance"
)]
pub(crate) fn counted(record: &Record) -> Option<Movement> {
    let (worker, direction) = match &record.kind {
        Kind::Presentation(one) if one.counted => (one.worker?, one.direction),
        Kind::Passage(one) if one.counted => (one.worker?, one.direction),
        Kind::Correction(one) => {
            return Some(Movement {
                worker: one.worker,
                at: one.moment,
                is_in: one.direction == Direction::In,
                unset_boot: None,
                request: Some(one.request),
            });
        }
        _ => return None,
    };
    Some(Movement {
        worker,
        at: record.stamp.at,
        is_in: direction == Direction::In,
        unset_boot: (record.stamp.clock == ClockQuality::Unset).then_some(record.stamp.boot),
        request: None,
    })
}

/// What a record says of a visit, where it says anything.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind is about visitors"
)]
pub(crate) fn visit(record: &Record) -> Option<VisitChange> {
    let (visit, direction) = match &record.kind {
        Kind::Visit(one) => return Some(VisitChange::Began(one.clone())),
        Kind::VisitEnded(one) => {
            return Some(VisitChange::Ended {
                visit: one.visit,
                at: record.stamp.at,
            });
        }
        Kind::Presentation(one) if one.moved => (one.visit?, one.direction),
        Kind::Passage(one) if one.moved => (one.visit?, one.direction),
        _ => return None,
    };
    Some(VisitChange::Moved {
        visit,
        at: record.stamp.at,
        is_in: direction == Direction::In,
    })
}

fn is_dispute(audit: &Audit) -> bool {
    matches!(
        AuditAct::from_code(&audit.what),
        Some(AuditAct::Disputed | AuditAct::DisputeAnswered)
    )
}

/// What an act of the office changes.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind is the office's; what the box records about itself, and kinds of a newer version, change no read model"
)]
fn office(kind: Kind, at: i64) -> Option<OfficeChange> {
    Some(match kind {
        Kind::CorrectionRequest(asked) => OfficeChange::Asked(asked, at),
        Kind::Correction(one) => OfficeChange::Decided(Decision {
            request: one.request,
            approver: one.approver,
            at,
            refused: None,
        }),
        Kind::CorrectionRefused(one) => OfficeChange::Decided(Decision {
            request: one.request,
            approver: one.approver,
            at,
            refused: Some(one.why),
        }),
        Kind::Audit(one) => OfficeChange::Audited {
            is_dispute: is_dispute(&one),
        },
        Kind::MonthClosed(one) => OfficeChange::MonthClosed(one, at),
        wages @ (Kind::WageTerms(_)
        | Kind::WageEntry(_)
        | Kind::WageLine(_)
        | Kind::WageSheet(_)
        | Kind::WagePayment(_)
        | Kind::FundAccount(_)
        | Kind::FundDeposit(_)
        | Kind::FundTransfer(_)) => OfficeChange::Wages(Box::new(wages), at),
        _ => return None,
    })
}

/// When a presentation was denied, where the record says so.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind can be a refusal"
)]
pub(crate) fn denied(record: &Record) -> Option<i64> {
    match &record.kind {
        Kind::Presentation(one) if one.result == PresentationResult::Denied => {
            Some(record.stamp.at)
        }
        _ => None,
    }
}

/// Whose card came with another face and when, where the record says so.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no other kind can be a mismatch"
)]
pub(crate) fn mismatch(record: &Record) -> Option<(u32, i64)> {
    match &record.kind {
        Kind::Presentation(one) => {
            let mut codes = one.reason.iter().chain(&one.flags);
            let differs = codes.any(|code| *code == Denial::FaceDiffers.code());
            Some((one.worker.filter(|_| differs)?, record.stamp.at))
        }
        _ => None,
    }
}

/// The face terminal that told it and its own number, where one did.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "terminals tell presentations only"
)]
pub(crate) fn terminal_event(record: &Record) -> Option<(String, u64)> {
    match &record.kind {
        Kind::Presentation(one) => {
            let mark = one.terminal.as_ref()?;
            Some((mark.name.clone(), mark.seq))
        }
        _ => None,
    }
}

fn board_event(lane: String, event: Option<BoardEvent>) -> Option<Change> {
    event.map(|event| Change::BoardEvent { lane, event })
}
