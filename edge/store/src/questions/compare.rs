//! What is compared with the city, and the roots over it.

use rusqlite::{Connection, params};
use sync_wire::ctl::Part;
use sync_wire::merkle::{self, RootOf};
use sync_wire::{Hash, Head, chain};

use crate::city::cursor;
use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;
use crate::proof::checkpoints;
use crate::reader::Reader;

const STEP: &str = "read records to compare";

/// Where it is kept how far an epoch is compared: followed by the epoch's name.
const COMPARED: &str = "compared.";

/// What is to be compared next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToCompare {
    /// The epoch.
    pub epoch: String,
    /// First and last record, which the city has acknowledged; `None` where all are compared.
    pub records: Option<(u64, u64)>,
    /// Checkpoints that the city has and whose countersignature is not here, ascending.
    pub unsigned: Vec<u64>,
}

/// The setting that says how far an epoch is compared.
pub fn compared_setting(epoch: &str) -> String {
    format!("{COMPARED}{epoch}")
}

#[expect(
    clippy::multiple_inherent_impl,
    reason = "a reader answers many questions: a file for each sort"
)]
impl Reader {
    /// What is to be compared with the city: of the oldest epoch of which it has acknowledged more than
    /// was compared, at most so many records; with at most so many checkpoints.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn to_compare(
        &self,
        (records_max, unsigned_max): (u64, usize),
    ) -> Result<Option<ToCompare>, StoreError> {
        let view = self.one_moment()?;
        let epochs = epoch::all(&view)?;
        for epoch in &epochs {
            let (compared, through) = (self.compared(epoch)?, acknowledged(&view, epoch)?);
            let last = compared.saturating_add(records_max).min(through);
            if last > compared {
                return Ok(Some(ToCompare {
                    epoch: epoch.name.clone(),
                    records: Some((compared.saturating_add(1), last)),
                    unsigned: checkpoints::unsigned(&view, epoch.no, (through, unsigned_max))?,
                }));
            }
        }
        for epoch in epochs.into_iter().rev() {
            let through = acknowledged(&view, &epoch)?;
            let unsigned = checkpoints::unsigned(&view, epoch.no, (through, unsigned_max))?;
            if !unsigned.is_empty() {
                return Ok(Some(ToCompare {
                    epoch: epoch.name,
                    records: None,
                    unsigned,
                }));
            }
        }
        Ok(None)
    }

    fn compared(&self, epoch: &Epoch) -> Result<u64, StoreError> {
        let text = self.setting(&compared_setting(&epoch.name))?;
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// The roots over runs of an epoch, each record's hash computed anew from the stored one before it and
    /// the stored body. Of what is not there the root is all zeros, which no record has.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the epoch is not in it.
    pub fn roots(&self, epoch: &str, runs: &[(u64, u64)]) -> Result<Vec<Part>, StoreError> {
        let view = self.one_moment()?;
        let epoch_no = epoch::number(&view, epoch)?;
        let genesis = Head::genesis(self.box_name(), epoch).hash;
        let part = |&(from, to): &(u64, u64)| {
            let root = root(&view, (epoch_no, genesis), (from, to))?;
            let root = root.unwrap_or(Hash::from_bytes([0; 32]));
            Ok(Part { from, to, root })
        };
        runs.iter().map(part).collect()
    }
}

/// What the city has without a hole, as far as it is the epoch's own.
fn acknowledged(db: &Connection, epoch: &Epoch) -> Result<u64, StoreError> {
    let through = cursor::read(db, epoch.no)?.through;
    Ok(epoch.shared.map_or(through, |shared| through.min(shared)))
}

/// `None` where a record is missing.
fn root(
    db: &Connection,
    (epoch_no, genesis): (u32, Hash),
    (from, to): (u64, u64),
) -> Result<Option<Hash>, StoreError> {
    let mut before = match from.saturating_sub(1) {
        0 => Some(genesis),
        last => ledger::hash_at(db, epoch_no, last)?,
    };
    let mut query = db
        .prepare_cached("SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
        .map_err(fault)?;
    let span = params![ledger::row_id(epoch_no, from), ledger::row_id(epoch_no, to)];
    let mut rows = query.query(span).map_err(fault)?;
    let (mut tree, mut next) = (RootOf::default(), from);
    while let Some(row) = rows.next().map_err(fault)? {
        let (id, body, hash) = ledger::stored(row).map_err(fault)?;
        if let Some(before) = before.filter(|_| ledger::seq_of(id) == next) {
            tree.push(merkle::leaf(next, &chain::next(&before, &body)));
            next = next.saturating_add(1);
        }
        before = Some(Hash::from_bytes(hash));
    }
    Ok(tree.finish().filter(|_| next > to))
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
