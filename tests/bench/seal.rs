//! What signing and sealing cost, in pairs: the same work with and without, one after the other, which of
//! them goes first changing from pair to pair. The intervals are those of the mean of the pairs' ratios,
//! 95 %, by the normal law.
//!
//! Commits alone: two ledgers, one of them signed as a box does it (a checkpoint every 256 records, the
//! sealed note). The gate: two boxes, one of which has no key that it could use, from the reply of the reader
//! to the open command. The drain: two backlogs, one with a checkpoint every 256 records.

use std::path::Path;
use std::sync::Arc;

use edge_store::{Entry, HeadFile, Key, Store, StoreSettings};
use hw_sim::{SiteDay, TimingSink};
use sync_wire::checkpoint::CHECKPOINT_RECORDS;
use sync_wire::down::SigningKey;
use sync_wire::record::{ClockQuality, Stamp};
use tests::{BOX_ID, Generator, Result, SitePlan, percentile, repository};
use tokio::time::Instant;

use crate::drain::{Backlog, sign_nothing};
use crate::folder;
use crate::gate::OneLane;
use crate::report::Report;

/// The year that the simulator counts birthdays from.
const YEAR: i16 = 2026;
/// Records of one round: two checkpoints.
const RECORDS: u64 = 2 * CHECKPOINT_RECORDS;

/// One ledger with what its records are made from.
struct Side {
    store: Store,
    generator: Generator,
    key: Option<Arc<SigningKey>>,
}

/// What one side's round took.
struct Round {
    /// The middle commit, ms.
    p50: f64,
    /// All of it, checkpoints included, ms.
    whole: f64,
}

/// How much of each is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Pairs of commits.
    pub(crate) commits: u64,
    /// Pairs at the gate.
    pub(crate) gate: u64,
    /// Pairs of drains.
    pub(crate) drains: u64,
    /// Records of one drain.
    pub(crate) records: u64,
}

/// For a quick look.
pub(crate) const FEW: Extent = Extent {
    commits: 10,
    gate: 4,
    drains: 2,
    records: 5_000,
};

/// For the figures.
pub(crate) const MANY: Extent = Extent {
    commits: 100,
    gate: 40,
    drains: 12,
    records: 100_000,
};

/// Ratios of so many pairs.
pub(crate) async fn measure(extent: Extent) -> Result<()> {
    let mut report = Report::new("seal");
    let home = folder("seal-files")?;
    commits(&home, extent.commits, &mut report).await?;
    gate(&home, extent.gate, &mut report).await?;
    drains(&home, (extent.drains, extent.records), &mut report).await?;
    report.finish()
}

/// Opens of one round at the gate.
const OPENS: u64 = 40;

/// The gate's p50 of each pair.
async fn gate(home: &Path, pairs: u64, report: &mut Report) -> Result<()> {
    let mut plain = OneLane::begin(&home.join("gate-plain"), sign_nothing).await?;
    let mut signed = OneLane::begin(&home.join("gate-signed"), |_| Ok(())).await?;
    let mut ratios = Vec::new();
    for pair in 0..=pairs {
        let (without, with) = if pair % 2 == 0 {
            let without = opens(&mut plain).await?;
            (without, opens(&mut signed).await?)
        } else {
            let with = opens(&mut signed).await?;
            (opens(&mut plain).await?, with)
        };
        if pair > 0 {
            ratios.push(with / without);
        }
    }
    plain.end().await?;
    signed.end().await?;
    tell(report, "gate_p50_ratio", &ratios);
    Ok(())
}

async fn opens(lane: &mut OneLane) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..OPENS {
        times.push(lane.swipe().await?);
    }
    Ok(percentile(&times, 0.5))
}

