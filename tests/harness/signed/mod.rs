//! A city that signs what it sends down, and the server with its files.

mod file_server;
mod signing_city;

pub use file_server::{Asked, FileServer};
pub use signing_city::{Sent, SigningCity, roster_file};
