//! What the screen keeps in the file beside the ledger.

pub(crate) mod import;
pub(crate) mod picture;
