//! Compiles what stands between a program and the system in the tests of outages: see its own text.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=outage/preload.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo tells it"));
    let library = folder.join("liboutage.so");
    let compiler = env::var_os("RUSTC").expect("cargo tells it");
    let options = [
        "--edition",
        "2024",
        "--crate-type",
        "cdylib",
        "--crate-name",
        "outage",
    ];
    let done = Command::new(compiler)
        .args(options)
        .args([
            "-O",
            "-Cpanic=abort",
            "-Dwarnings",
            "outage/preload.rs",
            "-o",
        ])
        .arg(&library)
        .status()
        .expect("the compiler starts");
    assert!(done.success(), "outage/preload.rs does not compile");
    println!("cargo::rustc-env=OUTAGE_LIBRARY={}", library.display());
}
