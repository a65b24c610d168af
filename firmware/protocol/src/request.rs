//! What the box asks. The board never speaks unasked (RS-485 is half duplex).

use crate::card::CardNumber;
use crate::message::{Direction, Mode, Signal};
use crate::settings::Settings;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Bytes of firmware that one [`Request::UpdateChunk`] carries at most.
pub const CHUNK_BYTES_MAX: usize = 128;

/// One request. Append-only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Begins the conversation. Until it is answered, every other request is refused with
    /// [`crate::Fault::Session`]; so a board that restarted cannot repeat an opening.
    Hello {
        /// The box's [`crate::MAJOR`].
        major: u8,
        /// The box's [`crate::MINOR`].
        minor: u8,
    },
    /// Heartbeat, and the question for events. Due every 50 ms.
    Poll {
        /// Boot session that `ack` belongs to; another one is refused, so that a late
        /// acknowledgement cannot discard the events of a new session.
        session: u32,
        /// The last event that the box has written down; it and all before it are dropped.
        /// 0, or a number that the board does not hold, drops nothing.
        ack: u16,
    },
    /// Lets one person through. Exactly once per `token`: a repeated one is answered, not obeyed.
    Open {
        /// Which way.
        direction: Direction,
        /// Comes back in the events of this opening.
        token: u32,
    },
    /// Replaces the settings, whole.
    Configure(Settings),
    /// Sets what the gate does without an open command.
    SetMode(Mode),
    /// Shows a lamp or sounds the buzzer.
    Signal(Signal),
    /// Reserved: begins a firmware update. Refused with [`crate::Fault::Unsupported`].
    UpdateBegin {
        /// Length of the image in bytes.
        image_bytes: u32,
        /// First eight bytes of the image's SHA-256.
        digest: [u8; 8],
    },
    /// Reserved: a piece of the image.
    UpdateChunk {
        /// Where it belongs, in bytes.
        offset: u32,
        /// The piece.
        data: Vec<u8, CHUNK_BYTES_MAX>,
    },
    /// Reserved: check the image and start it.
    UpdateCommit,
    /// Asks for [`crate::Reply::Statistics`].
    AskStatistics,
    /// Sends a card number on the Wiegand output, for a controller of another make behind the
    /// board. Refused with [`crate::Fault::Settings`] unless `bits` is 26 or 34, and with
    /// [`crate::Fault::Busy`] while a number is being sent.
    SendCard {
        /// Length of the telegram with its parity bits: 26 or 34.
        bits: u8,
        /// The number.
        number: CardNumber,
    },
}
