//! `demo`: a whole site to play with, or a scripted morning with a verdict.

mod morning;
mod paid_month;
mod pictures;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use jiff::civil::Date;
use tests::{BOX_ID, History, Result, Site, SitePlan};

/// Brings up a whole site: a broker, the city, simulated devices, and the box.
#[derive(Debug, Parser)]
struct Arguments {
    /// Play the scripted morning for at least so many seconds and print the verdict as JSON
    #[arg(long, value_parser = clap::value_parser!(u64).range(55..=3_600))]
    seconds: Option<u64>,
    /// Take pictures of the three pages into this folder and end
    #[arg(long)]
    screenshots: Option<PathBuf>,
    /// What the gate boards are
    #[arg(long, value_enum, default_value = "native")]
    board: Board,
    /// Where the site's files go; a fresh folder below target/ if not given
    #[arg(long)]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Board {
    /// The firmware's logic, compiled for this machine
    Native,
    /// The image that would be flashed, on chips in QEMU
    Qemu,
}

impl Arguments {
    fn plan(&self, name: &str) -> SitePlan {
        let image = || firmware_images::image(firmware_images::BOARDS[0]);
        SitePlan {
            board_image: (self.board == Board::Qemu).then(image),
            faces: true,
            // A busy machine sees few frames.
            more: "[policy.face]\nlook_ms = 3000\n".to_owned(),
            screen_more: "voice = \"names\"\n".to_owned(),
            ..SitePlan::of(name)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match (arguments.seconds, &arguments.screenshots) {
        (Some(seconds), _) => match folder(&arguments) {
            Ok(folder) => morning::play(&folder, &arguments.plan("demo"), seconds).await,
            Err(error) => Err(error),
        },
        (None, Some(out)) => pictures(&arguments, out).await.map(|()| true),
        (None, None) => visit(&arguments).await.map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::from(2)
        }
    }
}

fn folder(arguments: &Arguments) -> Result<PathBuf> {
    let folder = match &arguments.dir {
        Some(dir) => std::path::absolute(dir)?,
        None => std::path::absolute("target/demo")?,
    };
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

async fn pictures(arguments: &Arguments, out: &std::path::Path) -> Result<()> {
    let folder = folder(arguments)?;
    let mut site = site_with_history(arguments, &folder).await?;
    site.enroll_faces().await?;
    pictures::take(&mut site, &folder, out).await
}

/// A site that has a whole month behind it whatever the day is, so that every page has something true to show.
async fn site_with_history(arguments: &Arguments, folder: &std::path::Path) -> Result<Site> {
    let mut site = Site::prepare(folder, &arguments.plan("play")).await?;
    let history = History {
        days: 62,
        teams: 0,
        lane: "east-1".to_owned(),
        seed: 20_261_122,
    };
    history.write(&site.gate_box, BOX_ID).await?;
    site.gate_box.up().await?;
    let today = today(&site)?;
    paid_month::write(&mut site.gate_box, today).await?;
    Ok(site)
}

/// The work day of the box's last record: one begins at four in the morning, so that a month is over when
/// its last night shift is.
fn today(site: &Site) -> Result<Date> {
    let last = site.gate_box.status()?["records"].as_u64().unwrap_or(1);
    let records = site.gate_box.records(last - 1)?;
    let at = records.first().and_then(|one| one["body"]["at"].as_i64());
    let at = at.ok_or("no time")? - 4 * 3_600_000;
    let at = jiff::Timestamp::from_millisecond(at)?;
    Ok(jiff::tz::Offset::constant(8).to_datetime(at).date())
}

async fn visit(arguments: &Arguments) -> Result<()> {
    let folder = folder(arguments)?;
    eprintln!("正在启动：证书、消息服务器、市级平台、模拟设备、考勤盒 …");
    let mut site = site_with_history(arguments, &folder).await?;
    site.enroll_faces().await?;
    let code = site.gate_box.fresh_code()?;
    println!("模拟工地    {}", site.simulator.page());
    println!(
        "劳资员网页  {}/claim    一次性开通码：{code}",
        site.gate_box.screen()
    );
    println!("闸机屏      {}/gate", site.gate_box.screen());
    println!("市级平台    {}", site.city.page()?);
    println!(
        "在“模拟工地”把工人的身份证放到读卡器上，看闸机打开；或让人站到摄像头前，刷脸通过。再看另外两页。按 Ctrl-C 结束。"
    );
    tokio::signal::ctrl_c().await?;
    site.gate_box.stop().await
}
