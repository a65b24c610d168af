//! A city: its keys, its process, its database.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::process::{Process, bin_dir, run};
use crate::{Result, eventually};

/// The reference city as a process.
#[derive(Debug)]
pub struct City {
    folder: PathBuf,
    /// The broker's, for the city.
    broker_port: u16,
    more: String,
    process: Option<Process>,
}

impl City {
    /// Makes the keys and certificates of a city, and that of an observer.
    pub fn keys(folder: &Path) -> Result<()> {
        let program = bin_dir()?.join("menwei-city");
        let dir = text(folder)?;
        run(&program, &["init", "--dir", dir])?;
        run(&program, &["issue", "--dir", dir, "--broker"])?;
        run(&program, &["issue", "--dir", dir, "--city"])?;
        run(&program, &["issue", "--dir", dir, "--observer"])?;
        Ok(())
    }

    /// Issues a box's certificate into `out`.
    pub fn issue_box(folder: &Path, box_id: &str, out: &Path) -> Result<()> {
        let program = bin_dir()?.join("menwei-city");
        run(
            &program,
            &[
                "issue",
                "--dir",
                text(folder)?,
                "--box",
                box_id,
                "--out",
                text(out)?,
            ],
        )?;
        Ok(())
    }

    /// A city in a folder that has keys, at the broker's port for it; not started yet.
    pub fn new(folder: &Path, broker_port: u16) -> Self {
        Self {
            folder: folder.to_path_buf(),
            broker_port,
            more: String::new(),
            process: None,
        }
    }

    /// Further lines of its settings file, for its next start.
    pub fn set(&mut self, lines: &str) {
        lines.clone_into(&mut self.more);
    }

    /// Starts it and waits until its page answers.
    pub async fn up(&mut self) -> Result<()> {
        let status = self.folder.join("menwei-city.json");
        if status.exists() {
            fs::remove_file(&status)?;
        }
        let settings = self.folder.join("city.toml");
        fs::write(
            &settings,
            format!(
                "broker = \"localhost:{}\"\nlisten = \"127.0.0.1:0\"\n{}",
                self.broker_port, self.more
            ),
        )?;
        let log = self.folder.join("menwei-city.log");
        let program = bin_dir()?.join("menwei-city");
        let arguments = ["run", "--config", text(&settings)?];
        let mut process = Process::start("menwei-city", &program, &arguments, &log)?;
        eventually("the city is ready", async || {
            process.check_alive()?;
            Ok(status.exists().then_some(()))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// The running process.
    pub fn process(&self) -> Result<&Process> {
        self.process
            .as_ref()
            .ok_or_else(|| "the city does not run".into())
    }

    /// The address of its page.
    pub fn page(&self) -> Result<String> {
        let status = fs::read_to_string(self.folder.join("menwei-city.json"))?;
        let status: Value = serde_json::from_str(&status)?;
        let http = status["http"].as_str().ok_or("the city names no address")?;
        Ok(if http.starts_with("http") {
            http.to_owned()
        } else {
            format!("http://{http}")
        })
    }

    /// Its database, for looking only.
    pub fn database(&self) -> Result<Connection> {
        Ok(Connection::open_with_flags(
            self.folder.join("city.db"),
            OpenFlags::SQLITE_OPEN_READ_ONLY,
        )?)
    }

    /// How many records it has of a box.
    pub fn count(&self, box_id: &str) -> Result<u64> {
        let count: i64 = self.database()?.query_row(
            "SELECT count(*) FROM record WHERE box = ?1",
            [box_id],
            |row| row.get(0),
        )?;
        Ok(u64::try_from(count)?)
    }

    /// The folder with keys and database.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| "the folder's name is no text".into())
}
