//! Registers of Arm's MPS2 with the FPGA image AN385, as `qemu-system-arm -M mps2-an385` models it,
//! and every `unsafe` of its program and of its boot loader.
//!
//! The chip has no flash that a program could write; its RAM at [`MPS2AN385`] stands for one here. A
//! simulator keeps that RAM in a file, so it outlives the power as a flash does. [`Flash`] erases
//! and programs it as a flash would: a page to ones, words to zeros only.
use core::convert::Infallible;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use gate_common::{Line, Registers};
use gate_layout::{MPS2AN385, PAGE_BYTES};

/// The core's clock in Hz.
pub const CLOCK_HZ: u32 = 25_000_000;

/// What images for this board are called.
pub const KIND: &str = "mps2an385";

const FLASH_BYTES: usize = MPS2AN385.bytes() as usize;

const fn registers(at: usize) -> Registers {
    // SAFETY: only the constants below call this; each is the address of a peripheral in the application note's memory map.
    unsafe { Registers::at(at) }
}

/// The watchdog.
pub const WATCHDOG: Registers = registers(0x4000_8000);
const UART: Registers = registers(0x4000_4000);
const BOARD: Registers = registers(0x4002_8000);

fn read(at: usize) -> u32 {
    // SAFETY: only aligned addresses of the RAM that stands for flash come here, of which Rust knows nothing.
    unsafe { (at as *const u32).read_volatile() }
}

fn write(at: usize, value: u32) {
    // SAFETY: as above; nothing that runs now is executed from the parts that are written.
    unsafe { (at as *mut u32).write_volatile(value) }
}

/// The interrupt in use.
#[derive(Clone, Copy)]
struct LineIrq;

// SAFETY: 0 is the receiver of UART 0 in the application note's table of interrupts.
unsafe impl InterruptNumber for LineIrq {
    fn number(self) -> u16 {
        0
    }
}

/// One entry of the vector table.
#[repr(transparent)]
pub struct Vector(extern "C" fn());

/// The line has a byte: the loop takes it, this only wakes the loop.
extern "C" fn on_line() {
    UART.write(0x0C, 0b10);
}

/// The part of the vector table that belongs to the chip.
// SAFETY: the linker script places it where the core looks for it.
#[unsafe(link_section = ".vector_table.interrupts")]
// SAFETY: cortex-m-rt asks for exactly this name.
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [Vector; 1] = [Vector(on_line)];

/// Allows the interrupt. Call it once everything that it uses is set up.
pub fn unmask() {
    // SAFETY: no critical section relies on this interrupt being masked.
    unsafe { NVIC::unmask(LineIrq) }
}

/// One bit of a register: a lamp or a button of the board.
pub struct Pin {
    register: usize,
    bit: u32,
}

impl Pin {
    /// One of the two user lamps: they stand for the relays.
    pub fn lamp(number: u8) -> Self {
        Self {
            register: 0x00,
            bit: 1 << number,
        }
    }

    /// An output that nobody sees: a bit of the board's control register.
    pub fn unseen(number: u8) -> Self {
        Self {
            register: 0x4C,
            bit: 1 << number,
        }
    }

    /// A button; those above the second one are never pressed.
    pub fn button(number: u8) -> Self {
        Self {
            register: 0x08,
            bit: 1 << number,
        }
    }
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        BOARD.clear(self.register, self.bit);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        BOARD.set(self.register, self.bit);
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(BOARD.read(self.register) & self.bit != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// The line: a UART that holds one byte each way.
pub struct SerialLine(());

impl SerialLine {
    /// Sets the line up: 8 data bits, no parity, one stop bit.
    pub fn new(baud: u32) -> Self {
        UART.write(0x10, CLOCK_HZ / baud);
        UART.write(0x08, 0b1011);
        Self(())
    }
}

impl Line for SerialLine {
    fn receive(&mut self) -> Option<u8> {
        (UART.read(0x04) & 0b10 != 0).then(|| UART.read(0) as u8)
    }

    fn has_room(&self) -> bool {
        UART.read(0x04) & 0b01 == 0
    }

    fn send(&mut self, byte: u8) {
        UART.write(0, byte.into());
    }

    /// The line has no driver to turn off.
    fn finish(&mut self) {}
}

/// The flash as a whole.
pub struct Flash(());

impl Flash {
    /// There is one; make one.
    pub fn new() -> Self {
        Self(())
    }
}

impl Default for Flash {
    fn default() -> Self {
        Self::new()
    }
}

fn place(offset: u32, length: usize) -> Result<usize, NorFlashErrorKind> {
    let end = (offset as usize).saturating_add(length);
    if !offset.is_multiple_of(4) || !length.is_multiple_of(4) {
        return Err(NorFlashErrorKind::NotAligned);
    }
    if end > FLASH_BYTES {
        return Err(NorFlashErrorKind::OutOfBounds);
    }
    Ok(MPS2AN385.at as usize + offset as usize)
}

impl FlashErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let at = place(offset, bytes.len())?;
        for (index, word) in bytes.chunks_exact_mut(4).enumerate() {
            word.copy_from_slice(&read(at + index * 4).to_le_bytes());
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        FLASH_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_BYTES as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.saturating_sub(from) as usize;
        let at = place(from, length)?;
        for word in (at..at + length).step_by(4) {
            write(word, u32::MAX);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let at = place(offset, bytes.len())?;
        for (index, word) in bytes.chunks_exact(4).enumerate() {
            let word = word.try_into().map_or(u32::MAX, u32::from_le_bytes);
            let cell = at + index * 4;
            // Programming clears bits and sets none.
            write(cell, read(cell) & word);
        }
        Ok(())
    }
}
