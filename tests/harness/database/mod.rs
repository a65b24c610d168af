//! Databases that a city may have beside the file in its folder.
//!
//! - [`postgres`]: a server of its own

mod postgres;

pub use postgres::Postgres;
