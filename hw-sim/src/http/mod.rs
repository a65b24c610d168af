//! The page to play with and its API, on the loopback interface only.
//!
//! - `guard`: who may speak to it
//! - `state`: what the page shows
//! - `acts`: what the page does
//! - `cameras`: MJPEG, and who stands before them
//! - `live`: changes as they happen (SSE)
//! - `server`: routes, page and files

mod guard;
mod state;
mod acts;
mod cameras;
mod live;
mod server;

pub use server::{Stage, listen, serve};
