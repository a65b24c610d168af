//! What the board saw. Events wait in the board until the box has written them down.

use crate::card::{CardNumber, KeyPress};
use crate::message::Direction;
use serde::{Deserialize, Serialize};

/// One event. Its name is (board uid, boot session, `seq`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// 1 to 65535 within the boot session, then 1 again; 0 is never used.
    pub seq: u16,
    /// Board uptime when it happened, in ms, wrapping after 49.7 days. The box subtracts it from
    /// [`crate::Status::uptime_ms`] to learn how long ago that was.
    pub uptime_ms: u32,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// A person walked through. `token` is that of the opening; none where the direction was free.
    Passed {
        /// Which way.
        direction: Direction,
        /// The opening that was used up.
        token: Option<u32>,
    },
    /// An opening was not used in time.
    TimedOut {
        /// The direction that was open.
        direction: Direction,
        /// The opening.
        token: u32,
    },
    /// A second person walked through right behind a first one.
    Tailgated {
        /// Which way.
        direction: Direction,
        /// The opening that the first person used.
        token: u32,
    },
    /// A person walked through against an opening. The opening stays good for its own person.
    Reversed {
        /// Which way the person walked: the reverse of the opening.
        direction: Direction,
        /// The opening.
        token: u32,
    },
    /// A person walked through a closed gate.
    Intruded {
        /// Which way.
        direction: Direction,
    },
    /// Somebody or something keeps a beam broken.
    Held,
    /// The beams are clear again after [`EventKind::Held`].
    HeldCleared,
    /// The fire contact closed or opened.
    Fire {
        /// True: fire, both directions are free.
        on: bool,
    },
    /// The cabinet contact. The alarm ends only after the box has it and the cabinet is shut.
    Tamper {
        /// True: opened.
        on: bool,
    },
    /// The box was silent for too long.
    LinkLost,
    /// The box speaks again, or for the first time after [`EventKind::LinkLost`].
    LinkBack,
    /// A Wiegand reader read a card; its parity was right.
    Card {
        /// The reader: [`Direction::In`] stands on the street side.
        reader: Direction,
        /// Length of the telegram with its parity bits: 26 or 34.
        bits: u8,
        /// The number.
        number: CardNumber,
    },
    /// A key of a reader's keypad was pressed.
    Key {
        /// The reader.
        reader: Direction,
        /// The key.
        key: KeyPress,
    },
}

/// The number of the event that follows `seq`.
pub const fn event_seq_after(seq: u16) -> u16 {
    match seq.checked_add(1) {
        Some(next) => next,
        None => 1,
    }
}

/// How many steps lead from event `from` to event `to`: 0 for the same one, 1 for the next one.
/// More than 32767 means that `to` is the older of the two. `from` 0 stands before the first.
pub const fn event_gap(from: u16, to: u16) -> u16 {
    if to >= from {
        to - from
    } else {
        // Numbers run from 1 to 65535, so one round has 65535 of them.
        u16::MAX - (from - to)
    }
}

#[cfg(test)]
mod tests {
    use super::{event_gap, event_seq_after};

    #[test]
    fn numbers_never_use_zero() {
        assert_eq!(event_seq_after(0), 1);
        assert_eq!(event_seq_after(65_534), 65_535);
        assert_eq!(event_seq_after(65_535), 1);
    }

    #[test]
    fn the_gap_counts_steps_over_the_wrap() {
        assert_eq!(event_gap(0, 1), 1);
        assert_eq!(event_gap(7, 7), 0);
        assert_eq!(event_gap(65_535, 1), 1);
        assert_eq!(event_gap(65_530, 3), 8);
        assert!(event_gap(3, 65_530) > 32_767);
        let mut seq = 65_500;
        for steps in 0..100 {
            assert_eq!(event_gap(65_500, seq), steps);
            seq = event_seq_after(seq);
        }
    }
}
