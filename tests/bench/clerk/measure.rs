//! The figures, one after the other, on one box.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use hw_sim::{SiteDay, TimingSink};
use serde_json::{Value, json};
use tests::{
    BOX_ID, Clerk, GateBox, History, Result, Simulator, SitePlan, bin_dir, percentile, run,
};
use tokio::sync::mpsc;

use super::beside::{self, Gate};
use super::desk::{NAME, first_page_kib, import, p95};
use super::live;
use crate::folder;
use crate::report::Report;

const WORKERS: usize = 5_000;
const LARGE_TEAM: usize = 2_000;
const TEAMS: usize = 61;
const IMPORTED: usize = 2_000;
/// Days of attendance: about 200,000 punches of five thousand workers.
const DAYS: i64 = 16;
const SEARCHES: [&str; 8] = ["zs", "wang", "张", "lw", "0016", "gjyb", "zzzz", "li"];

/// Measures each page so many times.
pub(crate) async fn measure(times: usize) -> Result<()> {
    let folder = folder("clerk-files")?;
    let plan = SitePlan {
        find_interval_ms: 10,
        gate_more: "open_pulse_ms = 50".to_owned(),
        ..SitePlan::of("bench-gate")
    };
    let (sink, timings) = mpsc::channel(256);
    let day = SiteDay::read(&plan.site_day)?;
    let site = hw_sim::Site::start(day, 2026, &folder.join("sim"), &TimingSink::to(sink))?;
    let terminals = site.terminals();
    let box_plan = plan.wire(&terminals.readers, &terminals.boards, None)?;
    let mut gate_box = GateBox::new(&folder.join("box"), &box_plan)?;
    people(&gate_box, &plan)?;
    let history = History {
        days: DAYS,
        teams: 0,
        lane: "gate-1".to_owned(),
        seed: 11,
    };
    // The history begins where the box was last alive.
    gate_box.up().await?;
    let code = gate_box.claim_code().await?;
    Clerk::claim(gate_box.screen(), NAME, &code).await?;
    gate_box.stop().await?;
    let records = history.write(&gate_box, BOX_ID).await?;
    gate_box.up().await?;
    site.wait_for_box().await?;
    let clerk = Clerk::enter(gate_box.screen(), NAME).await?;

    let mut report = Report::new("clerk");
    report.add("workers", WORKERS as f64);
    report.add("records", records as f64);
    pages(&clerk, &mut report, times).await?;
    let mut gate = Gate::new(site, timings);
    let shown = live::measure(&mut gate, &gate_box, (times / 4).max(10)).await?;
    report.add_at_most("sse_ms_p95", percentile(&shown, 0.95), 500.0);
    let (alone, beside) = beside::measure(&mut gate, &gate_box, (times / 2).max(20)).await?;
    let p99 = |found: &[f64]| percentile(found, 0.99);
    report.add("open_ms_p99_alone", p99(&alone));
    report.add("open_ms_p99_beside_clerk", p99(&beside));
    report.add("turned_back", f64::from(gate.turned_back));
    let ratio = p99(&beside) / p99(&alone);
    report.add_at_most("open_p99_ratio_under_clerk", ratio, 1.5);
    gate_box.stop().await?;
    report.finish()
}

async fn pages(clerk: &Clerk, report: &mut Report, times: usize) -> Result<()> {
    let searches = SEARCHES.iter().cycle().take(times);
    let searches = searches.map(|typed| format!("/people?q={typed}&place=all&part=1"));
    report.add_at_most("search_ms_p95", p95(clerk, searches).await?, 50.0);
    let teams = (2..=TEAMS).cycle().take(times);
    let pages = teams.map(|team| format!("/attendance?team={team}"));
    report.add_at_most("month_page_ms_p95", p95(clerk, pages).await?, 150.0);
    let few = (times / 10).max(3);
    let large = |path: &str| std::iter::repeat_n(format!("{path}?team=1"), few);
    let totals = p95(clerk, large("/attendance")).await?;
    report.add_at_most("month_totals_2000_ms", totals, 1_000.0);
    let sheet = p95(clerk, large("/papers/month.xlsx")).await?;
    report.add_at_most("xlsx_2000x31_ms", sheet, 400.0);
    report.add_at_most("today_page_kb", first_page_kib(clerk).await?, 120.0);
    report.add_at_most("import_2000_s", import(clerk, 0..IMPORTED).await?, 5.0);
    Ok(())
}

/// One team of two thousand, the others of fifty.
fn people(gate_box: &GateBox, plan: &SitePlan) -> Result<()> {
    let file = gate_box.folder().join("roster.json");
    let name = file.to_str().ok_or("folder's name")?;
    let gate = gate_people(plan, gate_box)?;
    let count = (WORKERS - gate.len()).to_string();
    run(
        &bin_dir()?.join("hw-sim"),
        &["people", "--count", &count, "--out", name],
    )?;
    let mut roster: Value = serde_json::from_slice(&fs::read(Path::new(name))?)?;
    let employer = roster["employers"][0]["employer"].clone();
    let team = |team| json!({"team": team, "employer": employer, "name": format!("第{team}班组")});
    roster["teams"] = (1..=TEAMS).map(team).collect();
    let workers = roster["workers"].as_array_mut().ok_or("no workers")?;
    let numbers: BTreeSet<String> = gate.iter().map(number).collect();
    workers.retain(|one| !numbers.contains(&number(one)));
    workers.extend(gate);
    for (place, worker) in workers.iter_mut().enumerate() {
        worker["team"] = json!(match place.checked_sub(LARGE_TEAM) {
            None => 1,
            Some(place) => 2 + place % (TEAMS - 1),
        });
    }
    fs::write(&file, serde_json::to_vec(&roster)?)?;
    gate_box.menwei(&["import", name]).map(drop)
}

/// Those of the site day: they come to the gate.
fn gate_people(plan: &SitePlan, gate_box: &GateBox) -> Result<Vec<Value>> {
    let file = gate_box.folder().join("gate-people.json");
    Simulator::roster(&plan.site_day, &file)?;
    let roster: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(roster["workers"].as_array().ok_or("no workers")?.clone())
}

fn number(worker: &Value) -> String {
    worker["id_number"].to_string()
}
