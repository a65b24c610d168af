//! A city by somebody else, in another language, takes a site day: `tests/python_city`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use tests::{BOX_ID, Process, Result, Site, eventually, repository};

use crate::delivery::from_the_city::stranger;
use crate::delivery::identity::{copy_database, delivered, forked_from};
use crate::help::{Gate, plan};
use crate::script::{everybody_is_through_and_recorded, play_ended};

/// Debian's: the client's modules are Debian packages.
const PYTHON: &str = "/usr/bin/python3";

pub(super) struct AnotherCity {
    folder: PathBuf,
    port: u16,
    manner: &'static str,
    pub(super) process: Process,
}

impl AnotherCity {
    /// With a database for each manner: `honest`, `slow` (in its answers), `parks` (everything), `lies`
    /// or `denies` (what the box has, in answers to its hellos).
    pub(super) async fn start(folder: &Path, port: u16, manner: &'static str) -> Result<Self> {
        let program = repository().join("tests/python_city/city.py");
        let database = folder.join(format!("another-{manner}.db"));
        let (program, database) = (
            program.display().to_string(),
            database.display().to_string(),
        );
        let dir = folder.display().to_string();
        let roster = folder.join("people.json").display().to_string();
        let port_text = port.to_string();
        let mut arguments = vec![
            "-B", &program, "--dir", &dir, "--port", &port_text, "--db", &database, "--manner",
            manner,
        ];
        if manner == "honest" {
            arguments.extend(["--roster", &roster]);
        }
        let log = folder.join(format!("another-{manner}.log"));
        let ready = |log: &str| log.lines().filter(|line| *line == "ready").count();
        let had = fs::read_to_string(&log).map_or(0, |log| ready(&log));
        let mut process = Process::start("another city", Path::new(PYTHON), &arguments, &log)?;
        eventually("the other city listens", async || {
            process.check_alive()?;
            Ok((ready(&process.log()) > had).then_some(()))
        })
        .await?;
        let folder = folder.to_path_buf();
        Ok(Self {
            folder,
            port,
            manner,
            process,
        })
    }

    /// kill -9, and another one on the same database.
    async fn dies_and_comes_back(mut self) -> Result<Self> {
        self.process.kill()?;
        Self::start(&self.folder, self.port, self.manner).await
    }

    /// Its public key, for the box's settings.
    fn key(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("another.pub"))?)
    }

    fn database(&self) -> Result<Connection> {
        let file = self.folder.join(format!("another-{}.db", self.manner));
        Ok(Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?)
    }

    pub(super) fn number(&self, question: &str) -> Result<u64> {
        let number: i64 = self.database()?.query_row(question, [], |row| row.get(0))?;
        Ok(u64::try_from(number)?)
    }
}

#[tokio::test]
async fn a_city_in_another_language_takes_a_site_day() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("small-rush")).await?;
    site.city.kill()?;
    // Somebody whom only this city knows.
    let one = stranger(&site).await?;
    let people = serde_json::to_vec(&json!([{"name": one.name, "number": one.id_number}]))?;
    fs::write(site.city.folder().join("people.json"), people)?;
    let mut other =
        AnotherCity::start(site.city.folder(), site.broker.city_port(), "honest").await?;
    let (theirs, ours) = (other.key()?, signing_key(&site)?);
    site.gate_box.edit(|text| text.replace(&ours, &theirs))?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    site.simulator.act("play", &json!({})).await?;
    let all = "SELECT count(*) FROM record";
    let had = other.number(all)?;
    eventually("the other city takes some of the day", async || {
        Ok((other.number(all)? > had + 20 || play_ended(&site)?).then_some(()))
    })
    .await?;
    other = other.dies_and_comes_back().await?;
    everybody_is_through_and_recorded(&site).await?;
    let applied = "SELECT count(*) FROM result WHERE ok";
    eventually("the result of its signed roster arrives", async || {
        other.process.check_alive()?;
        Ok((other.number(applied)? > 0).then_some(()))
    })
    .await?;
    Gate::from(&site)
        .passes("gate-1-in", "not_on_roster")
        .await?;
    let records = eventually("the box knows that all of it is there", async || {
        other.process.check_alive()?;
        let status = site.gate_box.status()?;
        let records = status["records"].as_u64();
        Ok((status["acked_through"].as_u64() == records)
            .then_some(records)
            .flatten())
    })
    .await?;
    assert_eq!(other.number(all)?, records);
    let raised = "SELECT count(*) FROM alarm";
    assert_eq!(other.number(raised)?, 0, "it refused something");
    let parked = "SELECT count(*) FROM record WHERE parked IS NOT NULL";
    assert_eq!(other.number(parked)?, 0, "it did not understand something");
    same_records(&site, &other)
}

