//! From the domain's record to the body of the ledger and the wire.

use edge_domain as domain;
use edge_domain::{Act, ClockQuality, DocumentKind, Moment};
use sync_wire::record as wire;
use sync_wire::{Kind, Record, Stamp, WireError};

use crate::clock::ClockChange;
use crate::error::DaemonError;
use crate::wage_records;

/// What records name as the software that wrote them.
pub(crate) const SOFTWARE: &str = concat!("menwei ", env!("CARGO_PKG_VERSION"));

/// What is sealed of a record before it is written.
#[derive(Debug)]
pub(crate) enum Sealed {
    /// The person of an [`Act::Worker`].
    Person(wire::Worker),
    /// The visitor of an [`Act::Visit`].
    Visitor {
        /// Nonce and ciphertext, base64.
        sealed: String,
        /// The key for the city.
        wraps: Vec<wire::Wrap>,
    },
    /// The evidence of an [`Act::CorrectionRequest`].
    Evidence(String),
}

/// The body of a record; `sealed` is what of it carries personal data.
///
/// # Errors
/// The body is over 8 KiB, or a worker's person is not sealed.
pub(crate) fn body(
    record: &domain::Record,
    sealed: Option<Sealed>,
) -> Result<Vec<u8>, DaemonError> {
    let kind = match (&record.act, sealed) {
        (Act::Worker { .. }, Some(Sealed::Person(worker))) => Kind::Worker(worker),
        (Act::CorrectionRequest(one), Some(Sealed::Evidence(sealed))) => {
            Kind::CorrectionRequest(correction_request(one, sealed))
        }
        (
            Act::Visit {
                visit,
                from_ms,
                until_ms,
                account,
                ..
            },
            Some(Sealed::Visitor { sealed, wraps }),
        ) => Kind::Visit(wire::Visit {
            visit: visit.0,
            from: *from_ms,
            until: *until_ms,
            account: account.clone(),
            sealed,
            wraps,
        }),
        (act, _) => kind(act).ok_or(DaemonError::NotSealed)?,
    };
    Ok(Record {
        stamp: stamp(record.at),
        kind,
    }
    .to_body()?)
}

/// The body of one of the box's own acts.
///
/// # Errors
/// The body is over 8 KiB.
pub(crate) fn box_body(at: Moment, kind: Kind) -> Result<Vec<u8>, WireError> {
    Record {
        stamp: stamp(at),
        kind,
    }
    .to_body()
}

/// The clock's change as a record.
pub(crate) fn clock_changed(change: ClockChange) -> Kind {
    let (change, before, after) = match change {
        ClockChange::Synced { before, after } => (wire::ClockChange::Synced, before, after),
        ClockChange::Jumped { before, after } => (wire::ClockChange::Jumped, before, after),
        ClockChange::Unset { before, after } => (wire::ClockChange::Unset, before, after),
    };
    Kind::Clock(wire::ClockChanged {
        change,
        before,
        after,
    })
}

/// When and by which clock, on the wire.
pub(crate) fn stamp(at: Moment) -> Stamp {
    let clock = clock_quality(at.quality);
    Stamp {
        at: at.wall_ms,
        boot: at.boot,
        mono: at.mono_ms,
        clock,
    }
}

/// Trust in the wall clock, on the wire.
pub(crate) fn clock_quality(quality: ClockQuality) -> wire::ClockQuality {
    match quality {
        ClockQuality::Synced => wire::ClockQuality::Synced,
        ClockQuality::Holdover => wire::ClockQuality::Holdover,
        ClockQuality::Unset => wire::ClockQuality::Unset,
    }
}

