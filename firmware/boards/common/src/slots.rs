//! The flash of a board with a boot loader, as its program uses it.

use core::cell::RefCell;
use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use firmware_logic::memory::Factory;
use firmware_update::{BoardKind, Running, Updater, Window, header};
use gate_layout::{FlashMap, Part};

const _: () = assert!(gate_layout::HEAD_BYTES == firmware_update::HEAD_BYTES);

/// What a program finds in the flash that it shares with its boot loader.
#[derive(Debug)]
pub struct Slots<'a, F> {
    /// What the factory wrote.
    pub factory: Factory,
    /// Version of the image that runs.
    pub version: [u8; 3],
    /// The place of the settings.
    pub memory: Window<'a, F>,
    /// Takes updates.
    pub updates: Updater<Window<'a, F>, Window<'a, F>>,
}

/// A part of the flash.
pub(crate) fn part<F>(flash: &RefCell<F>, (from, bytes): Part) -> Window<'_, F> {
    Window::new(flash, from, bytes)
}

/// Reads the flash of a board of this kind.
pub fn slots<'a, F: NorFlash>(flash: &'a RefCell<F>, map: &FlashMap, kind: &str) -> Slots<'a, F> {
    let mut factory = [0; 20];
    // A page that cannot be read is an empty one.
    part(flash, map.factory()).read(0, &mut factory).ok();
    let version = header(&mut part(flash, map.active())).map_or([0; 3], |it| it.version);
    let running = Running {
        kind: BoardKind::named(kind),
        version,
        room: map.active().1,
    };
    Slots {
        factory: Factory::read(&factory),
        version,
        memory: part(flash, map.memory()),
        updates: Updater::new(
            part(flash, map.staged()),
            part(flash, map.journal()),
            running,
        ),
    }
}
