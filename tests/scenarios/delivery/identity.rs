//! Files that go back, are copied, are damaged and come to light: nothing is lost, nothing counts twice,
//! and both sides say that something was wrong.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;
use tests::{BOX_ID, City, GateBox, Result, Simulator, Site, SitePlan, eventually};

use crate::help::{Gate, plan, site_at_work};

/// Copies a database and what belongs to it; an older copy's companions do not stay.
pub(crate) fn copy_database(from: &Path, to: &Path) -> Result<()> {
    for companion in ["", "-wal", "-shm"] {
        let name = |path: &Path| format!("{}{companion}", path.display());
        let (from, to) = (name(from), name(to));
        if fs::exists(&to)? {
            fs::remove_file(&to)?;
        }
        if fs::exists(&from)? {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// The verdict's counts that must be zero after whatever happened to the files.
pub(crate) fn nothing_lost_nothing_twice(site: &Site) -> Result<Value> {
    let verdict = site.verdict()?;
    for zero in [
        "lost",
        "duplicated",
        "out_of_order",
        "wrong_person",
        "miscounted",
        "sealed_shut",
        "parked",
    ] {
        assert_eq!(verdict[zero], 0, "{zero}: {verdict}");
    }
    assert_eq!(verdict["chain_ok"], true, "{verdict}");
    Ok(verdict)
}

fn city_alarms(city: &City, code: &str) -> Result<u64> {
    let count: i64 = city.database()?.query_row(
        "SELECT count(*) FROM alarm WHERE box = ?1 AND code = ?2",
        [BOX_ID, code],
        |row| row.get(0),
    )?;
    Ok(u64::try_from(count)?)
}

async fn alarm_at_the_city(site: &Site, code: &str) -> Result<()> {
    eventually(&format!("the city's alarm {code}"), async || {
        Ok((city_alarms(&site.city, code)? > 0).then_some(()))
    })
    .await
}

/// Waits until the city has acknowledged all that this box has, whatever epoch it stands in.
pub(crate) async fn delivered(gate_box: &GateBox) -> Result<Value> {
    eventually("the box has nothing left to deliver", async || {
        let status = gate_box.status()?;
        Ok((status["backlog_all"] == 0).then_some(status))
    })
    .await
}

/// The box found the fork: it begins the epoch anew, says so in the ledger, in `status` and in its log.
pub(crate) async fn forked_from(gate_box: &mut GateBox, old: &Value) -> Result<()> {
    let status = eventually("a new epoch begins", async || {
        let status = gate_box.status()?;
        Ok((status["epoch"] != *old).then_some(status))
    })
    .await?;
    assert_eq!(status["last_fork"]["epoch"], *old, "{status}");
    let records = gate_box.records(0)?;
    let first = &records[0]["body"];
    assert_eq!(first["kind"], "epoch_began", "{first}");
    assert_eq!(first["reason"], "forked", "{first}");
    assert_eq!(first["previous"]["epoch"], *old, "{first}");
    assert_eq!(records[1]["body"]["detail"], "E-DB-03", "{records:#?}");
    let process = gate_box.process()?;
    eventually("the log tells of the new epoch", async || {
        let told = process.log().contains("A new epoch began after a fork");
        Ok(told.then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_city_restored_from_an_older_copy_is_filled_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    let (present, copy) = (
        site.city.folder().join("city.db"),
        folder.path().join("old.db"),
    );
    site.city.kill()?;
    copy_database(&present, &copy)?;
    let old = Connection::open(&copy)?;
    let had: i64 = old.query_row("SELECT count(*) FROM record", [], |row| row.get(0))?;
    drop(old);
    site.city.up().await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    let epoch = site.gate_box.status()?["epoch"].clone();
    let all = site.settled().await?;
    assert!(all > u64::try_from(had)?);

    site.city.kill()?;
    copy_database(&copy, &present)?;
    site.city.up().await?;
    Gate::from(&site).passes("gate-2-in", "hmt:1").await?;
    site.settled().await?;
    nothing_lost_nothing_twice(&site)?;
    assert_eq!(
        site.gate_box.status()?["epoch"],
        epoch,
        "no reason for a new one"
    );
    let log = site.gate_box.process()?.log();
    assert!(log.contains("CityWentBack"), "{log}");
    alarm_at_the_city(&site, "city_went_back").await
}

#[tokio::test]
async fn a_box_whose_file_went_back_carries_over_what_only_it_has() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut site = site_at_work(folder.path()).await?;
    site.gate_box.stop().await?;
    let (ledger, copy) = (
        site.gate_box.folder().join("ledger.db"),
        folder.path().join("copy.db"),
    );
    copy_database(&ledger, &copy)?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-1-in", "admitted:1").await?;
    site.settled().await?;
    let old = site.gate_box.status()?["epoch"].clone();

    site.gate_box.stop().await?;
    copy_database(&copy, &ledger)?;
    site.broker.down()?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-2-in", "hmt:1").await?;
    assert_eq!(
        site.gate_box.status()?["epoch"],
        old,
        "nobody can know it yet"
    );
    site.broker.up().await?;
    forked_from(&mut site.gate_box, &old).await?;
    Gate::from(&site).passes("gate-2-out", "hmt:1").await?;
    delivered(&site.gate_box).await?;
    let verdict = nothing_lost_nothing_twice(&site)?;
    assert!(verdict["carried"].as_u64() > Some(0), "{verdict}");
    alarm_at_the_city(&site, "went_back").await?;
    assert!(site.gate_box.menwei(&["verify"])?.contains("账本完好"));
    let said = site.gate_box.menwei(&["status"])?;
    assert!(said.contains("E-DB-03"), "{said}");

    // Started again, nothing is carried a second time and no further epoch begins.
    let epoch = site.gate_box.status()?["epoch"].clone();
    let carried = verdict["carried"].clone();
    site.gate_box.kill()?;
    site.gate_box.up().await?;
    Gate::from(&site).passes("gate-1-out", "admitted:0").await?;
    delivered(&site.gate_box).await?;
    assert_eq!(site.gate_box.status()?["epoch"], epoch);
    assert_eq!(nothing_lost_nothing_twice(&site)?["carried"], carried);
    Ok(())
}

fn at<'a>(gate_box: &'a GateBox, site: &'a Site) -> Gate<'a> {
    Gate {
        gate_box,
        simulator: &site.simulator,
    }
}

/// A box in a folder of its own with these lanes of the site.
pub(crate) fn box_with(
    folder: &Path,
    (id, lanes): (&str, &[&str]),
    site: &Site,
    plan: &SitePlan,
) -> Result<GateBox> {
    let (readers, boards) = (site.simulator.readers(), site.simulator.boards());
    let mut wired = plan.wire(readers, boards, Some(site.broker.port()))?;
    wired.lanes.retain(|lane| lanes.contains(&lane.id.as_str()));
    id.clone_into(&mut wired.id);
    GateBox::new(folder, &wired)
}

#[tokio::test]
async fn a_file_on_a_second_machine_with_the_same_certificate_forks_and_both_deliver() -> Result<()>
{
    let folder = tempfile::tempdir()?;
    let plan = plan("one-gate");
    let mut site = Site::prepare(folder.path(), &plan).await?;
    let first_folder = site.gate_box.folder().to_path_buf();
    let mut first = box_with(&first_folder, (BOX_ID, &["gate-1"]), &site, &plan)?;
    first.up().await?;
    at(&first, &site).passes("gate-1-in", "admitted:0").await?;
    delivered(&first).await?;
    first.stop().await?;

    let second_folder = folder.path().join("second");
    fs::create_dir_all(&second_folder)?;
    for file in [
        "ca.pem",
        "box.pem",
        "box.key",
        "city-seal.pub",
        "ledger.key",
        "ledger.db",
    ] {
        fs::copy(first_folder.join(file), second_folder.join(file))?;
    }
    // With another name in its settings the copy does not open at all.
    let stranger = box_with(&second_folder, ("ah-000002", &["gate-2"]), &site, &plan)?;
    let refused = stranger.menwei_ends(&["run"])?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.complained.contains("属于考勤盒 ah-000001"),
        "{refused:?}"
    );
    let mut second = box_with(&second_folder, (BOX_ID, &["gate-2"]), &site, &plan)?;

    let old = first.status()?["epoch"].clone();
    first.up().await?;
    at(&first, &site).passes("gate-1-in", "admitted:1").await?;
    delivered(&first).await?;
    second.up().await?;
    // The epoch may change under a visit: what was recorded of it is for the judge.
    for (gate_box, reader, person) in [
        (&second, "gate-2-in", "hmt:1"),
        (&first, "gate-1-out", "admitted:1"),
    ] {
        let end = at(gate_box, &site).visit(reader, person).await?;
        assert_eq!(end, "through", "{person}");
    }
    // Until here each takes the connection from the other, again and again, ever more slowly.
    forked_from(&mut second, &old).await?;
    first.stop().await?;
    delivered(&second).await?;
    second.stop().await?;
    first.up().await?;
    delivered(&first).await?;
    assert_eq!(
        first.status()?["epoch"],
        old,
        "the first one is what the city knows"
    );
    first.stop().await?;
    site.gate_box = first;
    let verdict = nothing_lost_nothing_twice(&site)?;
    assert!(verdict["carried"].as_u64() > Some(0), "{verdict}");
    alarm_at_the_city(&site, "went_back").await?;
    Ok(())
}

#[tokio::test]
async fn two_boxes_of_one_site_have_a_ledger_and_a_certificate_each() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plan = plan("one-gate");
    let site = Site::prepare(folder.path(), &plan).await?;
    let first_folder = site.gate_box.folder().to_path_buf();
    let mut first = box_with(&first_folder, (BOX_ID, &["gate-1"]), &site, &plan)?;
    let second_folder = folder.path().join("second");
    City::issue_box(site.city.folder(), "ah-000002", &second_folder)?;
    let mut second = box_with(&second_folder, ("ah-000002", &["gate-2"]), &site, &plan)?;
    let roster = second_folder.join("roster.json");
    Simulator::roster(&plan.site_day, &roster)?;
    second.menwei(&["import", roster.to_str().ok_or("folder's name")?])?;
    first.up().await?;
    second.up().await?;
    at(&first, &site).passes("gate-1-in", "admitted:0").await?;
    at(&second, &site).passes("gate-2-in", "admitted:1").await?;
    at(&second, &site)
        .passes("gate-2-out", "admitted:0")
        .await?;
    for gate_box in [&first, &second] {
        delivered(gate_box).await?;
    }
    let verdict = nothing_lost_nothing_twice(&site)?;
    assert_eq!(verdict["carried"], 0, "{verdict}");
    assert_eq!(verdict["granted"], 3, "{verdict}");
    for id in [BOX_ID, "ah-000002"] {
        assert!(site.city.count(id)? > 0);
    }
    Ok(())
}
