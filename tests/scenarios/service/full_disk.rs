//! No room for a record: nobody gets in, everybody gets out, and the count is written down later.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::{LoneGate, Result, ServiceWatch, SitePlan, eventually};

use crate::help::{Gate, plan};

/// A small file system of its own, gone with the test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    const KIB: u32 = 1_536;

    /// None where this user may not mount.
    fn mount(folder: &Path) -> Result<Option<Self>> {
        fs::create_dir_all(folder)?;
        let size = format!("size={}k", Self::KIB);
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder)
            .output()?;
        Ok(mounted.status.success().then(|| Self(folder.to_path_buf())))
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Writes until nothing fits any more.
    fn fill(&self) -> Result<()> {
        let mut file = fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast())?;
        let block = [0; 4_096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("--lazy")
            .arg(&self.0)
            .status()
            .ok();
    }
}

#[tokio::test]
async fn a_full_disk_closes_the_entry_and_frees_the_exit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (watch, mut site) = watched_site(folder.path()).await?;
    let Some(disk) = SmallDisk::mount(&folder.path().join("disk"))? else {
        return not_shown();
    };
    move_ledger(&site, &disk)?;
    site.gate_box.up_watched(&watch).await?;
    let gate = Gate::from(&site);
    gate.devices_answer(0).await?;
    disk.fill()?;
    // What the journal file has room for is still written; then the entry is closed.
    let mut inside = 0;
    while gate
        .visit("gate-1-in", &format!("admitted:{inside}"))
        .await?
        == "through"
    {
        inside += 1;
        assert!(inside < 11, "the disk is full, and everybody gets in");
    }
    closed_in_and_free_out(gate, inside).await?;
    watch.is_fed().await?;
    fs::remove_file(disk.ballast())?;
    recovers(gate, inside).await?;
    watch.is_fed().await
}

#[tokio::test]
async fn a_box_that_starts_where_nothing_can_be_written_frees_the_exit_until_it_can() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    let (watch, mut site) = watched_site(folder.path()).await?;
    site.gate_box.up_watched_without_room(&watch).await?;
    without_a_ledger(&site, &watch, "磁盘读写出错").await?;
    file_size_limit(site.gate_box.process_id()?, "unlimited")?;
    recovers(Gate::from(&site), 1).await?;
    watch.is_fed().await
}

async fn watched_site(folder: &Path) -> Result<(ServiceWatch, LoneGate)> {
    let watch = ServiceWatch::bind(folder)?;
    Ok((watch, LoneGate::prepare(folder, &plan("one-gate")).await?))
}

#[expect(clippy::unnecessary_wraps, reason = "ends a test")]
fn not_shown() -> Result<()> {
    eprintln!(
        "not shown here: this user may not mount a small disk; the test with a size limit stands for it"
    );
    Ok(())
}

/// The ledger goes to the small disk, and the settings say so.
fn move_ledger(site: &LoneGate, disk: &SmallDisk) -> Result<()> {
    let (from, to) = (site.gate_box.folder().join("ledger"), disk.0.join("ledger"));
    // Whoever closes the file last takes its companions away.
    for end in [".db", ".db-wal", ".db.lock"] {
        let from = format!("{}{end}", from.display());
        if fs::exists(&from)? {
            fs::copy(from, format!("{}{end}", to.display()))?;
        }
    }
    let path = |stem: &Path| format!("path = \"{}.db\"", stem.display());
    site.gate_box
        .edit(|text| text.replace(&path(&from), &path(&to)))
}

/// A box that could not open its ledger is there all the same: it says why on every page, keeps the
/// entry closed and lets everybody out, and systemd does not take it for dead.
async fn without_a_ledger(site: &LoneGate, watch: &ServiceWatch, why: &str) -> Result<()> {
    assert_eq!(watch.count("READY=1"), 1);
    let gate = Gate::from(site);
    let devices = site.simulator.readers().len() + site.simulator.boards().len();
    let page = eventually("the page shows every device", async || {
        let page = reqwest::get(format!("{}/people", site.gate_box.screen())).await?;
        assert_eq!(page.status(), reqwest::StatusCode::SERVICE_UNAVAILABLE);
        let page = page.text().await?;
        Ok((page.matches("class=\"chip ok\"").count() == devices).then_some(page))
    })
    .await?;
    for told in ["E-DB-01", why, "进场关闭，出场照开并计数"] {
        assert!(page.contains(told), "{told} is not told: {page}");
    }
    nobody_in_and_everybody_out(gate, 1).await?;
    watch.is_fed().await?;
    assert_eq!(watch.count("READY=1"), 1, "the same process");
    Ok(())
}

