//! The boot loader: finishes an update that is under way, then starts the program in the first slot
//! under the watchdog.

use core::cell::RefCell;
use cortex_m::peripheral::SCB;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use firmware_update::{BoardKind, Loader, TrustedKey, header};
use gate_layout::FlashMap;

use crate::slots::part;

/// Where the key stands in the factory's page.
const KEY_AT: u32 = 32;

/// Runs the boot loader of a board of this kind. `start_watchdog` is called before the program runs.
pub fn boot(flash: impl NorFlash, map: &FlashMap, kind: &str, start_watchdog: impl FnOnce()) -> ! {
    let flash = RefCell::new(flash);
    let part = |place| part(&flash, place);
    let mut key = [0; 40];
    let key = part(map.factory())
        .read(KEY_AT, &mut key)
        .ok()
        .and_then(|()| TrustedKey::read(&key));
    let slots = (part(map.active()), part(map.staged()));
    let mut loader = Loader::new(slots, part(map.journal()), BoardKind::named(kind), key);
    if loader.run().is_err() {
        SCB::sys_reset();
    }
    while header(&mut part(map.active())).is_none() {
        // Nobody has put a program here yet.
        cortex_m::asm::wfi();
    }
    start_watchdog();
    start_program(map.program_at())
}

/// Leaves the boot loader for the program whose vector table stands at `vectors`.
fn start_program(vectors: u32) -> ! {
    // SAFETY: the vector table of an image with a header stands there, and nothing of the boot loader is used after this.
    unsafe {
        (*SCB::PTR).vtor.write(vectors);
        cortex_m::asm::bootload(vectors as *const u32)
    }
}
