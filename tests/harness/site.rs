//! A whole site: broker, city, simulated devices and the box, wired as a site day says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

use crate::broker::Broker;
use crate::city::{City, text};
use crate::faces::Faces;
use crate::gate_box::{BoxPlan, GateBox, LaneWiring};
use crate::process::{bin_dir, repository};
use crate::simulator::Simulator;
use crate::{Result, eventually};

/// The box's name at every simulated site.
pub const BOX_ID: &str = "ah-000001";

/// The lanes of a site day, as far as wiring needs them.
#[derive(Debug, Deserialize)]
struct Wiring {
    lane: Vec<Lane>,
    #[serde(default)]
    reader: Speed,
    #[serde(default)]
    gate: Speed,
}

#[derive(Debug, Deserialize)]
struct Lane {
    lane: String,
    text: String,
    reader_in: Option<String>,
    reader_out: Option<String>,
    board: Option<bool>,
    reader_desk: Option<String>,
    #[serde(default)]
    camera_in: bool,
    #[serde(default)]
    camera_out: bool,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
struct Speed {
    baud: u32,
}

impl Default for Speed {
    fn default() -> Self {
        Self { baud: 115_200 }
    }
}

/// How a site is set up.
#[derive(Debug, Clone)]
pub struct SitePlan {
    /// The scenario file.
    pub site_day: PathBuf,
    /// Whether its people come by themselves.
    pub play: bool,
    /// Pause between two looks for a card, ms.
    pub find_interval_ms: u32,
    /// Further keys of the box's screen.
    pub screen_more: String,
    /// Further keys of each gate.
    pub gate_more: String,
    /// Further text of `site.toml`.
    pub more: String,
    /// Boards are chips in QEMU with this firmware image.
    pub board_image: Option<PathBuf>,
    /// Cameras are wired, and `menwei-face` belongs to the site.
    pub faces: bool,
}

impl SitePlan {
    /// A site day of the repository, with nobody coming by himself.
    pub fn of(name: &str) -> Self {
        Self {
            site_day: repository()
                .join("hw-sim/site-days")
                .join(format!("{name}.toml")),
            play: false,
            find_interval_ms: 300,
            screen_more: String::new(),
            gate_more: String::new(),
            more: String::new(),
            board_image: None,
            faces: false,
        }
    }

    /// The box's settings for the site day's lanes on these terminals.
    pub fn wire(
        &self,
        terminals: &BTreeMap<String, PathBuf>,
        boards: &BTreeMap<String, PathBuf>,
        broker_port: Option<u16>,
    ) -> Result<BoxPlan> {
        let wiring: Wiring = toml::from_str(&fs::read_to_string(&self.site_day)?)?;
        let (mut lanes, mut desk_reader) = (Vec::new(), None);
        for lane in wiring.lane {
            if let Some(id) = &lane.reader_desk {
                let reader = terminals.get(id);
                let reader = reader.ok_or_else(|| format!("no reader {id}"))?;
                desk_reader = Some((format!("{}读卡器", lane.text), reader.clone()));
                continue;
            }
            let mut readers = Vec::new();
            let ways = [
                ("in", "进", &lane.reader_in),
                ("out", "出", &lane.reader_out),
            ];
            for (direction, word, id) in ways {
                let Some(id) = id else { continue };
                let terminal = terminals.get(id).ok_or_else(|| format!("no reader {id}"))?;
                let name = format!("{}{word}口读卡器", lane.text);
                readers.push((name, direction, terminal.clone()));
            }
            let looking = [(lane.camera_in, "in"), (lane.camera_out, "out")];
            let cameras = looking.into_iter().filter(|one| one.0).map(|one| one.1);
            let cameras = cameras.collect();
            let gate = boards.get(&lane.lane).cloned();
            if lane.board.unwrap_or(true) != gate.is_some() {
                return Err(format!("lane {}: wired another way", lane.lane).into());
            }
            lanes.push(LaneWiring {
                id: lane.lane,
                name: lane.text,
                readers,
                cameras: if self.faces { cameras } else { Vec::new() },
                gate,
            });
        }
        Ok(BoxPlan {
            id: BOX_ID.to_owned(),
            reader_baud: wiring.reader.baud,
            gate_baud: wiring.gate.baud,
            find_interval_ms: self.find_interval_ms,
            lanes,
            desk_reader,
            broker_port,
            screen_more: self.screen_more.clone(),
            gate_more: self.gate_more.clone(),
            more: self.more.clone(),
        })
    }
}

/// A site that runs.
#[derive(Debug)]
pub struct Site {
    /// The broker.
    pub broker: Broker,
    /// The city.
    pub city: City,
    /// Devices and people.
    pub simulator: Simulator,
    /// The box.
    pub gate_box: GateBox,
    /// The face process of a site with faces, not started yet.
    pub faces: Option<Faces>,
}

impl Site {
    /// Brings everything up below `folder`; the roster is imported, all devices answer.
    pub async fn start(folder: &Path, plan: &SitePlan) -> Result<Self> {
        let mut site = Self::prepare(folder, plan).await?;
        site.gate_box.up().await?;
        Ok(site)
    }

