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
    /// Begins an update of the firmware, or goes on with the one that was begun under the same
    /// `name` since the board started. Answered with [`crate::Reply::Update`], which says where to
    /// go on; refused with [`crate::Fault::Busy`] while an image waits or is on trial, and with
    /// [`crate::Fault::Unsupported`] by a board without a boot loader.
    UpdateBegin {
        /// Length of the image file in bytes, a multiple of 4.
        image_bytes: u32,
        /// What tells this image from others: the first eight bytes of its signature.
        name: [u8; 8],
    },
    /// A piece of the image. One that came before is answered and not written again; one that
    /// leaves a hole is answered with where to go on.
    UpdateChunk {
        /// Where it belongs, in bytes; a multiple of 4. The first one holds header and signature.
        offset: u32,
        /// The piece: a multiple of 4 bytes, within one page of the board's flash.
        data: Vec<u8, CHUNK_BYTES_MAX>,
    },
    /// All pieces were sent: restart and try the image. Refused with [`crate::Fault::Busy`] while
    /// somebody passes.
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
    /// Asks for [`crate::Reply::Update`]: how far an update is, or how the last one ended.
    AskUpdate,
}
