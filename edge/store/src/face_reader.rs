//! Questions about faces: consents, mismatches, what terminals told.

use edge_domain::Mismatches;

use crate::error::StoreError;
use crate::reader::Reader;
use crate::view::{faces, people};

#[expect(
    clippy::multiple_inherent_impl,
    reason = "one reader, its questions by what they are about"
)]
impl Reader {
    /// Everybody who is engaged here and allows the use of his face; as fresh as
    /// [`roster`](Reader::roster).
    pub fn face_consents(&self) -> Result<Vec<u32>, StoreError> {
        let view = self.one_moment()?;
        people::face_consents(&view)
    }

    /// Of [`face_consents`](Self::face_consents) those who signed at least this version of the words.
    pub fn signed_consents(&self, text_min: u16) -> Result<Vec<u32>, StoreError> {
        let view = self.one_moment()?;
        faces::signed_consents(&view, text_min)
    }

    /// The numbers of a face terminal's newest events in the ledger, oldest first, up to the last
    /// record committed.
    pub fn terminal_events(&self, terminal: &str) -> Result<Vec<u64>, StoreError> {
        let view = self.one_moment()?;
        faces::terminal_events(&view, terminal)
    }

    /// Cards that came with another face on the site's day of `now_ms` (Unix ms), up to the last
    /// record committed.
    pub fn mismatches(&self, now_ms: i64) -> Result<Mismatches, StoreError> {
        let view = self.one_moment()?;
        faces::mismatches(&view, now_ms)
    }
}
