//! What the STM32F103 needs beyond its HAL, and every `unsafe` of this image.

use cortex_m::peripheral::NVIC;
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use firmware_protocol::ResetCause;
use gate_common::WATCHDOG_MS;
use gate_layout::{PAGE_BYTES, STM32F103};
use stm32f1xx_hal::flash::{FlashSize, FlashWriter, Parts, SectorSize};
use stm32f1xx_hal::pac;
use stm32f1xx_hal::prelude::*;
use stm32f1xx_hal::watchdog::IndependentWatchdog;

/// What images for this board are called.
pub const KIND: &str = "stm32f103";
/// Wires of the Wiegand readers among the external interrupts 5 to 9.
const CARD_WIRES: u32 = 0b1111 << 6;

/// Why the chip started; clears the marks for the next time.
pub fn reset_cause(rcc: &pac::RCC) -> ResetCause {
    let marks = rcc.csr().read();
    let cause = if marks.iwdgrstf().bit_is_set() {
        ResetCause::Watchdog
    } else if marks.sftrstf().bit_is_set() {
        ResetCause::Software
    } else if marks.porrstf().bit_is_set() {
        ResetCause::PowerOn
    } else {
        ResetCause::Unknown
    };
    rcc.csr().modify(|_, w| w.rmvf().set_bit());
    cause
}

/// Allows the interrupts of line and readers. Call it once everything that they use is set up.
pub fn unmask() {
    // SAFETY: no critical section of this image relies on these interrupts being masked.
    unsafe {
        NVIC::unmask(pac::Interrupt::USART1);
        NVIC::unmask(pac::Interrupt::EXTI9_5);
    }
}

/// Card wires whose edge came, the street side's zero lowest; clears them.
pub fn take_card_edges() -> u32 {
    // SAFETY: this register is written by the interrupt of these lines only, and a 1 clears one mark alone.
    let pending = unsafe { (*pac::EXTI::ptr()).pr() };
    let wires = pending.read().bits() & CARD_WIRES;
    // SAFETY: as above.
    pending.write(|w| unsafe { w.bits(wires) });
    wires >> 6
}

/// The independent watchdog, which has a clock of its own.
pub struct Watchdog(IndependentWatchdog);

impl Watchdog {
    /// Starts it; once started it stops with the next reset only.
    pub fn start(registers: pac::IWDG) -> Self {
        let mut watchdog = IndependentWatchdog::new(registers);
        watchdog.start(WATCHDOG_MS.millis());
        Self(watchdog)
    }
}

impl firmware_logic::Watchdog for Watchdog {
    fn feed(&mut self) {
        self.0.feed();
    }
}

/// The flash as a whole, of a chip with 64 KiB.
pub struct Flash<'a>(FlashWriter<'a>);

impl<'a> Flash<'a> {
    /// Takes the flash.
    pub fn new(parts: &'a mut Parts) -> Self {
        Self(parts.writer(SectorSize::Sz1K, FlashSize::Sz64K))
    }
}

impl FlashErrorType for Flash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let from = self.0.read(offset, bytes.len());
        bytes.copy_from_slice(from.map_err(|_| NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        STM32F103.bytes() as usize
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = 2;
    const ERASE_SIZE: usize = PAGE_BYTES as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let erased = self.0.erase(from, to.saturating_sub(from) as usize);
        erased.map_err(|_| NorFlashErrorKind::Other)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let written = self.0.write(offset, bytes);
        written.map_err(|_| NorFlashErrorKind::Other)
    }
}
