//! The program: `hw-sim run …` and `hw-sim people …`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::clock;
use crate::error::SimError;
use crate::http::{Stage, listen, serve};
use crate::people::{Crowd, CrowdSettings, roster_file};
use crate::settings::TimingSink;
use crate::site::{Site, Terminals};
use crate::site_day::SiteDay;

/// A simulated construction site: readers, gate boards and people that speak the real bytes.
#[derive(Debug, Parser)]
#[command(name = "hw-sim", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plug in the devices of a site day, serve the page, and optionally play the day.
    Run(RunArgs),
    /// Write the roster import file of the invented people.
    People(PeopleArgs),
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Folder for hw-sim.json, journal.jsonl and the terminals below dev/.
    #[arg(long)]
    dir: PathBuf,
    /// The scenario file.
    #[arg(long)]
    site: PathBuf,
    /// Where the page is served: a loopback address, port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Folder of the portraits that cameras show, as set-up fetches it.
    #[arg(long)]
    faces: Option<PathBuf>,
    /// Start the scripted day as soon as the box has spoken to every device.
    #[arg(long)]
    play: bool,
    /// The year that birthdays are counted from; this year unless given.
    #[arg(long)]
    year: Option<i16>,
    /// Boards are chips in QEMU with this firmware image, instead of the logic in this process.
    #[arg(long)]
    board_image: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
struct PeopleArgs {
    /// Take seed and counts from this scenario file instead of the options below.
    #[arg(long, conflicts_with_all = ["seed", "count", "denied_each"])]
    site: Option<PathBuf>,
    /// Same seed, same people.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Admitted residents; six permit holders and the refused come on top.
    #[arg(long, default_value_t = 600)]
    count: u32,
    /// How many of each refused standing.
    #[arg(long, default_value_t = 1)]
    denied_each: u32,
    /// The year that birthdays and dates are counted from; this year unless given.
    #[arg(long)]
    year: Option<i16>,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

/// The file that tells others where everything is.
#[derive(Debug, Serialize)]
struct RunFile {
    http: String,
    #[serde(flatten)]
    terminals: Terminals,
    journal: PathBuf,
    /// Letters of the pictures to the numbers of those whom they show.
    faces: BTreeMap<String, String>,
}

impl Cli {
    /// Does what the command line says. `run` ends with SIGTERM or SIGINT.
    pub async fn run(self) -> Result<(), SimError> {
        match self.command {
            Command::Run(args) => run(&args).await,
            Command::People(args) => people(&args),
        }
    }
}

async fn run(args: &RunArgs) -> Result<(), SimError> {
    let stopped = |source| SimError::Signal { source };
    let mut terminate = signal(SignalKind::terminate()).map_err(stopped)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(stopped)?;
    let day = SiteDay::read(&args.site)?;
    let folder = absolute(&args.dir)?;
    let (listener, bound) = listen(&args.listen).await?;
    let timings = TimingSink::default();
    let image = args.board_image.as_deref();
    let site = Site::start_with_boards(day, year(args.year), &folder, &timings, image)?;
    let mut lanes = site.day().lane.iter();
    let watched = lanes.any(|lane| lane.cameras().next().is_some());
    if let Some(faces) = args.faces.as_ref().filter(|_| watched) {
        site.bring_album(faces)?;
    }
    let run_file = RunFile {
        http: format!("http://{bound}"),
        terminals: site.terminals(),
        journal: folder.join("journal.jsonl"),
        faces: faces(&site),
    };
    write_json(&folder.join("hw-sim.json"), &run_file)?;
    let stage = Stage::new(site.clone());
    let playing = async {
        if args.play {
            site.wait_for_box().await?;
            stage.start_play();
        }
        std::future::pending::<Result<(), SimError>>().await
    };
    tokio::select! {
        ended = serve(listener, stage.clone()) => ended,
        failed = playing => failed,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

fn faces(site: &Site) -> BTreeMap<String, String> {
    let faces = site.day().face.iter();
    let known = faces.filter_map(|face| Some((&face.portrait, site.person(&face.who).ok()?)));
    known
        .map(|(letter, person)| (letter.clone(), person.number.clone()))
        .collect()
}

fn people(args: &PeopleArgs) -> Result<(), SimError> {
    let year = year(args.year);
    let day = args.site.as_deref().map(SiteDay::read).transpose()?;
    let crowd = if let Some(day) = &day {
        day.crowd(year)
    } else {
        let &PeopleArgs {
            seed,
            count,
            denied_each,
            ..
        } = args;
        Crowd::invent(CrowdSettings {
            seed,
            count,
            denied_each,
            year,
        })
    };
    let faces = day.iter().flat_map(|day| &day.face);
    let agreed: Vec<&str> = faces
        .filter_map(|face| crowd.find(&face.who))
        .map(|person| person.number.as_str())
        .collect();
    write_file(&args.out, roster_file(&crowd, &agreed)?.as_bytes())
}

/// The year given, or the one in which this machine believes to be, in Chinese time.
fn year(given: Option<i16>) -> i16 {
    given.unwrap_or_else(|| {
        let now = Timestamp::from_millisecond(clock::wall_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
        now.to_zoned(TimeZone::fixed(jiff::tz::offset(8))).year()
    })
}

fn absolute(folder: &Path) -> Result<PathBuf, SimError> {
    let failed = |source| SimError::WriteFile {
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    folder.canonicalize().map_err(failed)
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), SimError> {
    let text = serde_json::to_vec_pretty(value).map_err(|source| SimError::Encode {
        what: "run file",
        source,
    })?;
    write_file(path, &text)
}

/// Writes beside and renames, so that a reader never sees half a file.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SimError> {
    let failed = |source| SimError::WriteFile {
        path: path.to_owned(),
        source,
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, bytes).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
