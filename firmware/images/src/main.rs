//! `cargo firmware`: builds every board's image and prints what it takes of its chip; makes keys and
//! signs images for updates.

use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use firmware_images::{
    BOARDS, ImageError, Sizes, UPDATABLE, UpdateKey, boot_image, build, hex, image, program,
    version,
};

/// Builds the gate board's images and prints their sizes.
#[derive(Debug, Parser)]
#[command(name = "cargo firmware", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Make a key for signing, and print what the factory writes into boards that shall trust it
    NewKey {
        /// The new file, for its owner alone
        file: PathBuf,
    },
    /// Build, and sign a board's image for updates over the line
    Sign {
        /// The board
        #[arg(long)]
        board: String,
        /// Its version, higher than that of the boards that shall take it
        #[arg(long)]
        version: String,
        /// The key's file
        #[arg(long)]
        key: PathBuf,
        /// Where the image goes
        #[arg(long)]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().act {
        None => sizes(),
        Some(Act::NewKey { file }) => new_key(&file),
        Some(Act::Sign {
            board,
            version: text,
            key,
            out,
        }) => version(&text).and_then(|version| sign(&board, version, &key, &out)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without a standard error there is nobody to tell.
            drop(writeln!(stderr(), "cargo firmware: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn say(line: &str) {
    drop(writeln!(stdout().lock(), "{line}"));
}

fn sizes() -> Result<(), ImageError> {
    build()?;
    say(&format!(
        "{:<14}{:>8}{:>14}{:>8}{:>8}   bytes",
        "board", "flash", "+boot loader", "ram", "stack"
    ));
    for board in BOARDS {
        let sizes = Sizes::of(&image(board))?;
        let whole = if UPDATABLE.contains(&board) {
            let boot = Sizes::of(&boot_image(board))?;
            (sizes.flash_bytes + boot.flash_bytes).to_string()
        } else {
            "none".to_owned()
        };
        say(&format!(
            "{board:<14}{:>8}{whole:>14}{:>8}{:>8}",
            sizes.flash_bytes, sizes.ram_bytes, sizes.stack_bytes
        ));
    }
    Ok(())
}

fn new_key(file: &Path) -> Result<(), ImageError> {
    let key = UpdateKey::generate()?;
    key.write(file)?;
    let digits = hex(&key.trusted().write());
    say(&format!(
        "{} is the secret half: keep it, and show it to nobody.",
        file.display()
    ));
    say(&format!(
        "Into the factory's page of a board, 32 bytes after its beginning: {digits}"
    ));
    Ok(())
}

fn sign(board: &str, version: [u8; 3], key: &Path, out: &Path) -> Result<(), ImageError> {
    if !UPDATABLE.contains(&board) {
        return Err(ImageError::NotUpdatable {
            board: board.to_owned(),
        });
    }
    let key = UpdateKey::read(key)?;
    build()?;
    let signed = key.sign(board, version, &program(&image(board))?);
    std::fs::write(out, &signed).map_err(|source| ImageError::Write {
        path: out.to_owned(),
        source,
    })?;
    say(&format!("{}: {} bytes", out.display(), signed.len()));
    Ok(())
}
