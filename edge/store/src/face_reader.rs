//! Questions about faces: consents, mismatches, what terminals told, what pictures there are.

use edge_domain::Mismatches;
use rusqlite::Transaction;

use crate::error::StoreError;
use crate::screen::picture::{self, KeptPictures, PhotoDue};
use crate::view::day_acts;
use crate::view::today::RecentAct;
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

    /// Of [`consents`](Self::consents) those who signed one of these versions of the words.
    pub fn signed(&self, versions: &[u16]) -> Result<Vec<u32>, StoreError> {
        faces::signed_consents(&self.view, versions)
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

    /// A presentation by its key, with the pictures that may be seen at `now_ms` (Unix ms); `None`
    /// where there are none.
    pub fn pictures(
        &self,
        presentation: i64,
        now_ms: i64,
    ) -> Result<Option<(RecentAct, KeptPictures)>, StoreError> {
        let kept = picture::of(&self.view, presentation, now_ms)?;
        let Some(kept) = kept else { return Ok(None) };
        let act = day_acts::one(&self.view, presentation)?;
        Ok(act.map(|act| (act, kept)))
    }

    /// Pictures that the city is to get: of these workers, marked when they were kept, not confirmed
    /// by the city, and not over at `now_ms` (Unix ms). The oldest first.
    pub fn photos_due(&self, workers: &[u32], now_ms: i64) -> Result<Vec<PhotoDue>, StoreError> {
        picture::due(&self.view, workers, now_ms)
    }

    /// The file of a picture by its SHA-256 (lower hex); `None` where it has been deleted.
    pub fn photo(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        picture::file(&self.view, sha256)
    }
}
