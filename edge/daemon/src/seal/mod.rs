//! The box signs its ledger: its key, what the sealed note says at the start, when a checkpoint is due, a
//! worker's records in a file that proves itself, and the daily comparison with the city.

mod device_key;
mod start;
mod notary;
mod proof_file;
mod compare;

pub(crate) use compare::{COMPARED, COMPARED_DAY, DIFFERS_CODE, differs, due};
pub(crate) use device_key::{device_key, device_key_there};
pub(crate) use notary::keep_checkpoints;
pub(crate) use proof_file::{ProofOrder, export, verify};
pub(crate) use start::{SEALED, Sealing, begin, doubt_words, note_words};
