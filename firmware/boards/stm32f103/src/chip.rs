//! What the STM32F103 needs beyond its HAL, and every `unsafe` of this image.

use core::convert::Infallible;
use core::mem::MaybeUninit;
use cortex_m::peripheral::NVIC;
use embedded_hal::digital::{ErrorType, InputPin};
use embedded_storage::nor_flash::{
    ErrorType as FlashErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash,
};
use firmware_logic::memory::WarmStarts;
use firmware_protocol::ResetCause;
use stm32f1xx_hal::flash::{FlashSize, FlashWriter, Parts, SectorSize};
use stm32f1xx_hal::gpio::{ErasedPin, Input, PullUp};
use stm32f1xx_hal::pac;
use stm32f1xx_hal::watchdog::IndependentWatchdog;

/// Page with the factory's data, from the start of flash; two pages of memory follow.
const FACTORY_AT: u32 = 61 * 1024;
const MEMORY_AT: u32 = 62 * 1024;
const PAGE_BYTES: usize = 1024;
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

/// Counts starts that kept the RAM.
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

/// A contact to ground with a pull-up: closed is active.
pub struct Contact(pub ErasedPin<Input<PullUp>>);

impl ErrorType for Contact {
    type Error = Infallible;
}

impl InputPin for Contact {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_low())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.is_high())
    }
}

/// The independent watchdog, which has a clock of its own.
pub struct Watchdog(pub IndependentWatchdog);

impl firmware_logic::Watchdog for Watchdog {
    fn feed(&mut self) {
        self.0.feed();
    }
}

/// The last pages of flash.
pub struct Flash<'a>(FlashWriter<'a>);

impl<'a> Flash<'a> {
    /// Takes the flash of a chip with 64 KiB.
    pub fn new(parts: &'a mut Parts) -> Self {
        Self(parts.writer(SectorSize::Sz1K, FlashSize::Sz64K))
    }

    /// What the factory wrote.
    pub fn factory_page(&self) -> [u8; 20] {
        let page = self.0.read(FACTORY_AT, 20);
        page.ok()
            .and_then(|bytes| bytes.try_into().ok())
            .unwrap_or([0; 20])
    }
}

impl FlashErrorType for Flash<'_> {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash<'_> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let from = self.0.read(MEMORY_AT + offset, bytes.len());
        bytes.copy_from_slice(from.map_err(|_| NorFlashErrorKind::OutOfBounds)?);
        Ok(())
    }

    fn capacity(&self) -> usize {
        2 * PAGE_BYTES
    }
}

impl NorFlash for Flash<'_> {
    const WRITE_SIZE: usize = 2;
    const ERASE_SIZE: usize = PAGE_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.saturating_sub(from) as usize;
        let erased = self.0.erase(MEMORY_AT + from, length);
        erased.map_err(|_| NorFlashErrorKind::Other)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        let written = self.0.write(MEMORY_AT + offset, bytes);
        written.map_err(|_| NorFlashErrorKind::Other)
    }
}
