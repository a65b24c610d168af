//! A power cut at every moment of a day: one day is run and every effect on its files noted; from that,
//! for each moment, the folder is made as a disk could have it that keeps only what was synced, and any
//! part of the rest (`disk`). The box's own store opens each.
//!
//! `kill -9` proves less: the system keeps what a dead process wrote and never synced.

use std::fs;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Left};
use super::journal::{self, Act, Effect};
use super::judge::{Found, key, opened_but_gone, opens_whole, settings, vouched_but_gone};
use super::victim::{BOX, DayEnd, prepare, run};
use super::world::{self, Fact};
use crate::Result;
use edge_store::Reader;

const WORLD: &str = "world";

/// A day that was noted.
#[derive(Debug)]
pub struct PowerCuts {
    effects: Vec<Effect>,
    folder: PathBuf,
}

/// Runs a day of so many rounds in `folder` and notes every effect of it.
///
/// # Errors
/// The day does not go through.
pub fn record_day(folder: &Path, rounds: usize) -> Result<PowerCuts> {
    let day = folder.join("day");
    prepare(&day)?;
    let journal = folder.join("journal");
    if run(&day, rounds, None, Some(&journal))? != DayEnd::Over {
        return Err("the day did not go through".into());
    }
    Ok(PowerCuts {
        effects: journal::read(&journal)?,
        folder: folder.to_owned(),
    })
}

impl PowerCuts {
    /// The same day of a box that never syncs a file whose name ends so: a fault that must be found.
    #[must_use]
    pub fn without_syncs_of(mut self, end: &str) -> Self {
        self.effects
            .retain(|effect| effect.act != Act::Sync || !effect.file.ends_with(end));
        self
    }

    /// How many moments the day has: after each of its effects on the box's files.
    pub fn moments(&self) -> usize {
        self.effects.len()
    }

    /// How often the day did what, for whoever wonders what a day is: writes, syncs, cuts and removals.
    pub fn acts(&self) -> [usize; 3] {
        let count = |is: fn(&Act) -> bool| {
            let of_box = self.effects.iter().filter(|effect| effect.file != WORLD);
            of_box.filter(|effect| is(&effect.act)).count()
        };
        [
            count(|act| matches!(act, Act::Write(..))),
            count(|act| matches!(act, Act::Sync)),
            count(|act| matches!(act, Act::Truncate(_) | Act::Unlink | Act::Rename(_))),
        ]
    }

    /// Cuts the power at the moments that `wanted` gives ways for, in order, and judges each; gives how
    /// many it were and what was wrong. `label` names the folder, for more than one at a time.
    ///
    /// # Errors
    /// A disk from which the ledger does not open, or not whole; the text says at which moment.
    pub fn cut(
        &self,
        label: &str,
        mut wanted: impl FnMut(usize, &Disk) -> Vec<Left>,
    ) -> Result<(u64, Found)> {
        let (mut disk, mut facts) = (Disk::default(), Vec::new());
        let (mut points, mut all) = (0, Found::default());
        for (at, effect) in self.effects.iter().enumerate() {
            if effect.file == WORLD {
                // The world has power.
                if let Act::Write(_, line) = &effect.act {
                    facts.extend(world::facts(line));
                }
                continue;
            }
            disk.take(effect);
            for left in wanted(at, &disk) {
                let found = self.one(label, &disk, left, &facts);
                let found =
                    found.map_err(|error| format!("after effect {at}, {left:?} left: {error}"))?;
                if found != Found::default() {
                    eprintln!(
                        "after effect {at} ({effect_file}), {left:?} left: {found:?}",
                        effect_file = effect.file
                    );
                }
                points += 1;
                all.add(found);
            }
        }
        Ok((points, all))
    }

    fn one(&self, label: &str, disk: &Disk, left: Left, facts: &[Fact]) -> Result<Found> {
        let folder = self.folder.join(label);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("box"))?;
        disk.leave(left, &folder)?;
        opens_whole(&folder)?;
        let reader = Reader::open(&settings(&folder).path, &key(), BOX)?;
        Ok(Found {
            lost: vouched_but_gone(&reader, facts)?,
            opened_without_record: opened_but_gone(&reader, facts)?,
            ..Found::default()
        })
    }
}
