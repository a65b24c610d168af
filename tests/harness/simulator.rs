//! Simulated readers, gate boards and people, as a process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::city::text;
use crate::process::{Process, bin_dir, repository, run};
use crate::{Result, eventually};

/// What the simulator says about itself once it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    http: String,
    readers: BTreeMap<String, PathBuf>,
    boards: BTreeMap<String, PathBuf>,
    faces: BTreeMap<String, String>,
}

/// A simulated site.
#[derive(Debug)]
pub struct Simulator {
    folder: PathBuf,
    ready: Ready,
    client: reqwest::Client,
    process: Process,
}

impl Simulator {
    /// Starts the devices of a site day; `play` also lets its people come.
    pub async fn start(folder: &Path, site_day: &Path, play: bool) -> Result<Self> {
        Self::start_with_boards(folder, site_day, play, None).await
    }

    /// The same, with boards that are chips in QEMU if an image is given.
    pub async fn start_with_boards(
        folder: &Path,
        site_day: &Path,
        play: bool,
        board_image: Option<&Path>,
    ) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let program = bin_dir()?.join("hw-sim");
        let mut arguments = vec![
            "run",
            "--dir",
            text(folder)?,
            "--site",
            text(site_day)?,
            "--listen",
            "127.0.0.1:0",
        ];
        let faces = repository().join("target/faces/people");
        if faces.exists() {
            arguments.extend(["--faces", text(&faces)?]);
        }
        if play {
            arguments.push("--play");
        }
        if let Some(image) = board_image {
            arguments.extend(["--board-image", text(image)?]);
        }
        let mut process =
            Process::start("hw-sim", &program, &arguments, &folder.join("hw-sim.log"))?;
        let file = folder.join("hw-sim.json");
        let ready = eventually("the simulator is ready", async || {
            process.check_alive()?;
            Ok(fs::read(&file)
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok()))
        })
        .await?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self {
            folder: folder.to_path_buf(),
            ready,
            client,
            process,
        })
    }

    /// Writes the roster file of a site day's people.
    pub fn roster(site_day: &Path, out: &Path) -> Result<()> {
        let program = bin_dir()?.join("hw-sim");
        run(
            &program,
            &["people", "--site", text(site_day)?, "--out", text(out)?],
        )?;
        Ok(())
    }

    /// Terminals of the readers by their id.
    pub fn readers(&self) -> &BTreeMap<String, PathBuf> {
        &self.ready.readers
    }

    /// Terminals of the gate boards by their lane.
    pub fn boards(&self) -> &BTreeMap<String, PathBuf> {
        &self.ready.boards
    }

    /// Letters of the pictures to the numbers of those whom they show.
    pub fn faces(&self) -> &BTreeMap<String, String> {
        &self.ready.faces
    }

    /// The address of its page.
    pub fn page(&self) -> String {
        let http = &self.ready.http;
        if http.starts_with("http") {
            http.clone()
        } else {
            format!("http://{http}")
        }
    }

    /// One act through its API.
    pub async fn act(&self, verb: &str, body: &Value) -> Result<Value> {
        let url = format!("{}/api/{verb}", self.page());
        let answer = self.client.post(url).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("the simulator refuses {verb} {body}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Puts a card on a reader.
    pub async fn put(&self, reader: &str, person: &str) -> Result<()> {
        self.act("put", &json!({"reader": reader, "person": person}))
            .await
            .map(drop)
    }

    /// Takes it off.
    pub async fn lift(&self, reader: &str) -> Result<()> {
        self.act("lift", &json!({"reader": reader})).await.map(drop)
    }

    /// A person walks through a lane.
    pub async fn walk(&self, lane: &str, direction: &str) -> Result<()> {
        self.act("walk", &json!({"lane": lane, "direction": direction}))
            .await
            .map(drop)
    }

    /// What it shows.
    pub async fn state(&self) -> Result<Value> {
        Ok(self
            .client
            .get(format!("{}/api/state", self.page()))
            .send()
            .await?
            .json()
            .await?)
    }

    /// The file of what people did.
    pub fn journal_file(&self) -> PathBuf {
        self.folder.join("journal.jsonl")
    }

    /// What people did so far; a line that is being written is left for the next time.
    pub fn journal(&self) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.journal_file())?;
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let lines = whole.lines().map(serde_json::from_str);
        Ok(lines.collect::<Result<_, _>>()?)
    }

    /// The process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
