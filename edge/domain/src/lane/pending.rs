//! Records that are with the ledger, by ticket.

use std::collections::BTreeMap;

use crate::ids::{Direction, LookId, Ticket, VisitId, WorkerId};
use crate::lane::display::Display;
use crate::lane::emergencies::Tally;

/// A presentation or an override that waits for its record.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) direction: Direction,
    /// Whether it was decided to open.
    pub(super) granted: bool,
    pub(super) worker: Option<WorkerId>,
    pub(super) visit: Option<VisitId>,
    /// Whether the record is itself the movement.
    pub(super) counted: bool,
    /// What is shown once durable.
    pub(super) display: Display,
    /// The look whose pictures are kept once durable.
    pub(super) pictures: Option<LookId>,
    /// When the ledger was asked.
    pub(super) at_mono_ms: u64,
    pub(super) deadline_mono_ms: u64,
    /// Set when it was too late for the record, with whether the gate was opened in emergency.
    pub(super) late: Option<bool>,
}

/// What an answer of the ledger is for.
#[derive(Debug)]
pub(super) enum Pending {
    Asked(Asked),
    Repeat(Display),
    /// What a face terminal told of the past.
    Report,
    Event,
    Emergency(Tally),
}

/// Presentations and overrides with the ledger at once. A reader gives one a second and a commit
/// takes milliseconds, so a full table means that the ledger has stopped answering.
const PENDING_MAX: usize = 64;

/// A timer that rings so late tells that the box itself was held up, and whoever asked may have
/// gone. One that works rings within milliseconds.
const HELD_UP_MS: u64 = 1_000;

/// Tickets that are out. Beside [`PENDING_MAX`] presentations at most one board event and one
/// emergency count.
#[derive(Debug, Default)]
pub(super) struct PendingRecords {
    last_ticket: u64,
    tickets: BTreeMap<Ticket, Pending>,
}

impl PendingRecords {
    pub(super) fn has_room(&self) -> bool {
        self.tickets.len() < PENDING_MAX
    }

    /// A ticket that was never given out.
    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.last_ticket = self.last_ticket.saturating_add(1);
        Ticket(self.last_ticket)
    }

    pub(super) fn insert(&mut self, ticket: Ticket, pending: Pending) {
        debug_assert!(
            self.tickets.len() < PENDING_MAX + 2,
            "pending records are bounded"
        );
        self.tickets.insert(ticket, pending);
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<Pending> {
        self.tickets.remove(&ticket)
    }

    fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.tickets.values().filter_map(|pending| match pending {
            Pending::Asked(asked) if asked.late.is_none() => Some(asked),
            Pending::Asked(_)
            | Pending::Repeat(_)
            | Pending::Report
            | Pending::Event
            | Pending::Emergency(_) => None,
        })
    }

    /// The count of openings that is with the ledger.
    pub(super) fn tally(&self) -> Option<&Tally> {
        self.tickets.values().find_map(|pending| match pending {
            Pending::Emergency(tally) => Some(tally),
            Pending::Asked(_) | Pending::Repeat(_) | Pending::Report | Pending::Event => None,
        })
    }

    /// Grants that will open as soon as they are durable.
    pub(super) fn grants(&self) -> usize {
        self.asked().filter(|asked| asked.granted).count()
    }

    /// The earliest deadline of a commit.
    pub(super) fn deadline(&self) -> Option<u64> {
        self.asked().map(|asked| asked.deadline_mono_ms).min()
    }

    /// A grant that is overdue by more than [`HELD_UP_MS`]. Not an exit that was asked for since
    /// `exempt_ms`.
    pub(super) fn held_up(&self, now_mono_ms: u64, exempt_ms: Option<u64>) -> Option<Ticket> {
        let is_exempt = |asked: &Asked| {
            asked.direction == Direction::Out
                && exempt_ms.is_some_and(|since_ms| asked.at_mono_ms >= since_ms)
        };
        let is_held_up = |asked: &Asked| {
            let last_ms = asked.deadline_mono_ms.saturating_add(HELD_UP_MS);
            asked.late.is_none() && asked.granted && last_ms < now_mono_ms && !is_exempt(asked)
        };
        self.tickets
            .iter()
            .find(|(_, pending)| matches!(pending, Pending::Asked(asked) if is_held_up(asked)))
            .map(|(ticket, _)| *ticket)
    }

    /// A ticket whose commit is overdue.
    pub(super) fn overdue(&self, now_mono_ms: u64) -> Option<Ticket> {
        self.tickets
            .iter()
            .find(|(_, pending)| match pending {
                Pending::Asked(asked) => {
                    asked.late.is_none() && asked.deadline_mono_ms <= now_mono_ms
                }
                Pending::Repeat(_) | Pending::Report | Pending::Event | Pending::Emergency(_) => {
                    false
                }
            })
            .map(|(ticket, _)| *ticket)
    }
}
