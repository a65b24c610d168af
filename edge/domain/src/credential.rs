//! What was presented at a lane.

use jiff::civil::Date;

use crate::error::DomainError;
use crate::id_number::{DocumentKind, IdNumber, Sex};
use crate::ids::WorkerId;
use crate::person::PersonName;

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

/// One presented credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A read identity document.
    IdCard(IdDocument),
    /// A face alone, recognized among all who may pass by face (see [`crate::FaceWatch`]).
    Face {
        /// Whose face.
        worker: WorkerId,
    },
    /// Something was presented that could not be read.
    Unreadable {
        /// Why.
        why: UnreadableCard,
    },
}

impl Credential {
    /// The document, where one was read.
    pub fn document(&self) -> Option<&IdDocument> {
        match self {
            Self::IdCard(document) => Some(document),
            Self::Face { .. } | Self::Unreadable { .. } => None,
        }
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
