//! RAM. The program's stack has a region of its own below all variables, so that one which grows too
//! far leaves RAM and faults instead of overwriting the board's state. The boot loader's stack, which
//! checking a signature needs, stands above the program's variables, some of which outlive a reset.
#![cfg_attr(not(feature = "link"), expect(dead_code, reason = "for linkers"))]

/// Where RAM begins, on every chip here.
pub const RAM_AT: u32 = 0x2000_0000;

/// The program's stack.
pub const STACK_BYTES: u32 = 6 * 1024;

/// All of the RAM that a board with a boot loader uses.
pub const RAM_BYTES: u32 = 20 * 1024;

/// Where the boot loader's stack begins: above the 2 KiB that a program's variables may have.
pub const BOOT_STACK_AT: u32 = RAM_AT + STACK_BYTES + 2 * 1024;

/// The boot loader's variables, at the end of RAM.
pub const BOOT_RAM_BYTES: u32 = 1024;

/// RAM of an LM3S6965.
pub const LM3S6965_RAM_BYTES: u32 = 64 * 1024;
