//! What the city signed after the box's checkpoints, on its way into the ledger's file.

use sync_wire::Ack;

use crate::ledger::Ledger;
use crate::trouble::{NotTaken, WRONG_COUNTERSIGN};

/// Hands on what an acknowledgement brings; says so where the ledger did not believe all of it. What
/// is lost is asked for again.
pub(crate) async fn keep<L: Ledger>(ledger: &L, ack: &Ack) -> Option<NotTaken> {
    if ack.countersign.is_empty() {
        return None;
    }
    match ledger.keep_countersigns(&ack.epoch, &ack.countersign).await {
        Ok(true) => None,
        Ok(false) => Some(WRONG_COUNTERSIGN),
        Err(error) => {
            tracing::error!(error, "cannot keep countersignatures");
            None
        }
    }
}
