//! Four lanes, 160 workers in 100 s with the readers' real timing; then the box's memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use tests::{Result, Site, SitePlan, eventually, percentile};

use crate::folder;
use crate::report::Report;

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
    report.add("workers", acts.people.len() as f64);
    report.add("presentations", acts.presentations as f64);
    report.add("openings", acts.card_ms.len() as f64);
    report.add("second_openings", acts.second_openings as f64);
    report.add("open_ms_p99", percentile(&acts.open_ms, 0.99));
    report.add(
        "open_ms_p99_lane_free",
        percentile(&acts.free_open_ms, 0.99),
    );
    report.add("openings_lane_free", acts.free_open_ms.len() as f64);
    report.add("card_to_open_ms_p95", percentile(&acts.card_ms, 0.95));
    report.finish()?;
    let mut report = Report::new("rss");
    report.add_at_most("rss_mib", memory, 20.0);
    report.finish()
}

/// One turn at a reader, in ms of the journal's clock.
#[derive(Debug, Clone, Copy)]
struct Turn {
    put: f64,
    read: Option<f64>,
    /// Nobody was passing when the card had been read: the grant waits for no one.
    lane_free: bool,
    over: bool,
}

#[derive(Debug, Default)]
struct Acts {
    people: BTreeSet<String>,
    presentations: usize,
    second_openings: usize,
    turns: BTreeMap<(String, u64), Turn>,
    passing: BTreeSet<String>,
    open_ms: Vec<f64>,
    free_open_ms: Vec<f64>,
    card_ms: Vec<f64>,
}

impl Acts {
    /// Per visit: the first card on the reader, the reply that the box took, the arm.
    fn read(journal: &[Value]) -> Self {
        let mut acts = Self::default();
        for line in journal {
            let Some(lane) = line["lane"].as_str() else {
                continue;
            };
            let at = line["mono_ns"].as_f64().unwrap_or(0.0) / 1e6;
            let visit = (lane.to_owned(), line["visit"].as_u64().unwrap_or(0));
            match line["act"].as_str() {
                Some("card_put") => {
                    acts.people.insert(line["person"].to_string());
                    let turn = Turn {
                        put: at,
                        read: None,
                        lane_free: false,
                        over: false,
                    };
                    acts.turns.entry(visit).or_insert(turn);
                }
                Some("read_ok") => acts.delivered(lane, &visit, at),
                Some("arm_opened") => acts.opened(lane, at),
                Some("turned_back") => {
                    if let Some(turn) = acts.turns.get_mut(&visit) {
                        turn.over = true;
                    }
                }
                Some("walked_through") => {
                    acts.passing.remove(lane);
                }
                _ => {}
            }
        }
        acts
    }

    fn delivered(&mut self, lane: &str, visit: &(String, u64), at: f64) {
        self.presentations += 1;
        let lane_free = !self.passing.contains(lane);
        if let Some(turn) = self.turns.get_mut(visit)
            && turn.read.is_none()
        {
            (turn.read, turn.lane_free) = (Some(at), lane_free);
        }
    }

    /// The arm opens for the first in the lane whose turn is not over. A reply with a fault behind it
    /// may be journaled after the box has acted on it: then only the time from the card counts.
    fn opened(&mut self, lane: &str, at: f64) {
        self.passing.insert(lane.to_owned());
        let of_lane = self.turns.iter_mut().filter(|((of, _), _)| of == lane);
        let waiting = of_lane.map(|(_, turn)| turn).filter(|turn| !turn.over);
        let Some(turn) = waiting.min_by(|a, b| a.put.total_cmp(&b.put)) else {
            self.second_openings += 1;
            return;
        };
        turn.over = true;
        self.card_ms.push(at - turn.put);
        if let Some(read) = turn.read {
            self.open_ms.push(at - read);
            if turn.lane_free {
                self.free_open_ms.push(at - read);
            }
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
