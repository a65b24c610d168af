//! The face terminals of a lane: what they tell becomes a presentation or a report of the past, and
//! what became of that is their answer.

use std::collections::BTreeMap;

use drivers_terminal::{FaceEvent, LibraryPerson, TerminalHandle, TerminalNews};
use edge_domain::{
    Act, Credential, Direction, LaneEffect, LaneInput, PresentationResult, TerminalMark, Ticket,
    WorkerId,
};
use tokio::sync::watch;

use crate::health::HealthNews;
use crate::lane::lamps::DeviceNames;
use crate::lane::terminals::terminal_lamp::TerminalLamp;

/// One terminal of the lane.
pub(in crate::lane) struct TerminalPlace {
    pub(in crate::lane) name: String,
    pub(in crate::lane) direction: Direction,
    pub(in crate::lane) handle: TerminalHandle,
    pub(in crate::lane) lamp: TerminalLamp,
}

/// A terminal's event that is with the ledger.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    terminal: usize,
    seq: u64,
    asks: bool,
    granted: bool,
}

/// All of them.
pub(in crate::lane) struct Terminals {
    pub(in crate::lane) places: Vec<TerminalPlace>,
    /// Who may be in their libraries: nobody else's face is listened to.
    pub(in crate::lane) allowed: watch::Receiver<Vec<LibraryPerson>>,
    /// Whether the lane has a gate of the box; without one a terminal that does not ask has opened
    /// by itself already.
    pub(in crate::lane) has_gate: bool,
    waiting: BTreeMap<Ticket, Waiting>,
}

/// What one step of the lane did, as far as a terminal wants to know.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::lane) struct Stepped {
    /// The record that a terminal's event asks for.
    record: Option<(Ticket, PresentationResult)>,
    opens: bool,
}

impl Stepped {
    /// Looks at a step's effects before they are carried out.
    pub(in crate::lane) fn of(effects: &[LaneEffect]) -> Self {
        let mut stepped = Self::default();
        for effect in effects {
            if let LaneEffect::Record { ticket, record } = effect
                && let Act::Presentation(one) = &record.act
                && one.terminal.is_some()
            {
                stepped.record = Some((*ticket, one.result));
            }
            stepped.opens |= matches!(effect, LaneEffect::OpenGate { .. });
        }
        stepped
    }
}

impl Terminals {
    pub(in crate::lane) fn new(
        places: Vec<TerminalPlace>,
        allowed: watch::Receiver<Vec<LibraryPerson>>,
        has_gate: bool,
    ) -> Self {
        Self {
            places,
            allowed,
            has_gate,
            waiting: BTreeMap::new(),
        }
    }

    /// What a terminal's news mean for its lamp.
    pub(in crate::lane) fn lamp(
        &mut self,
        names: &DeviceNames,
        terminal: usize,
        news: &TerminalNews,
    ) -> Option<HealthNews> {
        let place = self.places.get_mut(terminal)?;
        place.lamp.take(names, &place.name, news)
    }

    /// What the lane is told of an event; nothing of somebody who has not allowed the use of his
    /// face there: he is answered with a no, and his card works.
    pub(in crate::lane) fn input(
        &self,
        terminal: usize,
        event: &FaceEvent,
        is_past: bool,
    ) -> Option<LaneInput> {
        let place = self.places.get(terminal)?;
        let allowed = self.allowed.borrow();
        if !allowed.iter().any(|one| one.number == event.person) {
            tracing::warn!(
                terminal = place.name,
                person = event.person,
                "A face that nobody may use"
            );
            if event.asks {
                place.handle.verdict(event.seq, false);
            }
            place.handle.written(event.seq);
            return None;
        }
        let worker = WorkerId(event.person);
        let mark = TerminalMark {
            name: place.name.clone(),
            seq: event.seq,
            at_ms: event.at_ms,
            happened_ms: event.happened_ms,
        };
        let has_opened = !event.asks && !self.has_gate;
        Some(if is_past || has_opened {
            LaneInput::Reported {
                direction: place.direction,
                worker,
                terminal: mark,
            }
        } else {
            LaneInput::Presented {
                direction: place.direction,
                credential: Credential::Face {
                    worker,
                    terminal: Some(mark),
                },
                person_tag: None,
            }
        })
    }

    /// The lane has taken an event: it waits for its record, or has none.
    pub(in crate::lane) fn taken(&mut self, terminal: usize, event: &FaceEvent, stepped: Stepped) {
        let waiting = Waiting {
            terminal,
            seq: event.seq,
            asks: event.asks,
            granted: stepped
                .record
                .is_some_and(|(_, result)| result == PresentationResult::Granted),
        };
        match stepped.record {
            Some((ticket, _)) => {
                self.waiting.insert(ticket, waiting);
            }
            None => self.answer(waiting, stepped.opens, false),
        }
    }

    /// A record is durable, and the lane knows it.
    pub(in crate::lane) fn recorded(&mut self, ticket: Ticket, stepped: Stepped) {
        if let Some(waiting) = self.waiting.remove(&ticket) {
            // At a gate of the box an opening may wait for the person before.
            let opens = waiting.granted && (stepped.opens || self.has_gate);
            self.answer(waiting, opens, true);
        }
    }

    /// A record failed, and the lane knows it.
    pub(in crate::lane) fn failed(&mut self, ticket: Ticket, stepped: Stepped) {
        if let Some(waiting) = self.waiting.remove(&ticket) {
            self.answer(waiting, stepped.opens, false);
        }
    }

    fn answer(&self, waiting: Waiting, opens: bool, written: bool) {
        let Some(place) = self.places.get(waiting.terminal) else {
            return;
        };
        if waiting.asks {
            place.handle.verdict(waiting.seq, opens);
        }
        if written {
            place.handle.written(waiting.seq);
        } else {
            place.handle.lost(waiting.seq);
        }
    }
}
