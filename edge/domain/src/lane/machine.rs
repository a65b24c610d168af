//! The lane's step function.
//!
//! Durable before open: [`Lane::step`] answers a presentation with `Record` only. `OpenGate` and
//! the green screen follow `Recorded` of that very ticket. Two exceptions, both counted and
//! recorded afterwards as `emergency`: an exit whose record failed or does not come in time opens
//! all the same, and so does an entry where policy sets a counted emergency mode.
//!
//! Nothing opens for somebody who may have gone: where the box itself was held up beyond that
//! time, the presentation is on record as not opened, and the person presents again.

use crate::ids::{Direction, Ticket};
use crate::lane::display::{Delay, Display};
use crate::lane::emergencies::{Emergencies, Tally};
use crate::lane::gate_side::GateSide;
use crate::lane::looks::Looks;
use crate::lane::messages::{
    BoardEvent, LaneEffect, LaneInput, LaneMemory, LaneSettings, SiteView,
};
use crate::lane::openings::{Grant, OPEN_MS_MAX, token_of};
use crate::lane::pending::{Asked, Pending, PendingRecords};
use crate::lane::presenting::{expire_looks, presented, reported, seen};
use crate::lane::repeats::Repeats;
use crate::lane::reports::translate;
use crate::lane::state::{Lane, Step, ask, record, without_ledger};
use crate::record::{Act, EmergencyRecord, GateEvent, OverrideRecord, Record};
use crate::time::Moment;

/// Pause before the ledger is asked again after a failure.
const LEDGER_RETRY_MS: u64 = 1_000;

