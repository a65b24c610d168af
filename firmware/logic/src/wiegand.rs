//! Wiegand readers: from pulses on two wires to cards and keys, and from a number to pulses.
//!
//! A pulse on one wire is a 0, on the other a 1. A telegram ends with silence; its length says what
//! it is: 26 and 34 bits with two parity bits are a card, 4 bits are a key of a keypad, 8 bits are a
//! key whose upper half is the lower one inverted. Anything else is noise and is counted.

use crate::uptime::elapsed_ms;
use firmware_protocol::{CardNumber, Direction, KeyPress};

/// Silence that ends a telegram, in ms. Readers leave 0.2 to 20 ms between two bits.
pub const SILENCE_MS: u32 = 50;

/// Longest telegram that is understood; a longer one is counted as damaged, whatever its length.
pub const BITS_MAX: u8 = 34;

/// From one bit to the next on the output, in ms.
pub const OUT_BIT_MS: u32 = 2;

/// One pulse, stamped by the interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// The reader: [`Direction::In`] stands on the street side.
    pub reader: Direction,
    /// The bit.
    pub one: bool,
    /// Uptime in ms.
    pub at_ms: u32,
}

/// What a telegram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telegram {
    /// A card.
    Card {
        /// Length with parity: 26 or 34.
        bits: u8,
        /// The number.
        number: CardNumber,
    },
    /// A key.
    Key(KeyPress),
    /// Another length or wrong parity.
    Damaged,
}

/// The bits of one reader since its last silence.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decoder {
    bits: u64,
    count: u8,
    last_ms: u32,
}

impl Decoder {
    /// Takes a pulse. One that comes after a silence ends the telegram before it, which is returned.
    pub fn pulse(&mut self, one: bool, at_ms: u32) -> Option<Telegram> {
        let ended = self.step(at_ms);
        self.bits = (self.bits << 1) | u64::from(one);
        self.count = self.count.saturating_add(1);
        self.last_ms = at_ms;
        ended
    }

    /// Ends a telegram once the wires have been silent for long enough.
    pub fn step(&mut self, now_ms: u32) -> Option<Telegram> {
        if self.count == 0 || elapsed_ms(now_ms, self.last_ms) < SILENCE_MS {
            return None;
        }
        let Self { bits, count, .. } = core::mem::take(self);
        Some(read(bits, count))
    }
}

fn read(bits: u64, count: u8) -> Telegram {
    match count {
        26 | 34 => read_card(bits, count),
        4 => Telegram::Key(KeyPress::new(low_byte(bits))),
        8 if low_byte(bits >> 4) & 0x0f == !low_byte(bits) & 0x0f => {
            Telegram::Key(KeyPress::new(low_byte(bits)))
        }
        _ => Telegram::Damaged,
    }
}

/// The first bit makes the first half even, the last bit makes the second half odd.
fn read_card(bits: u64, count: u8) -> Telegram {
    let half = u32::from(count / 2);
    let (first, second) = (bits >> half, bits & ((1 << half) - 1));
    if !first.count_ones().is_multiple_of(2) || second.count_ones().is_multiple_of(2) {
        return Telegram::Damaged;
    }
    let data = (bits >> 1) & ((1 << (count - 2)) - 1);
    u32::try_from(data).map_or(Telegram::Damaged, |data| Telegram::Card {
        bits: count,
        number: CardNumber::new(data),
    })
}

fn low_byte(bits: u64) -> u8 {
    let [low, ..] = bits.to_le_bytes();
    low
}

/// A number on its way out, bit by bit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Encoder {
    bits: u64,
    left: u8,
    next_ms: u32,
}

impl Encoder {
    /// Whether a number is still on its way.
    pub const fn is_busy(&self) -> bool {
        self.left > 0
    }

    /// Begins a telegram of 26 or 34 bits; false, and nothing is sent, for another length or a
    /// number that is too long.
    pub fn begin(&mut self, now_ms: u32, bits: u8, number: CardNumber) -> bool {
        let data = u64::from(number.reveal());
        if !matches!(bits, 26 | 34) || data >> (bits - 2) != 0 {
            return false;
        }
        let half = u32::from(bits / 2) - 1;
        let even = u64::from((data >> half).count_ones() % 2);
        let odd = u64::from((data & ((1 << half) - 1)).count_ones() % 2) ^ 1;
        self.bits = (even << (bits - 1)) | (data << 1) | odd;
        self.left = bits;
        self.next_ms = now_ms;
        true
    }

