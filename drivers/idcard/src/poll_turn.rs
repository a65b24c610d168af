//! What the polling of a reader is given, and what it asks for.

use crate::command::Command;
use crate::event::ReaderEvent;
use crate::frame::ReplyFrame;

/// The times of a reader. All in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSettings {
    /// From one find to the next while nothing happens; at least 10. Makers ask for 300 or more.
    pub find_interval_ms: u64,
    /// How long the first byte of a reply may take.
    pub reply_timeout_ms: u64,
    /// The same for a base read, during which the reader talks to the card.
    pub read_timeout_ms: u64,
    /// How long the rest may take once a reply has begun.
    pub body_timeout_ms: u64,
    /// How long a reader that cannot work is left alone.
    pub fatal_pause_ms: u64,
    /// Whether to read the address added after issue, after the card was reported.
    pub reads_new_address: bool,
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            find_interval_ms: 300,
            reply_timeout_ms: 1_000,
            read_timeout_ms: 3_000,
            body_timeout_ms: 2_000,
            fatal_pause_ms: 300_000,
            reads_new_address: false,
        }
    }
}

/// What the shell tells the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PollInput {
    /// A link was opened.
    Opened,
    /// The link is gone.
    Lost,
    /// The header of a reply is in, and it announces this `LEN`.
    Arriving {
        /// As in the header.
        len: u16,
    },
    /// A whole reply is in.
    Reply(ReplyFrame),
    /// [`crate::Poll::due_at_ms`] has passed.
    Due,
}

/// What the machine asks of the shell, to be done in order.
#[derive(Debug, PartialEq, Eq)]
pub enum PollEffect {
    /// Discard what has arrived, then send this command.
    Send(Command),
    /// Tell the lane.
    Emit(ReaderEvent),
    /// Close the link and open it again after a pause.
    Reconnect {
        /// Why, for the log.
        why: &'static str,
    },
}

impl PollSettings {
    pub(crate) fn timeout_ms(&self, command: Command) -> u64 {
        if matches!(command, Command::ReadBase | Command::ReadBaseAndFingerprint) {
            self.read_timeout_ms
        } else {
            self.reply_timeout_ms
        }
    }
}
