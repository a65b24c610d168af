//! Four lanes, 160 workers in 100 s with the readers' real timing; then the box's memory.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};
use tests::{Result, Site, SitePlan, eventually};

use crate::folder;
use crate::report::{Report, percentile};

/// Plays the rush with everything running and reads the journal.
pub(crate) async fn measure() -> Result<()> {
    let folder = folder("rush-files")?;
    let mut site = Site::start(&folder, &SitePlan::of("rush")).await?;
    site.devices_answer().await?;
    site.simulator.act("play", &json!({})).await?;
    let mut shown = 0;
    let journal = loop {
        let journal = eventually("the rush goes on", async || {
            site.simulator.process().check_alive()?;
            let journal = site.simulator.journal()?;
            Ok((journal.len() > shown).then_some(journal))
        })
        .await?;
        shown = journal.len();
        if journal.iter().any(|line| line["act"] == "play_ended") {
            break journal;
        }
    };
    let memory = rss_mib(site.gate_box.process()?.id())?;
    site.settled().await?;
    let acts = Acts::read(&journal);
    let mut report = Report::new("rush");
    report.add("workers", acts.workers as f64);
    report.add("presentations", acts.presentations as f64);
    report.add("openings", acts.open_ms.len() as f64);
    report.add("second_openings", acts.second_openings as f64);
    report.add("open_ms_p99", percentile(&acts.open_ms, 0.99));
    report.add("card_to_open_ms_p95", percentile(&acts.card_ms, 0.95));
    report.finish()?;
    let mut report = Report::new("rss");
    report.add_at_most("rss_mib", memory, 20.0);
    report.finish()
}

#[derive(Debug, Default)]
struct Acts {
    workers: usize,
    presentations: usize,
    second_openings: usize,
    open_ms: Vec<f64>,
    card_ms: Vec<f64>,
}

impl Acts {
    /// Per visit: the first card on the reader, the reply that the box took, the arm.
    fn read(journal: &[Value]) -> Self {
        let mut acts = Self::default();
        let mut people = BTreeMap::new();
        let mut waiting: BTreeMap<String, (f64, Option<f64>, bool)> = BTreeMap::new();
        for line in journal {
            let Some(lane) = line["lane"].as_str() else {
                continue;
            };
            let at = line["mono_ns"].as_f64().unwrap_or(0.0) / 1e6;
            match line["act"].as_str() {
                Some("card_put") => {
                    people.insert(line["person"].to_string(), ());
                    let of_visit = format!("{lane}/{}", line["visit"]);
                    waiting.entry(of_visit).or_insert((at, None, false));
                }
                Some("read_ok") => {
                    acts.presentations += 1;
                    let of_visit = format!("{lane}/{}", line["visit"]);
                    if let Some(entry) = waiting.get_mut(&of_visit) {
                        entry.1.get_or_insert(at);
                    }
                }
                Some("arm_opened") => acts.opened(lane, at, &mut waiting),
                _ => {}
            }
        }
        acts.workers = people.len();
        acts
    }

    fn opened(
        &mut self,
        lane: &str,
        at: f64,
        waiting: &mut BTreeMap<String, (f64, Option<f64>, bool)>,
    ) {
        let mine = |(visit, entry): &(&String, &mut (f64, Option<f64>, bool))| {
            visit.starts_with(&format!("{lane}/")) && entry.1.is_some() && !entry.2
        };
        match waiting
            .iter_mut()
            .filter(|item| mine(item))
            .min_by(|a, b| a.1.0.total_cmp(&b.1.0))
        {
            Some((_, (put, Some(read), opened))) => {
                *opened = true;
                self.card_ms.push(at - *put);
                self.open_ms.push(at - *read);
            }
            _ => self.second_openings += 1,
        }
    }
}

/// Resident memory of a process, MiB.
fn rss_mib(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .ok_or("no VmRSS")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kib / 1024.0)
}
