//! The boot loader's part of an update: judge the image, exchange the slots, try the new image
//! once, and bring the old one back unless it was confirmed.
//!
//! With N pages in the first slot, the second one has N + 1. Each page that is copied leaves one
//! behind that is free, so both images are there as a whole at every moment, and each step can be
//! done again as long as it was not written down:
//!
//! - exchange, from the last page down: first slot's page i to second slot's page i + 1, then second
//!   slot's page i to first slot's page i;
//! - back, from the first page up: first slot's page i to second slot's page i, then second slot's
//!   page i + 1 to first slot's page i.

use crate::check::{check, header};
use crate::image::{BoardKind, TrustedKey};
use crate::journal::{Journal, Phase};
use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::UpdateFault;

/// Bytes copied at a time.
const PIECE_BYTES: usize = 128;

/// The flash does not take what it is given. Reset, and it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashFailed;

/// How the image in the first slot shall be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It has proved itself, now or long ago.
    Usual,
    /// For the first time: with the watchdog running, so that one that hangs comes back here.
    Trial,
}

/// The boot loader of one board.
#[derive(Debug)]
pub struct Loader<A, S, J> {
    active: A,
    staged: S,
    journal: Journal<J>,
    kind: BoardKind,
    key: Option<TrustedKey>,
}

impl<A: NorFlash, S: NorFlash, J: NorFlash> Loader<A, S, J> {
    /// A boot loader over both slots and the journal; `key` is the one that the factory wrote.
    pub fn new(slots: (A, S), journal: J, kind: BoardKind, key: Option<TrustedKey>) -> Self {
        let (active, staged) = slots;
        Self {
            active,
            staged,
            journal: Journal::open(journal),
            kind,
            key,
        }
    }

    /// Finishes whatever a power cut interrupted, and says how to start. Flash that fails while the
    /// first slot holds a whole image costs the update, or its rollback, but not the gate.
    ///
    /// # Errors
    /// [`FlashFailed`] while the first slot is half an image; nothing is lost by trying again.
    pub fn run(&mut self) -> Result<Start, FlashFailed> {
        let steps = self.pages().saturating_mul(2);
        loop {
            let phase = self.journal.phase();
            let next = match phase {
                Phase::Idle | Phase::Confirmed | Phase::RolledBack | Phase::Refused(_) => {
                    return Ok(Start::Usual);
                }
                Phase::Staged => match self.judge() {
                    Ok(()) => Phase::Swapping(0),
                    Err(fault) => Phase::Refused(fault),
                },
                Phase::Swapping(0) if self.swap(0).is_err() => Phase::Refused(UpdateFault::Flash),
                Phase::Swapping(0) => Phase::Swapping(1),
                Phase::Swapping(done) if done < steps => {
                    self.swap(done)?;
                    Phase::Swapping(done + 1)
                }
                Phase::Swapping(_) => Phase::Swapped,
                Phase::Swapped => {
                    self.enter(Phase::Tried)?;
                    return Ok(Start::Trial);
                }
                Phase::Tried => Phase::Reverting(0),
                Phase::Reverting(done) if done < steps => {
                    self.revert(done)?;
                    Phase::Reverting(done + 1)
                }
                Phase::Reverting(_) => Phase::RolledBack,
            };
            let entered = self.enter(next);
            if entered.is_err()
                && matches!(phase, Phase::Staged | Phase::Swapping(0) | Phase::Tried)
            {
                return Ok(Start::Usual);
            }
            entered?;
        }
    }

    /// Pages of the first slot.
    fn pages(&self) -> u16 {
        u16::try_from(self.active.capacity() / A::ERASE_SIZE).unwrap_or(u16::MAX)
    }

    fn enter(&mut self, phase: Phase) -> Result<(), FlashFailed> {
        self.journal.enter(phase).then_some(()).ok_or(FlashFailed)
    }

    fn judge(&mut self) -> Result<(), UpdateFault> {
        let room = u32::try_from(self.active.capacity()).unwrap_or(0);
        let new = check(&mut self.staged, room, self.kind, self.key)?;
        match header(&mut self.active) {
            Some(old) if new.version <= old.version => Err(UpdateFault::NotNewer),
            _ => Ok(()),
        }
    }

    fn swap(&mut self, done: u16) -> Result<(), FlashFailed> {
        let page = self.pages().saturating_sub(1 + done / 2);
        if done.is_multiple_of(2) {
            copy((&mut self.active, page), (&mut self.staged, page + 1))
        } else {
            copy((&mut self.staged, page), (&mut self.active, page))
        }
    }

    fn revert(&mut self, done: u16) -> Result<(), FlashFailed> {
        let page = done / 2;
        if done.is_multiple_of(2) {
            copy((&mut self.active, page), (&mut self.staged, page))
        } else {
            copy((&mut self.staged, page + 1), (&mut self.active, page))
        }
    }
}

/// Copies a page and reads it back.
fn copy<F: NorFlash, T: NorFlash>(
    (from, from_page): (&mut F, u16),
    (to, to_page): (&mut T, u16),
) -> Result<(), FlashFailed> {
    let page = u32::try_from(T::ERASE_SIZE).map_err(|_| FlashFailed)?;
    let (source, target) = (u32::from(from_page) * page, u32::from(to_page) * page);
    to.erase(target, target + page).map_err(|_| FlashFailed)?;
    let (mut piece, mut written) = ([0; PIECE_BYTES], [0; PIECE_BYTES]);
    for at in (0..page).step_by(PIECE_BYTES) {
        let copied = from.read(source + at, &mut piece).is_ok()
            && to.write(target + at, &piece).is_ok()
            && to.read(target + at, &mut written).is_ok()
            && written == piece;
        if !copied {
            return Err(FlashFailed);
        }
    }
    Ok(())
}
