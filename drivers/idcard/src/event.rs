//! What a lane hears of a reader.

use drivers_link::LinkCause;

use crate::card_text::CardText;
use crate::command::SamId;
use crate::error::CodecError;
use crate::masked::Masked;
use crate::portrait::Portrait;
use crate::status::SamStatus;

/// A card that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRead {
    /// What stands on it.
    pub text: CardText,
    /// Its portrait, opaque.
    pub portrait: Portrait,
}

/// Why a card that was found could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadFailure {
    /// Tried three times; the card must be lifted and presented again.
    LiftAndTryAgain {
        /// The reader's last word; `None` where it did not answer or its answer made no sense.
        status: Option<SamStatus>,
    },
    /// The card was taken away before it was read.
    PulledAway,
    /// Not an identity card of a kind that the reader reads.
    WrongCard,
    /// The reply arrived whole but does not hold a card that we know.
    Unreadable {
        /// What is wrong with it.
        error: CodecError,
    },
}

/// What happened at a reader.
///
/// For each card that lies on the reader: one of `Card` and `ReadFailed`, then `Removed`. `Offline`,
/// `Fatal` and `IdentityChanged` may cut that short. A reader that makes no sense may still read one.
/// `Removed` means that the reader no longer finds the card; most readers stop finding a card that
/// they have read even while it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReaderEvent {
    /// The reader answers and has told its identity. Comes again after `Offline`, `Fatal`
    /// and `Senseless`.
    Online {
        /// The identity of its security module.
        sam_id: SamId,
    },
    /// The link is gone or the reader does not answer; it is tried again by itself.
    Offline {
        /// What kind of trouble, for the device lamp.
        cause: LinkCause,
        /// Why, for the log.
        why: String,
    },
    /// The first bytes of a card are arriving; the whole follows within about 0.1 s at 115200 baud,
    /// or not at all.
    Arriving,
    /// A card was read.
    Card(Box<CardRead>),
    /// The new address of the card just read, if the settings ask for it and the card has one.
    NewAddress {
        /// The address.
        address: Masked,
    },
    /// A card was found but not read.
    ReadFailed {
        /// Why.
        failure: ReadFailure,
    },
    /// The card is no longer found.
    Removed,
    /// Another reader stands where one was known. Comes before its `Online`.
    IdentityChanged {
        /// The reader known before.
        was: SamId,
        /// The reader that answers now.
        now: SamId,
    },
    /// The reader answers, but ten looks for a card in a row brought neither a card nor none. It goes
    /// on being asked; said once, until `Online`.
    Senseless {
        /// The reader's last word.
        status: SamStatus,
    },
    /// The reader cannot work: its self-test failed twice, or it is not licensed. It is left alone
    /// for some minutes, then tried again.
    Fatal {
        /// The reader's word.
        status: SamStatus,
    },
}
