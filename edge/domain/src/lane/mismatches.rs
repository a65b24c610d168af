//! Cards that came with another face, by worker, on one day of the site.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::denial::{Denial, Flag};
use crate::ids::WorkerId;
use crate::record::{Act, Record};

/// How often each worker's card came with another face today. Emptied by the first mismatch of
/// another day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mismatches {
    day: Option<Date>,
    counts: BTreeMap<WorkerId, u32>,
}

impl Mismatches {
    /// Takes a committed record, in ledger order. All but mismatches change nothing.
    pub fn apply(&mut self, record: &Record) {
        let Act::Presentation(one) = &record.act else {
            return;
        };
        let differs = one.reason == Some(Denial::FaceDiffers)
            || one.flags.contains(&Flag::Warned(Denial::FaceDiffers));
        if let Some(worker) = one.worker.filter(|_| differs) {
            self.mismatch(worker, record.at.date());
        }
    }

    /// Takes one mismatch (for rebuilding from read models).
    pub fn mismatch(&mut self, worker: WorkerId, day: Date) {
        if self.day != Some(day) {
            self.counts.clear();
            self.day = Some(day);
        }
        let count = self.counts.entry(worker).or_default();
        *count = count.saturating_add(1);
    }

    /// How often on this day.
    pub fn count(&self, worker: WorkerId, day: Date) -> u32 {
        let today = self.day == Some(day);
        let count = self.counts.get(&worker).copied();
        count.filter(|_| today).unwrap_or(0)
    }
}
