//! A gate that only has relays, spoken by an independent Modbus slave: a card opens it, a contact
//! reports the passage, and a lost answer opens nothing twice.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tests::{LoneGate, Result, eventually, repository};

use crate::help::{Gate, plan};

/// Debian's own: the library comes as a Debian package.
const PYTHON: &str = "/usr/bin/python3";

/// The slave; it ends with the test.
struct Slave {
    child: Child,
    terminal: String,
}

impl Slave {
    fn start(folder: &Path) -> Result<Self> {
        let mut child = Command::new(PYTHON)
            .arg(repository().join("tests/scenarios/modbus/slave.py"))
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let printed = child.stdout.take().ok_or("no output")?;
        let mut terminal = String::new();
        BufReader::new(printed).read_line(&mut terminal)?;
        let terminal = terminal.trim().to_owned();
        Ok(Self { child, terminal })
    }
}

impl Drop for Slave {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

/// How often relay 0 was switched on.
fn openings(folder: &Path) -> usize {
    let log = fs::read_to_string(folder.join("relays")).unwrap_or_default();
    log.lines().filter(|line| *line == "0 on").count()
}

/// A site whose lane `road` has such a gate.
async fn site(folder: &Path, slave: &Slave, pulse_ms: u16) -> Result<LoneGate> {
    let mut site = LoneGate::prepare(folder, &plan("one-gate")).await?;
    let gate = format!(
        r#"
[lane.gate]
name = "路口闸机"
link = "serial:{}?baud=9600"
open_pulse_ms = {pulse_ms}
pass_timeout_ms = 2000
[lane.gate.relay]
open = "coil"
open_in = 0
open_out = 1
passed_in = 0
passed_out = 1
"#,
        slave.terminal
    );
    site.gate_box.edit(|settings| settings + &gate)?;
    site.gate_box.up().await?;
    Gate::from(&site).lamp(0, "路口闸机", "online").await?;
    Ok(site)
}

#[tokio::test]
async fn a_card_opens_a_gate_of_relays_and_the_passage_counts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let slave = Slave::start(folder.path())?;
    let site = site(folder.path(), &slave, 400).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    for (reader, direction, person) in [
        ("road-in", "in", "admitted:0"),
        ("road-out", "out", "admitted:0"),
        ("road-in", "in", "admitted:1"),
    ] {
        let before = gate.head()?;
        gate.simulator.put(reader, person).await?;
        let (seq, granted) = gate
            .record(before, "a granted presentation", |body| {
                body["kind"] == "presentation"
            })
            .await?;
        assert_eq!(
            (&granted["result"], &granted["counted"]),
            (&"granted".into(), &false.into())
        );
        let (_, passage) = gate
            .record(seq, "the passage", |body| body["kind"] == "passage")
            .await?;
        assert_eq!(passage["outcome"], "passed");
        assert_eq!(passage["direction"], direction);
        assert_eq!(passage["presentation"], seq);
        assert_eq!(passage["counted"], true);
        gate.simulator.lift(reader).await?;
    }
    assert_eq!(openings(folder.path()), 2);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_opens_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let slave = Slave::start(folder.path())?;
    let site = site(folder.path(), &slave, 400).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let lose = folder.path().join("lose");
    fs::write(&lose, "")?;
    let before = gate.head()?;
    gate.simulator.put("road-in", "admitted:0").await?;
    let (_, passage) = gate
        .record(before, "the passage", |body| body["kind"] == "passage")
        .await?;
    assert_eq!(passage["outcome"], "passed");
    assert!(!lose.exists(), "no answer was lost");
    assert_eq!(openings(folder.path()), 1);
    eventually("the relay is off again", async || {
        let log = fs::read_to_string(folder.path().join("relays"))?;
        Ok(log.trim_end().ends_with("0 off").then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_box_that_stops_in_a_pulse_leaves_no_relay_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let slave = Slave::start(folder.path())?;
    let mut site = site(folder.path(), &slave, 2000).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    gate.simulator.put("road-in", "admitted:0").await?;
    eventually("the relay is on", async || {
        Ok((openings(folder.path()) == 1).then_some(()))
    })
    .await?;
    site.gate_box.stop().await?;
    let log = fs::read_to_string(folder.path().join("relays"))?;
    assert_eq!(log, "0 on\n0 off\n");
    Ok(())
}

#[tokio::test]
async fn nobody_who_comes_is_no_attendance() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let slave = Slave::start(folder.path())?;
    fs::write(folder.path().join("stay"), "")?;
    let site = site(folder.path(), &slave, 400).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    let before = gate.head()?;
    gate.simulator.put("road-in", "admitted:0").await?;
    let (_, passage) = gate
        .record(before, "the passage", |body| body["kind"] == "passage")
        .await?;
    assert_eq!(
        (&passage["outcome"], &passage["counted"]),
        (&"timed_out".into(), &false.into())
    );
    Ok(())
}
