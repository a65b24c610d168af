//! Registers of the LM3S6965, and every `unsafe` of this image.

use core::convert::Infallible;
use core::mem::MaybeUninit;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use firmware_logic::Watchdog as _;
use firmware_logic::memory::WarmStarts;
use firmware_protocol::ResetCause;

/// The core's clock in Hz.
pub const CLOCK_HZ: u32 = 50_000_000;

/// Port A: every output.
pub const PORT_A: Port = Port(0x4000_4000);
/// Port B: contacts.
pub const PORT_B: Port = Port(0x4000_5000);
/// Port E: Wiegand inputs.
pub const PORT_E: Port = Port(0x4002_4000);

const UART: usize = 0x4000_C000;
const WATCHDOG: usize = 0x4000_0000;
const SYSTEM: usize = 0x400F_E000;
const FLASH_CONTROL: usize = 0x400F_D000;
const WATCHDOG_KEY: u32 = 0x1ACC_E551;
const FLASH_KEY: u32 = 0xA442_0000;

/// Page with the factory's data; two pages of the board's memory follow.
const FACTORY_AT: usize = 0x0003_F400;
const MEMORY_AT: usize = 0x0003_F800;
const PAGE_BYTES: usize = 1024;

fn read(at: usize) -> u32 {
    // SAFETY: only addresses of this chip's registers and flash come here, all aligned; reading them has no effect on memory.
    unsafe { (at as *const u32).read_volatile() }
}

fn write(at: usize, value: u32) {
    // SAFETY: only addresses of this chip's registers come here, all aligned; none of them is memory that Rust knows.
    unsafe { (at as *mut u32).write_volatile(value) }
}

fn set(at: usize, bits: u32) {
    write(at, read(at) | bits);
}

/// Interrupts in use.
#[derive(Clone, Copy)]
#[repr(u16)]
enum Irq {
    PortE = 4,
    Uart = 5,
}

// SAFETY: the numbers are those of the data sheet's table of interrupts.
unsafe impl InterruptNumber for Irq {
    fn number(self) -> u16 {
        self as u16
    }
}

/// One entry of the vector table.
#[repr(transparent)]
pub struct Vector(unsafe extern "C" fn());

// SAFETY: cortex-m-rt defines it.
unsafe extern "C" {
    fn DefaultHandler();
}

/// Falling edges on Wiegand wires.
extern "C" fn on_port_e() {
    crate::on_card_edges(PORT_E.take_interrupts());
}

/// The line has a byte: the FIFO keeps it, this only wakes the loop.
extern "C" fn on_line() {
    write(UART + 0x38, 0);
}

/// The part of the vector table that belongs to the chip.
// SAFETY: the linker script places it where the core looks for it; the order is that of the data sheet.
#[unsafe(link_section = ".vector_table.interrupts")]
// SAFETY: cortex-m-rt asks for exactly this name.
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [Vector; 6] = [
    Vector(DefaultHandler),
    Vector(DefaultHandler),
    Vector(DefaultHandler),
    Vector(DefaultHandler),
    Vector(on_port_e),
    Vector(on_line),
];

/// Allows both interrupts. Call it once everything that they use is set up.
pub fn unmask() {
    // SAFETY: no critical section of this image relies on these interrupts being masked.
    unsafe {
        NVIC::unmask(Irq::PortE);
        NVIC::unmask(Irq::Uart);
    }
}

/// Sets the clock to [`CLOCK_HZ`], powers the peripherals, and says why the chip started.
pub fn start() -> ResetCause {
    let cause = read(SYSTEM + 0x5C);
    write(SYSTEM + 0x5C, 0);
    // 8 MHz crystal, PLL at 200 MHz, a quarter of it.
    let clock = read(SYSTEM + 0x60);
    write(SYSTEM + 0x60, (clock & !(1 << 22)) | 1 << 11);
    let plain = clock & !(0xF << 6 | 3 << 4 | 1 | 1 << 13 | 1 << 12 | 0xF << 23);
    write(SYSTEM + 0x60, plain | 0xE << 6 | 3 << 23 | 1 << 11);
    while read(SYSTEM + 0x50) & 1 << 6 == 0 {}
    let clock = read(SYSTEM + 0x60);
    write(SYSTEM + 0x60, (clock & !(1 << 11)) | 1 << 22);
    set(SYSTEM + 0x100, 1 << 3);
    set(SYSTEM + 0x104, 1);
    set(SYSTEM + 0x108, 1 | 1 << 1 | 1 << 4);
    match cause {
        bits if bits & 1 << 3 != 0 => ResetCause::Watchdog,
        bits if bits & 1 << 4 != 0 => ResetCause::Software,
        bits if bits & 1 << 2 != 0 => ResetCause::BrownOut,
        bits if bits & 0b11 != 0 => ResetCause::PowerOn,
        _ => ResetCause::Unknown,
    }
}

/// Counts starts that kept the RAM: a watchdog's, not a power-on. None at a power-on.
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

/// A port of eight pins (PL061).
#[derive(Clone, Copy)]
pub struct Port(usize);

