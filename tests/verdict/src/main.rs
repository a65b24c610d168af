//! `site-verdict`: prints the verdict on a site day as one JSON object.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests_verdict::unseal::CityKey;
use tests_verdict::{VerdictError, delivery, journal, judge, ledger};

/// Judges a site day: the simulator's journal against the city's database. With `--ledger`, compares
/// a box's ledger with the city's database instead.
///
/// Exit code 0: every promise was kept. 1: one was broken. 2: no verdict could be given.
#[derive(Debug, Parser)]
#[command(name = "site-verdict", version)]
struct Arguments {
    /// The simulator's journal.jsonl
    #[arg(long, required_unless_present = "ledger", requires = "city_key")]
    journal: Option<PathBuf>,
    /// The city's database file
    #[arg(long)]
    city_db: PathBuf,
    /// The city's private key for sealed workers, 64 hex digits
    #[arg(long, required_unless_present = "ledger")]
    city_key: Option<PathBuf>,
    /// What `menwei export` wrote
    #[arg(long, requires = "box_id", conflicts_with_all = ["journal", "city_key"])]
    ledger: Option<PathBuf>,
    /// The box whose ledger that is
    #[arg(long = "box", requires = "ledger", value_name = "BOX")]
    box_id: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (text, code) = match run(&arguments) {
        Ok((text, ok)) => (text, u8::from(!ok)),
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

/// The verdict as JSON, and whether every promise was kept.
fn run(arguments: &Arguments) -> Result<(String, bool), VerdictError> {
    if let (Some(export), Some(id)) = (&arguments.ledger, &arguments.box_id) {
        let delivery = delivery::compare(export, &arguments.city_db, id)?;
        return Ok((
            serde_json::to_string(&delivery).unwrap_or_default(),
            delivery.ok,
        ));
    }
    let (Some(journal), Some(key)) = (&arguments.journal, &arguments.city_key) else {
        return Err(VerdictError::Key);
    };
    let key = CityKey::read(key)?;
    let lines = journal::read(journal)?;
    let ledger = ledger::read(&arguments.city_db, &key)?;
    let verdict = judge(&lines, &ledger);
    Ok((
        serde_json::to_string(&verdict).unwrap_or_default(),
        verdict.ok,
    ))
}
