//! A box with its devices and no city at all.

use std::path::Path;

use crate::Result;
use crate::city::text;
use crate::gate_box::GateBox;
use crate::simulator::Simulator;
use crate::site::SitePlan;

/// Simulated devices and a box that knows no city.
#[derive(Debug)]
pub struct LoneGate {
    /// Devices and people.
    pub simulator: Simulator,
    /// The box.
    pub gate_box: GateBox,
}

impl LoneGate {
    /// Everything below `folder`; the roster is imported, the box stands ready to be started.
    pub async fn prepare(folder: &Path, plan: &SitePlan) -> Result<Self> {
        let simulator = Simulator::start(&folder.join("sim"), &plan.site_day, false).await?;
        let wired = plan.wire(simulator.readers(), simulator.boards(), None)?;
        let gate_box = GateBox::new(&folder.join("box"), &wired)?;
        let roster = gate_box.folder().join("roster.json");
        Simulator::roster(&plan.site_day, &roster)?;
        gate_box.menwei(&["import", text(&roster)?])?;
        Ok(Self {
            simulator,
            gate_box,
        })
    }

    /// The same, with the box running.
    pub async fn start(folder: &Path, plan: &SitePlan) -> Result<Self> {
        let mut gate = Self::prepare(folder, plan).await?;
        gate.gate_box.up().await?;
        Ok(gate)
    }
}
