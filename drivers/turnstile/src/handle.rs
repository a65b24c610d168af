//! Commands to a driver that runs.

use crate::error::TurnstileError;
use crate::event::EventKey;
use crate::update::{UpdateImage, UpdateProgress};
use firmware_protocol::{Direction, Mode, Signal};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

/// Commands that wait at most. A board holds 32 events, so 32 acknowledgements and a few openings
/// are all that a lane can owe.
pub const COMMANDS_MAX: usize = 64;

/// How long polling may be held off at a time, in ms: a reader at 9600 baud needs 1349 ms for one
/// reply. In all, polling is held off for half of the board's link time-out at most.
pub const HOLD_MS_MAX: u32 = 1500;

/// One command, as a driver takes it.
#[derive(Clone, Debug)]
pub enum Command {
    /// [`TurnstileHandle::open`].
    Open {
        /// Comes back with the answer.
        token: u32,
        /// Which way.
        direction: Direction,
    },
    /// [`TurnstileHandle::hold`].
    Hold {
        /// How long, ms.
        ms: u32,
    },
    /// [`TurnstileHandle::acknowledge`].
    Acknowledge(EventKey),
    /// [`TurnstileHandle::set_mode`].
    SetMode(Mode),
    /// [`TurnstileHandle::signal`].
    Signal(Signal),
    /// [`TurnstileHandle::update`].
    Update {
        /// The new firmware.
        image: UpdateImage,
        /// Told how it goes.
        progress: watch::Sender<UpdateProgress>,
    },
}

/// Gives commands to a driver. None of its functions waits.
#[derive(Clone, Debug)]
pub struct TurnstileHandle {
    sender: mpsc::Sender<Command>,
}

/// The driver's end of the commands.
#[derive(Debug)]
pub struct TurnstileCommands {
    pub(crate) receiver: mpsc::Receiver<Command>,
}

impl TurnstileCommands {
    /// Waits for a command; `None` once every handle has gone. Dropping the future loses none.
    pub async fn recv(&mut self) -> Option<Command> {
        self.receiver.recv().await
    }
}

/// A handle and the other end of it.
pub fn turnstile_channel() -> (TurnstileHandle, TurnstileCommands) {
    let (sender, receiver) = mpsc::channel(COMMANDS_MAX);
    (TurnstileHandle { sender }, TurnstileCommands { receiver })
}

impl TurnstileHandle {
    /// Lets one person through. The command goes out as soon as the line is idle; the answer is
    /// [`crate::TurnstileEvent::Opened`] or [`crate::TurnstileEvent::OpenRefused`], always one.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken; then no answer follows.
    pub fn open(&self, token: u32, direction: Direction) -> Result<(), TurnstileError> {
        self.give(Command::Open { token, direction })
    }

    /// Keeps the line idle for `ms` (up to [`HOLD_MS_MAX`]), or until the next open command, so
    /// that this command need not wait for the answer to a poll.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken.
    pub fn hold(&self, ms: u32) -> Result<(), TurnstileError> {
        self.give(Command::Hold {
            ms: ms.min(HOLD_MS_MAX),
        })
    }

    /// Says that an event is written down. The board drops it once this holds for all events
    /// before it, too.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken.
    pub fn acknowledge(&self, event: EventKey) -> Result<(), TurnstileError> {
        self.give(Command::Acknowledge(event))
    }

    /// Sets what the gate does without an open command, now and after each restart of the board.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken.
    pub fn set_mode(&self, mode: Mode) -> Result<(), TurnstileError> {
        self.give(Command::SetMode(mode))
    }

    /// Shows a lamp or sounds the buzzer. A signal that finds no link is dropped.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken.
    pub fn signal(&self, signal: Signal) -> Result<(), TurnstileError> {
        self.give(Command::Signal(signal))
    }

    /// Gives the board a new firmware: its pieces go out between the polls, and open commands go
    /// before them. The last word on `progress` is one of [`UpdateProgress::is_end`]; a board that
    /// does not answer has none, and whoever drops the receivers ends the update.
    ///
    /// # Errors
    /// [`TurnstileError`] if the command was not taken.
    pub fn update(
        &self,
        image: UpdateImage,
        progress: watch::Sender<UpdateProgress>,
    ) -> Result<(), TurnstileError> {
        self.give(Command::Update { image, progress })
    }

    fn give(&self, command: Command) -> Result<(), TurnstileError> {
        self.sender.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => TurnstileError::Full,
            TrySendError::Closed(_) => TurnstileError::Ended,
        })
    }
}
