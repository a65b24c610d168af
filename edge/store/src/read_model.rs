//! The tables that the ledger folds into.

use rusqlite::Connection;

use crate::error::StoreError;

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

    /// Folds what is not folded yet.
    pub(crate) fn catch_up(&mut self, _db: &Connection) -> Result<(), StoreError> {
        Ok(())
    }
}
