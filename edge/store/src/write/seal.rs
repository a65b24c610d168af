//! What the writer signs: checkpoints, and the note of the last record.

use std::sync::Arc;

use rusqlite::Connection;
use sync_wire::Head;
use sync_wire::checkpoint::{self, Facts};
use sync_wire::down::SigningKey;
use sync_wire::record::{PreviousEpoch, Stamp};

use crate::epoch::Epoch;
use crate::error::StoreError;
use crate::ledger::{Appended, Appender, Entry};
use crate::proof::checkpoints;
use crate::proof::head_file::HeadFile;

/// A checkpoint to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewCheckpoint {
    pub(crate) stamp: Stamp,
    pub(crate) key: Arc<SigningKey>,
    /// What the box knows to have had and lost.
    pub(crate) lost: Option<PreviousEpoch>,
}

/// Appends a checkpoint in the caller's transaction, unless nothing came since the last.
pub(crate) fn append(
    (db, appender): (&Connection, &mut Appender<'_>),
    (box_id, epoch): (&str, &Epoch),
    head: Head,
    new: &NewCheckpoint,
) -> Result<Option<Appended>, StoreError> {
    let last = checkpoints::last(db, epoch.no)?;
    if head.seq <= last {
        return Ok(None);
    }
    let from = checkpoint::covered_from(last, head.seq);
    let missing = || StoreError::Damaged {
        what: format!("no records from {from} to {}", head.seq),
    };
    let facts = Facts {
        from,
        head,
        root: checkpoints::root(db, epoch.no, (from, head))?.ok_or_else(missing)?,
        lost: new.lost.clone(),
    };
    let name = (box_id, epoch.name.as_str());
    let body = checkpoint::write(&new.key, name, new.stamp, &facts);
    let body = body.map_err(|error| StoreError::Damaged {
        what: format!("a checkpoint without a body: {error}"),
    })?;
    let made = appender.append(epoch.no, head, &[Entry::new(body)])?;
    checkpoints::note(db, epoch.no, made.last_seq)?;
    Ok(Some(made))
}

/// Writes the note. That it fails costs nobody at the gate anything; the next one tries again.
pub(crate) fn note(file: Option<&mut HeadFile>, epoch: &str, head: Head, sync: bool) {
    if let Some(file) = file
        && let Err(error) = file.write(epoch, head, sync)
    {
        tracing::warn!(error = crate::error::chain(&error), "No sealed note");
    }
}