impl Port {
    /// Makes pins outputs.
    pub fn outputs(self, mask: u32) {
        set(self.0 + 0x51C, mask);
        set(self.0 + 0x400, mask);
    }

    /// Makes pins inputs.
    pub fn inputs(self, mask: u32) {
        set(self.0 + 0x51C, mask);
        write(self.0 + 0x400, read(self.0 + 0x400) & !mask);
    }

    /// Interrupts at falling edges.
    pub fn interrupt_falling(self, mask: u32) {
        for register in [0x404, 0x408, 0x40C] {
            write(self.0 + register, 0);
        }
        write(self.0 + 0x41C, mask);
        set(self.0 + 0x410, mask);
    }

    /// Pins whose edge came, and clears them.
    pub fn take_interrupts(self) -> u32 {
        let mask = read(self.0 + 0x418);
        write(self.0 + 0x41C, mask);
        mask
    }

    /// One pin.
    pub fn pin(self, number: u8) -> Pin {
        Pin {
            at: self.0 + (4 << number),
            bit: 1 << number,
        }
    }
}

/// One pin: address bits 9 to 2 of the data register select it, so a write touches no other.
pub struct Pin {
    at: usize,
    bit: u32,
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        write(self.at, 0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        write(self.at, self.bit);
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(read(self.at) != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// The line: PL011 with its FIFOs of 16 bytes, and the driver-enable pin of RS-485.
pub struct Line {
    enable: Pin,
    sending: bool,
}

impl Line {
    /// Sets the line up: 8 data bits, no parity, one stop bit.
    pub fn new(baud: u32, enable: Pin) -> Self {
        write(UART + 0x30, 0);
        let divisor = (CLOCK_HZ * 4 + baud / 2) / baud;
        write(UART + 0x24, divisor / 64);
        write(UART + 0x28, divisor % 64);
        write(UART + 0x2C, 3 << 5 | 1 << 4);
        write(UART + 0x30, 1 << 9 | 1 << 8 | 1);
        let mut line = Self {
            enable,
            sending: false,
        };
        let Ok(()) = line.enable.set_low();
        line
    }

    /// Wakes the loop at the next byte.
    pub fn listen(&self) {
        write(UART + 0x38, 1 << 4 | 1 << 6);
    }

    /// A byte that has come.
    pub fn receive(&mut self) -> Option<u8> {
        (read(UART + 0x18) & 1 << 4 == 0).then(|| read(UART) as u8)
    }

    /// Whether a byte can be sent without waiting.
    pub fn has_room(&self) -> bool {
        read(UART + 0x18) & 1 << 5 == 0
    }

    /// Sends a byte.
    pub fn send(&mut self, byte: u8) {
        if !self.sending {
            let Ok(()) = self.enable.set_high();
            self.sending = true;
        }
        write(UART, u32::from(byte));
    }

    /// Lets the line go after the last bit: up to 16 bytes, 1.4 ms.
    pub fn finish(&mut self) {
        if self.sending {
            while read(UART + 0x18) & 1 << 3 != 0 {}
            let Ok(()) = self.enable.set_low();
            self.sending = false;
        }
    }
}

/// The watchdog: an interrupt that nobody takes at the first time-out, a reset at the second.
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

/// What the factory wrote.
pub fn factory_page() -> [u8; 20] {
    let mut bytes = [0; 20];
    for (index, word) in bytes.chunks_mut(4).enumerate() {
        word.copy_from_slice(&read(FACTORY_AT + index * 4).to_le_bytes());
    }
    bytes
}

/// Two pages of flash for settings. QEMU models the flash as read-only: there every writing fails,
/// and [`firmware_logic::memory`] notices when it reads it back.
pub struct Flash(());

impl Flash {
    /// The controller needs the clock to time its pulses.
    pub fn new() -> Self {
        write(SYSTEM + 0x140, CLOCK_HZ / 1_000_000 - 1);
        Self(())
    }

    fn command(at: usize, word: Option<u32>) {
        let bit = match word {
            Some(word) => {
                write(FLASH_CONTROL + 0x04, word);
                1
            }
            None => 1 << 1,
        };
        write(FLASH_CONTROL, at as u32);
        write(FLASH_CONTROL + 0x08, FLASH_KEY | bit);
        while read(FLASH_CONTROL + 0x08) & bit != 0 {}
    }
}

impl FlashErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        if offset as usize + bytes.len() > self.capacity() {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for (index, word) in bytes.chunks_exact_mut(4).enumerate() {
            let at = MEMORY_AT + offset as usize + index * 4;
            word.copy_from_slice(&read(at).to_le_bytes());
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        2 * PAGE_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        if to as usize > self.capacity() {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for page in (from..to).step_by(PAGE_BYTES) {
            Self::command(MEMORY_AT + page as usize, None);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        if offset as usize + bytes.len() > self.capacity() {
            return Err(NorFlashErrorKind::OutOfBounds);
        }
        for (index, word) in bytes.chunks_exact(4).enumerate() {
            let word = word.try_into().map_or(u32::MAX, u32::from_le_bytes);
            Self::command(MEMORY_AT + offset as usize + index * 4, Some(word));
        }
        Ok(())
    }
}