impl Lane {
    /// A lane as it is after a start.
    pub fn new(settings: LaneSettings, memory: LaneMemory) -> Self {
        Self {
            gate: GateSide::new(&settings, memory),
            settings,
            pending: PendingRecords::default(),
            repeats: Repeats::default(),
            looks: Looks::default(),
            emergencies: Emergencies::default(),
            exit_given_up_ms: None,
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

    /// What the ledger does not have and nobody else tells again: what the board forgot because it
    /// was held here, and the count of openings without a record. For whoever ends the lane, so that
    /// it is recorded when there is a ledger again.
    pub fn unrecorded(&self, now: Moment) -> Vec<Record> {
        let mut unrecorded = self.gate.held(now);
        let tallies = self.pending.tally().into_iter();
        let tallies = tallies.chain(self.emergencies.kept());
        unrecorded.extend(tallies.map(|tally| Record {
            at: now,
            act: Act::Emergency(self.emergency(*tally)),
        }));
        unrecorded
    }

    fn emergency(&self, tally: Tally) -> EmergencyRecord {
        EmergencyRecord {
            lane: self.settings.lane.clone(),
            direction: tally.direction,
            openings: tally.openings,
            from_ms: tally.from_ms,
            to_ms: tally.to_ms,
        }
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
        self.give_up_waiting(&mut step);
        self.give_up_held_up(&mut step);
        match input {
            LaneInput::Presented {
                direction,
                credential,
                person_tag,
            } => {
                presented(self, &mut step, direction, credential, person_tag);
            }
            LaneInput::Reported {
                direction,
                worker,
                terminal,
            } => reported(self, &mut step, direction, worker, terminal),
            LaneInput::Camera { direction, camera } => self.looks.set_camera(direction, camera),
            LaneInput::Face { look, evidence } => seen(self, &mut step, look, &evidence),
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
        for direction in self.gate.openings.take_uncounted() {
            self.emergencies.count(direction, now.wall_ms);
        }
        self.pump(&mut step);
        self.ask_wake(&mut step);
        step.out
    }

    fn overridden(&mut self, step: &mut Step<'_>, record: OverrideRecord) {
        let direction = record.direction;
        let asked = Asked {
            direction,
            granted: true,
            worker: None,
            visit: None,
            counted: false,
            display: Display::Overridden { direction },
            pictures: None,
            at_mono_ms: step.now.mono_ms,
            deadline_mono_ms: step.now.mono_ms.saturating_add(self.settings.commit_ms_max),
            late: None,
        };
        ask(self, step, Act::Override(record), asked);
    }

    fn recorded(&mut self, step: &mut Step<'_>, ticket: Ticket, seq: u64) {
        self.retry_at_ms = None;
        match self.pending.remove(ticket) {
            Some(Pending::Asked(asked)) => {
                self.repeats.recorded(ticket, seq);
                step.out
                    .extend(asked.pictures.map(|look| LaneEffect::KeepPictures {
                        look,
                        presentation: seq,
                    }));
                self.durable(step, (ticket, seq), asked);
            }
            Some(Pending::Repeat(display)) => step.out.push(LaneEffect::Show(display)),
            Some(Pending::Report) => {}
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
                if asked.direction == Direction::Out {
                    self.exit_given_up_ms = None;
                }
                let grant = Grant {
                    token: token_of(seq),
                    ticket: Some(ticket),
                    seq: Some(seq),
                    worker: asked.worker,
                    visit: asked.visit,
                    direction: asked.direction,
                    counted: asked.counted,
                    display: asked.display,
                    over: false,
                    unrecorded: false,
                    until_mono_ms: asked.at_mono_ms.saturating_add(OPEN_MS_MAX),
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
                let opened = without_ledger(self, step, Some(ticket), &asked);
                if !opened {
                    self.repeats.forget(ticket);
                }
            }
            Some(Pending::Asked(asked)) => {
                if asked.direction == Direction::Out && asked.granted && asked.late == Some(false) {
                    self.gate.note(step.now, GateEvent::OpenRefused, None, None);
                }
            }
            Some(Pending::Repeat(display)) => step.out.push(LaneEffect::Show(display)),
            // The terminal tells it again.
            Some(Pending::Report) => {}
            Some(Pending::Event) => self.gate.events.failed(ticket),
            Some(Pending::Emergency(tally)) => self.emergencies.failed(tally),
            None => step.out.push(LaneEffect::Alarm {
                what: "failed answers no ticket",
            }),
        }
    }

    /// Deals with cameras that stay silent, commits that are overdue and passages that were never
    /// reported.
    fn expire(&mut self, step: &mut Step<'_>) {
        expire_looks(self, step);
        while let Some(ticket) = self.pending.overdue(step.now.mono_ms) {
            let Some(Pending::Asked(mut asked)) = self.pending.remove(ticket) else {
                step.out.push(LaneEffect::Alarm {
                    what: "an overdue ticket holds no presentation",
                });
                return;
            };
            asked.late = Some(false);
            let opened = without_ledger(self, step, Some(ticket), &asked);
            asked.late = Some(opened);
            if !opened {
                self.repeats.forget(ticket);
            }
            self.pending.insert(ticket, Pending::Asked(asked));
        }
        self.gate.expire(&step.now, &mut step.out);
        self.give_up_waiting(step);
    }

    /// Tells those who have waited too long to present again.
    fn give_up_waiting(&mut self, step: &mut Step<'_>) {
        while let Some(grant) = self.gate.openings.take_late(&step.now) {
            self.gate
                .note(step.now, GateEvent::OpenRefused, grant.seq, None);
            step.out.push(LaneEffect::Show(Display::WaitedTooLong {
                name: grant.display.name().cloned(),
                direction: grant.direction,
                cause: Delay::Passage,
            }));
            if let Some(ticket) = grant.ticket {
                self.repeats.forget(ticket);
            }
        }
    }

    /// Tells those to present again for whom it is too late because the box itself was held up.
    /// An exit is not given up twice in a row: who presents again gets out however late it is.
    fn give_up_held_up(&mut self, step: &mut Step<'_>) {
        while let Some(ticket) = self
            .pending
            .held_up(step.now.mono_ms, self.exit_given_up_ms)
        {
            let Some(Pending::Asked(mut asked)) = self.pending.remove(ticket) else {
                return;
            };
            if asked.direction == Direction::Out {
                self.exit_given_up_ms = Some(step.now.mono_ms);
            }
            step.out.push(LaneEffect::Show(Display::WaitedTooLong {
                name: asked.display.name().cloned(),
                direction: asked.direction,
                cause: Delay::Box,
            }));
            self.repeats.forget(ticket);
            asked.late = Some(false);
            self.pending.insert(ticket, Pending::Asked(asked));
        }
    }

    /// Sends what waits for the ledger, unless it failed a moment ago.
    fn pump(&mut self, step: &mut Step<'_>) {
        step.out
            .extend(acknowledged(self.gate.events.pop_unrecorded()));
        if self
            .retry_at_ms
            .is_some_and(|retry_at_ms| retry_at_ms > step.now.mono_ms)
        {
            step.out.extend(acknowledged(self.gate.events.hold()));
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
            let act = Act::Emergency(self.emergency(tally));
            record(self, step, act, Pending::Emergency(tally));
        }
    }

    /// Asks for the next deadline when it is another one than asked for before.
    fn ask_wake(&mut self, step: &mut Step<'_>) {
        let waits = self.gate.events.has_ready() || self.emergencies.has_ready();
        let next = [
            (self.looks.deadline(), "camera silent"),
            (self.pending.deadline(), "commit overdue"),
            (self.gate.openings.deadline(), "passage overdue"),
            (
                self.gate.openings.waiting_deadline(),
                "waited too long for the one before",
            ),
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
