//! Questions about what is signed.

mod questions;
