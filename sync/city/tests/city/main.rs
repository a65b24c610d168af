//! The city as a whole: a real broker over TLS, both databases, its program and its page.
//!
//! `common` broker, city and a box's bare connection · `storing` storing and acknowledging · `waiting` what
//! refers to others · `second_look` what the city comes back to ·
//! `holes` what is missing · `unset` clocks that were wrong · `deaf` a broker that confirms nothing · `server` `PostgreSQL` among others, and silent · `two` cities · `lies`, `bad_input` what no honest box
//! sends · `rights` who may say and hear what at the broker · `older` a database of the schema before · `down` what goes down to boxes · `notary` checkpoints and digests · `https` rosters and photos · `program` the program itself.
#![allow(
    missing_docs,
    clippy::cognitive_complexity,
    clippy::too_many_lines,
    reason = "a test program has no readers of its documentation"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;
mod storing;
mod waiting;
mod second_look;
mod holes;
mod unset;
mod deaf;
mod server;
mod two;
mod lies;
mod bad_input;
mod rights;
mod older;
mod down;
mod notary;
mod https;
mod program;