/// The key that the box's settings pin: that of the city which is not running.
fn signing_key(site: &Site) -> Result<String> {
    let key = fs::read_to_string(site.city.folder().join("city-sign.pub"))?;
    Ok(key.trim().to_owned())
}

/// Number by number, hash by hash, body by body.
fn same_records(site: &Site, other: &AnotherCity) -> Result<()> {
    let database = other.database()?;
    let mut query = database
        .prepare("SELECT seq, lower(hex(hash)), body FROM record WHERE box = ?1 ORDER BY seq")?;
    let rows = query.query_map([BOX_ID], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, Vec<u8>>(2)?,
        ))
    })?;
    let theirs = rows.collect::<std::result::Result<Vec<_>, _>>()?;
    let export = site.gate_box.menwei(&["export"])?;
    let ours: Vec<&str> = export.lines().collect();
    assert_eq!(theirs.len(), ours.len());
    for (line, (seq, hash, body)) in ours.iter().zip(theirs) {
        let record: serde_json::Value = serde_json::from_str(line)?;
        assert_eq!(record["seq"], seq);
        assert_eq!(record["hash"], hash);
        let tail = format!("\"body\":{}}}", String::from_utf8(body)?);
        assert!(line.ends_with(&tail), "{line}\n{tail}");
    }
    Ok(())
}

/// A file that went back, and a city that compares as the protocol says: written by somebody else.
#[tokio::test]
async fn a_fork_is_found_with_a_city_in_another_language() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = Site::prepare(folder.path(), &plan("one-gate")).await?;
    site.city.kill()?;
    fs::write(site.city.folder().join("people.json"), "[]")?;
    let place = site.city.folder().to_path_buf();
    let port = site.broker.city_port();
    let mut other = AnotherCity::start(&place, port, "honest").await?;
    site.gate_box.up().await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    delivered(&site.gate_box).await?;
    site.gate_box.stop().await?;
    let ledger = site.gate_box.folder().join("ledger.db");
    let copy = folder.path().join("copy.db");
    copy_database(&ledger, &copy)?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    delivered(&site.gate_box).await?;
    let old = site.gate_box.status()?["epoch"].clone();

    site.gate_box.stop().await?;
    copy_database(&copy, &ledger)?;
    site.broker.down()?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-2-in", "hmt:1").await?;
    site.broker.up().await?;
    forked_from(&mut site.gate_box, &old).await?;
    let status = delivered(&site.gate_box).await?;
    other.process.check_alive()?;
    let asked =
        "SELECT count(*) FROM heard WHERE instr(CAST(payload AS TEXT), '\"type\":\"compare\"')";
    assert!(other.number(asked)? > 0, "nothing was compared");
    // Both histories are there, each record once, and what only the box had is carried over.
    let carried =
        "SELECT count(*) FROM record WHERE instr(CAST(body AS TEXT), '\"kind\":\"carried\"')";
    assert!(other.number(carried)? > 0, "nothing was carried over");
    let raised = "SELECT count(*) FROM alarm";
    assert_eq!(other.number(raised)?, 0, "it refused something");
    let new = status["epoch"].as_str().unwrap_or_default();
    let of_new = format!("SELECT count(*) FROM record WHERE epoch = '{new}'");
    assert_eq!(Some(other.number(&of_new)?), status["records"].as_u64());
    for record in site.gate_box.records(0)? {
        let seq = &record["seq"];
        let hash = format!(
            "SELECT count(*) FROM record WHERE epoch = '{new}' AND seq = {seq} AND lower(hex(hash)) = {}",
            record["hash"].to_string().replace('"', "'")
        );
        assert_eq!(other.number(&hash)?, 1, "record {seq}");
    }
    Ok(())
}
