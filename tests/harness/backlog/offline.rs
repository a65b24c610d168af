//! Records of months, written into the ledger of a box that does not run.

use std::path::Path;

use edge_store::{Entry, Key, Store, StoreSettings};

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

/// Appends so many events to the ledger in a box's folder, each batch durable.
pub async fn record_offline(
    box_dir: &Path,
    records: u64,
    generator: &mut Generator,
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
    let last = seq + records;
    while seq < last {
        let entries: Result<Vec<Entry>> = (seq + 1..=last.min(seq + BATCH))
            .map(|seq| Ok(Entry::new(generator.body(seq)?)))
            .collect();
        seq = writer.append(entries?).await?.last_seq;
    }
    drop(writer);
    tokio::task::spawn_blocking(move || store.close()).await??;
    Ok(End { epoch, last })
}
