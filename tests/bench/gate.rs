//! From the last byte of the reader's reply to the first byte of the open command, beside a bare
//! commit of a body of the same kind, in turn.

use std::path::Path;
use std::sync::Arc;

use hw_sim::{GateTiming, Plan, SiteDay, TimingSink};
use rusqlite::Connection;
use tests::{GateBox, Generator, Result, Simulator, SitePlan, percentile};
use tokio::sync::mpsc;

use crate::folder;
use crate::report::Report;
use crate::turns::from_reply_to_open;

/// The year that the simulator counts birthdays from.
const YEAR: i16 = 2026;

/// A site with one lane, its box, and what the simulator times.
pub(crate) struct OneLane {
    site: hw_sim::Site,
    gate_box: GateBox,
    timings: mpsc::Receiver<GateTiming>,
    turn: usize,
}

impl OneLane {
    /// Starts both; `prepare` has the box before its first start.
    pub(crate) async fn begin(
        folder: &Path,
        prepare: impl FnOnce(&GateBox) -> Result<()>,
    ) -> Result<Self> {
        let plan = SitePlan {
            find_interval_ms: 10,
            gate_more: "open_pulse_ms = 50".to_owned(),
            ..SitePlan::of("bench-gate")
        };
        let (sink, timings) = mpsc::channel(256);
        let day = SiteDay::read(&plan.site_day)?;
        let site = hw_sim::Site::start(day, YEAR, &folder.join("sim"), &TimingSink::to(sink))?;
        let terminals = site.terminals();
        let box_plan = plan.wire(&terminals.readers, &terminals.boards, None)?;
        let mut gate_box = GateBox::new(&folder.join("box"), &box_plan)?;
        prepare(&gate_box)?;
        let roster = folder.join("box/roster.json");
        Simulator::roster(&plan.site_day, &roster)?;
        gate_box.menwei(&["import", roster.to_str().ok_or("folder's name")?])?;
        gate_box.up().await?;
        site.wait_for_box().await?;
        Ok(Self {
            site,
            gate_box,
            timings,
            turn: 0,
        })
    }

    /// The next person comes in; from the last byte of the reply to the open command, ms.
    pub(crate) async fn swipe(&mut self) -> Result<f64> {
        while self.timings.try_recv().is_ok() {}
        let people = self.site.crowd().people();
        let person = people.get(self.turn % people.len()).ok_or("nobody")?;
        let person = Arc::clone(person);
        self.turn += 1;
        hw_sim::visit(&self.site, "gate-1-in", &person, Plan::default()).await?;
        from_reply_to_open(&mut self.timings).await
    }

    /// Stops the box.
    pub(crate) async fn end(mut self) -> Result<()> {
        self.gate_box.stop().await
    }
}

/// One lane, so many swipes.
pub(crate) async fn measure(swipes: u32) -> Result<()> {
    let folder = folder("gate-files")?;
    let mut lane = OneLane::begin(&folder, |_| Ok(())).await?;
    let mut bare = Bare::open(&folder.join("bare.db"))?;
    let (mut open_ms, mut bare_ms) = (Vec::new(), Vec::new());
    for turn in 1..=swipes {
        open_ms.push(lane.swipe().await?);
        bare_ms.push(bare.commit()?);
        if turn % 200 == 0 {
            eprintln!("{turn} / {swipes}");
        }
    }
    lane.end().await?;
    let mut report = Report::new("gate");
    report.add("swipes", f64::from(swipes));
    report.add("open_ms_p50", percentile(&open_ms, 0.50));
    report.add("open_ms_p99", percentile(&open_ms, 0.99));
    report.add("bare_commit_ms_p50", percentile(&bare_ms, 0.50));
    report.add("bare_commit_ms_p99", percentile(&bare_ms, 0.99));
    let ratio = |share| percentile(&open_ms, share) / percentile(&bare_ms, share);
    report.add_at_most("ratio_p50", ratio(0.50), 1.5);
    report.add_at_most("ratio_p99", ratio(0.99), 2.5);
    report.finish()
}

/// A plain SQLite file with the same promise: WAL, `synchronous=FULL`, one row a commit.
struct Bare {
    db: Connection,
    generator: Generator,
    seq: u64,
}

impl Bare {
    fn open(file: &Path) -> Result<Self> {
        let db = Connection::open(file)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE ledger (seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL);",
        )?;
        Ok(Self {
            db,
            generator: Generator::new(2),
            seq: 0,
        })
    }

    fn commit(&mut self) -> Result<f64> {
        self.seq += 1;
        let body = self.generator.body(self.seq)?;
        let mut insert = self
            .db
            .prepare_cached("INSERT INTO ledger VALUES (?1, ?2, ?3)")?;
        let begin = tokio::time::Instant::now();
        insert.execute((self.seq.cast_signed(), &body, [0_u8; 32].as_slice()))?;
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }
}
