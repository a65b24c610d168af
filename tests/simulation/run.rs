//! Seeds: what they find, and how a failing one tells of itself.

use std::collections::VecDeque;
use std::fmt;

use super::fault::{Fault, Promise};
use super::happening::Happening;
use super::world::World;
use crate::Dice;

/// Happenings of one seed.
pub const HAPPENINGS: u64 = 400;
/// Happenings that a failure tells.
const TOLD: usize = 20;

/// What a seed found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many things happened.
    pub happenings: u64,
    /// Digest of everything that happened: the same for the same seed.
    pub digest: String,
}

/// A broken promise.
#[derive(Debug)]
pub struct Failure {
    /// The seed that leads there.
    pub seed: u64,
    /// After how many happenings.
    pub step: u64,
    /// Which promise.
    pub promise: Promise,
    /// How.
    pub what: String,
    last: VecDeque<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (promise, seed) = (self.promise.name(), self.seed);
        writeln!(f, "{promise}: {}", self.what)?;
        for line in &self.last {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "step {} of seed {seed}. To see it again:", self.step)?;
        write!(
            f,
            "  SIM_SEED={seed} cargo test -p tests --test simulation -- --nocapture"
        )
    }
}

impl std::error::Error for Failure {}

/// Runs one seed to its end; `tell` hears of every happening and what came of it.
///
/// # Errors
/// The first promise that was broken.
pub fn run(seed: u64, mut tell: impl FnMut(u64, &str, &[String])) -> Result<Found, Failure> {
    let mut dice = Dice::new(seed);
    let mut last = VecDeque::new();
    let failure = |step, fault: Fault, last| Failure {
        seed,
        step,
        promise: fault.promise,
        what: fault.what,
        last,
    };
    let mut world = match World::new() {
        Ok(world) => world,
        Err(fault) => return Err(failure(0, fault, last)),
    };
    for step in 1..=HAPPENINGS {
        let happening = if step == HAPPENINGS {
            Happening::Quiet
        } else {
            Happening::any(&mut dice)
        };
        let told = format!("{step} {happening:?}");
        let happened = world.happen(happening);
        tell(step, &told, &world.note());
        if last.len() >= TOLD {
            last.pop_front();
        }
        last.push_back(told);
        if let Err(fault) = happened {
            return Err(failure(step, fault, last));
        }
    }
    Ok(Found {
        happenings: HAPPENINGS,
        digest: world.digest(),
    })
}
