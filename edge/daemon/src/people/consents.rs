//! Whose faces may be used, and where.

use edge_store::{Reader, StoreError};
use edge_web::{PICTURE_WORDS, TERMINAL_WORDS};

/// Whose faces may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consents {
    /// A template at the box.
    pub(crate) workers: Vec<u32>,
    /// Of them: the enrolled picture is kept.
    pub(crate) pictures: Vec<u32>,
    /// Of them: a place in the libraries of the site's face terminals.
    pub(crate) terminals: Vec<u32>,
    /// Of them: a picture of the gate is kept where the face that came with the card is doubtful.
    pub(crate) doubts: Vec<u32>,
}

impl Consents {
    /// As the ledger has it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn read(reader: &Reader, has_terminals: bool) -> Result<Self, StoreError> {
        let faces = reader.faces()?;
        let terminals = if has_terminals {
            faces.signed(TERMINAL_WORDS)?
        } else {
            Vec::new()
        };
        let doubts = faces.signed(PICTURE_WORDS)?;
        let mut pictures = [terminals.as_slice(), doubts.as_slice()].concat();
        pictures.sort_unstable();
        pictures.dedup();
        Ok(Self {
            workers: faces.consents()?,
            pictures,
            terminals,
            doubts,
        })
    }
}
