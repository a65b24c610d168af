//! Every decoder of bytes from outside, as a target for a coverage-guided fuzzer.
//!
//! `cursor` takes an input apart where a target needs more than one piece of it; `target` says what
//! a target is; then the targets by the way that their bytes come: `readers`, `gates` (both ends of
//! the line to a board), `board` (the firmware behind it), `lines` (the drivers in front of a board
//! that lies), `wire` and `down` (between box and city), `course` (the engine in front of a city that
//! lies), `city`, `files`, `faces`, `terminals`. `targets` lists them all.
//!
//! The crate is empty in an ordinary build. Its own tests run every target over its seeds and over
//! damaged ones; `dev prove` runs them under libFuzzer (`src/bin/fuzz.rs`).

#![cfg(any(test, feature = "fuzzer"))]

mod cursor;
mod target;
mod readers;
mod gates;
mod board;
mod lines;
mod wire;
mod down;
mod course;
mod city;
mod files;
mod faces;
mod terminals;
mod targets;

pub use target::Target;
pub use targets::{PLANTED, TARGETS};

#[cfg(test)]
mod tests;
