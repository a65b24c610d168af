//! Memory maps and linker arguments of program and boot loader. The program stands in the first slot
//! behind its header. The boot loader's stack, which checking a signature needs, stands above the
//! program's variables, some of which outlive a reset.

use std::{env, fs, path::PathBuf};

const PROGRAM: &str = "
MEMORY
{
  FLASH : ORIGIN = 0x21000200, LENGTH = 21K - 512
  STACK : ORIGIN = 0x20000000, LENGTH = 6K
  RAM   : ORIGIN = 0x20001800, LENGTH = 13K
}
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
_stack_end = ORIGIN(STACK);
";

const BOOT: &str = "
MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 16K
  STACK : ORIGIN = 0x20002000, LENGTH = 11K
  RAM   : ORIGIN = 0x20004C00, LENGTH = 1K
}
_stack_start = ORIGIN(STACK) + LENGTH(STACK);
_stack_end = ORIGIN(STACK);
";

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    for (bin, memory) in [("gate-mps2an385", PROGRAM), ("boot-mps2an385", BOOT)] {
        let folder = out.join(bin);
        fs::create_dir_all(&folder).expect("a folder of its own");
        fs::write(folder.join("memory.x"), memory).expect("memory.x");
        // The chip's handlers are named in its vector table itself.
        fs::write(folder.join("device.x"), "").expect("device.x");
        let folder = format!("-L{}", folder.display());
        for argument in [&folder, "--nmagic", "-Tlink.x"] {
            println!("cargo:rustc-link-arg-bin={bin}={argument}");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
}
