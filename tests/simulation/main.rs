//! The deterministic simulation (tests/simulation/mod.rs): `SIM_SEED=n` tells all of one seed, and with
//! `SIM_HOURS=n` of so many hours with lines that flap; `SIM_SEEDS=n` tries more of them than the fixed ones.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tests::simulation::{run, run_flapping};

/// Seeds of every run; each that ever failed is among them.
const SEEDS: u64 = 48;

#[expect(
    clippy::disallowed_methods,
    reason = "what a developer asks of this run"
)]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn nothing_is_lost_doubled_moved_or_opened_without_its_record() {
    if let Some(seed) = number("SIM_SEED") {
        let tell = |_, happening: &str, lines: &[String]| {
            println!("{happening}");
            lines.iter().for_each(|line| println!("    {line}"));
        };
        let found = match number("SIM_HOURS") {
            Some(hours) => run_flapping(seed, hours, tell),
            None => run(seed, tell),
        };
        println!("{:?}", found.unwrap_or_else(|failure| panic!("{failure}")));
        return;
    }
    let (next, seeds) = (AtomicU64::new(0), number("SIM_SEEDS").unwrap_or(SEEDS));
    let failures = Mutex::new(Vec::new());
    let lane = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                return;
            }
            if let Err(failure) = run(seed, |_, _, _| {}) {
                failures.lock().unwrap().push(failure);
            }
        }
    };
    thread::scope(|scope| {
        scope.spawn(lane);
        scope.spawn(lane);
    });
    let failures = failures.into_inner().unwrap();
    for failure in &failures {
        println!("{failure}\n");
    }
    let failed: Vec<u64> = failures.iter().map(|failure| failure.seed).collect();
    assert!(failed.is_empty(), "of {seeds} seeds these fail: {failed:?}");
}

#[test]
fn one_seed_makes_the_same_day_twice() {
    let first = run(7, |_, _, _| {}).unwrap_or_else(|failure| panic!("{failure}"));
    let again = run(7, |_, _, _| {}).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(first, again);
    let other = run(8, |_, _, _| {}).unwrap_or_else(|failure| panic!("{failure}"));
    assert_ne!(first.digest, other.digest);
}

/// `./dev prove` does the same for a week.
#[test]
fn lines_that_come_and_go_for_hours_lose_nothing() {
    for seed in 0..4 {
        run_flapping(seed, 3, |_, _, _| {}).unwrap_or_else(|failure| panic!("{failure}"));
    }
}
