//! Tests on real files.

mod bench;
mod carrying;
mod clock;
mod crash;
mod cursors;
mod day;
mod epochs;
mod help;
mod imports;
mod models;
mod office;
mod opening;
mod parked;
mod tamper;
mod views;
mod writing;
