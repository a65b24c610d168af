//! The box: the only crate that knows all the others, and the only place where an effect of the
//! rules is carried out.
//!
//! Reading order, bottom first: `config` the settings and all their faults · `advice` troubles of
//! ledger and system in Chinese · `error` · `certificate` since when the box's own is valid ·
//! `clock` the only reader of the system clock · `https` requests to the city · `records` from the domain's record to the wire's
//! body · `systemd` ready and watchdog · `logging` · `people`
//! sealing, tags of strangers, the desk where people change · `seal` the box signs its ledger · `orders` what commands ask of a running box ·
//! `downlink` what the city sends, signed · `devices` who answers at a device's place · `troubles` of the box itself, told on the screen and to `menwei status` · `health` one snapshot of the box · `lane` one task per lane, where a lane's effects
//! happen · `desk_reader` the card reader on the clerk's desk · `office` the screen and the way to the city · `photos` pictures of doubtful faces on their way there · `opening` the ledger, and whether its daily files can be written · `hold` the gate while the disk takes no records · `app` wiring of `menwei run` ·
//! `claim` the box's certificate for a code ·
//! `commands` the others · `cli`.
//!
//! Two threads run tasks: the gate thread has the lanes and their drivers, the office thread the
//! screen and the way to the city, so that nobody at the gate waits for a page.

mod config;
mod advice;
mod error;
mod certificate;
mod clock;
mod https;
mod wage_records;
mod records;
mod systemd;
mod logging;
mod people;
mod seal;
mod orders;
mod downlink;
mod troubles;
mod devices;
mod health;
mod lane;
mod desk_reader;
mod office;
mod photos;
mod opening;
mod hold;
mod app;
mod claim;
mod commands;
mod cli;

pub use cli::{BoardCommand, Cli, Command, ExportCommand, execute};
pub use config::check_settings;
pub use lane::{lane_body, number, numbered};
pub use office::epochs;

#[cfg(test)]
mod health_test;

#[cfg(test)]
mod records_test;
