//! The lane's view of its gate: link, fire, openings, and what the board reports.

use crate::ids::{LaneId, Ticket};
use crate::lane::display::Display;
use crate::lane::event_log::{Arrival, EventLog};
use crate::lane::messages::{
    BoardEvent, LaneEffect, LaneMemory, LaneSettings, OpenRefusal, Sensing,
};
use crate::lane::openings::{Grant, Openings};
use crate::lane::reports::{Report, Walk};
use crate::record::{
    Act, BoardStamp, GateEvent, GateRecord, PassageOutcome, PassageRecord, Record,
};
use crate::time::Moment;

/// What is known of the link to the gate board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// Nothing yet since the start.
    Unknown,
    Up,
    Lost,
}

#[derive(Debug)]
pub(super) struct GateSide {
    lane: LaneId,
    sensing: Sensing,
    passage_ms_max: u64,
    pub(super) openings: Openings,
    pub(super) events: EventLog,
    link: Link,
    fire: bool,
}

impl GateSide {
    pub(super) fn new(settings: &LaneSettings, memory: LaneMemory) -> Self {
        Self {
            lane: settings.lane.clone(),
            sensing: settings.sensing,
            passage_ms_max: settings.passage_ms_max,
            openings: Openings::from_memory(memory.grants),
            events: EventLog::new(memory.last_event),
            link: Link::Unknown,
            fire: false,
        }
    }

    /// Whether the next passage will be reported with its token. Not without beams, not while the
    /// link is away, not under fire: then attendance counts on grant and nobody waits.
    pub(super) fn senses(&self) -> bool {
        self.sensing == Sensing::Beams && self.link == Link::Up && !self.fire
    }

    fn tracked_ms(&self) -> Option<u64> {
        self.senses().then_some(self.passage_ms_max)
    }

    /// Opens, now or after the passage before.
    pub(super) fn give(&mut self, now: &Moment, grant: Grant, out: &mut Vec<LaneEffect>) {
        self.openings.give(now, grant, self.tracked_ms(), out);
    }

    /// Ends an opening whose passage was never reported.
    pub(super) fn expire(&mut self, now: &Moment, out: &mut Vec<LaneEffect>) {
        self.openings.expire(now, self.tracked_ms(), out);
    }

    /// Queues a record about the gate that no board event stands for.
    pub(super) fn note(
        &mut self,
        at: Moment,
        event: GateEvent,
        presentation: Option<u64>,
        count: Option<u32>,
    ) {
        let record = self.gate_record(at, event, presentation, count);
        self.events.push(None, Some(record));
    }

    /// Queues the record of reports that found no room, if there are any.
    pub(super) fn note_dropped(&mut self, at: Moment) {
        if let Some(dropped) = self.events.take_dropped() {
            let record = self.gate_record(at, GateEvent::EventsLost, None, Some(dropped.count));
            self.events.push_loss(dropped, record);
        }
    }

    /// The records of what the board forgot although the ledger does not have it.
    pub(super) fn held(&self, now: Moment) -> Vec<Record> {
        let mut held: Vec<Record> = self.events.held().cloned().collect();
        let count = self.events.held_count();
        if count > 0 {
            held.push(self.gate_record(now, GateEvent::EventsLost, None, Some(count)));
        }
        held
    }

    fn gate_record(
        &self,
        at: Moment,
        event: GateEvent,
        presentation: Option<u64>,
        count: Option<u32>,
    ) -> Record {
        let lane = self.lane.clone();
        Record {
            at,
            act: Act::Gate(GateRecord {
                lane,
                event,
                presentation,
                count,
                board: None,
            }),
        }
    }

    /// Takes a report. Gives the presentation that came to nothing, so that presenting again
    /// counts as new.
    pub(super) fn report(
        &mut self,
        now: &Moment,
        report: Report,
        out: &mut Vec<LaneEffect>,
    ) -> Option<Ticket> {
        if self.link == Link::Unknown && report.proves_link() {
            self.link = Link::Up;
        }
        if let Some(event) = report.event() {
            match self.events.arrive(&event) {
                Arrival::New => {}
                Arrival::UnderWay => return None,
                Arrival::Settled => {
                    out.push(LaneEffect::Acknowledge { event });
                    return None;
                }
            }
        }
        match report {
            Report::Opened => None,
            Report::Refused { token, why } => self.refused(now, token, why, out),
            Report::Passage(walk) => self.walked(now, walk, out),
            Report::State { gate, event } => {
                self.state(now, gate, event, out);
                None
            }
            Report::Unrecorded { event } => {
                self.events.push(Some(event), None);
                None
            }
            Report::Restarted { boot } => {
                self.restarted(now, boot, out);
                None
            }
            Report::EventsLost { count } => {
                self.note(*now, GateEvent::EventsLost, None, Some(count));
                None
            }
            Report::Link { up } => {
                self.linked(now, up, out);
                None
            }
        }
    }

