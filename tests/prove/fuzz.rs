//! Every decoder of bytes from outside under a coverage-guided fuzzer.
//!
//! The fuzzer is libFuzzer, compiled from source by its crate. The counters that guide it are put in by
//! the stable compiler itself; only the address sanitizer, which finds nothing in code without
//! `unsafe`, would ask for another.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::{Value, json};
use tests::{Result, repository};

use crate::part::{Facts, Share};

/// Of the part.
pub(crate) const NAME: &str = "fuzz";
/// Inputs of each target and round.
const ROUND: u64 = 1_000_000;
/// Longest time for one input, s.
const INPUT_S_MAX: u32 = 20;
/// Most memory, MiB.
const MEMORY_MIB_MAX: u32 = 2_048;
/// A target with a fault that only guided inputs find.
const PLANTED: &str = "planted";
const PLANTED_RUNS: u64 = 5_000_000;

/// What guides the fuzzer: a counter at each branch, a table of them, and what is compared.
const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Counters of what no target reaches are left out: all are looked at after every input. Only the
    // system's own linker can.
    "-Clink-arg=-fuse-ld=bfd",
    "-Clink-arg=-Wl,-z,start-stop-gc",
];

/// One target.
#[derive(Debug, Clone)]
struct Target {
    name: String,
    bytes_max: u64,
}

/// The fuzzer's program and what it is given.
#[derive(Debug)]
struct Fuzzer {
    program: PathBuf,
    /// Where corpora and what crashed are kept: `target/fuzz`.
    home: PathBuf,
}

/// How one run ended.
#[derive(Debug, Default)]
struct Ended {
    execs: u64,
    /// The input that it ended with.
    crash: Option<PathBuf>,
}

/// Builds the fuzzer's program before any part begins: it takes minutes and both cores.
pub(crate) fn build() -> Result<()> {
    eprintln!("fuzz: builds its program");
    Fuzzer::build().map(drop)
}

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let fuzzer = Fuzzer::build()?;
    let targets = fuzzer.targets()?;
    let planted = fuzzer.finds_what_is_planted(share.seed)?;
    let mut execs: BTreeMap<String, u64> = BTreeMap::new();
    let mut crashes: Vec<String> = Vec::new();
    let mut round = 0;
    while round == 0 || share.has_time() && crashes.is_empty() {
        let seed = share.seed.wrapping_add(round);
        for (name, ended) in fuzzer.round(share, &targets, seed)? {
            *execs.entry(name.clone()).or_default() += ended.execs;
            if let Some(file) = ended.crash {
                crashes.push(fuzzer.told(&name, &file));
            }
        }
        round += 1;
    }
    for crash in &crashes {
        share.tell(crash);
    }
    let names: Vec<&String> = execs.keys().collect();
    let facts = json!({
        "fuzz_execs": execs.values().min(),
        "fuzz_execs_in_all": execs.values().sum::<u64>(),
        "fuzz_targets": names,
        "fuzz_crashes": crashes.len(),
        "fuzz_finds_what_is_planted": planted,
    });
    match facts {
        Value::Object(facts) => Ok(facts),
        _ => Err("no facts".into()),
    }
}

impl Fuzzer {
    /// Builds the program with counters, into a target folder of its own.
    fn build() -> Result<Self> {
        let home = repository().join("target/fuzz");
        let host = host()?;
        let built = Command::new("cargo")
            .args(["build", "-q", "-p", "tests-fuzz", "--features", "fuzzer"])
            .args(["--profile", "fuzz", "--target", &host, "--target-dir"])
            .arg(&home)
            .env("RUSTFLAGS", COVERAGE.join(" "))
            .current_dir(repository())
            .status()?;
        if !built.success() {
            return Err("the fuzzer does not build".into());
        }
        Ok(Self {
            program: home.join(host).join("fuzz/fuzz"),
            home,
        })
    }

