//! What was presented at a lane.

use jiff::civil::Date;

use crate::error::DomainError;
use crate::id_number::{DocumentKind, IdNumber, Sex};
use crate::ids::WorkerId;
use crate::person::{IcNumber, PersonName};

/// Why a card gave no usable document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnreadableCard {
    /// The reader answered with an error or its answer was damaged.
    ReadFailed,
    /// The card was taken away while it was read.
    Removed,
    /// The card was read, but its text makes no document (wrong number, date, empty name).
    Invalid,
}

/// Names what a face terminal told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalMark {
    /// The terminal's name in the settings.
    pub name: String,
    /// Its own number of the event.
    pub seq: u64,
    /// When, as its clock has it, Unix ms.
    pub at_ms: i64,
    /// When by the box's clock, the terminal's error taken out, Unix ms.
    pub happened_ms: i64,
}

/// One presented credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A read identity document.
    IdCard(IdDocument),
    /// An IC card (实名卡) on a Wiegand reader.
    IcCard(IcReading),
    /// A face alone, recognized among all who may pass by face (see [`crate::FaceWatch`]).
    Face {
        /// Whose face.
        worker: WorkerId,
        /// The face terminal that recognized it; none for a camera of the box.
        terminal: Option<TerminalMark>,
    },
    /// Something was presented that could not be read.
    Unreadable {
        /// Why.
        why: UnreadableCard,
    },
}

impl Credential {
    /// The face terminal that recognized it.
    pub fn terminal(&self) -> Option<&TerminalMark> {
        match self {
            Self::Face { terminal, .. } => terminal.as_ref(),
            Self::IdCard(_) | Self::IcCard(_) | Self::Unreadable { .. } => None,
        }
    }

    /// The document, where one was read.
    pub fn document(&self) -> Option<&IdDocument> {
        match self {
            Self::IdCard(document) => Some(document),
            Self::IcCard(_) | Self::Face { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// What a Wiegand reader told of a card. A telegram of 26 bits drops one byte of the number, so
/// several cards may give the same reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IcReading {
    number: IcNumber,
    /// Bits of the number that the reader told.
    mask: u32,
}

impl IcReading {
    /// Reads a telegram: its length with parity bits (26 or 34) and its data, the bit that came
    /// first highest. `reversed` readers send the last byte of the number first, and at 26 bits
    /// they drop that one; the others drop the first. `None` for another length.
    pub fn of(bits: u8, data: u32, reversed: bool) -> Option<Self> {
        let (number, mask) = match (bits, reversed) {
            (34, false) => (data, u32::MAX),
            (34, true) => (data.swap_bytes(), u32::MAX),
            (26, false) => (data, 0x00ff_ffff),
            (26, true) => (data.swap_bytes(), 0xffff_ff00),
            _ => return None,
        };
        Some(Self {
            number: IcNumber::new(number & mask),
            mask,
        })
    }

    /// The number as far as the reader told it; a byte that it dropped is zero.
    pub const fn number(&self) -> IcNumber {
        self.number
    }

    /// Whether it may be this card.
    pub fn fits(&self, card: IcNumber) -> bool {
        card.reveal() & self.mask == self.number.reveal()
    }
}

/// A card of nobody who may pass, as it was read at a lane. It is never written down: the form of a new
/// worker or of a visitor may be filled from it, and a while later it is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// The card.
    pub credential: Credential,
    /// Id of the lane.
    pub lane: String,
    /// When, Unix ms.
    pub at_ms: i64,
}

impl Newcomer {
    /// For how long the clerk may use it.
    const KEPT_MS: i64 = 600_000;

    /// What it says, where it is a document.
    pub fn document(&self) -> Option<&IdDocument> {
        self.credential.document()
    }

    /// Whether it may still be used.
    pub fn is_fresh(&self, now_ms: i64) -> bool {
        (0..Self::KEPT_MS).contains(&now_ms.saturating_sub(self.at_ms))
    }
}

/// The text side of an identity document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdDocument {
    /// Which document.
    pub kind: DocumentKind,
    /// Name as on the chip.
    pub name: PersonName,
    /// Identity number.
    pub number: IdNumber,
    /// Sex as on the chip.
    pub sex: Sex,
    /// Birth date as on the chip.
    pub born: Date,
    /// As the chip states it: for residents the nation (民族), two digits of GB/T 3304; for
    /// foreigners the nationality, ISO 3166-1 alpha-3.
    pub nation: Option<String>,
    /// Last day of validity; `None` for a long-term document (长期).
    pub valid_to: Option<Date>,
}

impl IdDocument {
    /// Tests that the chip agrees with its own number. `today` is `None` while the clock is
    /// unset: then birth is not compared with the present.
    ///
    /// # Errors
    /// The first disagreement: kind, sex, birth date, born in the future, 150 years or older.
    pub fn check(&self, today: Option<Date>) -> Result<(), DomainError> {
        if self.number.kind() != self.kind {
            return Err(DomainError::KindDiffers);
        }
        match (self.number.sex(), self.sex) {
            (Some(Sex::Male), Sex::Female) | (Some(Sex::Female), Sex::Male) => {
                return Err(DomainError::SexDiffers);
            }
            _ => {}
        }
        if self.number.born().is_some_and(|born| born != self.born) {
            return Err(DomainError::BirthDiffers);
        }
        today.map_or(Ok(()), |today| self.number.check_on(today))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telegrams_of_both_lengths_and_byte_orders_name_a_card() {
        let card = IcNumber::new(0x0a1b_2c3d);
        for (bits, data, reversed) in [
            (34, 0x0a1b_2c3d, false),
            (34, 0x3d2c_1b0a, true),
            (26, 0x001b_2c3d, false),
            (26, 0x002c_1b0a, true),
        ] {
            let reading = IcReading::of(bits, data, reversed).unwrap();
            assert!(reading.fits(card), "{bits} {reversed}");
            assert!(
                !reading.fits(IcNumber::new(0x0a1b_ff3d)),
                "{bits} {reversed}"
            );
        }
        assert_eq!(IcReading::of(37, 0, false), None);
    }

    #[test]
    fn twenty_six_bits_do_not_tell_the_dropped_byte() {
        let reading = IcReading::of(26, 0x001b_2c3d, false).unwrap();
        assert!(reading.fits(IcNumber::new(0xff1b_2c3d)));
        let reading = IcReading::of(34, 0x0a1b_2c3d, false).unwrap();
        assert!(!reading.fits(IcNumber::new(0xff1b_2c3d)));
    }
}