/// The time of each pair of drains: the same records, on one side with the checkpoints over them.
async fn drains(home: &Path, (pairs, records): (u64, u64), report: &mut Report) -> Result<()> {
    let plan = || SitePlan {
        site_day: repository().join("tests/bench/drain/site-day.toml"),
        find_interval_ms: 10,
        ..SitePlan::of("bench-seal")
    };
    let day = SiteDay::read(&plan().site_day)?;
    let sim = home.join("drain-sim");
    let site = hw_sim::Site::start(day, YEAR, &sim, &TimingSink::default())?;
    let offline = |name: &str| home.join(format!("offline-{name}"));
    let plain = Backlog::record(&offline("plain"), plan(), &site, (records, false)).await?;
    let signed = Backlog::record(&offline("signed"), plan(), &site, (records, true)).await?;
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        let mut took = [0.0, 0.0];
        for turn in [pair % 2, (pair + 1) % 2] {
            let is_signed = turn == 1;
            let backlog = if is_signed { &signed } else { &plain };
            let folder = home.join(format!("drain-{pair}-{turn}"));
            let drain = backlog.drain(&site, &folder).await?;
            took[usize::from(is_signed)] = drain.seconds;
        }
        ratios.push(took[1] / took[0]);
        eprintln!("drain {} / {pairs}: {:.3}", pair + 1, took[1] / took[0]);
    }
    tell(report, "drain_ratio", &ratios);
    Ok(())
}

/// The mean of the pairs' ratios, with its interval, under this name.
fn tell(report: &mut Report, name: &'static str, ratios: &[f64]) {
    let (mean, half) = interval(ratios);
    report.add_at_most(name, mean, 1.05);
    report.add(&format!("{name}_low"), mean - half);
    report.add(&format!("{name}_high"), mean + half);
    report.add(&format!("{name}_pairs"), ratios.len() as f64);
}

async fn commits(home: &Path, rounds: u64, report: &mut Report) -> Result<()> {
    let mut plain = Side::begin(&home.join("plain"), None).await?;
    let key = Arc::new(SigningKey::from_bytes(&[7; 32]));
    let mut signed = Side::begin(&home.join("signed"), Some(key)).await?;
    let (mut p50s, mut wholes) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (without, with) = if round % 2 == 0 {
            let without = plain.round().await?;
            (without, signed.round().await?)
        } else {
            let with = signed.round().await?;
            (plain.round().await?, with)
        };
        // The first warms up.
        if round > 0 {
            p50s.push(with.p50 / without.p50);
            wholes.push(with.whole / without.whole);
        }
    }
    tell(report, "commit_p50_ratio", &p50s);
    tell(report, "records_ratio", &wholes);
    Ok(())
}

/// The mean, and half of its interval.
fn interval(ratios: &[f64]) -> (f64, f64) {
    let count = ratios.len() as f64;
    let mean = ratios.iter().sum::<f64>() / count;
    let squares: f64 = ratios.iter().map(|one| (one - mean).powi(2)).sum();
    (mean, 1.96 * (squares / (count - 1.0) / count).sqrt())
}

impl Side {
    async fn begin(home: &Path, key: Option<Arc<SigningKey>>) -> Result<Self> {
        std::fs::create_dir_all(home)?;
        let settings = StoreSettings {
            path: home.join("ledger.db"),
            box_id: BOX_ID.to_owned(),
            site: "3499002026TEST001".to_owned(),
        };
        let store = Store::open(&settings, &Key::from_bytes([7; 32]))?;
        if let Some(key) = &key {
            let note = HeadFile::open(&settings.path, BOX_ID, Arc::clone(key))?;
            store.writer().keep_head(note).await?;
        }
        Ok(Self {
            store,
            generator: Generator::new(1),
            key,
        })
    }

    async fn round(&mut self) -> Result<Round> {
        let writer = self.store.writer();
        let mut commits = Vec::new();
        let began = Instant::now();
        let mut seq = writer.head().borrow().seq;
        for place in 1..=RECORDS {
            let entry = Entry::new(self.generator.body(seq + 1)?);
            let asked = Instant::now();
            seq = writer.append(vec![entry]).await?.last_seq;
            commits.push(asked.elapsed().as_secs_f64() * 1_000.0);
            if let Some(key) = &self.key
                && place % CHECKPOINT_RECORDS == 0
            {
                let stamp = Stamp {
                    at: 1_788_300_000_000,
                    boot: 1,
                    mono: seq,
                    clock: ClockQuality::Synced,
                };
                let made = writer.checkpoint(stamp, Arc::clone(key), None).await?;
                seq = made.ok_or("no checkpoint")?.last_seq;
            }
        }
        let whole = began.elapsed().as_secs_f64() * 1_000.0;
        Ok(Round {
            p50: percentile(&commits, 0.5),
            whole,
        })
    }
}