    fn targets(&self) -> Result<Vec<Target>> {
        let told = Command::new(&self.program)
            .env("MENWEI_FUZZ_TARGET", "list")
            .output()?;
        let told = String::from_utf8(told.stdout)?;
        let targets = told.lines().filter_map(|line| {
            let (name, bytes_max) = line.split_once(' ')?;
            Some(Target {
                name: name.to_owned(),
                bytes_max: bytes_max.parse().ok()?,
            })
        });
        let targets: Vec<Target> = targets.collect();
        if targets.is_empty() {
            return Err("the fuzzer names no target".into());
        }
        Ok(targets)
    }

    /// Whether the fuzzer works at all: it must find the planted fault.
    fn finds_what_is_planted(&self, seed: u64) -> Result<bool> {
        let target = Target {
            name: PLANTED.to_owned(),
            bytes_max: 64,
        };
        let ended = self.run(&target, seed, PLANTED_RUNS)?;
        if let Some(file) = &ended.crash {
            std::fs::remove_file(file)?;
        }
        Ok(ended.crash.is_some())
    }

    /// All targets once, two at a time.
    fn round(&self, share: &Share, targets: &[Target], seed: u64) -> Result<Vec<(String, Ended)>> {
        let waiting = Mutex::new(VecDeque::from(targets.to_vec()));
        let done = Mutex::new(Vec::new());
        // The lock is let go before the target runs: else the other lane would wait for its end.
        let next = || locked(&waiting).pop_front();
        let lane = || {
            while let Some(target) = next() {
                let ended = self.run(&target, seed, ROUND);
                if let Ok(ended) = &ended {
                    share.tell(&format!("{}: {} inputs", target.name, ended.execs));
                }
                locked(&done).push(ended.map(|ended| (target.name, ended)));
            }
        };
        thread::scope(|scope| {
            scope.spawn(lane);
            scope.spawn(lane);
        });
        let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.into_iter().collect()
    }

    fn run(&self, target: &Target, seed: u64, runs: u64) -> Result<Ended> {
        let name = &target.name;
        let [corpus, seeds, crashes] =
            ["corpus", "seeds", "crashes"].map(|folder| self.home.join(folder).join(name));
        for folder in [&corpus, &seeds, &crashes] {
            std::fs::create_dir_all(folder)?;
        }
        let before = files(&crashes)?;
        let ended = Command::new(&self.program)
            .arg(&corpus)
            .arg(&seeds)
            .arg(format!("-runs={runs}"))
            .arg(format!(
                "-seed={}",
                u32::try_from(seed & 0x7fff_ffff)?.max(1)
            ))
            .arg(format!("-max_len={}", target.bytes_max))
            .arg(format!("-timeout={INPUT_S_MAX}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .env("MENWEI_FUZZ_TARGET", name)
            .env("MENWEI_FUZZ_SEEDS", &seeds)
            .output()?;
        let told = String::from_utf8_lossy(&ended.stderr);
        let execs = told.lines().find_map(|line| {
            let count = line.strip_prefix("stat::number_of_executed_units:")?;
            count.trim().parse().ok()
        });
        let crash = files(&crashes)?
            .into_iter()
            .find(|file| !before.contains(file));
        if !ended.status.success() && crash.is_none() {
            return Err(format!("{name} ended with {}: {told}", ended.status).into());
        }
        Ok(Ended {
            execs: execs.unwrap_or(0),
            crash,
        })
    }

    /// What somebody needs who wants to see it again.
    fn told(&self, name: &str, file: &Path) -> String {
        format!(
            "{name} CRASHED; again with: MENWEI_FUZZ_TARGET={name} {} {}",
            self.program.display(),
            file.display()
        )
    }
}

/// The machine that the stable compiler builds for by itself.
fn host() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output()?;
    let told = String::from_utf8(told.stdout)?;
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc names no host")?.to_owned())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        found.push(entry?.path());
    }
    Ok(found)
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
