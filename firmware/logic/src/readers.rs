//! Two Wiegand readers, one per side of the lane.

use crate::uptime::elapsed_ms;
use crate::wiegand::{Decoder, Pulse, Telegram};
use firmware_protocol::{CardNumber, Direction, EventKind};

/// A reader that repeats a card while it lies there repeats it faster than this, in ms.
pub const SAME_CARD_MS: u32 = 1000;

/// The last card of a reader.
#[derive(Clone, Copy, Debug)]
struct Seen {
    bits: u8,
    number: CardNumber,
    at_ms: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Reader {
    decoder: Decoder,
    seen: Option<Seen>,
}

/// Both readers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Readers {
    street: Reader,
    site: Reader,
    bad_telegrams: u16,
}

impl Readers {
    /// Takes a pulse.
    pub fn pulse(&mut self, pulse: Pulse) -> Option<EventKind> {
        let Pulse { reader, one, at_ms } = pulse;
        let ended = self.of(reader).decoder.pulse(one, at_ms)?;
        self.tell(reader, ended, at_ms)
    }

    /// Ends what has gone silent at one reader.
    pub fn step(&mut self, reader: Direction, now_ms: u32) -> Option<EventKind> {
        let ended = self.of(reader).decoder.step(now_ms)?;
        self.tell(reader, ended, now_ms)
    }

    /// Telegrams that said nothing.
    pub const fn bad_telegrams(&self) -> u16 {
        self.bad_telegrams
    }

    fn of(&mut self, reader: Direction) -> &mut Reader {
        match reader {
            Direction::In => &mut self.street,
            Direction::Out => &mut self.site,
        }
    }

    fn tell(&mut self, reader: Direction, ended: Telegram, at_ms: u32) -> Option<EventKind> {
        match ended {
            Telegram::Key(key) => Some(EventKind::Key { reader, key }),
            Telegram::Card { bits, number } => {
                let this = Seen {
                    bits,
                    number,
                    at_ms,
                };
                let before = self.of(reader).seen.replace(this);
                let again = before.is_some_and(|before| {
                    (before.bits, before.number) == (bits, number)
                        && elapsed_ms(at_ms, before.at_ms) < SAME_CARD_MS
                });
                (!again).then_some(EventKind::Card {
                    reader,
                    bits,
                    number,
                })
            }
            Telegram::Damaged => {
                self.bad_telegrams = self.bad_telegrams.saturating_add(1);
                None
            }
        }
    }
}
