//! Where the images are, and how they come to be.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::ImageError;

/// Boards that have an image. The first one runs in QEMU with all of its pins.
pub const BOARDS: [&str; 3] = ["lm3s6965evb", "stm32f103", "mps2an385"];

/// Those of them that have a boot loader and take updates. The first one runs in QEMU.
pub const UPDATABLE: [&str; 2] = ["mps2an385", "stm32f103"];

const TARGET: &str = "thumbv7m-none-eabi";

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).join("boards")
}

/// A board's image, whether it is built or not.
#[must_use]
pub fn image(board: &str) -> PathBuf {
    built(&format!("gate-{board}"))
}

/// A board's boot loader, whether it is built or not.
#[must_use]
pub fn boot_image(board: &str) -> PathBuf {
    built(&format!("boot-{board}"))
}

fn built(name: &str) -> PathBuf {
    let target = workspace().join("target").join(TARGET);
    target.join("release").join(name)
}

/// Builds all images. Cargo runs in their workspace, whose configuration names the target.
///
/// # Errors
/// [`ImageError`] if the build fails.
pub fn build() -> Result<(), ImageError> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--locked"])
        .current_dir(workspace())
        .status()
        .map_err(|source| ImageError::Start { source })?;
    built.success().then_some(()).ok_or(ImageError::Build)
}
