//! Somebody who holds the database's key changes the ledger, and somebody looks.
//!
//! `ledger` a signed ledger to begin with · `forger` what is done to it · `trials` many of both, and who
//! notices.

mod ledger;
mod forger;
mod trials;

pub use trials::{Found, Tampering, flip_bytes, tamper};