/// The kind of an act; `None` for those that must be sealed first.
fn kind(act: &Act) -> Option<Kind> {
    Some(match act {
        Act::Presentation(one) => Kind::Presentation(presentation(one)),
        Act::Passage(one) => Kind::Passage(passage(one)),
        Act::Gate(one) => Kind::Gate(gate(one)),
        Act::Override(one) => Kind::Override(wire::Override {
            lane: one.lane.as_str().to_owned(),
            direction: direction(one.direction),
            by: domain::By::Override.code().to_owned(),
            operator: one.operator.clone(),
            reason: one.reason.clone(),
        }),
        Act::Emergency(one) => Kind::Emergency(wire::Emergency {
            lane: one.lane.as_str().to_owned(),
            direction: direction(one.direction),
            openings: one.openings,
            from: one.from_ms,
            to: one.to_ms,
        }),
        Act::Worker { .. } | Act::Visit { .. } | Act::CorrectionRequest(_) => return None,
        Act::VisitEnded { visit, account } => Kind::VisitEnded(wire::VisitEnded {
            visit: visit.0,
            account: account.clone(),
        }),
        Act::Project { .. }
        | Act::Employer(_)
        | Act::Team(_)
        | Act::RosterApplied(_)
        | Act::Entry { .. }
        | Act::Exit { .. }
        | Act::Contract { .. }
        | Act::Training { .. }
        | Act::FaceConsent { .. }
        | Act::HealthCertificate { .. }
        | Act::Blacklist { .. } => roster_kind(act).or_else(|| worker_kind(act))?,
        Act::Wage(one) => wage_records::kind(one),
        Act::Suspended(one) => Kind::Gap(wire::Gap {
            from: one.from_ms,
            to: one.to_ms,
            cause: wire::GapCause::Suspended,
            reason: Some(one.reason.clone()),
        }),
        Act::Correction(_)
        | Act::CorrectionRefused { .. }
        | Act::MonthClosed { .. }
        | Act::Audit(_) => office_kind(act)?,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`kind` names every act; the rest is not about the site"
)]
fn roster_kind(act: &Act) -> Option<Kind> {
    Some(match act {
        Act::Project { code, name } => Kind::Project(wire::Project {
            code: code.clone(),
            name: name.clone(),
            area: None,
        }),
        Act::Employer(one) => Kind::Employer(wire::Employer {
            employer: one.employer.0,
            uscc: one.uscc.as_str().to_owned(),
            name: one.name.clone(),
            r#type: one.kind.clone(),
        }),
        Act::Team(one) => Kind::Team(wire::Team {
            team: one.team.0,
            employer: one.employer.0,
            name: one.name.clone(),
        }),
        Act::RosterApplied(one) => Kind::RosterApplied(wire::RosterApplied {
            version: one.version,
            digest: one.digest.clone(),
            added: one.added,
            changed: one.changed,
            revoked: one.revoked,
        }),
        _ => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`kind` names every act; the rest is not about one worker"
)]
fn worker_kind(act: &Act) -> Option<Kind> {
    Some(match act {
        Act::Entry {
            worker,
            team,
            trade,
            role,
            on,
        } => Kind::Entry(wire::Entry {
            worker: worker.0,
            team: team.0,
            trade: trade.code(),
            role: role.code().to_owned(),
            on: on.to_string(),
        }),
        Act::Exit { worker, on, reason } => Kind::Exit(wire::Exit {
            worker: worker.0,
            on: on.to_string(),
            reason: reason.clone(),
        }),
        Act::Contract { worker, contract } => Kind::Contract(wire::Contract {
            worker: worker.0,
            signed_on: contract.signed_on.to_string(),
            until: contract.until.map(|until| until.to_string()),
        }),
        Act::Training { worker, training } => Kind::Training(wire::Training {
            worker: worker.0,
            r#type: training.kind.code().to_owned(),
            on: training.on.to_string(),
            hours: training.hours.into(),
        }),
        Act::FaceConsent {
            worker,
            given,
            on,
            text,
        } => Kind::FaceConsent(wire::FaceConsent {
            worker: worker.0,
            given: *given,
            on: on.to_string(),
            text: *text,
        }),
        Act::HealthCertificate { worker, until } => {
            Kind::HealthCertificate(wire::HealthCertificate {
                worker: worker.0,
                until: until.to_string(),
            })
        }
        Act::Blacklist {
            worker,
            listed,
            reason,
        } => Kind::Blacklist(wire::Blacklist {
            worker: worker.0,
            listed: *listed,
            reason: reason.clone(),
        }),
        _ => return None,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`kind` names every act; the rest is not about the office"
)]
fn office_kind(act: &Act) -> Option<Kind> {
    Some(match act {
        Act::Correction(one) => Kind::Correction(wire::Correction {
            request: one.request,
            worker: one.worker.0,
            direction: direction(one.direction),
            moment: one.at_ms,
            reason: one.reason.code().to_owned(),
            requester: one.requester.clone(),
            requested: one.requested_ms,
            approver: one.approver.clone(),
        }),
        Act::CorrectionRefused {
            request,
            worker,
            approver,
            why,
        } => Kind::CorrectionRefused(wire::CorrectionRefused {
            request: *request,
            worker: worker.0,
            approver: approver.clone(),
            why: why.clone(),
        }),
        Act::MonthClosed {
            first,
            team,
            version,
            digest,
            account,
        } => Kind::MonthClosed(wire::MonthClosed {
            month: wage_records::month(*first),
            team: team.0,
            version: *version,
            digest: digest.clone(),
            account: account.clone(),
        }),
        Act::Audit(one) => Kind::Audit(wire::Audit {
            account: one.account.clone(),
            what: one.what.code().to_owned(),
            worker: one.worker.map(|worker| worker.0),
            detail: one.detail.clone(),
            reason: one.reason.clone(),
        }),
        _ => return None,
    })
}

/// A direction on the wire.
pub(crate) fn direction(direction: domain::Direction) -> wire::Direction {
    match direction {
        domain::Direction::In => wire::Direction::In,
        domain::Direction::Out => wire::Direction::Out,
    }
}

/// A kind of document on the wire.
pub(crate) fn id_kind(kind: DocumentKind) -> wire::IdKind {
    match kind {
        DocumentKind::Resident => wire::IdKind::Resident,
        DocumentKind::Hmt => wire::IdKind::Hmt,
        DocumentKind::Foreigner2017 => wire::IdKind::Foreigner2017,
        DocumentKind::Foreigner2023 => wire::IdKind::Foreigner2023,
    }
}

fn correction_request(one: &domain::CorrectionRequest, sealed: String) -> wire::CorrectionRequest {
    wire::CorrectionRequest {
        request: one.request,
        worker: one.worker.0,
        direction: direction(one.direction),
        moment: one.at_ms,
        reason: one.reason.code().to_owned(),
        requester: one.requester.clone(),
        sealed,
    }
}

fn presentation(one: &domain::PresentationRecord) -> wire::Presentation {
    let result = match one.result {
        domain::PresentationResult::Granted => wire::PresentationResult::Granted,
        domain::PresentationResult::Denied => wire::PresentationResult::Denied,
        domain::PresentationResult::Repeated => wire::PresentationResult::Repeated,
        domain::PresentationResult::Reported => wire::PresentationResult::Reported,
    };
    wire::Presentation {
        lane: one.lane.as_str().to_owned(),
        direction: direction(one.direction),
        by: one.by.code().to_owned(),
        worker: one.worker.map(|worker| worker.0),
        visit: one.visit.map(|visit| visit.0),
        document: one.document.map(id_kind),
        result,
        reason: one.reason.map(|reason| reason.code().to_owned()),
        flags: one
            .flags
            .iter()
            .map(|flag| flag.code().to_owned())
            .collect(),
        of: one.of,
        counted: one.counted,
        moved: one.moved,
        person_tag: one.person_tag.map(domain::PersonTag::to_hex),
        policy: one.policy,
        terminal: one.terminal.as_ref().map(|mark| wire::TerminalMark {
            name: mark.name.clone(),
            seq: mark.seq,
            at: mark.at_ms,
            happened: mark.happened_ms,
        }),
    }
}

fn board(stamp: domain::BoardStamp) -> wire::BoardEvent {
    wire::BoardEvent {
        uid: stamp.uid.map(|uid| sync_wire::chain::hex(&uid)),
        boot: stamp.boot,
        seq: stamp.seq,
    }
}

fn passage(one: &domain::PassageRecord) -> wire::Passage {
    let outcome = match one.outcome {
        domain::PassageOutcome::Passed => wire::Outcome::Passed,
        domain::PassageOutcome::TimedOut => wire::Outcome::TimedOut,
        domain::PassageOutcome::Tailgated => wire::Outcome::Tailgated,
        domain::PassageOutcome::Reversed => wire::Outcome::Reversed,
        domain::PassageOutcome::Intruded => wire::Outcome::Intruded,
    };
    wire::Passage {
        lane: one.lane.as_str().to_owned(),
        direction: direction(one.direction),
        outcome,
        presentation: one.presentation,
        worker: one.worker.map(|worker| worker.0),
        visit: one.visit.map(|visit| visit.0),
        counted: one.counted,
        moved: one.moved,
        board: one.board.map(board),
    }
}

fn gate(one: &domain::GateRecord) -> wire::Gate {
    let event = match one.event {
        domain::GateEvent::Held => wire::GateEvent::Held,
        domain::GateEvent::HeldCleared => wire::GateEvent::HeldCleared,
        domain::GateEvent::TamperOn => wire::GateEvent::TamperOn,
        domain::GateEvent::TamperOff => wire::GateEvent::TamperOff,
        domain::GateEvent::FireOn => wire::GateEvent::FireOn,
        domain::GateEvent::FireOff => wire::GateEvent::FireOff,
        domain::GateEvent::BoardRestarted => wire::GateEvent::BoardRestarted,
        domain::GateEvent::EventsLost => wire::GateEvent::EventsLost,
        domain::GateEvent::LinkLost => wire::GateEvent::LinkLost,
        domain::GateEvent::LinkBack => wire::GateEvent::LinkBack,
        domain::GateEvent::OpenRefused => wire::GateEvent::OpenRefused,
    };
    wire::Gate {
        lane: one.lane.as_str().to_owned(),
        event,
        presentation: one.presentation,
        count: one.count,
        board: one.board.map(board),
    }
}