    /// The bit that is due now, if one is.
    pub fn due(&mut self, now_ms: u32) -> Option<bool> {
        if self.left == 0 || !crate::uptime::is_due(now_ms, self.next_ms) {
            return None;
        }
        self.left -= 1;
        self.next_ms = now_ms.wrapping_add(OUT_BIT_MS);
        Some((self.bits >> self.left) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Encoder, SILENCE_MS, Telegram};
    use firmware_protocol::{CardNumber, KeyPress};
    use proptest::prelude::{any, proptest};
    use std::vec::Vec;

    fn decode(bits: &[bool]) -> Option<Telegram> {
        let mut decoder = Decoder::default();
        let mut now_ms = u32::MAX - 20;
        for one in bits {
            assert_eq!(decoder.pulse(*one, now_ms), None);
            now_ms = now_ms.wrapping_add(2);
        }
        assert_eq!(decoder.step(now_ms), None);
        let ended = decoder.step(now_ms.wrapping_add(SILENCE_MS));
        assert_eq!(decoder.step(now_ms.wrapping_add(2 * SILENCE_MS)), None);
        ended
    }

    fn bits_of(text: &str) -> Vec<bool> {
        text.chars()
            .filter(|c| *c != ' ')
            .map(|c| c == '1')
            .collect()
    }

    /// Facility 123, card 45678, as printed on the card: parity worked out by hand.
    const CARD: &str = "1 0111 1011 1011 0010 0110 1110 1";

    #[test]
    fn a_card_of_26_bits_is_read() {
        let number = CardNumber::new((123 << 16) + 45_678);
        assert_eq!(
            decode(&bits_of(CARD)),
            Some(Telegram::Card { bits: 26, number })
        );
    }

    #[test]
    fn a_card_of_34_bits_is_read() {
        let text = "0 1111 1110 1101 1100 1011 1010 1001 1000 1";
        let read = decode(&bits_of(text));
        let number = CardNumber::new(0xfedc_ba98);
        assert_eq!(read, Some(Telegram::Card { bits: 34, number }));
    }

    #[test]
    fn every_flipped_bit_and_every_lost_bit_is_noticed() {
        let card = bits_of(CARD);
        for place in 0..card.len() {
            let mut flipped = card.clone();
            flipped[place] ^= true;
            assert_eq!(decode(&flipped), Some(Telegram::Damaged), "bit {place}");
            let mut lost = card.clone();
            lost.remove(place);
            assert_eq!(decode(&lost), Some(Telegram::Damaged), "bit {place}");
        }
    }

    #[test]
    fn keys_come_in_four_or_eight_bits() {
        let key = |value| Some(Telegram::Key(KeyPress::new(value)));
        assert_eq!(decode(&bits_of("0111")), key(7));
        assert_eq!(decode(&bits_of("1011")), key(11));
        assert_eq!(decode(&bits_of("1000 0111")), key(7));
        assert_eq!(
            decode(&bits_of("1001 0111")),
            Some(Telegram::Damaged),
            "the halves do not belong together"
        );
    }

    #[test]
    fn noise_of_1_to_128_bits_is_damage_and_the_next_card_is_read() {
        for length in 1..=128 {
            for fill in [false, true] {
                let mut decoder = Decoder::default();
                let noise = std::vec![fill; length];
                for (at_ms, one) in (0_u32..).zip(&noise) {
                    assert_eq!(decoder.pulse(*one, at_ms), None);
                }
                let mut now_ms = 128 + SILENCE_MS;
                let mut ended = Vec::new();
                for one in bits_of(CARD) {
                    ended.extend(decoder.pulse(one, now_ms));
                    now_ms += 1;
                }
                ended.extend(decoder.step(now_ms + SILENCE_MS));
                // Neither all zeros nor all ones have the parity of a card.
                assert_eq!(
                    ended[0] == Telegram::Damaged,
                    length != 4,
                    "{length} bits of {fill}"
                );
                assert!(
                    matches!(ended[1], Telegram::Card { bits: 26, .. }),
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn another_length_is_not_sent() {
        let mut encoder = Encoder::default();
        assert!(!encoder.begin(0, 32, CardNumber::new(1)));
        assert!(!encoder.begin(0, 26, CardNumber::new(1 << 24)));
        assert!(!encoder.is_busy());
    }

    proptest! {
        #[test]
        fn what_is_sent_is_read(number in any::<u32>(), long in any::<bool>()) {
            let (bits, number) = if long { (34, number) } else { (26, number >> 8) };
            let number = CardNumber::new(number);
            let mut encoder = Encoder::default();
            assert!(encoder.begin(10, bits, number));
            let mut sent = Vec::new();
            for now_ms in 10..10 + 2 * u32::from(bits) {
                sent.extend(encoder.due(now_ms));
            }
            assert!(!encoder.is_busy());
            assert_eq!(decode(&sent), Some(Telegram::Card { bits, number }));
        }

        #[test]
        fn any_pulses_at_any_time_do_no_harm(pulses in proptest::collection::vec((any::<bool>(), 0_u32..60), 0..300)) {
            let mut decoder = Decoder::default();
            let mut now_ms = 0_u32;
            for (one, pause_ms) in pulses {
                now_ms += pause_ms;
                decoder.pulse(one, now_ms);
            }
            decoder.step(now_ms + SILENCE_MS);
            assert_eq!(decoder.step(now_ms + 2 * SILENCE_MS), None);
        }
    }
}
