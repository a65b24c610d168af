//! A NOR flash whose power goes after so many steps: a word written, or a quarter of a page erased.
//! What the cut interrupts is left torn: some of its bits have changed and some have not.

use core::ops::Range;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

pub(crate) const PAGE: usize = 256;

#[derive(Debug)]
pub(crate) struct Flash {
    pub(crate) bytes: Vec<u8>,
    left: usize,
    spent: usize,
    dead: bool,
    noise: u32,
    /// Where words that are written do not stay.
    pub(crate) worn: Range<usize>,
}

impl Flash {
    pub(crate) fn erased(pages: usize) -> Self {
        Self {
            bytes: vec![0xff; pages * PAGE],
            left: usize::MAX,
            spent: 0,
            dead: false,
            noise: 0x9e37_79b9,
            worn: 0..0,
        }
    }

    /// Gives power for so many steps.
    pub(crate) fn power_for(&mut self, steps: usize) {
        self.left = steps;
        self.dead = false;
        self.noise ^= u32::try_from(steps & 0xffff).unwrap() << 7;
    }

    /// Steps since the flash was made.
    pub(crate) fn spent(&self) -> usize {
        self.spent
    }

    fn random(&mut self) -> u8 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 17;
        self.noise ^= self.noise << 5;
        self.noise.to_le_bytes()[1]
    }

    /// Whether the power lasts for this step; false once, for the step that is torn.
    fn step(&mut self) -> Result<bool, NorFlashErrorKind> {
        if self.dead {
            return Err(NorFlashErrorKind::Other);
        }
        self.spent += 1;
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.dead = true,
        }
        Ok(!self.dead)
    }
}

fn place(offset: u32) -> usize {
    usize::try_from(offset).unwrap()
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        if self.dead {
            return Err(NorFlashErrorKind::Other);
        }
        let at = place(offset);
        bytes.copy_from_slice(&self.bytes[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        assert!(place(from).is_multiple_of(PAGE) && place(to).is_multiple_of(PAGE));
        for quarter in (place(from)..place(to)).step_by(PAGE / 4) {
            let whole = self.step()?;
            for at in quarter..quarter + PAGE / 4 {
                self.bytes[at] |= if whole { 0xff } else { self.random() };
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        for (index, word) in bytes.chunks(4).enumerate() {
            let whole = self.step()?;
            let at = place(offset) + index * 4;
            assert_eq!(
                self.bytes[at..at + 4],
                [0xff; 4],
                "written at {at} without erasing"
            );
            if self.worn.contains(&at) {
                continue;
            }
            for (byte, at) in word.iter().zip(at..) {
                self.bytes[at] &= if whole { *byte } else { byte | self.random() };
            }
        }
        if self.dead {
            return Err(NorFlashErrorKind::Other);
        }
        Ok(())
    }
}
