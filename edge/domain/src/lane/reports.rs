//! Sorts what the gate reports: passages, states of the gate, and messages without a number.

use crate::ids::Direction;
use crate::lane::messages::{BoardEvent, GateReport, OpenRefusal};
use crate::record::{GateEvent, PassageOutcome};

/// A report by what the lane does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// The arm moved: nothing to do.
    Opened,
    /// The arm did not move.
    Refused { token: u32, why: OpenRefusal },
    /// A body did something.
    Passage(Walk),
    /// The gate's state changed.
    State { gate: GateEvent, event: BoardEvent },
    /// Only to be acknowledged.
    Unrecorded { event: BoardEvent },
    /// A new boot session.
    Restarted { boot: u32 },
    /// The board lost events.
    EventsLost { count: u32 },
    /// The link went or came.
    Link { up: bool },
}

/// What a body did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) outcome: PassageOutcome,
    pub(super) direction: Direction,
    pub(super) token: Option<u32>,
    pub(super) event: BoardEvent,
}

impl Walk {
    /// Whether the gate is closed again afterwards.
    pub(super) fn ends_opening(&self) -> bool {
        matches!(
            self.outcome,
            PassageOutcome::Passed | PassageOutcome::TimedOut
        )
    }
}

impl Report {
    /// Whether it proves that the board talks to the box.
    pub(super) fn proves_link(&self) -> bool {
        !matches!(
            self,
            Self::Link { up: false }
                | Self::Refused {
                    why: OpenRefusal::NoLink,
                    ..
                }
        )
    }

    /// The numbered event in it.
    pub(super) fn event(&self) -> Option<BoardEvent> {
        match self {
            Self::Passage(walk) => Some(walk.event),
            Self::State { event, .. } | Self::Unrecorded { event } => Some(*event),
            Self::Opened
            | Self::Refused { .. }
            | Self::Restarted { .. }
            | Self::EventsLost { .. }
            | Self::Link { .. } => None,
        }
    }
}

pub(super) fn translate(report: GateReport) -> Report {
    use PassageOutcome::{Intruded, Passed, Reversed, Tailgated, TimedOut};
    let passage = |outcome, direction, token, event| {
        Report::Passage(Walk {
            outcome,
            direction,
            token,
            event,
        })
    };
    let state = |gate, event| Report::State { gate, event };
    match report {
        GateReport::Opened { .. } => Report::Opened,
        GateReport::OpenRefused { token, why } => Report::Refused { token, why },
        GateReport::Passed {
            direction,
            token,
            event,
        } => passage(Passed, direction, token, event),
        GateReport::TimedOut {
            direction,
            token,
            event,
        } => passage(TimedOut, direction, token, event),
        GateReport::Tailgated {
            direction,
            token,
            event,
        } => passage(Tailgated, direction, token, event),
        GateReport::Reversed {
            direction,
            token,
            event,
        } => passage(Reversed, direction, token, event),
        GateReport::Intruded { direction, event } => passage(Intruded, direction, None, event),
        GateReport::Held { event } => state(GateEvent::Held, event),
        GateReport::HeldCleared { event } => state(GateEvent::HeldCleared, event),
        GateReport::Fire { on: true, event } => state(GateEvent::FireOn, event),
        GateReport::Fire { on: false, event } => state(GateEvent::FireOff, event),
        GateReport::Tamper { on: true, event } => state(GateEvent::TamperOn, event),
        GateReport::Tamper { on: false, event } => state(GateEvent::TamperOff, event),
        GateReport::BoxSilent { on: true, event } => state(GateEvent::LinkLost, event),
        GateReport::BoxSilent { on: false, event } => state(GateEvent::LinkBack, event),
        GateReport::Unrecorded { event } => Report::Unrecorded { event },
        GateReport::Restarted { boot } => Report::Restarted { boot },
        GateReport::EventsLost { count } => Report::EventsLost { count },
        GateReport::LinkLost => Report::Link { up: false },
        GateReport::LinkBack => Report::Link { up: true },
    }
}
