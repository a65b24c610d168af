//! `menwei-city`: the reference city on the command line.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{ArgGroup, Args, Parser, Subcommand};
use jiff::civil::Date;
use sync_city::care;
use sync_city::claims;
use sync_city::config::File;
use sync_city::db::Session;
use sync_city::down::{self, Press, Published};
use sync_city::ingest;
use sync_city::pki::{self, Validity};
use sync_city::registry::Registry;
use sync_city::show::{Reader, SentRow};
use sync_city::{CityError, Settings, Silent, clock, run};
use tokio::signal::unix::{SignalKind, signal};

/// Messages to boxes that are listed.
const SENT_SHOWN: u32 = 200;

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
    /// Shows the keys that a box must know, as lines of its site.toml
    Keys {
        /// The city's folder
        #[arg(long)]
        dir: PathBuf,
    },
    /// Rosters
    #[command(subcommand)]
    Roster(RosterCommand),
    /// Rules of the gates
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Bars workers of a box at every lane at once
    Revoke(RevokeWorkers),
    /// Lists what was sent to boxes and what they answered
    Sent(Where),
    /// Makes a one-time code with which a box gets its certificate over the network
    Claim(MakeClaim),
    /// Revokes all certificates of a box: broker and city turn it away
    RevokeBox(RevokeBox),
    /// Forgets the key with which a box signs its ledger: the next one that it tells is taken
    ForgetDeviceKey(RevokeBox),
}

#[derive(Debug, Args)]
struct RevokeBox {
    #[command(flatten)]
    city: Where,
    /// The box
    #[arg(value_name = "BOX")]
    id: String,
}

#[derive(Debug, Args)]
struct MakeClaim {
    #[command(flatten)]
    city: Where,
    /// Code of the box's site; records that name another are refused
    #[arg(long)]
    site: String,
    /// Days after which the code is void
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    days: u32,
    /// Days of validity of the certificate
    #[arg(long, default_value_t = 1_095)]
    valid_days: u32,
    /// The box
    #[arg(value_name = "BOX")]
    id: String,
}

#[derive(Debug, Subcommand)]
enum RosterCommand {
    /// Signs a roster for a box: a file with one line of JSON for each person (sync/PROTOCOL.md section 13, without the header)
    Publish(PublishRoster),
}

#[derive(Debug, Args)]
struct PublishRoster {
    #[command(flatten)]
    city: Where,
    /// The file only changes what was published last; whom it does not name stays as he was
    #[arg(long)]
    change: bool,
    /// Days after which nobody follows it any more
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// The box
    #[arg(value_name = "BOX")]
    id: String,
    /// The file
    file: PathBuf,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Signs numbers of the rules for a box: a TOML file with the fields of sync/PROTOCOL.md section 12
    Publish(PublishPolicy),
}

#[derive(Debug, Args)]
struct PublishPolicy {
    #[command(flatten)]
    city: Where,
    /// Days after which nobody follows it any more
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// The box
    #[arg(value_name = "BOX")]
    id: String,
    /// The file
    file: PathBuf,
}

#[derive(Debug, Args)]
struct RevokeWorkers {
    #[command(flatten)]
    city: Where,
    /// Why, in Chinese, for the clerk
    #[arg(long)]
    reason: String,
    /// Days after which nobody follows it any more
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// The box
    #[arg(value_name = "BOX")]
    id: String,
    /// The box's numbers of the workers
    #[arg(required = true)]
    workers: Vec<u32>,
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
#[command(group(ArgGroup::new("whose").required(true).args(["broker", "box_id", "city", "observer"])))]
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
    /// Code of the box's site; records that name another are refused
    #[arg(long, requires = "box_id")]
    site: Option<String>,
    /// The city's own client certificate: city.pem and city.key in the city's folder
    #[arg(long)]
    city: bool,
    /// A client certificate for who may hear everything at the broker's city side and say nothing: observer.pem and observer.key in the city's folder
    #[arg(long)]
    observer: bool,
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
    /// Broker, host:port; the host must be in its certificate, the port is that for the city [default: localhost:8884]
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
        Command::Keys { dir } => keys(&dir),
        Command::Roster(RosterCommand::Publish(one)) => publish_roster(&one),
        Command::Policy(PolicyCommand::Publish(one)) => publish_policy(&one),
        Command::Revoke(one) => revoke(&one),
        Command::Sent(city) => sent(&city),
        Command::RevokeBox(one) => revoke_box(&one),
        Command::ForgetDeviceKey(one) => forget_device_key(&one),
        Command::Claim(one) => claim(&one),
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
        pki::issue_box(&issue.dir, id, out, validity)?;
        return match &issue.site {
            Some(site) => Registry::change(&issue.dir, |registry| {
                registry.sites.insert(id.clone(), site.clone());
                Ok(())
            }),
            None => Ok(()),
        };
    }
    if issue.observer {
        return pki::issue_observer(&issue.dir, validity);
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
    let settings = settings(city)?;
    let mut session = Session::open(&settings.place)?;
    let freed = care::redrive(&mut session, &pki::seal_key(&settings.dir)?)?;
    say(&format!("{freed} 条暂存记录已入库"));
    Ok(())
}

