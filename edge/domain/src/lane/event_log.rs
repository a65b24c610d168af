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
    event: Option<BoardEvent>,
    /// `None` for an event that is only acknowledged.
    record: Option<Record>,
    ticket: Option<Ticket>,
}

#[derive(Debug)]
pub(super) struct EventLog {
    slots: VecDeque<Slot>,
    newest: Option<EventMark>,
    overflowed: u32,
}

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
            overflowed: 0,
        }
    }

    /// Tells new events from redelivered ones.
    pub(super) fn arrive(&mut self, event: &BoardEvent) -> Arrival {
        let stamp = event.stamp();
        let is_new = self.newest.is_none_or(|newest| {
            let steps = stamp.seq.wrapping_sub(newest.seq);
            newest.boot != stamp.boot || (1..0x8000).contains(&steps)
        });
        if is_new {
            self.newest = Some(stamp);
            return Arrival::New;
        }
        let under_way = self
            .slots
            .iter()
            .any(|slot| slot.event.is_some_and(|one| one.stamp() == stamp));
        if under_way {
            Arrival::UnderWay
        } else {
            Arrival::Settled
        }
    }

    pub(super) fn push(&mut self, event: Option<BoardEvent>, record: Option<Record>) {
        if self.slots.len() >= SLOTS_MAX {
            self.overflowed = self.overflowed.saturating_add(1);
        } else {
            self.slots.push_back(Slot {
                event,
                record,
                ticket: None,
            });
        }
    }

    /// How many reports were dropped because the ledger could not take them; once.
    pub(super) fn take_overflow(&mut self) -> Option<u32> {
        let room = self.slots.len() < SLOTS_MAX;
        let count = (room && self.overflowed > 0).then_some(self.overflowed);
        if count.is_some() {
            self.overflowed = 0;
        }
        count
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

    /// The record of this ticket is durable.
    pub(super) fn recorded(&mut self, ticket: Ticket) -> Option<BoardEvent> {
        let front = self
            .slots
            .front()
            .is_some_and(|slot| slot.ticket == Some(ticket));
        if front {
            self.slots.pop_front().and_then(|slot| slot.event)
        } else {
            None
        }
    }

    /// Events at the front that need no record.
    pub(super) fn pop_unrecorded(&mut self) -> Option<BoardEvent> {
        let front = self.slots.front().is_some_and(|slot| slot.record.is_none());
        if front {
            self.slots.pop_front().and_then(|slot| slot.event)
        } else {
            None
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
