//! One drain by the real programs: a backlog in the ledger, the link comes back, people swipe on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edge_store::Key;
use sync_wire::down::SigningKey;
use tests::{
    BOX_ID, Broker, City, End, GateBox, Generator, Result, Simulator, SitePlan, eventually,
    record_offline, record_signed,
};

use crate::drain::counted_link::CountedLink;
use crate::drain::swipes::swipe;
use crate::drain::watch::{Acknowledged, drained};

/// Swipes that the box records before the link comes back.
const OFFLINE_SWIPES: u64 = 10;

/// The figures of one drain.
#[derive(Debug)]
pub(crate) struct Drain {
    /// From the connection to the last row and its acknowledgement.
    pub(crate) seconds: f64,
    /// Bytes to the broker, and back.
    pub(crate) wire: (u64, u64),
    /// Highest resident memory of the box, MiB.
    pub(crate) box_mib: f64,
    /// Highest resident memory of the city, MiB.
    pub(crate) city_mib: f64,
    /// From a fresh record's own time to its row, ms.
    pub(crate) live_ms: Vec<f64>,
}

/// A site whose box went offline with everything delivered, and has recorded ever since.
#[derive(Debug)]
pub(crate) struct Backlog {
    folder: PathBuf,
    plan: SitePlan,
    epoch: String,
    /// The last record that the city has.
    delivered: u64,
    /// The last record of all.
    last: u64,
}

impl Backlog {
    /// Registers everybody while there is a link, then records so many events without one.
    pub(crate) async fn record(
        folder: &Path,
        plan: SitePlan,
        site: &hw_sim::Site,
        (records, is_signed): (u64, bool),
    ) -> Result<Self> {
        let (city_dir, box_dir) = (folder.join("city"), folder.join("box"));
        City::keys(&city_dir)?;
        City::issue_box(&city_dir, BOX_ID, &box_dir)?;
        let mut broker = Broker::start(&city_dir, &folder.join("broker")).await?;
        let mut city = City::new(&city_dir, broker.city_port());
        city.up().await?;
        let mut gate_box = wire(site, &plan, &box_dir, broker.port())?;
        if !is_signed {
            sign_nothing(&gate_box)?;
        }
        let roster = box_dir.join("roster.json");
        Simulator::roster(&plan.site_day, &roster)?;
        gate_box.menwei(&["import", roster.to_str().ok_or("folder's name")?])?;
        gate_box.up().await?;
        eventually("everybody is registered at the city", async || {
            let status = gate_box.status()?;
            let records = status["records"].as_u64().unwrap_or(0);
            Ok((records > 0 && city.count(BOX_ID)? == records).then_some(()))
        })
        .await?;
        gate_box.stop().await?;
        // The stop is no record; the box may have made one since the last look.
        let delivered = city.count(BOX_ID)?;
        city.kill()?;
        broker.down()?;
        let mut generator = Generator::new(3);
        let End { epoch, last } = if is_signed {
            let seed = Key::from_file(&box_dir.join("device.key"))?;
            let device = Arc::new(SigningKey::from_bytes(seed.reveal()));
            record_signed(&box_dir, records, (&mut generator, device)).await?
        } else {
            record_offline(&box_dir, records, &mut generator).await?
        };
        let folder = folder.to_path_buf();
        Ok(Self {
            folder,
            plan,
            epoch,
            delivered,
            last,
        })
    }

    /// Records that wait.
    pub(crate) fn events(&self) -> u64 {
        self.last - self.delivered
    }

    /// Drains a copy of it in `folder`.
    pub(crate) async fn drain(&self, site: &hw_sim::Site, folder: &Path) -> Result<Drain> {
        let (city_dir, box_dir) = (folder.join("city"), folder.join("box"));
        copy(&self.folder.join("city"), &city_dir)?;
        copy(&self.folder.join("box"), &box_dir)?;
        let mut broker = Broker::start(&city_dir, &folder.join("broker")).await?;
        let mut city = City::new(&city_dir, broker.city_port());
        city.up().await?;
        let acknowledged = Acknowledged::listen(&city_dir, broker.city_port()).await?;
        let link = CountedLink::lay(broker.port())?;
        let mut gate_box = wire(site, &self.plan, &box_dir, link.port())?;
        gate_box.up().await?;
        site.wait_for_box().await?;
        let seen = tokio::select! {
            ended = swipe(site) => return Err(format!("the swipes ended: {ended:?}").into()),
            seen = async {
                eventually("people swipe offline", async || {
                    let records = gate_box.status()?["records"].as_u64();
                    Ok((records > Some(self.last + OFFLINE_SWIPES)).then_some(()))
                })
                .await?;
                link.open();
                drained(&city_dir, (&self.epoch, self.delivered, self.last), &acknowledged, &link).await
            } => seen?,
        };
        let box_mib = peak_mib(gate_box.process_id()?)?;
        let city_mib = peak_mib(city.process()?.id())?;
        gate_box.stop().await?;
        city.kill()?;
        broker.down()?;
        Ok(Drain {
            seconds: seen.seconds,
            wire: seen.wire,
            box_mib,
            city_mib,
            live_ms: seen.live_ms,
        })
    }
}

/// A box whose key cannot be used signs nothing, and says so on its screen.
pub(crate) fn sign_nothing(gate_box: &GateBox) -> Result<()> {
    Ok(fs::write(gate_box.folder().join("device.key"), "no key")?)
}

fn wire(site: &hw_sim::Site, plan: &SitePlan, folder: &Path, port: u16) -> Result<GateBox> {
    let terminals = site.terminals();
    let box_plan = plan.wire(&terminals.readers, &terminals.boards, Some(port))?;
    GateBox::new(folder, &box_plan)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Highest resident memory of a process so far, MiB.
pub(crate) fn peak_mib(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.ok_or("no VmHWM")?.trim().trim_end_matches(" kB");
    Ok(kib.parse::<f64>()? / 1024.0)
}
