//! Openings that were made without a ledger are recorded as soon as there is one.

use std::time::Duration;

use edge_domain::{Act, EmergencyRecord, Record};
use edge_store::{Entry, Writer};

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::records;

/// Pause before the ledger is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// Records what lanes counted, again and again until the ledger has it.
pub(crate) async fn record(writer: Writer, clock: Clock, openings: Vec<EmergencyRecord>) {
    while let Err(error) = try_record(&writer, &clock, &openings).await {
        tracing::error!(%error, "Openings without a record wait for the ledger");
        tokio::time::sleep(RETRY).await;
    }
}

/// Tries it once, because the box stops.
pub(crate) async fn record_now(writer: &Writer, clock: &Clock, openings: &[EmergencyRecord]) {
    if let Err(error) = try_record(writer, clock, openings).await {
        tracing::error!(%error, ?openings, "The box stops, and these openings are not in the ledger");
    }
}

async fn try_record(
    writer: &Writer,
    clock: &Clock,
    openings: &[EmergencyRecord],
) -> Result<(), DaemonError> {
    if openings.is_empty() {
        return Ok(());
    }
    let entry = |one: &EmergencyRecord| {
        let record = Record {
            at: clock.now(),
            act: Act::Emergency(one.clone()),
        };
        records::body(&record, None).map(Entry::new)
    };
    let entries: Vec<Entry> = openings.iter().map(entry).collect::<Result<_, _>>()?;
    writer.append(entries).await?;
    Ok(())
}
