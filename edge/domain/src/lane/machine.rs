//! The lane's step function.
//!
//! Durable before open: [`Lane::step`] answers a presentation with `Record` only. `OpenGate` and
//! the green screen follow `Recorded` of that very ticket. Two exceptions, both counted and
//! recorded afterwards as `emergency`: an exit whose record failed or does not come in time opens
//! all the same, and so does an entry where policy sets a counted emergency mode.

use crate::credential::Credential;
use crate::denial::Denial;
use crate::ids::{Direction, PersonTag, Ticket};
use crate::lane::display::Display;
use crate::lane::emergencies::Emergencies;
use crate::lane::gate_side::GateSide;
use crate::lane::messages::{
    BoardEvent, LaneEffect, LaneInput, LaneMemory, LaneSettings, SiteView,
};
use crate::lane::openings::{Grant, WAITING_MAX, token_of};
use crate::lane::pending::{Asked, Pending, PendingRecords};
use crate::lane::presentation::{Presented, judge, repeated};
use crate::lane::repeats::{Earlier, PersonKey, Repeats};
use crate::lane::reports::translate;
use crate::policy::EmergencyMode;
use crate::record::{Act, EmergencyRecord, GateEvent, OverrideRecord, Record};
use crate::time::Moment;

/// Pause before the ledger is asked again after a failure.
const LEDGER_RETRY_MS: u64 = 1_000;

/// One gate with its readers.
#[derive(Debug)]
pub struct Lane {
    settings: LaneSettings,
    pending: PendingRecords,
    repeats: Repeats,
    gate: GateSide,
    emergencies: Emergencies,
    retry_at_ms: Option<u64>,
    wake_asked_ms: Option<u64>,
}

/// One step under way.
struct Step<'a> {
    now: Moment,
    site: SiteView<'a>,
    out: Vec<LaneEffect>,
}

impl Lane {
    /// A lane as it is after a start.
    pub fn new(settings: LaneSettings, memory: LaneMemory) -> Self {
        Self {
            gate: GateSide::new(&settings, memory),
            settings,
            pending: PendingRecords::default(),
            repeats: Repeats::default(),
            emergencies: Emergencies::default(),
            retry_at_ms: None,
            wake_asked_ms: None,
        }
    }

    /// Its set-up.
    pub fn settings(&self) -> &LaneSettings {
        &self.settings
    }

    /// Whether an opening is under way and its passage still to be reported. Who is granted now
    /// waits for that report, so nothing may delay it.
    pub fn awaits_passage(&self) -> bool {
        self.gate.openings.deadline().is_some()
    }

    /// Takes one input and answers with what must happen, in order.
    ///
    /// `now` never goes back on its boot clock between two calls.
    pub fn step(&mut self, now: Moment, site: SiteView<'_>, input: LaneInput) -> Vec<LaneEffect> {
        let mut step = Step {
            now,
            site,
            out: Vec::new(),
        };
        match input {
            LaneInput::Presented {
                direction,
                credential,
                person_tag,
            } => {
                self.presented(&mut step, direction, &credential, person_tag);
            }
            LaneInput::Recorded { ticket, seq } => self.recorded(&mut step, ticket, seq),
            LaneInput::RecordFailed { ticket } => self.failed(&mut step, ticket),
            LaneInput::Gate(report) => {
                if let Some(ticket) = self.gate.report(&now, translate(report), &mut step.out) {
                    self.repeats.forget(ticket);
                }
            }
            LaneInput::Override {
                direction,
                operator,
                reason,
            } => {
                let lane = self.settings.lane.clone();
                let record = OverrideRecord {
                    lane,
                    direction,
                    operator,
                    reason,
                };
                self.overridden(&mut step, record);
            }
            LaneInput::Wake => self.wake_asked_ms = None,
        }
        self.expire(&mut step);
        self.pump(&mut step);
        self.ask_wake(&mut step);
        step.out
    }

