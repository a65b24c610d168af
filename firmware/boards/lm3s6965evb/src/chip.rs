//! Registers of the LM3S6965, and every `unsafe` of this image.

use core::convert::Infallible;
use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::NVIC;
use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use firmware_protocol::ResetCause;
use gate_common::{Line, Registers};
use gate_layout::{LM3S6965_FACTORY_AT, LM3S6965_MEMORY_AT, PAGE_BYTES};

/// The core's clock in Hz.
pub const CLOCK_HZ: u32 = 50_000_000;

// SAFETY: each is the address of a peripheral in the data sheet's memory map.
const fn registers(at: usize) -> Registers {
    // SAFETY: as above; only the constants below call this.
    unsafe { Registers::at(at) }
}

/// Port A: every output.
pub const PORT_A: Port = Port(registers(0x4000_4000));
/// Port B: contacts.
pub const PORT_B: Port = Port(registers(0x4000_5000));
/// Port E: Wiegand inputs.
pub const PORT_E: Port = Port(registers(0x4002_4000));
/// The watchdog.
pub const WATCHDOG: Registers = registers(0x4000_0000);

const UART: Registers = registers(0x4000_C000);
const SYSTEM: Registers = registers(0x400F_E000);
const FLASH_CONTROL: Registers = registers(0x400F_D000);
const FLASH_KEY: u32 = 0xA442_0000;
const MEMORY_BYTES: usize = 2 * PAGE_BYTES as usize;

/// A word of the flash.
fn flash_word(at: u32) -> u32 {
    // SAFETY: only aligned addresses of the flash come here, which may be read at any time.
    unsafe { (at as *const u32).read_volatile() }
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
    gate_common::on_card_edges(PORT_E.take_interrupts());
}

/// The line has a byte: the FIFO keeps it, this only wakes the loop.
extern "C" fn on_line() {
    UART.write(0x38, 0);
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
    let cause = SYSTEM.read(0x5C);
    SYSTEM.write(0x5C, 0);
    // 8 MHz crystal, PLL at 200 MHz, a quarter of it.
    let clock = SYSTEM.read(0x60);
    SYSTEM.write(0x60, (clock & !(1 << 22)) | 1 << 11);
    let plain = clock & !(0xF << 6 | 3 << 4 | 1 | 1 << 13 | 1 << 12 | 0xF << 23);
    SYSTEM.write(0x60, plain | 0xE << 6 | 3 << 23 | 1 << 11);
    while SYSTEM.read(0x50) & 1 << 6 == 0 {}
    let clock = SYSTEM.read(0x60);
    SYSTEM.write(0x60, (clock & !(1 << 11)) | 1 << 22);
    SYSTEM.set(0x100, 1 << 3);
    SYSTEM.set(0x104, 1);
    SYSTEM.set(0x108, 1 | 1 << 1 | 1 << 4);
    match cause {
        bits if bits & 1 << 3 != 0 => ResetCause::Watchdog,
        bits if bits & 1 << 4 != 0 => ResetCause::Software,
        bits if bits & 1 << 2 != 0 => ResetCause::BrownOut,
        bits if bits & 0b11 != 0 => ResetCause::PowerOn,
        _ => ResetCause::Unknown,
    }
}

/// A port of eight pins (PL061).
#[derive(Clone, Copy)]
pub struct Port(Registers);

impl Port {
    /// Makes pins outputs.
    pub fn outputs(self, mask: u32) {
        self.0.set(0x51C, mask);
        self.0.set(0x400, mask);
    }

    /// Makes pins inputs.
    pub fn inputs(self, mask: u32) {
        self.0.set(0x51C, mask);
        self.0.clear(0x400, mask);
    }

    /// Interrupts at falling edges.
    pub fn interrupt_falling(self, mask: u32) {
        for register in [0x404, 0x408, 0x40C] {
            self.0.write(register, 0);
        }
        self.0.write(0x41C, mask);
        self.0.set(0x410, mask);
    }

    /// Pins whose edge came, and clears them.
    pub fn take_interrupts(self) -> u32 {
        let mask = self.0.read(0x418);
        self.0.write(0x41C, mask);
        mask
    }

    /// One pin.
    pub fn pin(self, number: u8) -> Pin {
        Pin {
            port: self.0,
            bit: 1 << number,
        }
    }
}

/// One pin: address bits 9 to 2 of the data register select it, so a write touches no other.
pub struct Pin {
    port: Registers,
    bit: u8,
}

