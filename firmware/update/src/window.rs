//! A part of a flash that several users share.

use core::cell::RefCell;
use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

/// A part of a flash, used as a flash of its own. Users of one flash take turns; none holds it
/// longer than one operation.
#[derive(Debug)]
pub struct Window<'a, F> {
    flash: &'a RefCell<F>,
    from: u32,
    bytes: u32,
}

impl<'a, F> Window<'a, F> {
    /// The `bytes` bytes that begin at `from`, both multiples of the flash's page.
    pub const fn new(flash: &'a RefCell<F>, from: u32, bytes: u32) -> Self {
        Self { flash, from, bytes }
    }

    /// Where in the flash the range stands; both ends are offsets in this part.
    fn place(&self, from: u32, to: u32) -> Result<u32, NorFlashErrorKind> {
        (from <= to && to <= self.bytes)
            .then(|| self.from.checked_add(from))
            .flatten()
            .ok_or(NorFlashErrorKind::OutOfBounds)
    }

    fn use_flash<T, E: NorFlashError>(
        &self,
        operation: impl FnOnce(&mut F) -> Result<T, E>,
    ) -> Result<T, NorFlashErrorKind> {
        let mut flash = self
            .flash
            .try_borrow_mut()
            .map_err(|_| NorFlashErrorKind::Other)?;
        operation(&mut flash).map_err(|error| error.kind())
    }
}

fn end(offset: u32, bytes: &[u8]) -> u32 {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    offset.saturating_add(length)
}

impl<F> ErrorType for Window<'_, F> {
    type Error = NorFlashErrorKind;
}

impl<F: ReadNorFlash> ReadNorFlash for Window<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = self.place(offset, end(offset, bytes))?;
        self.use_flash(|flash| flash.read(at, bytes))
    }

    fn capacity(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }
}

impl<F: NorFlash> NorFlash for Window<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let at = self.place(from, to)?;
        self.use_flash(|flash| flash.erase(at, at.saturating_add(to - from)))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let at = self.place(offset, end(offset, bytes))?;
        self.use_flash(|flash| flash.write(at, bytes))
    }
}
