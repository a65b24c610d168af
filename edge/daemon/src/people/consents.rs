//! Whose faces may be used, and where.

use edge_store::{Reader, StoreError};
use edge_web::TERMINAL_WORDS_FROM;

/// Whose faces may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consents {
    /// A template at the box.
    pub(crate) workers: Vec<u32>,
    /// Of them: a kept picture, and with it a place in the libraries of the site's face terminals.
    pub(crate) pictures: Vec<u32>,
}

impl Consents {
    /// As the ledger has it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn read(reader: &Reader, has_terminals: bool) -> Result<Self, StoreError> {
        Ok(Self {
            workers: reader.faces()?.consents()?,
            pictures: pictures_of(reader, has_terminals)?,
        })
    }
}

/// Whose enrolled picture may be kept: who signed the words that say so; nobody's where there is no
/// terminal to give it to.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn pictures_of(reader: &Reader, has_terminals: bool) -> Result<Vec<u32>, StoreError> {
    if !has_terminals {
        return Ok(Vec::new());
    }
    reader.faces()?.signed(TERMINAL_WORDS_FROM)
}
