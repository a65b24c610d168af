//! The deterministic simulation (tests/simulation), seed after seed.

use serde_json::Value;
use tests::Result;
use tests::simulation::{Failure, Found, Promise, run, run_flapping};

use crate::part::{Facts, Share};

/// Seeds that are tried in any case: 400 happenings each.
const SEEDS: u64 = 256;
/// One seed of so many is a week of lines that come and go instead.
const WEEK_EACH: u64 = 128;
const WEEK_HOURS: u64 = 7 * 24;
const TOLD: [Promise; 5] = [
    Promise::Lost,
    Promise::Duplicated,
    Promise::Reordered,
    Promise::OpenedWithoutRecord,
    Promise::Trapped,
];

fn one(seed: u64, is_week: bool) -> std::result::Result<Found, Failure> {
    if is_week {
        run_flapping(seed, WEEK_HOURS, |_, _, _| {})
    } else {
        run(seed, |_, _, _| {})
    }
}

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let (mut seeds, mut weeks, mut happenings) = (0_u64, 0_u64, 0_u64);
    let mut broken: Vec<Promise> = Vec::new();
    while seeds < SEEDS || share.has_time() {
        let is_week = seeds % WEEK_EACH == WEEK_EACH / 2;
        weeks += u64::from(is_week);
        let found = one(share.seed.wrapping_add(seeds), is_week);
        seeds += 1;
        match found {
            Ok(found) => happenings += found.happenings,
            Err(failure) => {
                share.tell(&failure.to_string());
                happenings += failure.step;
                broken.push(failure.promise);
            }
        }
        if seeds.is_multiple_of(64) {
            share.tell(&format!("{seeds} seeds, {happenings} happenings"));
        }
    }
    let counted = TOLD.map(|promise| {
        let times = broken.iter().filter(|one| **one == promise).count();
        (promise.name().to_owned(), Value::from(times))
    });
    let mut facts: Facts = counted.into_iter().collect();
    facts.insert("seeds".to_owned(), seeds.into());
    facts.insert("flapping_weeks".to_owned(), weeks.into());
    facts.insert("happenings".to_owned(), happenings.into());
    let is_sound = !broken.contains(&Promise::Other);
    facts.insert("simulation_sound".to_owned(), is_sound.into());
    Ok(facts)
}
