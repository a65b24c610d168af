//! What a lane consists of, and how something is asked of the ledger.

use crate::denial::Denial;
use crate::ids::{Direction, Ticket};
use crate::lane::display::Display;
use crate::lane::emergencies::Emergencies;
use crate::lane::gate_side::GateSide;
use crate::lane::looks::Looks;
use crate::lane::messages::{LaneEffect, LaneSettings, SiteView};
use crate::lane::openings::{Grant, OPEN_MS_MAX};
use crate::lane::pending::{Asked, Pending, PendingRecords};
use crate::lane::repeats::Repeats;
use crate::policy::EmergencyMode;
use crate::record::{Act, Record};
use crate::time::Moment;

/// One gate with its readers.
#[derive(Debug)]
pub struct Lane {
    pub(super) settings: LaneSettings,
    pub(super) pending: PendingRecords,
    pub(super) repeats: Repeats,
    pub(super) looks: Looks,
    pub(super) gate: GateSide,
    pub(super) emergencies: Emergencies,
    /// When an exit was last given up because the box was held up; none once an exit was in time.
    pub(super) exit_given_up_ms: Option<u64>,
    pub(super) retry_at_ms: Option<u64>,
    pub(super) wake_asked_ms: Option<u64>,
}

/// One step under way.
pub(super) struct Step<'a> {
    pub(super) now: Moment,
    pub(super) site: SiteView<'a>,
    pub(super) out: Vec<LaneEffect>,
}

/// Sends a presentation or override to the ledger; without room there, does what is done
/// without a ledger.
pub(super) fn ask(lane: &mut Lane, step: &mut Step<'_>, act: Act, asked: Asked) -> Option<Ticket> {
    if lane.pending.has_room() {
        return Some(record(lane, step, act, Pending::Asked(asked)));
    }
    without_ledger(lane, step, None, &asked);
    None
}

pub(super) fn record(lane: &mut Lane, step: &mut Step<'_>, act: Act, pending: Pending) -> Ticket {
    let ticket = lane.pending.next_ticket();
    lane.pending.insert(ticket, pending);
    step.out.push(LaneEffect::Record {
        ticket,
        record: Record { at: step.now, act },
    });
    ticket
}

/// What happens to a presentation without its record. True when the gate opens.
pub(super) fn without_ledger(
    lane: &mut Lane,
    step: &mut Step<'_>,
    ticket: Option<Ticket>,
    asked: &Asked,
) -> bool {
    let emergency = step.site.policy.emergency_entry == EmergencyMode::Counted;
    if asked.granted && (asked.direction == Direction::Out || emergency) {
        let grant = Grant {
            token: lane.gate.openings.emergency_token(&step.now),
            ticket,
            seq: None,
            worker: asked.worker,
            visit: asked.visit,
            direction: asked.direction,
            counted: asked.late.is_some() && asked.counted,
            display: asked.display.clone(),
            over: false,
            unrecorded: true,
            until_mono_ms: step.now.mono_ms.saturating_add(OPEN_MS_MAX),
        };
        lane.gate.give(&step.now, grant, &mut step.out);
        return true;
    }
    let display = if asked.granted {
        let name = asked.display.name().cloned();
        Display::Denied {
            name,
            denial: Denial::LedgerFault,
        }
    } else {
        asked.display.clone()
    };
    step.out.push(LaneEffect::Show(display));
    false
}
