//! What can be wrong with a value that comes from outside.

/// A value that the rules cannot accept. Messages never contain personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// An identity number has neither 18 nor 15 characters.
    #[error("identity number has {found} characters, not 18 (or 15 for a 2017 foreigner card)")]
    IdLength {
        /// Characters found.
        found: usize,
    },
    /// A character stands where it may not.
    #[error("identity number has a wrong character at position {position}")]
    IdCharacter {
        /// Position of the character, from 1.
        position: usize,
    },
    /// The first digits name no region (GB 11643 with GB/T 2260, first two digits).
    #[error("identity number begins with an unassigned region")]
    IdRegion,
    /// The eight birth digits are no date of the calendar.
    #[error("identity number holds a birth date that does not exist")]
    IdBirthDate,
    /// The last character does not fit the others (ISO 7064 MOD 11-2).
    #[error("identity number fails its check character")]
    IdCheck,
    /// The birth date lies after the given day.
    #[error("birth date lies in the future")]
    BornInFuture,
    /// The person would be 150 years old or more.
    #[error("birth date lies 150 years or more back")]
    TooOld,
    /// The number is of another kind of document than stated.
    #[error("identity number does not belong to this kind of document")]
    KindDiffers,
    /// The card states another sex than its number.
    #[error("sex on the card differs from the identity number")]
    SexDiffers,
    /// The card states another birth date than its number.
    #[error("birth date on the card differs from the identity number")]
    BirthDiffers,
    /// A unified social credit code has the wrong shape (GB 32100-2015: 18 of 31 characters).
    #[error("unified social credit code is not 18 characters of 0-9 A-H J-N P-R T U W X Y")]
    UsccShape,
    /// A unified social credit code fails its check character.
    #[error("unified social credit code fails its check character")]
    UsccCheck,
    /// A name is empty or too long.
    #[error("name is empty or longer than {max} characters")]
    Name {
        /// Longest accepted name in characters.
        max: usize,
    },
    /// A phone number is not a Chinese mobile number.
    #[error("phone number is not 11 digits beginning with 13 to 19")]
    Phone,
    /// A bank account's number has a wrong shape, or a card's check digit does not fit.
    #[error("not the number of a bank account, or its check digit does not fit")]
    Account,
    /// An IC card's number that is not eight hexadecimal digits.
    #[error("not an IC card number")]
    IcNumber,
    /// A certificate's number has a wrong shape.
    #[error("not the number of a certificate: 4 to 40 letters, digits and hyphens")]
    CertificateNumber,
    /// A code is in no table that the rules know.
    #[error("unknown code in the table of {table}")]
    UnknownCode {
        /// The table looked up.
        table: &'static str,
    },
    /// A lane name is empty or too long.
    #[error("lane name is empty or longer than {max} characters")]
    LaneName {
        /// Longest accepted name in characters.
        max: usize,
    },
}
