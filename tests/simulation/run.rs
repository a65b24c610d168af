//! Seeds: what they find, and how a failing one tells of itself.

use std::collections::VecDeque;
use std::fmt;

use super::fault::{Fault, Promise};
use super::happening::{self, Happening};
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
    /// Of lines that come and go.
    hours: Option<u64>,
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
        let hours = self.hours.map(|hours| format!(" SIM_HOURS={hours}"));
        let hours = hours.unwrap_or_default();
        write!(
            f,
            "  SIM_SEED={seed}{hours} cargo test -p tests --test simulation nothing_is -- --nocapture"
        )
    }
}

impl std::error::Error for Failure {}

/// Runs one seed to its end; `tell` hears of every happening and what came of it.
///
/// # Errors
/// The first promise that was broken.
pub fn run(seed: u64, tell: impl FnMut(u64, &str, &[String])) -> Result<Found, Failure> {
    let mut dice = Dice::new(seed);
    let any = (1..HAPPENINGS).map(move |_| Happening::any(&mut dice));
    play((seed, None), any.chain([Happening::Quiet]), tell)
}

/// So many hours with lines that come and go every few seconds or minutes; otherwise as [`run`].
///
/// # Errors
/// The first promise that was broken.
pub fn run_flapping(
    seed: u64,
    hours: u64,
    tell: impl FnMut(u64, &str, &[String]),
) -> Result<Found, Failure> {
    let flapping = happening::flapping(Dice::new(seed), hours * 3_600_000);
    play((seed, Some(hours)), flapping, tell)
}

fn play(
    (seed, hours): (u64, Option<u64>),
    happenings: impl Iterator<Item = Happening>,
    mut tell: impl FnMut(u64, &str, &[String]),
) -> Result<Found, Failure> {
    let mut last = VecDeque::new();
    let failure = |step, fault: Fault, last| Failure {
        seed,
        step,
        promise: fault.promise,
        what: fault.what,
        hours,
        last,
    };
    let mut world = match World::new() {
        Ok(world) => world,
        Err(fault) => return Err(failure(0, fault, last)),
    };
    let mut step = 0;
    for happening in happenings {
        step += 1;
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
        happenings: step,
        digest: world.digest(),
    })
}
