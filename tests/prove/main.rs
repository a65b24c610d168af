//! `prove`: the long form of what `./dev test` shows in short.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::{Result, SitePlan, kill_during_drain, repository};

/// Kills box, city and broker again and again while a backlog drains, and prints the judge's comparison
/// of ledger and city as one JSON object.
#[derive(Debug, Parser)]
struct Arguments {
    /// How often
    #[arg(long, default_value_t = 200)]
    kills: u64,
    /// Another seed, other moments
    #[arg(long, default_value_t = 20_261_123)]
    seed: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match prove(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("prove: {error}");
            ExitCode::from(2)
        }
    }
}

async fn prove(arguments: &Arguments) -> Result<bool> {
    let folder = std::path::absolute(PathBuf::from("target/prove"))?;
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let plan = SitePlan {
        site_day: repository().join("tests/scenarios/site-days/one-gate.toml"),
        ..SitePlan::of("one-gate")
    };
    let kills = arguments.kills;
    let found = kill_during_drain(&folder, &plan, (arguments.seed, kills), |kill| {
        if kill % 10 == 0 {
            eprintln!("{kill} / {kills}");
        }
    })
    .await?;
    println!("{found}");
    Ok(found["ok"] == true && found["ledger_intact"] == true)
}