#[tokio::test]
async fn a_file_that_may_not_grow_closes_the_entry_and_frees_the_exit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let site = limited_site(folder.path(), &plan("one-gate")).await?;
    let gate = Gate::from(&site);
    gate.passes("gate-1-in", "admitted:0").await?;
    file_size_limit(site.gate_box.process_id()?, "0")?;
    closed_in_and_free_out(gate, 1).await?;
    file_size_limit(site.gate_box.process_id()?, "unlimited")?;
    recovers(gate, 1).await
}

#[tokio::test]
async fn a_site_that_says_so_lets_people_in_and_counts_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut counted = plan("one-gate");
    counted.more = "[policy]\nemergency = \"counted\"\n".to_owned();
    let site = limited_site(folder.path(), &counted).await?;
    let gate = Gate::from(&site);
    file_size_limit(site.gate_box.process_id()?, "0")?;
    for person in ["admitted:0", "admitted:1"] {
        assert_eq!(gate.visit("gate-1-in", person).await?, "through");
    }
    assert_eq!(
        gate.visit("gate-1-in", "blacklisted:0").await?,
        "not_opened",
        "the rules still hold"
    );
    file_size_limit(site.gate_box.process_id()?, "unlimited")?;
    tests::eventually("both openings are counted", async || {
        let counts = gate.bodies(0, "emergency")?;
        assert!(
            counts.iter().all(|body| body["direction"] == "in"),
            "{counts:?}"
        );
        Ok((openings_in(&counts) == 2).then_some(()))
    })
    .await?;
    gate.passes("gate-1-in", "admitted:2").await?;
    Ok(())
}

/// A running box whose files' sizes may be limited.
async fn limited_site(folder: &Path, plan: &SitePlan) -> Result<LoneGate> {
    let mut site = LoneGate::prepare(folder, plan).await?;
    site.gate_box.up_under_a_size_limit().await?;
    Gate::from(&site).devices_answer(0).await?;
    Ok(site)
}

fn file_size_limit(process: u32, bytes: &str) -> Result<()> {
    let fsize = format!("--fsize={bytes}:unlimited");
    let done = Command::new("prlimit")
        .args(["--pid", &process.to_string(), &fsize])
        .status()?;
    if done.success() {
        Ok(())
    } else {
        Err(format!("prlimit {fsize}: {done}").into())
    }
}

/// The openings that emergency records count.
fn openings_in(emergencies: &[Value]) -> u64 {
    emergencies
        .iter()
        .filter_map(|body| body["openings"].as_u64())
        .sum()
}

/// Two stay out, two get out; the ledger stands still.
async fn closed_in_and_free_out(gate: Gate<'_>, place: u32) -> Result<()> {
    let before = gate.head()?;
    nobody_in_and_everybody_out(gate, place).await?;
    let written = gate.bodies(before, "presentation")?;
    assert!(written.is_empty(), "{written:?}");
    Ok(())
}

/// The same as far as the arms tell it: a full disk may keep others from reading the ledger.
async fn nobody_in_and_everybody_out(gate: Gate<'_>, place: u32) -> Result<()> {
    let (opened_in, opened_out) = gate.openings("gate-1").await?;
    for person in [place, place + 1] {
        let end = gate
            .visit("gate-1-in", &format!("admitted:{person}"))
            .await?;
        assert_eq!(end, "not_opened", "somebody got in without a record");
    }
    for person in ["admitted:0", "not_on_roster:0"] {
        let end = gate.visit("gate-1-out", person).await?;
        assert_eq!(end, "through", "somebody is trapped");
    }
    assert_eq!(gate.openings("gate-1").await?, (opened_in, opened_out + 2));
    Ok(())
}

/// There is room again: the count comes into the ledger, who walked too, and the entry works.
async fn recovers(gate: Gate<'_>, place: u32) -> Result<()> {
    let (seq, emergency) = gate
        .record(0, "the count", |body| body["kind"] == "emergency")
        .await?;
    assert_eq!(emergency["direction"], "out", "{emergency}");
    tests::eventually("both openings are counted", async || {
        Ok((openings_in(&gate.bodies(0, "emergency")?) == 2).then_some(()))
    })
    .await?;
    tests::eventually("both who left are recorded", async || {
        let passages = gate.bodies(0, "passage")?;
        Ok((passages
            .iter()
            .filter(|body| body["direction"] == "out")
            .count()
            == 2)
            .then_some(()))
    })
    .await?;
    let (granted, passage) = gate
        .passes("gate-1-in", &format!("admitted:{place}"))
        .await?;
    assert_eq!(granted["result"], "granted", "after {seq}");
    assert_eq!(passage.map(|one| one["counted"].clone()), Some(json!(true)));
    assert_eq!(openings_in(&gate.bodies(0, "emergency")?), 2);
    Ok(())
}
