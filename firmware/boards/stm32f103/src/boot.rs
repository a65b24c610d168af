//! The boot loader on ST's STM32F103C8 and its relatives; it builds, and has not met silicon.
//!
//! It leaves the clocks as a reset makes them, 8 MHz from inside the chip, so that the program finds
//! them so: a signature takes some seconds there, once for each update.
#![no_std]
#![no_main]

use cortex_m::peripheral::SCB;
use gate_common::boot;
use gate_layout::STM32F103;
use stm32f1xx_hal::pac;
use stm32f1xx_hal::prelude::*;
use stm32f103::{Flash, KIND, Watchdog};

#[cortex_m_rt::entry]
fn main() -> ! {
    // They exist once, at the start; without them there is nothing to do but start again.
    let Some(chip) = pac::Peripherals::take() else {
        SCB::sys_reset()
    };
    let mut parts = chip.FLASH.constrain();
    boot(Flash::new(&mut parts), &STM32F103, KIND, || {
        Watchdog::start(chip.IWDG);
    })
}
