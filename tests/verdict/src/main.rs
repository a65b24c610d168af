//! `site-verdict`: prints the verdict on a site day as one JSON object.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests_verdict::unseal::CityKey;
use tests_verdict::{Verdict, VerdictError, journal, judge, ledger};

/// Judges a site day: the simulator's journal against the city's database.
///
/// Exit code 0: every promise was kept. 1: one was broken. 2: no verdict could be given.
#[derive(Debug, Parser)]
#[command(name = "site-verdict", version)]
struct Arguments {
    /// The simulator's journal.jsonl
    #[arg(long)]
    journal: PathBuf,
    /// The city's database file
    #[arg(long)]
    city_db: PathBuf,
    /// The city's private key for sealed workers, 64 hex digits
    #[arg(long)]
    city_key: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (text, code) = match run(&arguments) {
        Ok(verdict) => {
            let code = u8::from(!verdict.ok);
            (serde_json::to_string(&verdict).unwrap_or_default(), code)
        }
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map_or_else(String::new, |cause| format!(": {cause}"));
            if writeln!(std::io::stderr(), "site-verdict: {error}{cause}").is_err() {
                return ExitCode::from(2);
            }
            return ExitCode::from(2);
        }
    };
    if writeln!(std::io::stdout(), "{text}").is_err() {
        return ExitCode::from(2);
    }
    ExitCode::from(code)
}

fn run(arguments: &Arguments) -> Result<Verdict, VerdictError> {
    let key = CityKey::read(&arguments.city_key)?;
    let lines = journal::read(&arguments.journal)?;
    let ledger = ledger::read(&arguments.city_db, &key)?;
    Ok(judge(&lines, &ledger))
}
