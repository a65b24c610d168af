//! Questions about faces: consents, mismatches, what terminals told.

use edge_domain::Mismatches;
use rusqlite::Transaction;

use crate::error::StoreError;
use crate::view::{faces, people};

/// The file at one moment, for these questions; [`Reader::faces`](crate::Reader::faces) gives it.
#[derive(Debug)]
pub struct FaceReader<'a> {
    view: Transaction<'a>,
}

impl<'a> FaceReader<'a> {
    pub(crate) fn new(view: Transaction<'a>) -> Self {
        Self { view }
    }

    /// Everybody who is engaged here and allows the use of his face; as fresh as
    /// [`Reader::roster`](crate::Reader::roster).
    pub fn consents(&self) -> Result<Vec<u32>, StoreError> {
        people::face_consents(&self.view)
    }

    /// Of [`consents`](Self::consents) those who signed at least this version of the words.
    pub fn signed(&self, text_min: u16) -> Result<Vec<u32>, StoreError> {
        faces::signed_consents(&self.view, text_min)
    }

    /// The numbers of a face terminal's newest events in the ledger, oldest first, up to the last
    /// record committed.
    pub fn terminal_events(&self, terminal: &str) -> Result<Vec<u64>, StoreError> {
        faces::terminal_events(&self.view, terminal)
    }

    /// Cards that came with another face on the site's day of `now_ms` (Unix ms), up to the last
    /// record committed.
    pub fn mismatches(&self, now_ms: i64) -> Result<Mismatches, StoreError> {
        faces::mismatches(&self.view, now_ms)
    }
}
