//! The reader's third status byte, and what it asks of us.

/// Status of the security module (SW3). Codes as published for GA 467 readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SamStatus {
    /// `90`: done.
    Ok,
    /// `9F`: a card is in the field.
    CardFound,
    /// `10`: our frame arrived with a wrong checksum.
    HostChecksum,
    /// `11`: our frame arrived with a wrong length.
    HostLength,
    /// `21`: unknown command or parameter, or out of sequence.
    BadCommand,
    /// `23`: not authorized for this operation.
    OperationNotAuthorized,
    /// `24`: unknown error.
    UnknownError,
    /// `31`: the card did not authenticate the module.
    CardRefusedSam,
    /// `32`: the module did not authenticate the card.
    SamRefusedCard,
    /// `33`: the card's data failed verification.
    DataNotVerified,
    /// `40`: a card of a kind that the module does not read.
    WrongCard,
    /// `41`: reading failed.
    ReadFailed,
    /// `47`: no random number from the card.
    RandomFailed,
    /// `60`: the module's self-test failed.
    SelfTestFailed,
    /// `66`: the module is not authorized (its license).
    SamNotAuthorized,
    /// `80`: no card.
    NoCard,
    /// `81`: selecting the card failed.
    SelectFailed,
    /// `91`: the card has no such item.
    NoSuchItem,
    /// Any other code.
    Other(u8),
}

/// What a status asks of the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusClass {
    /// Go on to the next step.
    Ok,
    /// A card is there: select it.
    CardFound,
    /// No card: look again later.
    Idle,
    /// Try the card again from the start, at most three times, then ask for it to be lifted.
    Transient,
    /// Line noise or our own fault: send the same command again.
    Resend,
    /// Not a card that can be read; trying again does not help.
    WrongCard,
    /// The card holds nothing of the kind; not an error.
    NoSuchItem,
    /// Reset the module; if that does not help it is [`StatusClass::Fatal`].
    ResetThenFatal,
    /// The reader cannot work: raise an alarm, and do not hammer.
    Fatal,
}

impl SamStatus {
    /// Reads the code.
    pub const fn from_code(code: u8) -> Self {
        match code {
            0x90 => Self::Ok,
            0x9F => Self::CardFound,
            0x10 => Self::HostChecksum,
            0x11 => Self::HostLength,
            0x21 => Self::BadCommand,
            0x23 => Self::OperationNotAuthorized,
            0x24 => Self::UnknownError,
            0x31 => Self::CardRefusedSam,
            0x32 => Self::SamRefusedCard,
            0x33 => Self::DataNotVerified,
            0x40 => Self::WrongCard,
            0x41 => Self::ReadFailed,
            0x47 => Self::RandomFailed,
            0x60 => Self::SelfTestFailed,
            0x66 => Self::SamNotAuthorized,
            0x80 => Self::NoCard,
            0x81 => Self::SelectFailed,
            0x91 => Self::NoSuchItem,
            other => Self::Other(other),
        }
    }

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0x90,
            Self::CardFound => 0x9F,
            Self::HostChecksum => 0x10,
            Self::HostLength => 0x11,
            Self::BadCommand => 0x21,
            Self::OperationNotAuthorized => 0x23,
            Self::UnknownError => 0x24,
            Self::CardRefusedSam => 0x31,
            Self::SamRefusedCard => 0x32,
            Self::DataNotVerified => 0x33,
            Self::WrongCard => 0x40,
            Self::ReadFailed => 0x41,
            Self::RandomFailed => 0x47,
            Self::SelfTestFailed => 0x60,
            Self::SamNotAuthorized => 0x66,
            Self::NoCard => 0x80,
            Self::SelectFailed => 0x81,
            Self::NoSuchItem => 0x91,
            Self::Other(code) => code,
        }
    }

    /// What it asks of the driver. A code that nobody documents is taken as [`StatusClass::Transient`].
    pub const fn class(self) -> StatusClass {
        match self {
            Self::Ok => StatusClass::Ok,
            Self::CardFound => StatusClass::CardFound,
            Self::NoCard => StatusClass::Idle,
            Self::SelectFailed
            | Self::ReadFailed
            | Self::RandomFailed
            | Self::CardRefusedSam
            | Self::SamRefusedCard
            | Self::DataNotVerified
            | Self::OperationNotAuthorized
            | Self::Other(_) => StatusClass::Transient,
            Self::HostChecksum | Self::HostLength | Self::BadCommand | Self::UnknownError => {
                StatusClass::Resend
            }
            Self::WrongCard => StatusClass::WrongCard,
            Self::NoSuchItem => StatusClass::NoSuchItem,
            Self::SelfTestFailed => StatusClass::ResetThenFatal,
            Self::SamNotAuthorized => StatusClass::Fatal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_table_has_its_class() {
        let table = [
            (0x90, StatusClass::Ok),
            (0x9F, StatusClass::CardFound),
            (0x80, StatusClass::Idle),
            (0x81, StatusClass::Transient),
            (0x41, StatusClass::Transient),
            (0x47, StatusClass::Transient),
            (0x31, StatusClass::Transient),
            (0x32, StatusClass::Transient),
            (0x33, StatusClass::Transient),
            (0x23, StatusClass::Transient),
            (0x10, StatusClass::Resend),
            (0x11, StatusClass::Resend),
            (0x21, StatusClass::Resend),
            (0x24, StatusClass::Resend),
            (0x40, StatusClass::WrongCard),
            (0x60, StatusClass::ResetThenFatal),
            (0x66, StatusClass::Fatal),
            (0x91, StatusClass::NoSuchItem),
            (0x00, StatusClass::Transient),
        ];
        for (code, class) in table {
            assert_eq!(SamStatus::from_code(code).class(), class, "{code:02X}");
        }
    }

    #[test]
    fn a_code_survives_the_round_trip() {
        for code in 0..=u8::MAX {
            assert_eq!(SamStatus::from_code(code).code(), code);
        }
    }
}
