//! `site.toml`: one file, every fault in it told at once.

mod walk;
mod error;
mod policy;
mod relay;
mod taken;
mod city;
mod terminal;
mod lane;
mod desk;
mod site;

pub(crate) use city::CityConfig;
pub(crate) use desk::DeskReaderConfig;
pub(crate) use error::ConfigError;
pub(crate) use lane::{GateConfig, LaneConfig, LinkLossWord, ReaderConfig};
pub use site::check_settings;
pub(crate) use site::{Says, SiteConfig};
pub(crate) use terminal::TerminalConfig;

#[cfg(test)]
pub(crate) mod site_test;
#[cfg(test)]
mod desk_test;
#[cfg(test)]
mod face_policy_test;
#[cfg(test)]
mod terminal_test;
