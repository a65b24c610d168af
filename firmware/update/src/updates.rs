//! The program's part of an update: it takes the pieces while the gate works, and later says that
//! the new image has proved itself.

use crate::check::fits;
use crate::image::{BoardKind, HEADER_BYTES, Header, SIGNATURE_BYTES};
use crate::journal::{Journal, Phase};
use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::{CHUNK_BYTES_MAX, Fault, Reply, UpdateFault, UpdatePhase, UpdateStatus};

/// What a board does about the requests of an update. Each of the first four gives the answer.
pub trait Updates {
    /// [`firmware_protocol::Request::UpdateBegin`].
    fn begin(&mut self, image_bytes: u32, name: [u8; 8]) -> Reply;
    /// [`firmware_protocol::Request::UpdateChunk`].
    fn chunk(&mut self, offset: u32, data: &[u8]) -> Reply;
    /// [`firmware_protocol::Request::UpdateCommit`], while nobody passes.
    fn commit(&mut self) -> Reply;
    /// [`firmware_protocol::Request::AskUpdate`].
    fn status(&self) -> Reply;
    /// Whether an image waits for the boot loader.
    fn is_staged(&self) -> bool;
    /// Whether the image that runs is on trial.
    fn is_trial(&self) -> bool;
    /// The image on trial has proved itself.
    fn confirm(&mut self);
}

/// A board without a boot loader.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoUpdates;

impl Updates for NoUpdates {
    fn begin(&mut self, _image_bytes: u32, _name: [u8; 8]) -> Reply {
        self.status()
    }

    fn chunk(&mut self, _offset: u32, _data: &[u8]) -> Reply {
        self.status()
    }

    fn commit(&mut self) -> Reply {
        self.status()
    }

    fn status(&self) -> Reply {
        Reply::Error(Fault::Unsupported)
    }

    fn is_staged(&self) -> bool {
        false
    }

    fn is_trial(&self) -> bool {
        false
    }

    fn confirm(&mut self) {}
}

/// An image that is coming.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    image_bytes: u32,
    name: [u8; 8],
    received: u32,
}

/// What the image that runs is: its successor must be of the same kind and newer.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Its board.
    pub kind: BoardKind,
    /// Its version.
    pub version: [u8; 3],
    /// Bytes of the slot that an image may use.
    pub room: u32,
}

/// The updates of a board whose second slot is `S` and whose journal is `J`.
#[derive(Debug)]
pub struct Updater<S, J> {
    staged: S,
    journal: Journal<J>,
    running: Running,
    transfer: Option<Transfer>,
}

impl<S: NorFlash, J: NorFlash> Updater<S, J> {
    /// Reads the journal. `running` is what the first slot holds.
    pub fn new(staged: S, journal: J, running: Running) -> Self {
        Self {
            staged,
            journal: Journal::open(journal),
            running,
            transfer: None,
        }
    }

    fn is_taken(&self) -> bool {
        self.is_staged() || self.is_trial()
    }

    /// Takes a piece that continues the image; says how long the image is now.
    fn take(&mut self, transfer: Transfer, data: &[u8]) -> Result<u32, UpdateFault> {
        let at = transfer.received;
        let length = u32::try_from(data.len()).map_err(|_| UpdateFault::Length)?;
        let page = u32::try_from(S::ERASE_SIZE).map_err(|_| UpdateFault::Flash)?;
        let end = at.checked_add(length).ok_or(UpdateFault::Length)?;
        let in_page = at % page;
        if length == 0
            || !length.is_multiple_of(4)
            || end > transfer.image_bytes
            || in_page + length > page
        {
            return Err(UpdateFault::Length);
        }
        if at == 0 {
            self.judge(transfer.image_bytes, data)?;
        }
        if in_page == 0 {
            // A page at a time, so that no answer waits for more than one erasure.
            self.staged
                .erase(at, at + page)
                .map_err(|_| UpdateFault::Flash)?;
        }
        self.write(at, data)?;
        Ok(end)
    }

