//! Events that wait until the box has written them down.

use firmware_protocol::{EVENTS_MAX, Event, EventKind, event_gap, event_seq_after};
use heapless::{Deque, Vec};

/// Events that the board keeps; more than that push out the oldest.
pub const RING_EVENTS_MAX: usize = 32;

/// Places that cards and keys leave free for what the gate saw.
pub const ROOM_FOR_GATE: usize = 8;

/// The waiting events, oldest first.
#[derive(Debug, Default)]
pub struct EventRing {
    waiting: Deque<Event, RING_EVENTS_MAX>,
    last_seq: u16,
    lost: u16,
    dropped_cards: u16,
}

impl EventRing {
    /// Adds an event and returns its number.
    pub fn push(&mut self, uptime_ms: u32, kind: EventKind) -> u16 {
        self.last_seq = event_seq_after(self.last_seq);
        let event = Event {
            seq: self.last_seq,
            uptime_ms,
            kind,
        };
        if self.waiting.is_full() {
            self.waiting.pop_front();
            self.lost = self.lost.saturating_add(1);
        }
        // There is room now, so this gives nothing back.
        self.waiting.push_back(event).ok();
        self.last_seq
    }

    /// Adds a card or a key, if that leaves room for what the gate sees; else counts it.
    pub fn push_card(&mut self, uptime_ms: u32, kind: EventKind) {
        if self.waiting.len() + ROOM_FOR_GATE < RING_EVENTS_MAX {
            self.push(uptime_ms, kind);
        } else {
            self.dropped_cards = self.dropped_cards.saturating_add(1);
        }
    }

    /// Forgets cards and keys: the box does not know such events.
    pub fn forget_cards(&mut self) {
        for _ in 0..self.waiting.len() {
            let Some(event) = self.waiting.pop_front() else {
                return;
            };
            if matches!(event.kind, EventKind::Card { .. } | EventKind::Key { .. }) {
                self.dropped_cards = self.dropped_cards.saturating_add(1);
            } else {
                self.waiting.push_back(event).ok();
            }
        }
    }

    /// Drops the events up to and including `seq`, if the ring holds that one.
    pub fn acknowledge(&mut self, seq: u16) {
        if !self.holds(seq) {
            return;
        }
        while self
            .waiting
            .front()
            .is_some_and(|event| event_gap(event.seq, seq) <= u16::MAX / 2)
        {
            self.waiting.pop_front();
        }
    }

    /// Whether event `seq` still waits.
    pub fn holds(&self, seq: u16) -> bool {
        self.waiting.iter().any(|event| event.seq == seq)
    }

    /// The oldest events, as many as one reply takes.
    pub fn oldest(&self) -> Vec<Event, EVENTS_MAX> {
        self.waiting.iter().take(EVENTS_MAX).copied().collect()
    }

    /// How many wait.
    pub fn pending(&self) -> u8 {
        u8::try_from(self.waiting.len()).unwrap_or(u8::MAX)
    }

    /// How many were pushed out since the start.
    pub const fn lost(&self) -> u16 {
        self.lost
    }

    /// How many cards and keys found no room, or a box that does not know them.
    pub const fn dropped_cards(&self) -> u16 {
        self.dropped_cards
    }
}

#[cfg(test)]
mod tests {
    use super::{EventRing, RING_EVENTS_MAX};
    use firmware_protocol::EventKind;
    use std::vec::Vec;

    fn filled(events: usize) -> EventRing {
        let mut ring = EventRing::default();
        for _ in 0..events {
            ring.push(0, EventKind::Held);
        }
        ring
    }

    fn seqs(ring: &EventRing) -> Vec<u16> {
        ring.waiting.iter().map(|event| event.seq).collect()
    }

    #[test]
    fn an_acknowledgement_drops_all_up_to_it() {
        let mut ring = filled(5);
        ring.acknowledge(3);
        assert_eq!(seqs(&ring), [4, 5]);
        ring.acknowledge(5);
        assert_eq!(ring.pending(), 0);
    }

    #[test]
    fn an_acknowledgement_of_what_is_not_held_drops_nothing() {
        let mut ring = filled(5);
        ring.acknowledge(2);
        for stale in [0, 1, 2, 6, 40_000, u16::MAX] {
            ring.acknowledge(stale);
        }
        assert_eq!(seqs(&ring), [3, 4, 5]);
    }

    #[test]
    fn overflow_drops_the_oldest_and_counts() {
        let ring = filled(RING_EVENTS_MAX + 7);
        assert_eq!(ring.lost(), 7);
        assert_eq!(ring.pending(), 32);
        assert_eq!(ring.oldest().first().map(|event| event.seq), Some(8));
    }

    #[test]
    fn numbers_go_on_over_the_wrap() {
        let mut ring = filled(0);
        ring.last_seq = u16::MAX - 2;
        for _ in 0..5 {
            ring.push(0, EventKind::Held);
        }
        assert_eq!(seqs(&ring), [65_534, 65_535, 1, 2, 3]);
        ring.acknowledge(1);
        assert_eq!(seqs(&ring), [2, 3]);
    }
}