impl Pin {
    fn data(&self) -> usize {
        usize::from(self.bit) << 2
    }
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.port.write(self.data(), 0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.port.write(self.data(), self.bit.into());
        Ok(())
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.port.read(self.data()) != 0)
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        self.is_high().map(|high| !high)
    }
}

/// The line: PL011 with its FIFOs of 16 bytes, and the driver-enable pin of RS-485.
pub struct SerialLine {
    enable: Pin,
    sending: bool,
}

impl SerialLine {
    /// Sets the line up: 8 data bits, no parity, one stop bit.
    pub fn new(baud: u32, enable: Pin) -> Self {
        UART.write(0x30, 0);
        let divisor = (CLOCK_HZ * 4 + baud / 2) / baud;
        UART.write(0x24, divisor / 64);
        UART.write(0x28, divisor % 64);
        UART.write(0x2C, 3 << 5 | 1 << 4);
        UART.write(0x30, 1 << 9 | 1 << 8 | 1);
        let mut line = Self {
            enable,
            sending: false,
        };
        let Ok(()) = line.enable.set_low();
        line
    }

    /// Wakes the loop at the next byte.
    pub fn listen(&self) {
        UART.write(0x38, 1 << 4 | 1 << 6);
    }
}

impl Line for SerialLine {
    fn receive(&mut self) -> Option<u8> {
        (UART.read(0x18) & 1 << 4 == 0).then(|| UART.read(0) as u8)
    }

    fn has_room(&self) -> bool {
        UART.read(0x18) & 1 << 5 == 0
    }

    fn send(&mut self, byte: u8) {
        if !self.sending {
            let Ok(()) = self.enable.set_high();
            self.sending = true;
        }
        UART.write(0, u32::from(byte));
    }

    /// Waits for the last bit: up to 16 bytes, 1.4 ms.
    fn finish(&mut self) {
        if self.sending {
            while UART.read(0x18) & 1 << 3 != 0 {}
            let Ok(()) = self.enable.set_low();
            self.sending = false;
        }
    }
}

/// Copies whole words of the flash.
fn copy(at: u32, bytes: &mut [u8]) {
    for (word, at) in bytes.chunks_exact_mut(4).zip((at..).step_by(4)) {
        word.copy_from_slice(&flash_word(at).to_le_bytes());
    }
}

/// What the factory wrote.
pub fn factory_page() -> [u8; 20] {
    let mut bytes = [0; 20];
    copy(LM3S6965_FACTORY_AT, &mut bytes);
    bytes
}

/// Two pages of flash for settings. QEMU models the flash as read-only: there every writing fails,
/// and [`firmware_logic::memory`] notices when it reads it back.
pub struct Flash(());

impl Flash {
    /// The controller needs the clock to time its pulses.
    pub fn new() -> Self {
        SYSTEM.write(0x140, CLOCK_HZ / 1_000_000 - 1);
        Self(())
    }

    fn command(at: u32, word: Option<u32>) {
        let bit = match word {
            Some(word) => {
                FLASH_CONTROL.write(0x04, word);
                1
            }
            None => 1 << 1,
        };
        FLASH_CONTROL.write(0, at);
        FLASH_CONTROL.write(0x08, FLASH_KEY | bit);
        while FLASH_CONTROL.read(0x08) & bit != 0 {}
    }
}

impl FlashErrorType for Flash {
    type Error = NorFlashErrorKind;
}

/// The address of a place in the two pages.
fn place(offset: u32, length: usize) -> Result<u32, NorFlashErrorKind> {
    let inside = (offset as usize).saturating_add(length) <= MEMORY_BYTES;
    inside
        .then_some(LM3S6965_MEMORY_AT + offset)
        .ok_or(NorFlashErrorKind::OutOfBounds)
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 4;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        copy(place(offset, bytes.len())?, bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        MEMORY_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_BYTES as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let at = place(from, to.saturating_sub(from) as usize)?;
        for page in (at..LM3S6965_MEMORY_AT + to).step_by(Self::ERASE_SIZE) {
            Self::command(page, None);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let at = place(offset, bytes.len())?;
        for (word, at) in bytes.chunks_exact(4).zip((at..).step_by(4)) {
            let word = word.try_into().map_or(u32::MAX, u32::from_le_bytes);
            Self::command(at, Some(word));
        }
        Ok(())
    }
}
