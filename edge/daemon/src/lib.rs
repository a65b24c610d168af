//! The box: the only crate that knows all the others, and the only place where an effect of the
//! rules is carried out.
//!
//! Reading order, bottom first: `config` the settings and all their faults · `advice` the ledger's
//! troubles in Chinese · `error` · `clock` the only reader of the system clock · `tagger` tags of
//! strangers' numbers · `records` from the domain's record to the wire's body · `systemd` ready and
//! watchdog · `health` one snapshot of the box · `logging` · `lane` one task per lane, where a
//! lane's effects happen · `import` a roster file as records · `people` sealing · `office` the
//! screen and the way to the city · `app` wiring of `menwei run` · `commands` the others · `cli`.
//!
//! Two threads run tasks: the gate thread has the lanes and their drivers, the office thread the
//! screen and the way to the city, so that nobody at the gate waits for a page.

mod config;
mod advice;
mod error;
mod clock;
mod tagger;
mod records;
mod systemd;
mod health;
mod logging;
mod lane;
mod import;
mod people;
mod office;
mod app;
mod commands;
mod cli;

pub use cli::{Cli, Command, execute};
