//! The screen over real HTTP on loopback, as a browser and as an attacker would use it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a test"
)]

#[path = "../site/mod.rs"]
mod site;
mod browser;
mod door;
mod page;
mod upload;
mod live;
mod gate;
mod night;
mod accounts;