    fn refused(
        &mut self,
        now: &Moment,
        token: u32,
        why: OpenRefusal,
        out: &mut Vec<LaneEffect>,
    ) -> Option<Ticket> {
        if why == OpenRefusal::Busy && self.senses() && self.openings.retry(now, token) {
            return None;
        }
        let grant = self.openings.find(token);
        let (seq, ticket) = grant.map_or((None, None), |grant| (grant.seq, grant.ticket));
        self.note(*now, GateEvent::OpenRefused, seq, None);
        if why == OpenRefusal::Fire {
            self.set_fire(now, true, out);
        } else {
            out.push(LaneEffect::Show(Display::GateFault));
        }
        self.openings
            .finish(now, Some(token), self.tracked_ms(), out);
        ticket
    }

    fn walked(&mut self, now: &Moment, walk: Walk, out: &mut Vec<LaneEffect>) -> Option<Ticket> {
        let mut record = PassageRecord {
            lane: self.lane.clone(),
            direction: walk.direction,
            outcome: walk.outcome,
            presentation: None,
            worker: None,
            visit: None,
            counted: false,
            moved: false,
            board: Some(walk.event.stamp()),
        };
        let mut unused = None;
        if let Some(grant) = walk.token.and_then(|token| self.openings.find(token)) {
            record.presentation = grant.seq;
            record.worker = grant.worker;
            record.visit = grant.visit;
            let is_movement = grant.take_movement(walk.outcome, walk.direction);
            record.counted = is_movement && grant.worker.is_some();
            record.moved = is_movement && grant.visit.is_some();
            grant.over |= walk.ends_opening();
            unused = grant
                .ticket
                .filter(|_| walk.outcome == PassageOutcome::TimedOut);
        }
        let at = now.earlier_by(walk.event.age_ms);
        let record = Record {
            at,
            act: Act::Passage(record),
        };
        self.events.push(Some(walk.event), Some(record));
        if walk.ends_opening() {
            self.openings
                .finish(now, walk.token, self.tracked_ms(), out);
        }
        unused
    }

    fn state(
        &mut self,
        now: &Moment,
        gate: GateEvent,
        event: BoardEvent,
        out: &mut Vec<LaneEffect>,
    ) {
        let board = Some(event.stamp());
        let lane = self.lane.clone();
        let act = Act::Gate(GateRecord {
            lane,
            event: gate,
            presentation: None,
            count: None,
            board,
        });
        self.events.push(
            Some(event),
            Some(Record {
                at: now.earlier_by(event.age_ms),
                act,
            }),
        );
        if gate == GateEvent::FireOn {
            self.set_fire(now, true, out);
        } else if gate == GateEvent::FireOff {
            self.set_fire(now, false, out);
        }
    }

    fn set_fire(&mut self, now: &Moment, on: bool, out: &mut Vec<LaneEffect>) {
        self.fire = on;
        if on {
            self.openings.release(now, out);
            out.push(LaneEffect::Show(Display::Fire));
        } else {
            out.push(LaneEffect::Show(Display::Idle));
        }
    }

    /// A new boot session: the board forgot its opening, and reports fire anew if there is any.
    fn restarted(&mut self, now: &Moment, boot: u32, out: &mut Vec<LaneEffect>) {
        self.fire = false;
        let act = Act::Gate(GateRecord {
            lane: self.lane.clone(),
            event: GateEvent::BoardRestarted,
            presentation: None,
            count: None,
            board: Some(BoardStamp {
                uid: None,
                boot,
                seq: 0,
            }),
        });
        self.events.push(None, Some(Record { at: *now, act }));
        self.openings.abandon(now, self.tracked_ms(), out);
    }

    fn linked(&mut self, now: &Moment, up: bool, out: &mut Vec<LaneEffect>) {
        match (self.link, up) {
            (Link::Unknown | Link::Up, true) | (Link::Lost, false) => {}
            (Link::Lost, true) => self.note(*now, GateEvent::LinkBack, None, None),
            (Link::Unknown | Link::Up, false) => {
                self.note(*now, GateEvent::LinkLost, None, None);
                self.openings.release(now, out);
            }
        }
        self.link = if up { Link::Up } else { Link::Lost };
    }
}
