//! How far an update is, as a record that outlives the power.

use crate::record_pages::RecordPages;
use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::UpdateFault;

/// Length of a record in bytes.
pub const RECORD_BYTES: usize = 16;

const MARK: [u8; 4] = *b"MWU1";

/// How far an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// There was none.
    Idle,
    /// A whole image waits in the second slot for the boot loader's judgement.
    Staged,
    /// The boot loader exchanges the slots; so many pages were copied.
    Swapping(u16),
    /// The slots are exchanged and the new image has not been started yet.
    Swapped,
    /// The new image was started. If the boot loader reads this, it did not prove itself.
    Tried,
    /// The new image has proved itself.
    Confirmed,
    /// The boot loader exchanges the slots back; so many pages were copied.
    Reverting(u16),
    /// The old image is back.
    RolledBack,
    /// The boot loader did not take the image.
    Refused(UpdateFault),
}

impl Phase {
    /// Phase, fault, pages: least byte first.
    fn write(self) -> [u8; 4] {
        let (phase, fault, pages) = match self {
            Self::Idle => (0, 0, 0),
            Self::Staged => (1, 0, 0),
            Self::Swapping(pages) => (2, 0, pages),
            Self::Swapped => (3, 0, 0),
            Self::Tried => (4, 0, 0),
            Self::Confirmed => (5, 0, 0),
            Self::Reverting(pages) => (6, 0, pages),
            Self::RolledBack => (7, 0, 0),
            Self::Refused(fault) => (8, fault_number(fault), 0),
        };
        let [low, high] = pages.to_le_bytes();
        [phase, fault, low, high]
    }

    fn read([phase, fault, low, high]: [u8; 4]) -> Option<Self> {
        let pages = u16::from_le_bytes([low, high]);
        Some(match phase {
            0 => Self::Idle,
            1 => Self::Staged,
            2 => Self::Swapping(pages),
            3 => Self::Swapped,
            4 => Self::Tried,
            5 => Self::Confirmed,
            6 => Self::Reverting(pages),
            7 => Self::RolledBack,
            8 => Self::Refused(FAULTS.into_iter().find(|it| fault_number(*it) == fault)?),
            _ => return None,
        })
    }
}

const FAULTS: [UpdateFault; 9] = [
    UpdateFault::NotAnImage,
    UpdateFault::OtherBoard,
    UpdateFault::NotNewer,
    UpdateFault::Length,
    UpdateFault::Incomplete,
    UpdateFault::Digest,
    UpdateFault::Signature,
    UpdateFault::NoKey,
    UpdateFault::Flash,
];

const fn fault_number(fault: UpdateFault) -> u8 {
    match fault {
        UpdateFault::NotAnImage => 0,
        UpdateFault::OtherBoard => 1,
        UpdateFault::NotNewer => 2,
        UpdateFault::Length => 3,
        UpdateFault::Incomplete => 4,
        UpdateFault::Digest => 5,
        UpdateFault::Signature => 6,
        UpdateFault::NoKey => 7,
        UpdateFault::Flash => 8,
    }
}

/// The journal of one board: a flash of exactly two pages.
#[derive(Debug)]
pub struct Journal<F> {
    pages: RecordPages<F, RECORD_BYTES>,
    phase: Phase,
}

impl<F: NorFlash> Journal<F> {
    /// Finds how far the last update is. A record of a later firmware counts as none.
    pub fn open(flash: F) -> Self {
        let (pages, newest) = RecordPages::open(flash, MARK);
        let phase = newest.and_then(|content| Phase::read(*content.first_chunk()?));
        Self {
            pages,
            phase: phase.unwrap_or(Phase::Idle),
        }
    }

    /// How far it is.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Writes down a step; true if it stands there now.
    pub fn enter(&mut self, phase: Phase) -> bool {
        let written = self.pages.append(&phase.write());
        if written {
            self.phase = phase;
        }
        written
    }
}
