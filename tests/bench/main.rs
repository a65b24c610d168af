//! `bench`: measures what the project promises and writes each figure where README can take it.

mod board;
mod city;
mod clerk;
mod drain;
mod face;
mod gate;
mod report;
mod rush;
mod seal;
mod start;
mod turns;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use tests::Result;

/// Measures speed and memory; prints a table and writes `target/bench/NAME.json`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Which one; all of them if not given
    name: Option<Name>,
    /// A tenth and less of the swipes and records: for a quick look
    #[arg(long)]
    small: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    Gate,
    Rush,
    Write,
    Start,
    Rss,
    Drain,
    Board,
    City,
    Face,
    Clerk,
    Seal,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let names = match arguments.name {
        Some(name) => vec![name],
        None => vec![
            Name::Write,
            Name::Gate,
            Name::Rush,
            Name::Drain,
            Name::Start,
            Name::Board,
            Name::City,
            Name::Face,
            Name::Clerk,
            Name::Seal,
        ],
    };
    for name in names {
        if let Err(error) = measure(name, arguments.small).await {
            eprintln!("bench {name:?}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn measure(name: Name, small: bool) -> Result<()> {
    match name {
        Name::Gate => gate::measure(if small { 100 } else { 2_000 }).await,
        // The memory is that of the box after the rush.
        Name::Rush | Name::Rss => rush::measure().await,
        Name::Face => face::measure(if small { 20 } else { 200 }),
        Name::Clerk => clerk::measure(if small { 40 } else { 400 }).await,
        Name::Seal => seal::measure(if small { seal::FEW } else { seal::MANY }).await,
        Name::City => city::measure(if small { 1 } else { 3 }).await,
        Name::Write => write::measure(if small { 2_000 } else { 20_000 }).await,
        Name::Drain => drain::measure(if small { 10_000 } else { 100_000 }).await,
        Name::Board => board::measure(if small { 20 } else { 200 }).await,
        Name::Start => start::measure(if small { 20_000 } else { 1_000_000 }).await,
    }
}

/// A fresh folder on the file system of the build, for one bench.
fn folder(name: &str) -> Result<PathBuf> {
    let folder = std::path::absolute(PathBuf::from("target/bench").join(name))?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
