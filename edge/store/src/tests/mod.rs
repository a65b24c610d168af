//! Tests on real files.

mod bench;
mod carrying;
mod crash;
mod cursors;
mod day;
mod epochs;
mod help;
mod models;
mod opening;
mod tamper;
mod views;
mod writing;
