//! The city's database: `SQLite` in a file, or `PostgreSQL`. One set of statements for both.
//!
//! `value` is what goes in and comes out, `turns` lets a live record go before a backlog where there
//! is one writer only, `sqlite` and `postgres` carry a statement out, `session` is one connection to
//! either, `schema` makes the tables.

mod value;
mod turns;
mod sqlite;
mod postgres;
mod schema;
mod session;

pub use session::{Place, Session, Tx};
pub use turns::Turns;
pub(crate) use value::newest_epoch;
pub use value::{RecordRow, Row, Sql, Value};
