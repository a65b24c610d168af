//! Tests on real files.

mod bench;
mod cursors;
mod help;
mod models;
mod opening;
mod tamper;
mod views;
mod writing;
