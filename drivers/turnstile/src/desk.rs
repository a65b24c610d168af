//! Commands that wait for the line.

use crate::handle::{Command, TurnstileCommands};
use crate::settings::OPEN_WAIT_MS_MAX;
use crate::update::{Update, UpdateFailure, UpdateProgress};
use firmware_protocol::{Direction, Mode, Signal};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Open commands that wait here at most; the others stay in the channel.
const OPENS_MAX: usize = 8;

/// An open command that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingOpen {
    pub(crate) token: u32,
    pub(crate) direction: Direction,
    given_at: Instant,
}

impl PendingOpen {
    /// Whether the person may have walked away meanwhile.
    pub(crate) fn is_late(&self) -> bool {
        self.given_at.elapsed() > Duration::from_millis(OPEN_WAIT_MS_MAX)
    }
}

/// Every handle has gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HandlesGone;

/// Commands, sorted by how soon they matter.
#[derive(Debug)]
pub(crate) struct Desk {
    receiver: mpsc::Receiver<Command>,
    pub(crate) opens: VecDeque<PendingOpen>,
    pub(crate) held_until: Option<Instant>,
    pub(crate) mode: Option<Mode>,
    pub(crate) signal: Option<Signal>,
    pub(crate) written: VecDeque<crate::event::EventKey>,
    pub(crate) update: Option<Update>,
}

impl Desk {
    pub(crate) fn new(commands: TurnstileCommands) -> Self {
        Self {
            receiver: commands.receiver,
            opens: VecDeque::new(),
            held_until: None,
            mode: None,
            signal: None,
            written: VecDeque::new(),
            update: None,
        }
    }

    /// Takes what has come, without waiting.
    pub(crate) fn collect(&mut self) -> Result<(), HandlesGone> {
        while self.opens.len() < OPENS_MAX {
            match self.receiver.try_recv() {
                Ok(command) => self.sort(command),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => return Err(HandlesGone),
            }
        }
        Ok(())
    }

    /// Waits for a command. The future may be dropped.
    pub(crate) async fn wait(&mut self) -> Result<(), HandlesGone> {
        let command = self.receiver.recv().await.ok_or(HandlesGone)?;
        self.sort(command);
        Ok(())
    }

    fn sort(&mut self, command: Command) {
        match command {
            Command::Open { token, direction } => {
                self.opens.push_back(PendingOpen {
                    token,
                    direction,
                    given_at: Instant::now(),
                });
            }
            Command::Hold { ms } => {
                self.held_until = Some(Instant::now() + Duration::from_millis(ms.into()));
            }
            Command::Acknowledge(key) => self.written.push_back(key),
            Command::SetMode(mode) => self.mode = Some(mode),
            Command::Signal(signal) => self.signal = Some(signal),
            Command::Update { progress, .. } if self.update.is_some() => {
                progress.send_replace(UpdateProgress::Failed(UpdateFailure::Busy));
            }
            Command::Update { image, progress } => {
                self.update = Some(Update::new(image, progress));
            }
        }
    }
}
