//! The deterministic simulation (tests/simulation), seed after seed.

use serde_json::Value;
use tests::Result;
use tests::simulation::{Promise, run};

use crate::part::{Facts, Share};

/// Seeds that are tried in any case: 400 happenings each.
const SEEDS: u64 = 256;
const TOLD: [Promise; 5] = [
    Promise::Lost,
    Promise::Duplicated,
    Promise::Reordered,
    Promise::OpenedWithoutRecord,
    Promise::Trapped,
];

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let (mut seeds, mut happenings) = (0_u64, 0_u64);
    let mut broken: Vec<Promise> = Vec::new();
    while seeds < SEEDS || share.has_time() {
        let found = run(share.seed.wrapping_add(seeds), |_, _, _| {});
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
    facts.insert("happenings".to_owned(), happenings.into());
    let is_sound = !broken.contains(&Promise::Other);
    facts.insert("simulation_sound".to_owned(), is_sound.into());
    Ok(facts)
}
