//! Second-generation ID-card readers (SAM protocol).
//!
//! Every certified reader holds a security module that alone can decrypt a card; the host gets
//! plain text over a serial line. One codec serves them all. This crate knows cards and readers;
//! it knows no workers, lanes or records, and decides nothing about who may pass.
//!
//! Read in this order; all but the last are pure, with time as an argument:
//! - [`CardKind`], [`Field`]: the four kinds of card, and where their fields stand
//! - [`CodecError`]: what can be wrong with a card's bytes
//! - [`Masked`]: personal text that hides itself in logs
//! - [`FrameDecoder`], [`CommandFrame`], [`ReplyFrame`]: bytes on the wire, both directions
//! - [`SamStatus`], [`StatusClass`]: what the reader's third status byte asks of us
//! - [`Command`], [`SamId`]: what we can ask of a reader, and its identity
//! - [`Nation`], [`CardText`], [`Portrait`], [`BaseRead`]: what is on a card
//! - [`ReaderEvent`]: what a lane hears of
//! - [`Poll`]: find, select, read, wait for removal
//! - [`run`]: the same over a link, for ever
//!
//! The encode side ([`ReplyFrame::encode`], [`CardText::encode`], [`BaseRead::encode`],
//! [`SamId::from_bytes`]) is for the simulator and for tests.

mod layout;
mod error;
mod masked;
mod frame;
mod status;
mod command;
mod nation;
mod card_text;
mod portrait;
mod base_read;
mod event;
mod poll_turn;
mod poll;
mod reader;

pub use base_read::BaseRead;
pub use card_text::{CardText, Sex};
pub use command::{Command, SAM_ID_BYTES, SamId};
pub use error::CodecError;
pub use event::{CardRead, ReadFailure, ReaderEvent};
pub use frame::{
    CommandFrame, FRAME_BYTES_MAX, FrameDecoder, LEN_MAX, PREAMBLE, Payload, ReplyFrame,
};
pub use layout::{CardKind, Field, TEXT_BYTES};
pub use masked::Masked;
pub use nation::Nation;
pub use poll::Poll;
pub use poll_turn::{PollEffect, PollInput, PollSettings};
pub use portrait::Portrait;
pub use reader::{ReaderSettings, run};
pub use status::{SamStatus, StatusClass};

#[cfg(test)]
mod tests;
