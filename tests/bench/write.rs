//! Bytes written to the disk per record, at one commit a record.

use std::fs;

use edge_store::{Entry, Key, Store, StoreSettings};
use tests::{Generator, Result};

use crate::folder;
use crate::report::Report;

/// Commits `records` one by one; checkpoints and read models included.
pub(crate) async fn measure(records: u64) -> Result<()> {
    let folder = folder("write-files")?;
    let settings = StoreSettings {
        path: folder.join("ledger.db"),
        box_id: "ah-000001".to_owned(),
        site: "3499002026TEST001".to_owned(),
    };
    let store = Store::open_with_daily_files(&settings, &Key::from_bytes([7; 32]))?;
    let writer = store.writer();
    let mut generator = Generator::new(1);
    let before = written_bytes()?;
    for seq in 1..=records {
        writer
            .append(vec![Entry::new(generator.body(seq)?)])
            .await?;
    }
    tokio::task::spawn_blocking(move || store.close()).await??;
    let written = written_bytes()? - before;
    let mut report = Report::new("write");
    report.add("records", records as f64);
    report.add_at_most(
        "bytes_per_record",
        written as f64 / records as f64,
        12_288.0,
    );
    report.finish()
}

/// What this process has caused to be written to the disk.
fn written_bytes() -> Result<u64> {
    let io = fs::read_to_string("/proc/self/io")?;
    let line = io
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "));
    Ok(line
        .ok_or("no write_bytes in /proc/self/io")?
        .trim()
        .parse()?)
}
