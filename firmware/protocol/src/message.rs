//! Small types that several messages share. Every enum is append-only: the wire carries the
//! position of the variant, so an order that changes is a protocol that breaks.

use core::fmt;
use serde::{Deserialize, Serialize};

/// Which way a person walks, seen from the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// From the street into the site.
    In,
    /// From the site to the street.
    Out,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::In => Self::Out,
            Self::Out => Self::In,
        }
    }
}

/// What the gate does without an open command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Closed; each passage needs an open command.
    #[default]
    Controlled,
    /// Entry refuses even an open command. Exit still obeys one: nobody is locked in.
    Locked,
    /// The exit is free, the entry controlled.
    FreeExit,
    /// Both directions are free.
    FreeBoth,
}

/// Why the board started this time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetCause {
    /// The chip does not say.
    #[default]
    Unknown,
    /// Power came on.
    PowerOn,
    /// The watchdog was not fed.
    Watchdog,
    /// The firmware asked for it.
    Software,
    /// The supply dipped.
    BrownOut,
}

/// Lamp over the lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lamp {
    /// The board decides: green while a direction is open, red otherwise.
    #[default]
    Automatic,
    /// Both lamps off.
    Dark,
    /// Green only.
    Green,
    /// Red only.
    Red,
}

/// A sign to the person in the lane; it moves no arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What the lamp shows for `lamp_ms`; afterwards it is automatic again.
    pub lamp: Lamp,
    /// How long the lamp stays, in ms.
    pub lamp_ms: u16,
    /// How long the buzzer sounds, in ms; 0 keeps it silent.
    pub buzzer_ms: u16,
}

/// The board's factory number; tells a swapped board or a swapped cable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BoardUid(pub [u8; 8]);

impl BoardUid {
    /// Reads the 16 hex digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 16 {
            return None;
        }
        let mut uid = [0; 8];
        for (byte, pair) in uid.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
                *byte = (*byte << 4) | value;
            }
        }
        Some(Self(uid))
    }
}

impl fmt::Display for BoardUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BoardUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoardUid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::BoardUid;
    use std::string::ToString;

    #[test]
    fn a_uid_reads_what_it_writes() {
        let uid = BoardUid([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(uid.to_string(), "00010203fcfdfeff");
        assert_eq!(BoardUid::parse("00010203fcfdfeff"), Some(uid));
    }

    #[test]
    fn a_uid_refuses_other_text() {
        for text in [
            "",
            "0001",
            "00010203fcfdfefg",
            "00010203fcfdfeff0",
            "+0010203fcfdfeff",
        ] {
            assert_eq!(BoardUid::parse(text), None, "{text}");
        }
    }
}
