//! `site.toml`: one file, every fault in it told at once.

mod walk;
mod error;
mod policy;
mod relay;
mod site;

pub(crate) use error::ConfigError;
pub(crate) use site::{CityConfig, GateConfig, LaneConfig, LinkLossWord, ReaderConfig, SiteConfig};

#[cfg(test)]
mod site_test;
