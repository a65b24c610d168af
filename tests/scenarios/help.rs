//! What people do at a site, and what the ledger says of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tests::{GateBox, LoneGate, Result, Simulator, Site, SitePlan, eventually, repository};

/// A site day of the scenarios.
pub(crate) fn plan(name: &str) -> SitePlan {
    SitePlan {
        site_day: site_day(name),
        play: false,
        find_interval_ms: 30,
        screen_more: String::new(),
        gate_more: String::new(),
        faces: false,
        more: String::new(),
        board_image: None,
    }
}

pub(crate) fn site_day(name: &str) -> PathBuf {
    repository()
        .join("tests/scenarios/site-days")
        .join(format!("{name}.toml"))
}

/// A site of one gate whose devices answer, where one worker has come in and the city has all of it.
pub(crate) async fn site_at_work(folder: &Path) -> Result<Site> {
    let site = Site::start(folder, &plan("one-gate")).await?;
    Gate::from(&site).devices_answer(0).await?;
    Gate::from(&site).passes("gate-1-in", "admitted:0").await?;
    site.settled().await?;
    Ok(site)
}

/// Workers whom every rule admits: here, trained, with a contract, of middle age.
pub(crate) fn admitted(workers: &mut [Value]) -> impl Iterator<Item = &mut Value> {
    workers.iter_mut().filter(|row| {
        let born = row["born"].as_str().unwrap_or_default();
        ("1975".."1996").contains(&born)
            && row["blacklisted"] != true
            && row["left_on"].is_null()
            && !row["trained_on"].is_null()
            && !row["contract_signed_on"].is_null()
    })
}

/// A box and the people in front of it.
#[derive(Clone, Copy)]
pub(crate) struct Gate<'a> {
    pub(crate) gate_box: &'a GateBox,
    pub(crate) simulator: &'a Simulator,
}

impl<'a> From<&'a Site> for Gate<'a> {
    fn from(site: &'a Site) -> Self {
        Self {
            gate_box: &site.gate_box,
            simulator: &site.simulator,
        }
    }
}

impl<'a> From<&'a LoneGate> for Gate<'a> {
    fn from(gate: &'a LoneGate) -> Self {
        Self {
            gate_box: &gate.gate_box,
            simulator: &gate.simulator,
        }
    }
}

impl Gate<'_> {
    /// Number of the last record.
    pub(crate) fn head(self) -> Result<u64> {
        Ok(self.gate_box.status()?["records"].as_u64().unwrap_or(0))
    }

    /// Waits for a record after `seq`; its number and its body.
    pub(crate) async fn record(
        self,
        after: u64,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<(u64, Value)> {
        eventually(&format!("a record: {what}"), async || {
            let records = self.gate_box.records(after)?;
            let found = records.into_iter().find(|record| fits(&record["body"]));
            Ok(found.map(|record| (record["seq"].as_u64().unwrap_or(0), record["body"].clone())))
        })
        .await
    }

    /// Bodies of one kind after `seq`.
    pub(crate) fn bodies(self, after: u64, kind: &str) -> Result<Vec<Value>> {
        let records = self.gate_box.records(after)?;
        Ok(records
            .into_iter()
            .map(|record| record["body"].clone())
            .filter(|body| body["kind"] == kind)
            .collect())
    }

    /// Waits until all devices answer, by the box's own records after `seq`.
    pub(crate) async fn devices_answer(self, after: u64) -> Result<()> {
        let wanted = self.simulator.readers().len() + self.simulator.boards().len();
        eventually("every device answers", async || {
            let devices = self.bodies(after, "device")?;
            let online = devices
                .iter()
                .filter(|body| body["state"] == "online")
                .count();
            Ok((online >= wanted).then_some(()))
        })
        .await
    }

    /// A whole turn of one person; how it ended.
    pub(crate) async fn visit(self, reader: &str, person: &str) -> Result<String> {
        self.visit_with(json!({"reader": reader, "person": person}))
            .await
    }

    pub(crate) async fn visit_with(self, visit: Value) -> Result<String> {
        let end = self.simulator.act("visit", &visit).await?;
        Ok(end["end"].as_str().unwrap_or_default().to_owned())
    }

    /// A turn of somebody who must get through, with his presentation and, where there is a gate, his passage.
    pub(crate) async fn passes(self, reader: &str, person: &str) -> Result<(Value, Option<Value>)> {
        let before = self.head()?;
        let end = self.visit(reader, person).await?;
        if end != "through" {
            let log = self.gate_box.records(before)?;
            return Err(format!("{person} at {reader}: {end}, not through; {log:#?}").into());
        }
        let (seq, presentation) = self
            .record(before, "a granted presentation", |body| {
                body["kind"] == "presentation" && body["result"] == "granted"
            })
            .await?;
        if presentation["lane"] == "road" {
            return Ok((presentation, None));
        }
        let (_, passage) = self
            .record(seq, "the passage", |body| {
                body["kind"] == "passage" && body["presentation"] == seq
            })
            .await?;
        Ok((presentation, Some(passage)))
    }

    /// A turn of somebody who must stay where he is, with his presentation.
    pub(crate) async fn stays_out(self, reader: &str, person: &str) -> Result<Value> {
        let before = self.head()?;
        let end = self.visit(reader, person).await?;
        if end != "not_opened" {
            return Err(format!("{person} at {reader}: {end}, but no arm may open").into());
        }
        let (_, body) = self
            .record(before, "a presentation", |body| {
                body["kind"] == "presentation"
            })
            .await?;
        Ok(body)
    }

    /// What can be seen of a lane.
    pub(crate) async fn lane(self, lane: &str) -> Result<Value> {
        let state = self.simulator.state().await?;
        let lanes = state["lanes"].as_array().cloned().unwrap_or_default();
        lanes
            .into_iter()
            .find(|one| one["lane"] == lane)
            .map(|one| one["view"].clone())
            .ok_or_else(|| format!("no lane {lane}").into())
    }

    /// How often an arm opened inwards and outwards.
    pub(crate) async fn openings(self, lane: &str) -> Result<(u64, u64)> {
        let view = self.lane(lane).await?;
        let count = |key: &str| view[key].as_u64().unwrap_or(0);
        Ok((count("openings_in"), count("openings_out")))
    }

    /// Waits until a key of a lane's view has this value.
    pub(crate) async fn lane_shows(self, lane: &str, key: &str, value: Value) -> Result<()> {
        eventually(&format!("lane {lane}: {key} is {value}"), async || {
            Ok((self.lane(lane).await?[key] == value).then_some(()))
        })
        .await
    }

    /// Waits for a device record after `seq`.
    pub(crate) async fn lamp(self, after: u64, device: &str, state: &str) -> Result<(u64, Value)> {
        self.record(after, &format!("{device} {state}"), |body| {
            body["kind"] == "device" && body["device"] == device && body["state"] == state
        })
        .await
    }

    /// Puts a fault on a device.
    pub(crate) async fn fault(self, device: &str, kind: &str) -> Result<()> {
        self.simulator
            .act("fault", &json!({"device": device, "kind": kind}))
            .await
            .map(drop)
    }
}
