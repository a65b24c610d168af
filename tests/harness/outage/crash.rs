//! Dies at the n-th effect, n = 1, 2, 3 … until a day goes through: before it, in the middle of it, and
//! after it. Started again, the box ends the day, and everything is judged.
//!
//! An effect is whatever changes something outside the process: a write, sync, cut, renaming or removal
//! of a file of the box, the arm let go, an event taken from the board, a commit of the city. A process
//! that dies leaves all of its writes to the system, so this shows nothing about a power cut: that is
//! what `power_cut` is for.

use std::fs;
use std::path::Path;

use super::judge::{Found, day_is_right, opens_whole};
use super::victim::{DayEnd, prepare, run};
use super::world;
use crate::Result;

/// Rounds of the day.
const ROUNDS: usize = 1;
const MOMENTS: [&str; 3] = ["before", "during", "after"];

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrashPoints {
    /// Moments at which the day died, was begun again and judged.
    pub points: u64,
    /// Effects of a whole day.
    pub effects: u64,
    /// What was wrong.
    pub found: Found,
}

/// Dies at every `stride`-th effect, the first at `first`; `goes_on` is asked before each. Ends where a
/// day survives.
///
/// # Errors
/// A box that does not open, or does not end its day; the text says at which effect.
pub fn crash_at_every_effect(
    folder: &Path,
    (first, stride): (u64, usize),
    mut goes_on: impl FnMut(u64) -> bool,
) -> Result<CrashPoints> {
    let mut all = CrashPoints::default();
    for effect in (first..).step_by(stride) {
        if !goes_on(effect) {
            return Ok(all);
        }
        for moment in MOMENTS {
            let end = format!("{moment}:{effect}");
            let one = crash_once(&folder.join("day"), &end);
            match one.map_err(|error| format!("{end}: {error}"))? {
                None => {
                    all.effects = effect - 1;
                    return Ok(all);
                }
                Some(found) => {
                    if found != Found::default() {
                        eprintln!("crash {end}: {found:?}");
                    }
                    all.points += 1;
                    all.found.add(found);
                }
            }
        }
    }
    Ok(all)
}

/// One day that dies there; `None` where it survives.
fn crash_once(folder: &Path, end: &str) -> Result<Option<Found>> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    prepare(folder)?;
    if run(folder, ROUNDS, Some(end), None)? == DayEnd::Over {
        return Ok(None);
    }
    run(folder, ROUNDS, None, None)?;
    let facts = world::facts(&fs::read(folder.join("world"))?);
    let found = day_is_right(folder, &facts, ROUNDS)?;
    opens_whole(folder)?;
    Ok(Some(found))
}
