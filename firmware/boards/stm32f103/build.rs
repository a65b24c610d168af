//! Memory map and linker arguments. The stack has a region of its own below all variables, so that
//! one which grows too far leaves RAM and faults instead of overwriting the board's state.

use std::{env, fs, path::PathBuf};

const MEMORY: &str = "
MEMORY
{
  FLASH : ORIGIN = 0x08000000, LENGTH = 61K
  STACK : ORIGIN = 0x20000000, LENGTH = 6K
  RAM   : ORIGIN = 0x20001800, LENGTH = 14K
}
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
_stack_end = ORIGIN(STACK);
";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("memory.x"), MEMORY).expect("memory.x");
    println!("cargo:rustc-link-search={}", out.display());
    for argument in ["--nmagic", "-Tlink.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
