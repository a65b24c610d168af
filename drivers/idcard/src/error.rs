//! What can be wrong with a card's bytes.

use crate::layout::{CardKind, Field};

/// Why bytes could not be decoded, or a card not encoded. Never holds card text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The lengths inside a base-read reply do not add up to the reply.
    #[error("the reply holds {actual} bytes, its lengths say otherwise")]
    ReplyLengths {
        /// How many bytes the reply's data has.
        actual: usize,
    },
    /// The text block is shorter than every known layout.
    #[error("the card's text block has {actual} bytes instead of 256")]
    TextTooShort {
        /// How many bytes there were.
        actual: usize,
    },
    /// The layout letter at offset 248 is none of the four that exist.
    #[error("card layout {code:#06x} is not known")]
    UnknownLayout {
        /// The UTF-16 unit found there.
        code: u16,
    },
    /// A field is not well-formed UTF-16.
    #[error("field {field:?} has half a surrogate pair")]
    UnpairedSurrogate {
        /// Which field.
        field: Field,
    },
    /// A value does not fit the card, when encoding.
    #[error("field {field:?} does not fit a card of kind {kind:?}")]
    DoesNotFit {
        /// Which field.
        field: Field,
        /// Which card.
        kind: CardKind,
    },
    /// A block is longer than its length field can say, when encoding.
    #[error("a block of {actual} bytes is too long for a reply")]
    BlockTooLong {
        /// How many bytes it has.
        actual: usize,
    },
}