    /// Refuses early what the boot loader would refuse anyway.
    fn judge(&self, image_bytes: u32, first: &[u8]) -> Result<(), UpdateFault> {
        if first.len() < HEADER_BYTES + SIGNATURE_BYTES {
            return Err(UpdateFault::NotAnImage);
        }
        let header = first.first_chunk().and_then(Header::read);
        let header = header.ok_or(UpdateFault::NotAnImage)?;
        let Running {
            kind,
            version,
            room,
        } = self.running;
        fits(&header, room, kind)?;
        if header.image_bytes() != image_bytes {
            return Err(UpdateFault::Length);
        }
        (header.version > version)
            .then_some(())
            .ok_or(UpdateFault::NotNewer)
    }

    fn write(&mut self, at: u32, data: &[u8]) -> Result<(), UpdateFault> {
        let mut written = [0; CHUNK_BYTES_MAX];
        let written = written.get_mut(..data.len()).ok_or(UpdateFault::Length)?;
        let whole = self.staged.write(at, data).is_ok()
            && self.staged.read(at, written).is_ok()
            && written == data;
        whole.then_some(()).ok_or(UpdateFault::Flash)
    }
}

impl<S: NorFlash, J: NorFlash> Updates for Updater<S, J> {
    fn begin(&mut self, image_bytes: u32, name: [u8; 8]) -> Reply {
        if self.is_taken() {
            return Reply::Error(Fault::Busy);
        }
        let same = self
            .transfer
            .filter(|it| it.image_bytes == image_bytes && it.name == name);
        self.transfer = Some(same.unwrap_or(Transfer {
            image_bytes,
            name,
            received: 0,
        }));
        self.status()
    }

    fn chunk(&mut self, offset: u32, data: &[u8]) -> Reply {
        let Some(transfer) = self.transfer else {
            return Reply::UpdateRefused(UpdateFault::Incomplete);
        };
        if offset != transfer.received {
            // It came before, or one before it is missing: the answer says where to go on.
            return self.status();
        }
        match self.take(transfer, data) {
            Ok(received) => {
                self.transfer = Some(Transfer {
                    received,
                    ..transfer
                });
                self.status()
            }
            Err(fault) => {
                self.transfer = None;
                Reply::UpdateRefused(fault)
            }
        }
    }

    fn commit(&mut self) -> Reply {
        if self.is_taken() {
            return self.status();
        }
        let whole = self
            .transfer
            .is_some_and(|it| it.image_bytes > 0 && it.received == it.image_bytes);
        if !whole {
            return Reply::UpdateRefused(UpdateFault::Incomplete);
        }
        if !self.journal.enter(Phase::Staged) {
            return Reply::UpdateRefused(UpdateFault::Flash);
        }
        self.status()
    }

    fn status(&self) -> Reply {
        let phase = match (self.journal.phase(), self.transfer) {
            // Between these the program does not run.
            (Phase::Staged | Phase::Swapping(_) | Phase::Swapped | Phase::Reverting(_), _) => {
                UpdatePhase::Staged
            }
            (Phase::Tried, _) => UpdatePhase::Trial,
            (_, Some(_)) => UpdatePhase::Receiving,
            (Phase::Idle, None) => UpdatePhase::Idle,
            (Phase::Confirmed, None) => UpdatePhase::Confirmed,
            (Phase::RolledBack, None) => UpdatePhase::RolledBack,
            (Phase::Refused(fault), None) => UpdatePhase::Refused(fault),
        };
        Reply::Update(UpdateStatus {
            phase,
            received: self.transfer.map_or(0, |it| it.received),
        })
    }

    fn is_staged(&self) -> bool {
        self.journal.phase() == Phase::Staged
    }

    fn is_trial(&self) -> bool {
        self.journal.phase() == Phase::Tried
    }

    fn confirm(&mut self) {
        if self.is_trial() {
            // If the flash does not take it, the trial goes on and is tried again.
            self.journal.enter(Phase::Confirmed);
        }
    }
}
