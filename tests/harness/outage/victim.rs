//! Starts the day, with the library between it and the system.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::process::own_program;

/// The box of the day.
pub const BOX: &str = "ah-000009";
/// Its site.
pub const SITE: &str = "34990020261123";
/// The key of its ledger.
pub const KEY: [u8; 32] = [0x5a; 32];

/// Compiled by `tests/build.rs`.
const LIBRARY: &str = env!("OUTAGE_LIBRARY");
const SIGKILL: i32 = 9;

/// How the day ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DayEnd {
    /// It went through to its end.
    Over,
    /// It was killed.
    Killed,
}

/// Makes the folder of a box that is to be started the first time.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder.join("box"))?;
    Ok(())
}

/// Runs the day, or what is left of it; `end` names the effect at which it dies (`before:7`).
pub(super) fn run(
    folder: &Path,
    rounds: usize,
    end: Option<&str>,
    journal: Option<&Path>,
) -> Result<DayEnd> {
    let mut command = Command::new(own_program("crash-victim")?);
    command.arg(folder).arg(rounds.to_string());
    command.env("LD_PRELOAD", LIBRARY);
    command.env("MENWEI_OUTAGE_ROOT", folder);
    command.envs(end.map(|end| ("MENWEI_OUTAGE_END", end)));
    command.envs(journal.map(|journal| ("MENWEI_OUTAGE_JOURNAL", journal)));
    let done = command.output()?;
    if done.status.success() {
        return Ok(DayEnd::Over);
    }
    if done.status.signal() == Some(SIGKILL) && end.is_some() {
        return Ok(DayEnd::Killed);
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("the day failed ({}, end {end:?}): {said}", done.status).into())
}
