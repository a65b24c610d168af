//! `cargo firmware`: builds every board's image and prints what it takes of its chip.

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use firmware_images::{BOARDS, ImageError, Sizes, build, image};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a standard error there is nobody to tell.
            drop(writeln!(stderr(), "cargo firmware: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), ImageError> {
    build()?;
    let mut out = stdout().lock();
    let mut say = |line: String| drop(writeln!(out, "{line}"));
    say(format!(
        "{:<14}{:>8}{:>8}{:>8}   bytes",
        "board", "flash", "ram", "stack"
    ));
    for board in BOARDS {
        let sizes = Sizes::of(&image(board))?;
        say(format!(
            "{board:<14}{:>8}{:>8}{:>8}",
            sizes.flash_bytes, sizes.ram_bytes, sizes.stack_bytes
        ));
    }
    Ok(())
}
