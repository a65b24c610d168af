//! The fuzzer's program: libFuzzer around one target, which `MENWEI_FUZZ_TARGET` names. Its seeds are
//! written into the folder `MENWEI_FUZZ_SEEDS` first. `MENWEI_FUZZ_TARGET=list` prints the targets,
//! each with its longest input. Everything else is libFuzzer's: `fuzz FOLDER… -runs=N`, or
//! `fuzz FILE` for one input.
#![no_main]

use std::path::Path;
use std::process::exit;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use tests_fuzz::{PLANTED, TARGETS, Target};

static TARGET: OnceLock<&Target> = OnceLock::new();

/// A wrong call.
const USAGE: i32 = 2;

fn begin() {
    let name = std::env::var("MENWEI_FUZZ_TARGET").unwrap_or_default();
    if name == "list" {
        for target in TARGETS {
            println!("{} {}", target.name, target.bytes_max);
        }
        exit(0);
    }
    let Some(target) = TARGETS
        .iter()
        .chain([&PLANTED])
        .find(|target| target.name == name)
    else {
        eprintln!("MENWEI_FUZZ_TARGET names no target: {name:?}");
        exit(USAGE);
    };
    if let Ok(folder) = std::env::var("MENWEI_FUZZ_SEEDS") {
        for (number, seed) in (target.seeds)().into_iter().enumerate() {
            let file = Path::new(&folder).join(format!("seed-{number:02}"));
            if let Err(error) = std::fs::write(&file, seed) {
                eprintln!("{}: {error}", file.display());
                exit(USAGE);
            }
        }
    }
    TARGET.get_or_init(|| target);
}

fuzz_target!(init: begin(), |bytes: &[u8]| {
    if let Some(target) = TARGET.get() {
        (target.run)(bytes);
    }
});
