//! The boot loader on Arm's MPS2 (AN385): finishes an update that is under way, then starts the
//! program in the first slot under the watchdog.
#![no_std]
#![no_main]

use core::cell::RefCell;
use cortex_m::peripheral::SCB;
use embedded_storage::nor_flash::ReadNorFlash;
use firmware_update::{BoardKind, Loader, TrustedKey, Window, header};
use mps2an385::{ACTIVE, FACTORY, Flash, JOURNAL, KIND, Part, STAGED, Watchdog, start_program};

/// Longer than a program needs until it feeds for the first time.
const WATCHDOG_MS: u32 = 800;
/// Where the key stands in the factory's page.
const KEY_AT: u32 = 32;

#[cortex_m_rt::entry]
fn main() -> ! {
    let flash = RefCell::new(Flash::new());
    let part = |(from, bytes): Part| Window::new(&flash, from, bytes);
    let mut key = [0; 40];
    let key = part(FACTORY)
        .read(KEY_AT, &mut key)
        .ok()
        .and_then(|()| TrustedKey::read(&key));
    let slots = (part(ACTIVE), part(STAGED));
    let mut loader = Loader::new(slots, part(JOURNAL), BoardKind::named(KIND), key);
    if loader.run().is_err() {
        SCB::sys_reset();
    }
    while header(&mut part(ACTIVE)).is_none() {
        // Nobody has put a program here yet.
        cortex_m::asm::wfi();
    }
    Watchdog::start(WATCHDOG_MS);
    start_program()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    SCB::sys_reset()
}
