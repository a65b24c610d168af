//! The few records that the read models do not hold yet: readers add them themselves.

use rusqlite::{Connection, params};
use sync_wire::Record;

use crate::error::StoreError;
use crate::model::origin::Origins;
use crate::model::read_model::watermarks;

/// Records beyond the watermark of each epoch, in ledger order.
pub(crate) fn records(db: &Connection) -> Result<Vec<Record>, StoreError> {
    let step = "read the newest records";
    let origins = Origins::of(db)?;
    let mut newest = Vec::new();
    let mut query = db
        .prepare("SELECT body FROM ledger WHERE id > ?1 AND id <= ?2 ORDER BY id")
        .map_err(|e| StoreError::database(step, e))?;
    for mark in watermarks(db)? {
        let mut rows = query
            .query(params![mark.after(), mark.until()])
            .map_err(|e| StoreError::database(step, e))?;
        while let Some(row) = rows.next().map_err(|e| StoreError::database(step, e))? {
            let body: Vec<u8> = row.get(0).map_err(|e| StoreError::database(step, e))?;
            newest.extend(origins.record(&body));
        }
    }
    Ok(newest)
}
