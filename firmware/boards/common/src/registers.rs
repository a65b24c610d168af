//! Registers of a peripheral.

/// The registers of one peripheral: 4 KiB of addresses.
#[derive(Clone, Copy, Debug)]
pub struct Registers(usize);

impl Registers {
    /// The registers that begin at `at`.
    ///
    /// # Safety
    /// `at` must be a multiple of 4 KiB, and the 4 KiB from there a peripheral's: no memory that Rust
    /// knows, and reading or writing it changes none.
    pub const unsafe fn at(at: usize) -> Self {
        Self(at)
    }

    const fn place(self, offset: usize) -> usize {
        self.0 | offset & 0xFFC
    }

    /// Reads the register at an offset below 4 KiB.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: `at` was promised to begin 4 KiB of registers, and this is an aligned word of them.
        unsafe { (self.place(offset) as *const u32).read_volatile() }
    }

    /// Writes the register at an offset below 4 KiB.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: as above.
        unsafe { (self.place(offset) as *mut u32).write_volatile(value) }
    }

    /// Sets bits of a register.
    pub fn set(self, offset: usize, bits: u32) {
        self.write(offset, self.read(offset) | bits);
    }

    /// Clears bits of a register.
    pub fn clear(self, offset: usize, bits: u32) {
        self.write(offset, self.read(offset) & !bits);
    }
}
