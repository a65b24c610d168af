//! From exec to the first lane ready, with a large roster and a large or small ledger.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hw_sim::{SiteDay, TimingSink};
use tests::{GateBox, Generator, Result, SitePlan, bin_dir, percentile, record_offline, run};
use tokio::time::Instant;

use crate::folder;
use crate::report::Report;

const WORKERS: &str = "10000";
const SMALL_RECORDS: u64 = 10_000;
const RUNS: usize = 9;

/// Measures with `records` and with ten thousand.
pub(crate) async fn measure(records: u64) -> Result<()> {
    let folder = folder("start-files")?;
    let small = ready_ms(&folder.join("small"), SMALL_RECORDS).await?;
    let large = ready_ms(&folder.join("large"), records).await?;
    let mut report = Report::new("start");
    report.add("workers", WORKERS.parse()?);
    report.add("records", records as f64);
    report.add("ready_ms_10k_records", percentile(&small, 0.5));
    report.add_at_most("ready_ms_1m", percentile(&large, 0.5), 200.0);
    report.add("ready_ms_1m_max", percentile(&large, 1.0));
    report.finish()
}

async fn ready_ms(folder: &Path, records: u64) -> Result<Vec<f64>> {
    let plan = SitePlan::of("bench-gate");
    let day = SiteDay::read(&plan.site_day)?;
    let devices = hw_sim::Site::start(day, 2026, &folder.join("sim"), &TimingSink::default())?;
    let terminals = devices.terminals();
    let box_plan = plan.wire(&terminals.readers, &terminals.boards, None)?;
    let gate_box = GateBox::new(&folder.join("box"), &box_plan)?;
    fill(&gate_box, records).await?;
    let mut found = Vec::new();
    for _ in 0..RUNS {
        found.push(one_start(&gate_box, folder)?);
    }
    Ok(found)
}

/// Imports the roster through the program, then adds attendance until there are `records`.
async fn fill(gate_box: &GateBox, records: u64) -> Result<()> {
    let dir = gate_box.folder();
    let roster = dir.join("roster.json");
    let roster = roster.to_str().ok_or("folder's name")?;
    run(
        &bin_dir()?.join("hw-sim"),
        &["people", "--count", WORKERS, "--out", roster],
    )?;
    gate_box.menwei(&["import", roster])?;
    let there = u64::try_from(gate_box.records(0)?.len())?;
    let mut generator = Generator::new(3);
    record_offline(dir, records - there, &mut generator).await?;
    Ok(())
}

/// Starts the box as systemd would and waits for its READY=1.
fn one_start(gate_box: &GateBox, folder: &Path) -> Result<f64> {
    let address = folder.join("notify");
    fs::remove_file(&address).ok();
    let socket = UnixDatagram::bind(&address)?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    let log = fs::File::create(folder.join("menwei.log"))?;
    let begin = Instant::now();
    let mut child = Command::new(bin_dir()?.join("menwei"))
        .arg("--config")
        .arg(gate_box.config())
        .arg("run")
        .env("NOTIFY_SOCKET", &address)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let mut message = [0; 512];
    let ready_ms = loop {
        let length = socket.recv(&mut message)?;
        if message[..length].windows(7).any(|word| word == b"READY=1") {
            break begin.elapsed().as_secs_f64() * 1e3;
        }
    };
    Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()?;
    child.wait()?;
    Ok(ready_ms)
}
