//! The lane's view of its gate: link, fire, openings, and what the board reports.

use crate::ids::{LaneId, Ticket};
use crate::lane::display::Display;
use crate::lane::event_log::{Arrival, EventLog};
use crate::lane::messages::{
    BoardEvent, LaneEffect, LaneMemory, LaneSettings, OpenRefusal, Sensing,
};
use crate::lane::openings::{Grant, Openings};
use crate::lane::reports::Report;
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
        let lane = self.lane.clone();
        let act = Act::Gate(GateRecord {
            lane,
            event,
            presentation,
            count,
            board: None,
        });
        self.events.push(None, Some(Record { at, act }));
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
            Report::Passage { .. } => self.passage(now, report, out),
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
        if why == OpenRefusal::Busy && self.senses() {
            self.openings.busy(now, token);
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

    fn passage(
        &mut self,
        now: &Moment,
        report: Report,
        out: &mut Vec<LaneEffect>,
    ) -> Option<Ticket> {
        let Report::Passage {
            outcome,
            direction,
            token,
            event,
        } = report
        else {
            out.push(LaneEffect::Alarm {
                what: "a passage that is none",
            });
            return None;
        };
        let grant = token.and_then(|token| self.openings.find(token));
        let mut record = PassageRecord {
            lane: self.lane.clone(),
            direction,
            outcome,
            presentation: grant.as_ref().and_then(|grant| grant.seq),
            worker: grant.as_ref().and_then(|grant| grant.worker),
            counted: false,
            board: Some(event.stamp()),
        };
        let ticket = grant.as_ref().and_then(|grant| grant.ticket);
        let ends = matches!(outcome, PassageOutcome::Passed | PassageOutcome::TimedOut);
        let grant = grant.map(|grant| {
            grant.over |= ends;
            grant
        });
        // One opening lets one body through: only its first passage is attendance.
        if let Some(grant) = grant.filter(|grant| {
            let passed = outcome == PassageOutcome::Passed && grant.direction == direction;
            passed && grant.worker.is_some() && !grant.counted
        }) {
            grant.counted = true;
            record.counted = true;
        }
        let at = now.earlier_by(event.age_ms);
        self.events.push(
            Some(event),
            Some(Record {
                at,
                act: Act::Passage(record),
            }),
        );
        if ends {
            self.openings.finish(now, token, self.tracked_ms(), out);
        }
        ticket.filter(|_| outcome == PassageOutcome::TimedOut)
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
            board: Some(BoardStamp { boot, seq: 0 }),
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
