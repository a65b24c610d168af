//! What a driver is told before it runs, and the times of the line.

use crate::event::EventKey;
use drivers_link::{Jitter, LinkAddress};
use firmware_protocol::{BoardUid, Mode, Settings};
use std::fmt;

/// Address of a board that has the line for itself.
pub const ADDRESS_DEFAULT: u8 = 1;

/// Time between two polls of an idle line, in ms. At 9600 baud a poll takes 30 ms.
pub const POLL_MS: u64 = 50;

/// Time between two questions for the board's counters, in ms; they go to the log.
pub const STATISTICS_MS: u64 = 60_000;

/// Time that a reply may take, in ms. Boards answer within 20.
pub const REPLY_TIMEOUT_MS: u64 = 200;

/// How often a request is sent, under one number, before the board counts as gone.
pub const TRIES: u8 = 3;

/// How long an open command may wait for the line, in ms: a gate must not open for somebody who
/// has walked away.
pub const OPEN_WAIT_MS_MAX: u64 = 1000;

/// Settings of one gate's driver.
#[derive(Clone)]
pub struct TurnstileSettings {
    /// Where the board is.
    pub address: LinkAddress,
    /// The board's address on that line.
    pub board_address: u8,
    /// The board that belongs here, if the site says so. Then no other one is worked with.
    pub uid: Option<BoardUid>,
    /// How the board is tuned, each time it is greeted.
    pub tuning: Settings,
    /// The gate's mode until [`crate::TurnstileHandle::set_mode`] says otherwise.
    pub mode: Mode,
    /// The last event that is already written down: it and all before it are not told again.
    pub written_through: Option<EventKey>,
    /// Randomness for the pauses between attempts to open the link.
    pub jitter: Jitter,
}

impl TurnstileSettings {
    /// Settings of a board that has the line at `address` for itself.
    pub fn new(address: LinkAddress, jitter: Jitter) -> Self {
        Self {
            address,
            board_address: ADDRESS_DEFAULT,
            uid: None,
            tuning: Settings::default(),
            mode: Mode::Controlled,
            written_through: None,
            jitter,
        }
    }
}

impl fmt::Debug for TurnstileSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnstileSettings")
            .field("address", &self.address)
            .field("board_address", &self.board_address)
            .field("uid", &self.uid)
            .field("tuning", &self.tuning)
            .field("mode", &self.mode)
            .field("written_through", &self.written_through)
            .finish_non_exhaustive()
    }
}
