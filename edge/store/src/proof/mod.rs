//! What makes a change of the ledger show to whoever does not trust this file.

pub(crate) mod checkpoints;
pub(crate) mod head_file;
pub(crate) mod judge;
