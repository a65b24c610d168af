//! What build scripts tell the linker.

extern crate std;

use std::{env, format, fs, path::PathBuf, println, string::String};

use crate::flash::{FlashMap, HEAD_BYTES, LM3S6965_FACTORY_AT};
use crate::ram::{
    BOOT_RAM_BYTES, BOOT_STACK_AT, LM3S6965_RAM_BYTES, RAM_AT, RAM_BYTES, STACK_BYTES,
};

/// Who names the handlers of a chip's interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handlers {
    /// The chip's vector table itself.
    InTable,
    /// The script `device.x` of the chip's library.
    InLibrary,
}

/// Where a region begins, and where it ends.
type Region = (u32, u32);

/// The program of the LM3S6965, which has its flash to itself.
pub fn link_program_alone(bin: &str) {
    let flash = (0, LM3S6965_FACTORY_AT);
    program(bin, flash, RAM_AT + LM3S6965_RAM_BYTES, Handlers::InTable);
}

/// A program in the first slot, behind its header.
pub fn link_program(bin: &str, map: &FlashMap, handlers: Handlers) {
    let at = map.program_at();
    let flash = (at, at + map.active().1 - HEAD_BYTES);
    program(bin, flash, RAM_AT + RAM_BYTES - BOOT_RAM_BYTES, handlers);
}

/// A boot loader.
pub fn link_boot_loader(bin: &str, map: &FlashMap, handlers: Handlers) {
    let flash = (map.boot_at, map.boot_at + FlashMap::BOOT_BYTES);
    let ram = RAM_AT + RAM_BYTES - BOOT_RAM_BYTES;
    let regions = [flash, (BOOT_STACK_AT, ram), (ram, ram + BOOT_RAM_BYTES)];
    link(bin, regions, handlers);
}

fn program(bin: &str, flash: Region, ram_end: u32, handlers: Handlers) {
    let variables = RAM_AT + STACK_BYTES;
    let regions = [flash, (RAM_AT, variables), (variables, ram_end)];
    link(bin, regions, handlers);
}

/// Flash, stack and RAM of a binary.
fn link(bin: &str, regions: [Region; 3], handlers: Handlers) {
    let mut memory = String::from("MEMORY\n{\n");
    for (name, (from, to)) in ["FLASH", "STACK", "RAM"].into_iter().zip(regions) {
        let line = format!("  {name} : ORIGIN = {from:#x}, LENGTH = {}\n", to - from);
        memory.push_str(&line);
    }
    memory.push_str(
        "}\n_stack_start = ORIGIN(STACK) + LENGTH(STACK);\n_stack_end = ORIGIN(STACK);\n",
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let folder = out.join(bin);
    fs::create_dir_all(&folder).expect("a folder of its own");
    fs::write(folder.join("memory.x"), memory).expect("memory.x");
    if handlers == Handlers::InTable {
        fs::write(folder.join("device.x"), "").expect("device.x");
    }
    let folder = format!("-L{}", folder.display());
    for argument in [&folder, "--nmagic", "-Tlink.x"] {
        println!("cargo:rustc-link-arg-bin={bin}={argument}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
