//! Flash, in pages of 1 KiB.

/// A page, which is erased as a whole.
pub const PAGE_BYTES: u32 = 1024;

/// What stands before the program in its slot.
pub const HEAD_BYTES: u32 = 512;

/// A part of the flash: where it begins, from the flash's own beginning, and its length in bytes.
pub type Part = (u32, u32);

/// The flash of a board with a boot loader.
#[derive(Clone, Copy, Debug)]
pub struct FlashMap {
    /// The flash's address.
    pub at: u32,
    /// The boot loader's address.
    pub boot_at: u32,
    /// Pages before the first slot.
    before: u32,
}

/// Pages of the boot loader.
const BOOT_PAGES: u32 = 16;
const ACTIVE_PAGES: u32 = 21;
const STAGED_PAGES: u32 = ACTIVE_PAGES + 1;

impl FlashMap {
    /// Bytes that a boot loader may have.
    pub const BOOT_BYTES: u32 = BOOT_PAGES * PAGE_BYTES;

    const fn part(&self, from_page: u32, pages: u32) -> Part {
        ((self.before + from_page) * PAGE_BYTES, pages * PAGE_BYTES)
    }

    /// The first slot: the image that runs.
    pub const fn active(&self) -> Part {
        self.part(0, ACTIVE_PAGES)
    }

    /// The second slot: the image that comes, or the one before.
    pub const fn staged(&self) -> Part {
        self.part(ACTIVE_PAGES, STAGED_PAGES)
    }

    /// How far an update is.
    pub const fn journal(&self) -> Part {
        self.part(ACTIVE_PAGES + STAGED_PAGES, 2)
    }

    /// What the factory writes: uid and address, and 32 bytes on the key that the board trusts.
    pub const fn factory(&self) -> Part {
        self.part(ACTIVE_PAGES + STAGED_PAGES + 2, 1)
    }

    /// Settings.
    pub const fn memory(&self) -> Part {
        self.part(ACTIVE_PAGES + STAGED_PAGES + 3, 2)
    }

    /// The flash as a whole.
    pub const fn bytes(&self) -> u32 {
        let (from, bytes) = self.memory();
        from + bytes
    }

    /// The address of the vector table of the program in the first slot.
    pub const fn program_at(&self) -> u32 {
        self.at + self.active().0 + HEAD_BYTES
    }
}

/// The RAM of QEMU's MPS2 that stands for flash; its boot loader stands in a memory of its own.
pub const MPS2AN385: FlashMap = FlashMap {
    at: 0x2100_0000,
    boot_at: 0,
    before: 0,
};

/// An STM32F103 with 64 KiB.
pub const STM32F103: FlashMap = FlashMap {
    at: 0x0800_0000,
    boot_at: 0x0800_0000,
    before: BOOT_PAGES,
};

const _: () = assert!(STM32F103.bytes() == 64 * 1024);

/// What the factory writes into an LM3S6965, which has no boot loader; the program stands below.
pub const LM3S6965_FACTORY_AT: u32 = 253 * PAGE_BYTES;

/// Settings of an LM3S6965: two pages.
pub const LM3S6965_MEMORY_AT: u32 = LM3S6965_FACTORY_AT + PAGE_BYTES;
