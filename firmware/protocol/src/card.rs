//! What a Wiegand reader at the board read. Numbers mask themselves in `Debug`: they name a person.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Data bits of a telegram without its two parity bits, the bit that came first highest: 24 bits
/// of a 26-bit telegram, 32 of a 34-bit one. Which byte of the card that is depends on the reader.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardNumber(u32);

impl CardNumber {
    /// Takes the data bits.
    #[must_use]
    pub const fn new(data: u32) -> Self {
        Self(data)
    }

    /// The data bits.
    #[must_use]
    pub const fn reveal(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardNumber(***)")
    }
}

/// A key of a keypad: 0 to 9, 10 for `*`, 11 for `#`, up to 15 as the keypad names them.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPress(u8);

impl KeyPress {
    /// Takes the key's four bits.
    #[must_use]
    pub const fn new(key: u8) -> Self {
        Self(key & 0x0f)
    }

    /// The key.
    #[must_use]
    pub const fn reveal(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for KeyPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPress(*)")
    }
}

#[cfg(test)]
mod tests {
    use super::{CardNumber, KeyPress};
    use std::format;

    #[test]
    fn a_number_shows_itself_only_when_asked() {
        let (card, key) = (CardNumber::new(8_123_456), KeyPress::new(7));
        assert_eq!(format!("{card:?} {key:?}"), "CardNumber(***) KeyPress(*)");
        assert_eq!((card.reveal(), key.reveal()), (8_123_456, 7));
    }
}
