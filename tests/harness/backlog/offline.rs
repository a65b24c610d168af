//! Records of months, written into the ledger of a box that does not run.

use std::path::Path;
use std::sync::Arc;

use edge_store::{Entry, Key, Store, StoreSettings, Writer};
use sync_wire::checkpoint::CHECKPOINT_RECORDS;
use sync_wire::down::SigningKey;
use sync_wire::record::{ClockQuality, Stamp};

use crate::backlog::generator::Generator;
use crate::{BOX_ID, Result};

const SITE: &str = "3499002026TEST001";
/// As many as the daily files take at once, so that none of them wait for the box.
const BATCH: u64 = 60;

/// Where a ledger ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The epoch.
    pub epoch: String,
    /// Its last record.
    pub last: u64,
}

/// As [`record_offline`], signed as the box does it: a checkpoint every 256 records, by this key.
pub async fn record_signed(
    box_dir: &Path,
    records: u64,
    (generator, device): (&mut Generator, Arc<SigningKey>),
) -> Result<End> {
    write(box_dir, records, (generator, Some(device))).await
}

/// Appends so many events to the ledger in a box's folder, each batch durable.
pub async fn record_offline(
    box_dir: &Path,
    records: u64,
    generator: &mut Generator,
) -> Result<End> {
    write(box_dir, records, (generator, None)).await
}

async fn write(
    box_dir: &Path,
    records: u64,
    (generator, device): (&mut Generator, Option<Arc<SigningKey>>),
) -> Result<End> {
    let settings = StoreSettings {
        path: box_dir.join("ledger.db"),
        box_id: BOX_ID.to_owned(),
        site: SITE.to_owned(),
    };
    let store =
        Store::open_with_daily_files(&settings, &Key::from_file(&box_dir.join("ledger.key"))?)?;
    let (epoch, writer) = (store.facts().epoch.clone(), store.writer());
    let mut seq = store.facts().head.seq;
    let mut unsigned = 0;
    let mut left = records;
    while left > 0 {
        let room = CHECKPOINT_RECORDS.saturating_sub(unsigned);
        let batch = left.min(BATCH).min(room);
        let entries: Result<Vec<Entry>> = (seq + 1..=seq + batch)
            .map(|seq| Ok(Entry::new(generator.body(seq)?)))
            .collect();
        seq = writer.append(entries?).await?.last_seq;
        left -= batch;
        unsigned += batch;
        if unsigned == CHECKPOINT_RECORDS {
            unsigned = 0;
            if let Some(device) = &device {
                seq = checkpoint(&writer, device, seq).await?;
            }
        }
    }
    drop(writer);
    tokio::task::spawn_blocking(move || store.close()).await??;
    Ok(End { epoch, last: seq })
}

async fn checkpoint(writer: &Writer, device: &Arc<SigningKey>, seq: u64) -> Result<u64> {
    let stamp = Stamp {
        at: 1_788_300_000_000,
        boot: 1,
        mono: seq,
        clock: ClockQuality::Synced,
    };
    let made = writer.checkpoint(stamp, Arc::clone(device), None).await?;
    Ok(made.ok_or("no checkpoint")?.last_seq)
}
