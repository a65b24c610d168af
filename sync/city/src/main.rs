//! `menwei-city`: the reference city on the command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args, Parser, Subcommand};
use jiff::civil::Date;
use sync_city::care;
use sync_city::config::File;
use sync_city::db::Session;
use sync_city::pki::{self, Validity};
use sync_city::{CityError, Settings, Silent, clock, run};
use tokio::signal::unix::{SignalKind, signal};

/// The reference city: takes records from boxes, checks and stores them, acknowledges.
#[derive(Debug, Parser)]
#[command(name = "menwei-city", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes the city's folder: certificate authority, seal key, signing key
    Init(Init),
    /// Issues a certificate
    Issue(Issue),
    /// Takes records until it is told to stop
    Run(Run),
    /// Reads every parked record again, as after an update of the program
    Redrive(Where),
    /// Codes beyond the national tables
    #[command(subcommand)]
    Codes(CodesCommand),
}

/// Which city a command is about.
#[derive(Debug, Args)]
struct Where {
    /// Settings file, as for run
    #[arg(long, required_unless_present = "dir", conflicts_with = "dir")]
    config: Option<PathBuf>,
    /// The city's folder
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum CodesCommand {
    /// Adds a code; records parked for it are taken by themselves
    Add(AddCode),
}

#[derive(Debug, Args)]
struct AddCode {
    #[command(flatten)]
    city: Where,
    /// Which table: trade, role, employer, training, by
    #[arg(long)]
    table: String,
    /// The code
    #[arg(long)]
    code: String,
    /// Its name
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
struct Span {
    /// First day of validity, YYYY-MM-DD; yesterday if not given
    #[arg(long)]
    valid_from: Option<Date>,
}

#[derive(Debug, Args)]
struct Init {
    /// The city's folder
    #[arg(long)]
    dir: PathBuf,
    #[command(flatten)]
    span: Span,
    /// Days of validity of the authority
    #[arg(long, default_value_t = 3_650)]
    valid_days: u32,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["broker", "box_id", "city"])))]
struct Issue {
    /// The city's folder
    #[arg(long)]
    dir: PathBuf,
    /// A server certificate for the broker: broker.pem and broker.key in the city's folder
    #[arg(long)]
    broker: bool,
    /// Further names or addresses of the broker
    #[arg(long = "name", requires = "broker")]
    names: Vec<String>,
    /// A client certificate for a box
    #[arg(long = "box", requires = "out", value_name = "BOX")]
    box_id: Option<String>,
    /// Where everything that the box needs is put
    #[arg(long)]
    out: Option<PathBuf>,
    /// The city's own client certificate: city.pem and city.key in the city's folder
    #[arg(long)]
    city: bool,
    #[command(flatten)]
    span: Span,
    /// Days of validity
    #[arg(long, default_value_t = 1_095)]
    valid_days: u32,
}

#[derive(Debug, Args)]
struct Run {
    /// Settings file (TOML: dir, broker, listen)
    #[arg(long, conflicts_with_all = ["dir", "broker", "listen"])]
    config: Option<PathBuf>,
    /// The city's folder
    #[arg(long, required_unless_present = "config")]
    dir: Option<PathBuf>,
    /// Broker, host:port; the host must be in its certificate [default: localhost:8883]
    #[arg(long)]
    broker: Option<String>,
    /// Address of the page; port 0 picks a free one [default: 127.0.0.1:8300]
    #[arg(long)]
    listen: Option<String>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
    let result = match Arguments::parse().command {
        Command::Init(init) => Validity::new(from(init.span.valid_from), init.valid_days)
            .and_then(|validity| pki::init(&init.dir, validity)),
        Command::Issue(issue) => self::issue(&issue),
        Command::Run(run) => serve(run),
        Command::Redrive(city) => redrive(&city),
        Command::Codes(CodesCommand::Add(one)) => add_code(&one),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed terminal cannot be told anything.
            drop(writeln!(
                std::io::stderr(),
                "menwei-city: {}",
                error.chain()
            ));
            ExitCode::from(if matches!(error, CityError::Config(_)) {
                78
            } else {
                1
            })
        }
    }
}

fn from(given: Option<Date>) -> Date {
    given.unwrap_or_else(|| clock::today().yesterday().unwrap_or(Date::MIN))
}

fn issue(issue: &Issue) -> Result<(), CityError> {
    let validity = Validity::new(from(issue.span.valid_from), issue.valid_days)?;
    if issue.broker {
        return pki::issue_broker(&issue.dir, &issue.names, validity);
    }
    if let (Some(id), Some(out)) = (&issue.box_id, &issue.out) {
        return pki::issue_box(&issue.dir, id, out, validity);
    }
    pki::issue_city(&issue.dir, validity)
}

fn settings(city: &Where) -> Result<Settings, CityError> {
    match &city.config {
        Some(path) => Settings::read(path),
        None => Settings::check(File {
            dir: city.dir.clone(),
            ..File::default()
        }),
    }
}

fn redrive(city: &Where) -> Result<(), CityError> {
    let mut session = Session::open(&settings(city)?.place)?;
    let freed = care::redrive(&mut session)?;
    say(&format!("{freed} 条暂存记录已入库"));
    Ok(())
}

fn add_code(one: &AddCode) -> Result<(), CityError> {
    let mut session = Session::open(&settings(&one.city)?.place)?;
    care::add_code(&mut session, (&one.table, &one.code), &one.name)
}

fn say(text: &str) {
    // A closed terminal cannot be told anything.
    drop(writeln!(std::io::stdout(), "{text}"));
}

fn serve(arguments: Run) -> Result<(), CityError> {
    let settings = match &arguments.config {
        Some(path) => Settings::read(path)?,
        None => Settings::check(File {
            dir: arguments.dir,
            broker: arguments.broker,
            listen: arguments.listen,
            ..File::default()
        })?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|_| CityError::Ended("runtime"))?;
    runtime.block_on(async {
        let city = run(&settings, Arc::new(Silent)).await?;
        let stopper = city.stopper();
        let mut told = signal(SignalKind::terminate()).map_err(|_| CityError::Ended("signals"))?;
        let mut ended = std::pin::pin!(city.ended());
        tokio::select! {
            result = &mut ended => return result,
            _ = told.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stopper.cancel();
        ended.await
    })
}