    /// Everything but the box, which stands ready to be started.
    pub async fn prepare(folder: &Path, plan: &SitePlan) -> Result<Self> {
        let (city_dir, box_dir) = (folder.join("city"), folder.join("box"));
        City::keys(&city_dir)?;
        City::issue_box(&city_dir, BOX_ID, &box_dir)?;
        let broker = Broker::start(&city_dir, &folder.join("broker")).await?;
        let mut city = City::new(&city_dir, broker.city_port());
        city.up().await?;
        let simulator = Simulator::start_with_boards(
            &folder.join("sim"),
            &plan.site_day,
            false,
            plan.board_image.as_deref(),
        )
        .await?;
        let mut box_plan =
            plan.wire(simulator.readers(), simulator.boards(), Some(broker.port()))?;
        let faces = if plan.faces {
            let faces = Faces::new(&folder.join("face"), &box_plan.lanes, &simulator.page())?;
            box_plan.more.push_str(&faces.site_toml()?);
            Some(faces)
        } else {
            None
        };
        let gate_box = GateBox::new(&box_dir, &box_plan)?;
        let roster = box_dir.join("roster.json");
        Simulator::roster(&plan.site_day, &roster)?;
        gate_box.menwei(&["import", text(&roster)?])?;
        Ok(Self {
            broker,
            city,
            simulator,
            gate_box,
            faces,
        })
    }

    /// Starts the face process and enrolls whom the site day names, each by the first picture of him.
    pub async fn enroll_faces(&mut self) -> Result<()> {
        let cameras = self.cameras_online()?;
        let faces = self.faces.as_mut().ok_or("a site without faces")?;
        faces.up()?;
        let wanted = cameras + faces.cameras();
        eventually("every camera is online", async || {
            Ok((self.cameras_online()? >= wanted).then_some(()))
        })
        .await?;
        let folder = self.gate_box.folder().join("enroll");
        fs::create_dir_all(&folder)?;
        for (letter, number) in self.simulator.faces() {
            let portrait = Faces::portrait(&format!("{letter}/1.jpg"));
            fs::copy(portrait, folder.join(format!("{number}.jpg")))?;
        }
        self.gate_box.menwei(&["enroll", text(&folder)?])?;
        Ok(())
    }

    /// How often a camera has come.
    fn cameras_online(&self) -> Result<usize> {
        let records = self.gate_box.menwei(&["export"])?;
        let online = records
            .lines()
            .filter(|line| line.contains("口摄像头") && line.contains("\"state\":\"online\""));
        Ok(online.count())
    }

    /// Waits until the city has every record that the box has now, and the box knows it.
    pub async fn settled(&self) -> Result<u64> {
        eventually(
            "the city has every record and the box knows it",
            async || {
                let status = self.gate_box.status()?;
                let records = status["records"].as_u64().unwrap_or(0);
                let acked = status["acked_through"].as_u64().unwrap_or(0);
                Ok((acked == records && self.city.count(BOX_ID)? == records).then_some(records))
            },
        )
        .await
    }

    /// The verdict on the site day by a program that shares nothing with the box.
    pub fn verdict(&self) -> Result<Value> {
        let output = Command::new(bin_dir()?.join("site-verdict"))
            .arg("--journal")
            .arg(self.simulator.journal_file())
            .arg("--city-db")
            .arg(self.city.folder().join("city.db"))
            .arg("--city-key")
            .arg(self.city.folder().join("city-seal.key"))
            .output()?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("no verdict: {}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// Waits until the gate boards and readers answer, by the box's own records.
    pub async fn devices_answer(&self) -> Result<()> {
        let wanted = self.simulator.readers().len() + self.simulator.boards().len();
        eventually("every device answers", async || {
            let records = self.gate_box.menwei(&["export"])?;
            let online = records.lines().filter(|line| {
                line.contains("\"kind\":\"device\"") && line.contains("\"state\":\"online\"")
            });
            Ok((online.count() >= wanted).then_some(()))
        })
        .await
    }
}
