//! What signing and sealing cost a commit: the same records with and without, in pairs.
//!
//! Each round commits the same number of records one by one in two ledgers, one of which is signed as a
//! box does it (a checkpoint every 256 records, the sealed note); which of them goes first changes from
//! round to round. The interval is that of the mean of the rounds' ratios, 95 %, by the normal law.

use std::path::Path;
use std::sync::Arc;

use edge_store::{Entry, HeadFile, Key, Store, StoreSettings};
use sync_wire::checkpoint::CHECKPOINT_RECORDS;
use sync_wire::down::SigningKey;
use sync_wire::record::{ClockQuality, Stamp};
use tests::{BOX_ID, Generator, Result, percentile};
use tokio::time::Instant;

use crate::folder;
use crate::report::Report;

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

/// Ratios of so many pairs.
pub(crate) async fn measure(rounds: u64) -> Result<()> {
    let home = folder("seal-files")?;
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
    let mut report = Report::new("seal");
    report.add("pairs", rounds as f64);
    let (mean, half) = interval(&p50s);
    report.add_at_most("commit_p50_ratio", mean, 1.05);
    report.add("commit_p50_ratio_low", mean - half);
    report.add("commit_p50_ratio_high", mean + half);
    let (mean, half) = interval(&wholes);
    report.add_at_most("records_ratio", mean, 1.05);
    report.add("records_ratio_low", mean - half);
    report.add("records_ratio_high", mean + half);
    report.finish()
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
