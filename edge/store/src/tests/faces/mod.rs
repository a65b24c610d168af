//! What faces did.

mod over_a_restart;
mod pictures;