fn add_code(one: &AddCode) -> Result<(), CityError> {
    let mut session = Session::open(&settings(&one.city)?.place)?;
    care::add_code(&mut session, (&one.table, &one.code), &one.name)
}

fn keys(dir: &Path) -> Result<(), CityError> {
    let signing = pki::signing_public(dir)?;
    say(&format!("city_signing_key = \"{signing}\""));
    Ok(())
}

/// The key that signs and the city's database, with every box that has a certificate in it.
fn office(city: &Where) -> Result<(Press, Session), CityError> {
    let settings = settings(city)?;
    let press = Press::open(&settings.dir, settings.https_url.clone())?;
    let mut session = Session::open(&settings.place)?;
    care::enroll(&mut session, &settings.dir)?;
    Ok((press, session))
}

fn publish_roster(one: &PublishRoster) -> Result<(), CityError> {
    let people = down::people_of(&pki::read_text(&one.file)?)?;
    let (press, mut session) = office(&one.city)?;
    let done = press.roster(&mut session, &one.id, (&people, one.change, one.days))?;
    tell(&one.id, &done);
    Ok(())
}

fn publish_policy(one: &PublishPolicy) -> Result<(), CityError> {
    let values = down::policy_of(&pki::read_text(&one.file)?)?;
    let (press, mut session) = office(&one.city)?;
    let done = press.policy(&mut session, &one.id, (values, one.days))?;
    tell(&one.id, &done);
    Ok(())
}

fn revoke(one: &RevokeWorkers) -> Result<(), CityError> {
    let (press, mut session) = office(&one.city)?;
    let order = (one.workers.clone(), one.reason.as_str(), one.days);
    let done = press.revoke(&mut session, &one.id, order)?;
    tell(&one.id, &done);
    Ok(())
}

fn tell(id: &str, done: &Published) {
    let (detail, number) = (&done.detail, done.number);
    say(&format!(
        "已签发给盒子 {id}：{detail}（编号 {number}）；平台会一直下发到盒子答复为止"
    ));
}

fn sent(city: &Where) -> Result<(), CityError> {
    let mut reader = Reader::open(&settings(city)?.place)?;
    for row in SentRow::list(&mut reader, SENT_SHOWN)? {
        let parts = [&row.at, &row.id, &row.detail, &row.state, &row.said];
        say(&parts.map(String::as_str).join("  "));
    }
    Ok(())
}

fn forget_device_key(one: &RevokeBox) -> Result<(), CityError> {
    let settings = settings(&one.city)?;
    Registry::change(&settings.dir, |registry| {
        registry.device_keys.remove(&one.id);
        Ok(())
    })?;
    let mut session = Session::open(&settings.place)?;
    let Some(key) = ingest::forget_device_key(&mut session, &one.id)? else {
        let told = format!("平台没有记下盒子 {} 的设备公钥", one.id);
        return Err(CityError::Refused(told));
    };
    say(&format!(
        "已忘掉盒子 {} 的设备公钥 {key}；它下次连上来报的公钥会被记下",
        one.id
    ));
    Ok(())
}

fn revoke_box(one: &RevokeBox) -> Result<(), CityError> {
    let settings = settings(&one.city)?;
    claims::void(&settings.dir, &one.id)?;
    let revoked = pki::revoke_box(&settings.dir, &one.id)?;
    if revoked == 0 {
        let told = format!("盒子 {} 没有有效的证书", one.id);
        return Err(CityError::Refused(told));
    }
    let mut session = Session::open(&settings.place)?;
    care::enroll(&mut session, &settings.dir)?;
    say(&format!(
        "已吊销盒子 {} 的 {revoked} 份证书，平台不再接收它的数据；请让 Mosquitto 重新读取吊销列表（SIGHUP 或重启）",
        one.id
    ));
    Ok(())
}

fn claim(one: &MakeClaim) -> Result<(), CityError> {
    let settings = settings(&one.city)?;
    let Some(url) = &settings.claim_url else {
        let told =
            "没有供盒子开通的地址：请在平台配置文件中设置 claim_listen 和 claim_url，并重启平台";
        return Err(CityError::Refused(told.to_owned()));
    };
    let whose = (one.id.as_str(), one.site.as_str());
    let code = claims::make(&settings.dir, whose, (one.days, one.valid_days))?;
    let fingerprint = pki::fingerprint(&settings.dir)?;
    say(&format!(
        "盒子 {}（工地 {}）的一次性开通码，{} 天内有效，只能用一次：\n\n  {code}\n\n\
         在盒子上执行：\n\n  menwei claim --city {url} --code {code} --ca-fingerprint {fingerprint}\n",
        one.id, one.site, one.days
    ));
    Ok(())
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
