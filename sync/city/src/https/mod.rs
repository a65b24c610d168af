//! HTTPS for boxes: the files that they fetch, the photos that they bring.
//!
//! `refusal` is every answer that is not the thing itself, `door` lets in who shows a certificate,
//! `serve` holds connections within bounds, `parts` reads what a request carries, `rosters` and
//! `album` are what is served, `claim` is where a box without a certificate gets one, `routes` says where.

mod refusal;
mod door;
mod serve;
mod parts;
mod rosters;
mod album;
mod claim;
mod routes;
#[cfg(test)]
mod serve_test;

pub use album::Album;
pub(crate) use claim::{Desk, desk};
pub(crate) use door::{Door, Wants};
pub(crate) use routes::routes;
pub(crate) use serve::{PATIENCE, serve};
