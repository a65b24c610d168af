//! Dies at the n-th effect, n = 1, 2, 3 … until a day goes through: before it, in the middle of it, and
//! after it. Started again, the box ends the day, and everything is judged.
//!
//! An effect is whatever changes something outside the process: a write, sync, cut, renaming or removal
//! of a file of the box, the arm let go, an event taken from the board, a commit of the city. A process
//! that dies leaves all of its writes to the system, so this shows nothing about a power cut: that is
//! what `power_cut` is for.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

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
    /// Effects of a whole day; 0 where it was not gone through to its end.
    pub effects: u64,
    /// What was wrong.
    pub found: Found,
}

/// Dies at every `stride`-th effect, the first at `first`, two days at a time; `goes_on` is asked before each.
/// Ends where a day survives.
///
/// # Errors
/// A box that does not open, or does not end its day; the text says at which effect.
pub fn crash_at_every_effect(
    folder: &Path,
    (first, stride): (u64, u64),
    goes_on: impl Fn(u64) -> bool + Sync,
) -> Result<CrashPoints> {
    let next = AtomicU64::new(first);
    let over = AtomicU64::new(u64::MAX);
    let lane = |label: &str| -> Result<CrashPoints> {
        let (folder, mut all) = (folder.join(label), CrashPoints::default());
        loop {
            let effect = next.fetch_add(stride, Ordering::Relaxed);
            if effect >= over.load(Ordering::Relaxed) || !goes_on(effect) {
                return Ok(all);
            }
            if !all.add_effect(&folder, effect)? {
                over.fetch_min(effect, Ordering::Relaxed);
                return Ok(all);
            }
        }
    };
    let lanes = thread::scope(|scope| {
        let lanes = ["day-1", "day-2"].map(|label| scope.spawn(move || lane(label)));
        lanes.map(thread::ScopedJoinHandle::join)
    });
    let mut both = CrashPoints::default();
    for done in lanes {
        let done = done.map_err(|_| "a lane of days panicked")??;
        both.points += done.points;
        both.found.add(done.found);
    }
    let over = over.into_inner();
    both.effects = if over == u64::MAX { 0 } else { over - 1 };
    Ok(both)
}

impl CrashPoints {
    /// A day that dies before, in and after this effect. False where one survives.
    fn add_effect(&mut self, folder: &Path, effect: u64) -> Result<bool> {
        for moment in MOMENTS {
            let end = format!("{moment}:{effect}");
            let one = crash_once(folder, &end).map_err(|error| format!("{end}: {error}"))?;
            let Some(found) = one else {
                return Ok(false);
            };
            if found != Found::default() {
                eprintln!("crash {end}: {found:?}");
            }
            self.points += 1;
            self.found.add(found);
        }
        Ok(true)
    }
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
