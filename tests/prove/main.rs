//! `prove`: the long form of what `./dev test` shows in short.
//!
//! `part` what a part is told and what it tells · one module for each part · `parts` the list of them ·
//! `line` one JSON object out of theirs, and what it lacks.
//!
//! A new part is a file with one function `fn(&Share) -> Result<Facts>` and a line in `parts`.

mod part;
mod kills;
mod crash;
mod power_cut;
mod seeds;
mod soak;
mod fuzz;
mod mutants;
mod tampering;
mod parts;
mod line;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Parser;
use tests::Result;
use tokio::time::Instant;

use crate::line::{Line, Outcome};
use crate::part::{Part, Share};
use crate::parts::{MUTANTS, PARTS};

/// Proves the promises at length: without names all parts, else those named. The last line is one JSON
/// object; the exit code is 0 where everything that must be 0 is, and enough was tried.
#[derive(Debug, Parser)]
struct Arguments {
    /// How long, minutes: each part goes on for its share of them, and in any case until it has tried enough
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How often box, city and broker are killed
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Another seed, other moments
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
    /// Only what shows that the proof can fail: deliberate faults, one at a time
    #[arg(long)]
    mutants: bool,
    /// Parts to run
    parts: Vec<String>,
}

fn main() -> ExitCode {
    match prove(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("prove: {error}");
            ExitCode::from(2)
        }
    }
}

fn prove(arguments: &Arguments) -> Result<bool> {
    let wanted = wanted(arguments)?;
    let line = Line::new(wanted.len() == PARTS.len(), arguments.kills);
    if wanted.iter().any(|part| part.name == fuzz::NAME) {
        fuzz::build()?;
    }
    let outcomes = run_all(arguments, wanted)?;
    let (printed, faults) = line.of(outcomes);
    for fault in &faults {
        eprintln!("prove: {fault}");
    }
    println!("{printed}");
    Ok(faults.is_empty())
}

fn wanted(arguments: &Arguments) -> Result<Vec<&'static Part>> {
    if arguments.mutants {
        return Ok(MUTANTS.iter().collect());
    }
    if arguments.parts.is_empty() {
        return Ok(PARTS.iter().collect());
    }
    let known = || PARTS.iter().map(|part| part.name).collect::<Vec<_>>();
    let named = |name: &String| {
        let found = PARTS.iter().find(|part| part.name == name);
        found.ok_or_else(|| format!("no part {name:?}; there are {}", known().join(", ")).into())
    };
    arguments.parts.iter().map(named).collect()
}

/// Two parts at a time, in the order of the list: one that mostly waits beside one that computes.
fn run_all(arguments: &Arguments, wanted: Vec<&'static Part>) -> Result<Vec<Outcome>> {
    let folder = std::path::absolute(PathBuf::from("target/prove"))?;
    let total: f64 = wanted.iter().map(|part| f64::from(part.share)).sum();
    let waiting = Mutex::new(VecDeque::from(wanted));
    let done = Mutex::new(Vec::new());
    // The lock is let go before the part begins: else the other lane would wait for its end.
    let next = || locked(&waiting).pop_front();
    let lane = || {
        while let Some(part) = next() {
            // Two lanes share the parts; one part alone has all the minutes.
            let fraction = (2.0 * f64::from(part.share) / total).min(1.0);
            let time = Duration::from_secs_f64(arguments.minutes * 60.0 * fraction);
            let share = Share {
                name: part.name,
                folder: folder.join(part.name),
                until: Instant::now() + time,
                seed: arguments.seed,
                kills: arguments.kills,
            };
            let outcome = run(part, &share);
            locked(&done).push(Outcome { part, outcome });
        }
    };
    thread::scope(|scope| {
        scope.spawn(lane);
        scope.spawn(lane);
    });
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn run(part: &Part, share: &Share) -> Result<part::Facts> {
    if share.folder.exists() {
        std::fs::remove_dir_all(&share.folder)?;
    }
    std::fs::create_dir_all(&share.folder)?;
    share.tell("begins");
    let begun = Instant::now();
    let facts = (part.run)(share);
    let seconds = begun.elapsed().as_secs();
    match &facts {
        Ok(_) if share.has_time() => share.tell(&format!("done after {seconds} s")),
        Ok(_) => share.tell(&format!("done after {seconds} s, its time was over")),
        Err(error) => share.tell(&format!("failed after {seconds} s: {error}")),
    }
    facts
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
