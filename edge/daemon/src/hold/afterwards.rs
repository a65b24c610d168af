//! What happened without a ledger is recorded as soon as there is one: openings as their count, and
//! what the boards forgot because a lane held it.

use std::time::Duration;

use edge_domain::Record;
use edge_store::{Entry, Writer};

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::records;

/// Pause before the ledger is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Records what lanes held, again and again until the ledger has it.
pub(crate) async fn record(writer: Writer, clock: Clock, held: Vec<Record>) {
    while let Err(error) = try_record(&writer, &clock, &held).await {
        tracing::error!(%error, "What happened without a ledger waits for it");
        tokio::time::sleep(RETRY).await;
    }
}

/// Tries it once, because the box stops.
pub(crate) async fn record_now(writer: &Writer, clock: &Clock, held: &[Record]) {
    if let Err(error) = try_record(writer, clock, held).await {
        tracing::error!(%error, ?held, "The box stops, and this is not in the ledger");
    }
}

async fn try_record(writer: &Writer, clock: &Clock, held: &[Record]) -> Result<(), DaemonError> {
    if held.is_empty() {
        return Ok(());
    }
    let now = clock.now();
    let entry = |one: &Record| {
        // Its lane may have had a clock that knew nothing of the ledger; both count the same boot.
        let record = Record {
            at: now.earlier_by(now.mono_ms.saturating_sub(one.at.mono_ms)),
            act: one.act.clone(),
        };
        records::body(&record, None).map(Entry::new)
    };
    let entries: Vec<Entry> = held.iter().map(entry).collect::<Result<_, _>>()?;
    writer.append(entries).await?;
    Ok(())
}
