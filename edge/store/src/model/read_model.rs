//! The tables that the ledger folds into: catching up, and building anew.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::StoreError;
use crate::ledger;
use crate::model::fold::{self, FOLD_VERSION};
use crate::model::origin::Origins;
use crate::model::rows::RowWriter;

/// Records folded in one transaction.
const BATCH_RECORDS: u32 = 1000;

/// Every table that a rebuild empties.
pub(crate) const TABLES: [&str; 28] = [
    "folded",
    "project",
    "employer",
    "team",
    "worker",
    "training",
    "face_consent",
    "presence",
    "attendance",
    "denial",
    "board_event",
    "terminal_event",
    "face_mismatch",
    "roster_state",
    "people_change",
    "correction",
    "audit",
    "dispute_act",
    "month_close",
    "wage_terms",
    "wage_entry",
    "wage_line",
    "wage_sheet",
    "wage_payment",
    "fund_account",
    "fund_deposit",
    "fund_transfer",
    "visit",
];

const STEP: &str = "fold the ledger";

/// Folds committed records into the read models.
#[derive(Debug)]
pub(crate) struct ReadModel {
    box_id: String,
}

impl ReadModel {
    pub(crate) fn new(box_id: &str) -> Self {
        Self {
            box_id: box_id.to_owned(),
        }
    }

    pub(crate) fn box_id(&self) -> &str {
        &self.box_id
    }

    /// Folds what is not folded yet; builds anew what another version folded otherwise.
    pub(crate) fn catch_up(&self, db: &Connection) -> Result<(), StoreError> {
        let folded_by: Option<u32> = db
            .query_row("SELECT fold FROM box", [], |row| row.get(0))
            .optional()
            .map_err(fault)?;
        if folded_by != Some(FOLD_VERSION) {
            return self.rebuild(db);
        }
        for mark in watermarks(db)? {
            self.catch_up_epoch(db, mark)?;
        }
        Ok(())
    }

    /// Empties the read models and folds the whole ledger again.
    pub(crate) fn rebuild(&self, db: &Connection) -> Result<(), StoreError> {
        let empty = db.unchecked_transaction().map_err(fault)?;
        for table in TABLES {
            empty
                .execute(&format!("DELETE FROM {table}"), [])
                .map_err(fault)?;
        }
        empty
            .execute("UPDATE box SET fold = ?1", [FOLD_VERSION])
            .map_err(fault)?;
        empty.commit().map_err(fault)?;
        for mark in watermarks(db)? {
            self.catch_up_epoch(db, mark)?;
        }
        Ok(())
    }

    fn catch_up_epoch(&self, db: &Connection, mut mark: Watermark) -> Result<(), StoreError> {
        loop {
            let batch = db.unchecked_transaction().map_err(fault)?;
            let last = self.fold_batch(&batch, &mark)?;
            if last == mark.through {
                return Ok(());
            }
            batch
                .execute(
                    "INSERT INTO folded (epoch_no, through) VALUES (?1, ?2) \
                     ON CONFLICT (epoch_no) DO UPDATE SET through = excluded.through",
                    params![mark.epoch_no, last],
                )
                .map_err(fault)?;
            batch.commit().map_err(fault)?;
            mark.through = last;
        }
    }

    /// Folds up to a batch; returns the last record folded.
    fn fold_batch(&self, db: &Connection, mark: &Watermark) -> Result<u64, StoreError> {
        let mut last = mark.through;
        let mut query = db
            .prepare("SELECT id, body FROM ledger WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3")
            .map_err(fault)?;
        let mut rows = query
            .query(params![mark.after(), mark.until(), BATCH_RECORDS])
            .map_err(fault)?;
        let origins = Origins::of(db)?;
        let mut writer = RowWriter::new(db, &self.box_id);
        while let Some(row) = rows.next().map_err(fault)? {
            let id: i64 = row.get(0).map_err(fault)?;
            let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?));
            // A record that this version cannot read changes nothing here; it stays in the ledger.
            if let Some(record) = origins.record(body.map_err(fault)?) {
                for change in fold::changes(record) {
                    writer.apply(id, change).map_err(fault)?;
                }
            }
            last = ledger::seq_of(id);
        }
        Ok(last)
    }
}

/// How far an epoch is folded.
pub(crate) struct Watermark {
    pub(crate) epoch_no: u32,
    pub(crate) through: u64,
    /// What came out of a recovered file is never folded.
    recovered_from: Option<u64>,
}

impl Watermark {
    /// The last row that is folded.
    pub(crate) fn after(&self) -> Option<i64> {
        ledger::row_id(self.epoch_no, self.through)
    }

    /// The last row that ever will be.
    pub(crate) fn until(&self) -> Option<i64> {
        match self.recovered_from {
            Some(from) => ledger::row_id(self.epoch_no, from.saturating_sub(1)),
            None => ledger::last_row_id(self.epoch_no),
        }
    }
}

/// How far each epoch is folded, oldest epoch first.
pub(crate) fn watermarks(db: &Connection) -> Result<Vec<Watermark>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT no, coalesce(through, 0), recovered_from FROM epoch \
             LEFT JOIN folded ON epoch_no = no ORDER BY no",
        )
        .map_err(fault)?;
    let rows = query
        .query_map([], |row| {
            Ok(Watermark {
                epoch_no: row.get(0)?,
                through: row.get(1)?,
                recovered_from: row.get(2)?,
            })
        })
        .map_err(fault)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fault)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
