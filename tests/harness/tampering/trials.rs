//! Changes at random, and who notices each: the box at its start or by `menwei verify`, or the city by
//! what it has.

use std::collections::BTreeMap;
use std::path::Path;

use sync_wire::Hash;

use super::forger::{CHANGES, Change, flip, forge};
use super::ledger::SignedLedger;
use crate::Result;
use crate::backlog::Generator;

/// Records of the ledger that is changed, and how many lie between two checkpoints.
const RECORDS: u64 = 600;
const BETWEEN: u64 = 150;

/// What a box may leave to the city: a file that was put back together with its note, and one without a
/// note that was cut before its first checkpoint.
const NOTE_IS_GONE: [Change; 2] = [Change::PutBack, Change::CutWithNote];

/// Who noticed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// The box.
    Box,
    /// The box did not, and the city does with the box's next hello.
    City,
    /// Nobody.
    Nobody,
}

/// How many changes of each sort were noticed, and by whom.
#[derive(Debug, Default)]
pub struct Tampering {
    /// By sort and finder.
    pub found: BTreeMap<(String, Found), u64>,
    /// What nobody noticed: the trial's number and what was done.
    pub missed: Vec<String>,
}

impl Tampering {
    /// How many were noticed by this one.
    pub fn count(&self, by: Found) -> u64 {
        let ours = self.found.iter().filter(|((_, found), _)| *found == by);
        ours.map(|(_, count)| count).sum()
    }

    fn add(&mut self, (sort, trial): (String, String), by: Found) {
        if by == Found::Nobody {
            self.missed.push(format!("{trial}: {sort}"));
        }
        *self.found.entry((sort, by)).or_default() += 1;
    }
}

/// So many random changes of a ledger's records, each to a fresh copy in `folder`; the same seed does the
/// same. `go_on` is asked before each.
pub async fn tamper(
    folder: &Path,
    (seed, trials): (u64, u64),
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<Tampering> {
    let mut dice = Generator::new(seed);
    let [before, whole, work] = ["before", "whole", "work"].map(|name| folder.join(name));
    for folder in [&before, &whole, &work] {
        std::fs::create_dir_all(folder)?;
    }
    let earlier = SignedLedger::write(&before, (RECORDS, BETWEEN), &mut dice).await?;
    // The whole ledger goes on from the earlier one.
    earlier.copy_to(&whole)?;
    let whole = SignedLedger::write(&whole, (RECORDS + 2 * BETWEEN, BETWEEN), &mut dice).await?;
    let report = whole.verified()?;
    if !report.is_intact() || whole.note_is_doubted()? || report.epochs[0].checkpoints.count < 4 {
        return Err(format!("the untouched ledger is not sound: {report:?}").into());
    }
    let city: BTreeMap<u64, Hash> = whole
        .records()?
        .into_iter()
        .map(|(seq, _, hash)| (seq, hash))
        .collect();
    let mut told = Tampering::default();
    for trial in 0..trials {
        if !go_on(trial) {
            break;
        }
        let change = CHANGES[usize::try_from(trial)? % CHANGES.len()];
        let copy = whole.copy_to(&work)?;
        let at = forge(&copy, &earlier, (change, &mut dice))?;
        let by = if finds_on_the_box(&copy) {
            Found::Box
        } else if NOTE_IS_GONE.contains(&change) && differs_from_the_city(&copy, &city)? {
            Found::City
        } else {
            // With its note in place the box needs nobody.
            Found::Nobody
        };
        told.add((format!("{change:?}"), format!("{trial} at {at}")), by);
    }
    Ok(told)
}

/// So many random bits of the database's file, flipped one at a time.
pub async fn flip_bytes(
    folder: &Path,
    (seed, trials): (u64, u64),
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<Tampering> {
    let mut dice = Generator::new(seed);
    let folder = folder.join("flips");
    std::fs::create_dir_all(&folder)?;
    let ledger = SignedLedger::write(&folder, (RECORDS, BETWEEN), &mut dice).await?;
    let bytes = std::fs::metadata(&ledger.file)?.len();
    let mut told = Tampering::default();
    for trial in 0..trials {
        if !go_on(trial) {
            break;
        }
        let place = (dice.below(bytes), dice.below(8));
        flip(&ledger.file, place)?;
        let by = if finds_on_the_box(&ledger) {
            Found::Box
        } else {
            Found::Nobody
        };
        told.add(("Flip".to_owned(), format!("{trial} at {place:?}")), by);
        flip(&ledger.file, place)?;
    }
    if !ledger.verified()?.is_intact() {
        return Err("the ledger is not as it was after all flips were taken back".into());
    }
    Ok(told)
}

/// A file that cannot be read is found, too.
fn finds_on_the_box(ledger: &SignedLedger) -> bool {
    !ledger.verified().is_ok_and(|report| report.is_intact())
}

/// What the city answers to the hello of this ledger: section 8 of the protocol.
fn differs_from_the_city(ledger: &SignedLedger, city: &BTreeMap<u64, Hash>) -> Result<bool> {
    let records = ledger.records()?;
    let last = records.last().map(|(seq, _, hash)| (*seq, *hash));
    let through = city.keys().next_back().copied();
    Ok(match last {
        Some((seq, hash)) => {
            Some(seq) < through || city.get(&seq).is_some_and(|ours| *ours != hash)
        }
        None => through.is_some(),
    })
}
