//! Opens the ledger when the box starts, or instead of one that is damaged or lost.

mod ledger;
mod daily;

pub(crate) use daily::tell_daily;
pub(crate) use ledger::{OnDamage, Opened, clock_without_ledger, ledger_key, open, restore};

#[cfg(test)]
mod dead_clock_test;
