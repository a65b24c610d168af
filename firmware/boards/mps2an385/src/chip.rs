//! Registers of Arm's MPS2 with the FPGA image AN385, as `qemu-system-arm -M mps2-an385` models it,
//! and every `unsafe` of its program and of its boot loader.
//!
//! The chip has no flash that a program could write; its RAM at [`FLASH_AT`] stands for one here. A
//! simulator keeps that RAM in a file, so it outlives the power as a flash does. [`Flash`] erases
//! and programs it as a flash would: a page to ones, words to zeros only.
use core::convert::Infallible;
use core::mem::MaybeUninit;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::{NVIC, SCB};
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use firmware_logic::Watchdog as _;
use firmware_logic::memory::WarmStarts;

/// The core's clock in Hz.
pub const CLOCK_HZ: u32 = 25_000_000;

/// What images for this board are called.
pub const KIND: &str = "mps2an385";

/// Where the flash begins.
pub const FLASH_AT: u32 = 0x2100_0000;

/// A part of the flash: where it begins, and its length in bytes.
pub type Part = (u32, u32);

/// The image that runs.
pub const ACTIVE: Part = (0, 21 * PAGE_BYTES);
/// The image that comes, or the one before.
pub const STAGED: Part = (21 * PAGE_BYTES, 22 * PAGE_BYTES);
/// How far an update is.
pub const JOURNAL: Part = (43 * PAGE_BYTES, 2 * PAGE_BYTES);
/// What the factory writes: uid and address, and 32 bytes on the key that the board trusts.
pub const FACTORY: Part = (45 * PAGE_BYTES, PAGE_BYTES);
/// Settings.
pub const MEMORY: Part = (46 * PAGE_BYTES, 2 * PAGE_BYTES);

const PAGE_BYTES: u32 = 1024;
const FLASH_BYTES: u32 = 48 * PAGE_BYTES;

const UART: usize = 0x4000_4000;
const WATCHDOG: usize = 0x4000_8000;
const BOARD: usize = 0x4002_8000;
const WATCHDOG_KEY: u32 = 0x1ACC_E551;

fn read(at: usize) -> u32 {
    // SAFETY: only addresses of this chip's registers and of its flash come here, all aligned; reading them has no effect on memory.
    unsafe { (at as *const u32).read_volatile() }
}

fn write(at: usize, value: u32) {
    // SAFETY: only addresses of this chip's registers and of its flash come here, all aligned; none of them is memory that Rust knows.
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
    write(UART + 0x0C, 0b10);
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

/// Leaves the boot loader for the program in the first slot.
pub fn start_program() -> ! {
    let vectors = FLASH_AT + ACTIVE.0 + firmware_update::HEAD_BYTES;
    // SAFETY: the vector table of a checked image stands there, and nothing of the boot loader is used after this.
    unsafe {
        (*SCB::PTR).vtor.write(vectors);
        cortex_m::asm::bootload(vectors as *const u32)
    }
}

/// Counts starts that kept the RAM: a watchdog's, not a power-on.
pub fn warm_starts() -> WarmStarts {
    // SAFETY: start-up code neither loads nor clears this section, which cortex-m-rt names.
    #[unsafe(link_section = ".uninit.WARM")]
    static mut WARM: MaybeUninit<[u32; 2]> = MaybeUninit::uninit();
    let place = (&raw mut WARM).cast::<[u32; 2]>();
    // SAFETY: `main` calls this once, and no interrupt touches it; every bit pattern is a number.
    unsafe {
        let (starts, next) = WarmStarts::judge(place.read_volatile());
        place.write_volatile(next);
        starts
    }
}

/// One bit of a register: a lamp or a button of the board.
pub struct Pin {
    at: usize,
    bit: u32,
}

impl Pin {
    /// One of the two user lamps: they stand for the relays.
    pub fn lamp(number: u8) -> Self {
        Self {
            at: BOARD,
            bit: 1 << number,
        }
    }

    /// An output that nobody sees: a bit of the board's control register.
    pub fn unseen(number: u8) -> Self {
        Self {
            at: BOARD + 0x4C,
            bit: 1 << number,
        }
    }

    /// A button; those above the second one are never pressed.
    pub fn button(number: u8) -> Self {
        Self {
            at: BOARD + 0x08,
            bit: 1 << number,
        }
    }
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        write(self.at, read(self.at) & !self.bit);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        write(self.at, read(self.at) | self.bit);
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(read(self.at) & self.bit != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// The line: a UART that holds one byte each way.
pub struct Line(());

impl Line {
    /// Sets the line up: 8 data bits, no parity, one stop bit.
    pub fn new(baud: u32) -> Self {
        write(UART + 0x10, CLOCK_HZ / baud);
        write(UART + 0x08, 0b1011);
        Self(())
    }

    /// A byte that has come.
    pub fn receive(&mut self) -> Option<u8> {
        (read(UART + 0x04) & 0b10 != 0).then(|| read(UART) as u8)
    }

    /// Whether a byte can be sent without waiting.
    pub fn has_room(&self) -> bool {
        read(UART + 0x04) & 0b01 == 0
    }

    /// Sends a byte.
    pub fn send(&mut self, byte: u8) {
        write(UART, byte.into());
    }
}

/// The watchdog: an interrupt that only the handler of faults takes at the first time-out, a reset
/// at the second.
pub struct Watchdog(());

impl Watchdog {
    /// Starts it; a reset follows `ms` after the last feeding.
    pub fn start(ms: u32) -> Self {
        write(WATCHDOG + 0xC00, WATCHDOG_KEY);
        write(WATCHDOG, CLOCK_HZ / 1000 * ms / 2);
        write(WATCHDOG + 0x08, 0b11);
        write(WATCHDOG + 0xC00, 0);
        let mut watchdog = Self(());
        watchdog.feed();
        watchdog
    }
}

impl firmware_logic::Watchdog for Watchdog {
    fn feed(&mut self) {
        write(WATCHDOG + 0xC00, WATCHDOG_KEY);
        write(WATCHDOG + 0x0C, 1);
        write(WATCHDOG + 0xC00, 0);
    }
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
    if end > FLASH_BYTES as usize {
        return Err(NorFlashErrorKind::OutOfBounds);
    }
    Ok(FLASH_AT as usize + offset as usize)
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
        FLASH_BYTES as usize
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
