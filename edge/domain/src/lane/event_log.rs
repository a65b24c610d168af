//! What the gate reports, in its order, until it is durable.
//!
//! One record at a time is with the ledger, so a failed one is tried again before the next one
//! goes: order is kept. The board forgets an event only after its record, and all before it, are
//! durable. While the ledger fails, the oldest of many that wait are held here only: a board tells
//! the six oldest that it has, and whoever holds a card against its reader wants to get out.

use std::collections::VecDeque;

use crate::ids::Ticket;
use crate::lane::messages::{BoardEvent, EventMark};
use crate::record::Record;

/// Reports that wait for the ledger. A board itself keeps 32.
const SLOTS_MAX: usize = 256;

/// Events that stay in the board while the ledger fails: fewer than it tells at a time.
const LEFT_MAX: usize = 4;

#[derive(Debug)]
struct Slot {
    /// What is acknowledged once the record is durable; several for a count of lost reports.
    events: Vec<BoardEvent>,
    /// `None` for an event that is only acknowledged.
    record: Option<Record>,
    ticket: Option<Ticket>,
    /// The board forgot its events already; they are here only.
    held: bool,
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
    /// How many of them the board forgot already.
    held: u32,
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
                held: false,
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
            held: dropped.held > 0,
        });
    }

    /// The ledger fails: gives the oldest events that the board may forget because they are held
    /// here. The last [`LEFT_MAX`] stay in the board.
    pub(super) fn hold(&mut self) -> Vec<BoardEvent> {
        let waiting = self
            .slots
            .iter()
            .map(|slot| slot.events.len())
            .sum::<usize>();
        let waiting = waiting + self.dropped.events.len();
        let mut held = Vec::new();
        for slot in &mut self.slots {
            if held.len() + slot.events.len() + LEFT_MAX > waiting {
                return held;
            }
            slot.held |= !slot.events.is_empty();
            held.append(&mut slot.events);
        }
        let surplus = waiting.saturating_sub(held.len() + LEFT_MAX);
        for event in self.dropped.events.drain(..surplus) {
            self.dropped.held = self.dropped.held.saturating_add(1);
            held.push(event);
        }
        held
    }

    /// The records of what is held here only, oldest first.
    pub(super) fn held(&self) -> impl Iterator<Item = &Record> {
        let held = self.slots.iter().filter(|slot| slot.held);
        held.filter_map(|slot| slot.record.as_ref())
    }

    /// How many events are held here as a number only.
    pub(super) fn held_count(&self) -> u32 {
        self.dropped.held
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
