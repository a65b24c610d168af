//! Questions about what is signed.

mod questions;
pub(crate) mod compare;
