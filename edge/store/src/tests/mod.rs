//! Tests on real files.

mod bench;
mod help;
mod opening;
