//! What only one file of several has: carried over whole and once, while the gate goes on.

use std::fs;

use tests::{Generator, Result, eventually, record_offline};

use crate::delivery::identity::{
    copy_database, delivered, forked_from, nothing_lost_nothing_twice,
};
use crate::help::{Gate, site_at_work};

/// Records that only this box has: a hundred and fifty commits of the carrier, with their pauses.
const RECORDS: u64 = 15_000;
/// What carrying them over may add to the box's peak of memory, KiB. In pieces it is a third of this,
/// all at once it was 15 MiB.
const MORE_KIB_MAX: u64 = 6_144;

#[tokio::test]
async fn an_old_file_with_another_history_is_carried_over_and_counts_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    let ledger = site.gate_box.folder().join("ledger.db");
    let (copy, branch) = (
        folder.path().join("copy.db"),
        folder.path().join("branch.db"),
    );
    site.gate_box.stop().await?;
    copy_database(&ledger, &copy)?;

    // One continuation, of which nobody ever hears. It is left where no board has anything to tell
    // again to the other one.
    site.broker.down()?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("road-in", "admitted:1").await?;
    site.gate_box.stop().await?;
    copy_database(&ledger, &branch)?;

    // Another, which the city has.
    copy_database(&copy, &ledger)?;
    site.broker.up().await?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-2-in", "hmt:1").await?;
    let there = delivered(&site.gate_box).await?;
    let file = branch.to_str().ok_or("folder")?;
    let said = site.gate_box.menwei(&["recover", file])?;
    assert!(said.contains("已恢复第"), "{said}");
    let status = delivered(&site.gate_box).await?;
    assert_eq!(status["epoch"], there["epoch"], "no reason for a new one");
    let verdict = nothing_lost_nothing_twice(&site)?;
    let carried = verdict["carried"].as_u64().ok_or("no count")?;
    assert!(carried > 0, "{verdict}");

    // Once more, and after a restart: nothing is left to do.
    for again in [false, true] {
        if again {
            site.gate_box.kill()?;
            site.gate_box.up().await?;
        }
        let said = site.gate_box.menwei(&["recover", file])?;
        assert!(said.contains("没有需要恢复的"), "{said}");
    }
    Gate::from(&site).passes("gate-1-out", "admitted:1").await?;
    delivered(&site.gate_box).await?;
    assert_eq!(nothing_lost_nothing_twice(&site)?["carried"], carried);
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}

/// The most memory that a process ever had, KiB.
fn peak_kib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let text = line.ok_or("no peak")?.trim().trim_end_matches(" kB");
    Ok(text.trim().parse()?)
}

#[tokio::test]
async fn a_week_that_forked_is_carried_over_in_pieces_while_people_pass() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    let ledger = site.gate_box.folder().join("ledger.db");
    let copy = folder.path().join("copy.db");
    site.gate_box.stop().await?;
    copy_database(&ledger, &copy)?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    site.settled().await?;
    let old = site.gate_box.status()?["epoch"].clone();
    site.gate_box.stop().await?;
    copy_database(&copy, &ledger)?;
    record_offline(site.gate_box.folder(), RECORDS, &mut Generator::new(9)).await?;

    site.broker.down()?;
    site.gate_box.up().await?;
    let gate = Gate::from(&site);
    gate.passes("gate-2-in", "hmt:1").await?;
    let before = peak_kib(site.gate_box.process_id()?)?;
    site.broker.up().await?;
    forked_from(&mut site.gate_box, &old).await?;
    let gate = Gate::from(&site);
    let people = ["hmt:1", "admitted:0", "hmt:1", "admitted:0"];
    let ways = ["gate-2-out", "gate-1-out", "gate-2-in", "gate-1-in"];
    for (person, way) in people.iter().zip(ways) {
        gate.passes(way, person).await?;
    }
    eventually("everything is carried over", async || {
        Ok((gate.bodies(0, "carried")?.len() as u64 >= RECORDS).then_some(()))
    })
    .await?;
    let status = delivered(&site.gate_box).await?;
    let after = peak_kib(site.gate_box.process_id()?)?;
    assert!(
        after < before + MORE_KIB_MAX,
        "{before} KiB became {after} KiB"
    );

    // The gate's own records stand between those that were carried over.
    let records = site.gate_box.records(0)?;
    let is_carried = |kind: &str| kind == "carried";
    let kinds: Vec<&str> = records
        .iter()
        .filter_map(|one| one["body"]["kind"].as_str())
        .collect();
    let first = kinds
        .iter()
        .position(|kind| is_carried(kind))
        .ok_or("nothing carried")?;
    let last = kinds
        .iter()
        .rposition(|kind| is_carried(kind))
        .ok_or("nothing carried")?;
    let between = kinds[first..last]
        .iter()
        .filter(|kind| **kind == "presentation");
    assert!(between.count() > 0, "the gate waited");
    let carried = kinds.iter().filter(|kind| is_carried(kind)).count();
    let taken: i64 =
        site.city
            .database()?
            .query_row("SELECT count(*) FROM carried", [], |row| row.get(0))?;
    assert_eq!(usize::try_from(taken)?, carried, "each once");
    assert_eq!(status["parked"], 0, "{status}");
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    Ok(())
}
