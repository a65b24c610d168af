//! What the gate reports, in its order, until it is durable.
//!
//! One record at a time is with the ledger, so a failed one is tried again before the next one
//! goes: order is kept. The board forgets an event only after its record, and all before it, are
//! durable.

use std::collections::VecDeque;

use crate::ids::Ticket;
use crate::lane::messages::{BoardEvent, EventMark};
use crate::record::Record;

/// Reports that wait for the ledger. A board itself keeps 32.
const SLOTS_MAX: usize = 256;

#[derive(Debug)]
struct Slot {
    /// What is acknowledged once the record is durable; several for a count of lost reports.
    events: Vec<BoardEvent>,
    /// `None` for an event that is only acknowledged.
    record: Option<Record>,
    ticket: Option<Ticket>,
}

#[derive(Debug)]
pub(super) struct EventLog {
    slots: VecDeque<Slot>,
    newest: Option<EventMark>,
    dropped: Dropped,
}

/// Reports that found no room. The board may forget them once their count is durable.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    pub(super) count: u32,
    events: Vec<BoardEvent>,
}

/// Dropped events that are still acknowledged one by one.
const DROPPED_MAX: usize = 4_096;

/// What became of a board event that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrival {
    /// Not seen before.
    New,
    /// Seen before and durable: acknowledge it again.
    Settled,
    /// Seen before, its record is under way.
    UnderWay,
}

impl EventLog {
    pub(super) fn new(newest: Option<EventMark>) -> Self {
        Self {
            slots: VecDeque::new(),
            newest,
            dropped: Dropped::default(),
        }
    }

    /// Tells new events from redelivered ones.
    pub(super) fn arrive(&mut self, event: &BoardEvent) -> Arrival {
        let stamp = event.stamp();
        let follows = self.newest.is_none_or(|newest| {
            let is_other_board = newest.uid.is_some_and(|board| board != event.uid);
            let steps = stamp.seq.wrapping_sub(newest.seq);
            is_other_board || newest.boot != stamp.boot || (1..0x8000).contains(&steps)
        });
        if follows {
            self.newest = Some(stamp);
            return Arrival::New;
        }
        let mut kept = self
            .slots
            .iter()
            .flat_map(|slot| &slot.events)
            .chain(&self.dropped.events);
        let under_way = kept.any(|one| one.uid == event.uid && one.stamp() == stamp);
        if under_way {
            Arrival::UnderWay
        } else {
            Arrival::Settled
        }
    }

    pub(super) fn push(&mut self, event: Option<BoardEvent>, record: Option<Record>) {
        if self.has_room() {
            self.slots.push_back(Slot {
                events: event.into_iter().collect(),
                record,
                ticket: None,
            });
            return;
        }
        self.dropped.count = self.dropped.count.saturating_add(1);
        if self.dropped.events.len() < DROPPED_MAX {
            self.dropped.events.extend(event);
        }
    }

    fn has_room(&self) -> bool {
        self.slots.len() < SLOTS_MAX
    }

    /// What was dropped, once there is room for the record that says so.
    pub(super) fn take_dropped(&mut self) -> Option<Dropped> {
        let due = self.has_room() && self.dropped.count > 0;
        due.then(|| core::mem::take(&mut self.dropped))
    }

    /// Queues the record of a loss.
    pub(super) fn push_loss(&mut self, dropped: Dropped, record: Record) {
        let record = Some(record);
        self.slots.push_back(Slot {
            events: dropped.events,
            record,
            ticket: None,
        });
    }

    /// Whether a record stands ready to be sent.
    pub(super) fn has_ready(&self) -> bool {
        self.slots
            .front()
            .is_some_and(|slot| slot.record.is_some() && slot.ticket.is_none())
    }

    /// Hands out the next record under a ticket, when none is under way.
    pub(super) fn send(&mut self, ticket: Ticket) -> Option<Record> {
        let slot = self
            .slots
            .front_mut()
            .filter(|slot| slot.ticket.is_none())?;
        let record = slot.record.clone()?;
        slot.ticket = Some(ticket);
        Some(record)
    }

    /// The record of this ticket is durable. Gives what the board may forget.
    pub(super) fn recorded(&mut self, ticket: Ticket) -> Vec<BoardEvent> {
        self.pop_if(|slot| slot.ticket == Some(ticket))
    }

    /// Events at the front that need no record.
    pub(super) fn pop_unrecorded(&mut self) -> Vec<BoardEvent> {
        let mut events = Vec::new();
        while self.slots.front().is_some_and(|slot| slot.record.is_none()) {
            events.extend(self.pop_if(|_| true));
        }
        events
    }

    fn pop_if(&mut self, fits: impl Fn(&Slot) -> bool) -> Vec<BoardEvent> {
        if self.slots.front().is_some_and(fits) {
            self.slots
                .pop_front()
                .map(|slot| slot.events)
                .unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    /// The record of this ticket failed: it stays first in line.
    pub(super) fn failed(&mut self, ticket: Ticket) {
        if let Some(slot) = self
            .slots
            .front_mut()
            .filter(|slot| slot.ticket == Some(ticket))
        {
            slot.ticket = None;
        }
    }
}