    fn presented(
        &mut self,
        step: &mut Step<'_>,
        direction: Direction,
        credential: &Credential,
        person_tag: Option<PersonTag>,
    ) {
        let presented = Presented {
            lane: &self.settings.lane,
            direction,
            credential,
            person_tag,
            now: step.now,
            site: step.site,
            counts_on_grant: !self.gate.senses(),
        };
        let key = PersonKey::of(credential, direction);
        let window_ms = step.site.policy.repeat_window_ms;
        let earlier = key.as_ref().and_then(|key| {
            self.repeats
                .find(key, direction, step.now.mono_ms, window_ms)
        });
        if let Some(earlier) = earlier {
            let display = earlier.display.clone();
            let act = repeated(&presented, earlier.seq);
            if self.pending.has_room() {
                self.record(step, act, Pending::Repeat(display));
            } else {
                step.out.push(LaneEffect::Show(display));
            }
            return;
        }
        let busy = self.gate.senses()
            && self.gate.openings.waiting() + self.pending.grants() >= WAITING_MAX;
        let judged = judge(&presented, busy);
        let asked = Asked {
            direction,
            granted: judged.granted,
            worker: judged.worker,
            counted: judged.counted,
            display: judged.display,
            deadline_mono_ms: step.now.mono_ms.saturating_add(self.settings.commit_ms_max),
            late: None,
        };
        let ticket = self.ask(step, judged.act, asked);
        if let Some((key, ticket)) = key
            .zip(ticket)
            .filter(|_| judged.denial != Some(Denial::LaneBusy))
        {
            self.repeats.remember(Earlier {
                key,
                direction,
                at_mono_ms: step.now.mono_ms,
                ticket,
                seq: None,
                display: judged.repeat_display,
            });
        }
    }

    fn overridden(&mut self, step: &mut Step<'_>, record: OverrideRecord) {
        let direction = record.direction;
        let asked = Asked {
            direction,
            granted: true,
            worker: None,
            counted: false,
            display: Display::Overridden { direction },
            deadline_mono_ms: step.now.mono_ms.saturating_add(self.settings.commit_ms_max),
            late: None,
        };
        self.ask(step, Act::Override(record), asked);
    }

    /// Sends a presentation or override to the ledger; without room there, does what is done
    /// without a ledger.
    fn ask(&mut self, step: &mut Step<'_>, act: Act, asked: Asked) -> Option<Ticket> {
        if self.pending.has_room() {
            return Some(self.record(step, act, Pending::Asked(asked)));
        }
        self.without_ledger(step, None, &asked);
        None
    }

    fn record(&mut self, step: &mut Step<'_>, act: Act, pending: Pending) -> Ticket {
        let ticket = self.pending.next_ticket();
        self.pending.insert(ticket, pending);
        step.out.push(LaneEffect::Record {
            ticket,
            record: Record { at: step.now, act },
        });
        ticket
    }

    fn recorded(&mut self, step: &mut Step<'_>, ticket: Ticket, seq: u64) {
        self.retry_at_ms = None;
        match self.pending.remove(ticket) {
            Some(Pending::Asked(asked)) => {
                self.repeats.recorded(ticket, seq);
                self.durable(step, (ticket, seq), asked);
            }
            Some(Pending::Repeat(display)) => step.out.push(LaneEffect::Show(display)),
            Some(Pending::Event) => {
                let events = self.gate.events.recorded(ticket);
                step.out.extend(acknowledged(events));
            }
            Some(Pending::Emergency(_)) => self.emergencies.recorded(),
            None => step.out.push(LaneEffect::Alarm {
                what: "recorded answers no ticket",
            }),
        }
    }

    fn durable(&mut self, step: &mut Step<'_>, (ticket, seq): (Ticket, u64), asked: Asked) {
        match asked.late {
            None if asked.granted => {
                let grant = Grant {
                    token: token_of(seq),
                    ticket: Some(ticket),
                    seq: Some(seq),
                    worker: asked.worker,
                    direction: asked.direction,
                    counted: asked.counted,
                    display: asked.display,
                    over: false,
                };
                self.gate.give(&step.now, grant, &mut step.out);
            }
            None => step.out.push(LaneEffect::Show(asked.display)),
            Some(true) => self.gate.openings.recorded_late(ticket, seq),
            // The person was told no and may be gone: an opening now would be for anybody.
            Some(false) if asked.granted => {
                self.gate
                    .note(step.now, GateEvent::OpenRefused, Some(seq), None);
            }
            Some(false) => {}
        }
    }

    fn failed(&mut self, step: &mut Step<'_>, ticket: Ticket) {
        self.retry_at_ms = Some(step.now.mono_ms.saturating_add(LEDGER_RETRY_MS));
        match self.pending.remove(ticket) {
            Some(Pending::Asked(asked)) if asked.late.is_none() => {
                let opened = self.without_ledger(step, Some(ticket), &asked);
                if !opened {
                    self.repeats.forget(ticket);
                }
            }
            Some(Pending::Asked(_)) => {}
            Some(Pending::Repeat(display)) => step.out.push(LaneEffect::Show(display)),
            Some(Pending::Event) => self.gate.events.failed(ticket),
            Some(Pending::Emergency(tally)) => self.emergencies.failed(tally),
            None => step.out.push(LaneEffect::Alarm {
                what: "failed answers no ticket",
            }),
        }
    }

    /// What happens to a presentation without its record. True when the gate opens.
    fn without_ledger(
        &mut self,
        step: &mut Step<'_>,
        ticket: Option<Ticket>,
        asked: &Asked,
    ) -> bool {
        let emergency = step.site.policy.emergency_entry == EmergencyMode::Counted;
        if asked.granted && (asked.direction == Direction::Out || emergency) {
            self.emergencies.count(asked.direction, step.now.wall_ms);
            let grant = Grant {
                token: self.gate.openings.emergency_token(&step.now),
                ticket,
                seq: None,
                worker: asked.worker,
                direction: asked.direction,
                counted: asked.late.is_some() && asked.counted,
                display: asked.display.clone(),
                over: false,
            };
            self.gate.give(&step.now, grant, &mut step.out);
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

    /// Deals with commits that are overdue and passages that were never reported.
    fn expire(&mut self, step: &mut Step<'_>) {
        while let Some(ticket) = self.pending.overdue(step.now.mono_ms) {
            let Some(Pending::Asked(mut asked)) = self.pending.remove(ticket) else {
                step.out.push(LaneEffect::Alarm {
                    what: "an overdue ticket holds no presentation",
                });
                return;
            };
            asked.late = Some(false);
            let opened = self.without_ledger(step, Some(ticket), &asked);
            asked.late = Some(opened);
            if !opened {
                self.repeats.forget(ticket);
            }
            self.pending.insert(ticket, Pending::Asked(asked));
        }
        self.gate.expire(&step.now, &mut step.out);
    }

    /// Sends what waits for the ledger, unless it failed a moment ago.
    fn pump(&mut self, step: &mut Step<'_>) {
        step.out
            .extend(acknowledged(self.gate.events.pop_unrecorded()));
        if self
            .retry_at_ms
            .is_some_and(|retry_at_ms| retry_at_ms > step.now.mono_ms)
        {
            return;
        }
        self.retry_at_ms = None;
        self.gate.note_dropped(step.now);
        if self.gate.events.has_ready() {
            let ticket = self.pending.next_ticket();
            if let Some(record) = self.gate.events.send(ticket) {
                self.pending.insert(ticket, Pending::Event);
                step.out.push(LaneEffect::Record { ticket, record });
            }
        }
        if let Some(tally) = self.emergencies.send() {
            let act = Act::Emergency(EmergencyRecord {
                lane: self.settings.lane.clone(),
                direction: tally.direction,
                openings: tally.openings,
                from_ms: tally.from_ms,
                to_ms: tally.to_ms,
            });
            self.record(step, act, Pending::Emergency(tally));
        }
    }

    /// Asks for the next deadline when it is another one than asked for before.
    fn ask_wake(&mut self, step: &mut Step<'_>) {
        let waits = self.gate.events.has_ready() || self.emergencies.has_ready();
        let next = [
            (self.pending.deadline(), "commit overdue"),
            (self.gate.openings.deadline(), "passage overdue"),
            (self.retry_at_ms.filter(|_| waits), "ledger retry"),
        ]
        .into_iter()
        .filter_map(|(mono_ms, reason)| mono_ms.map(|mono_ms| (mono_ms, reason)))
        .min();
        debug_assert!(
            next.is_none_or(|(mono_ms, _)| mono_ms > step.now.mono_ms),
            "deadlines are ahead"
        );
        if let Some((mono_ms, reason)) = next
            && self.wake_asked_ms != Some(mono_ms)
        {
            step.out.push(LaneEffect::WakeAt { mono_ms, reason });
        }
        self.wake_asked_ms = next.map(|(mono_ms, _)| mono_ms);
    }
}

fn acknowledged(events: Vec<BoardEvent>) -> impl Iterator<Item = LaneEffect> {
    events
        .into_iter()
        .map(|event| LaneEffect::Acknowledge { event })
}
