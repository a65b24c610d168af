//! `site.toml`: one file, every fault in it told at once.

mod walk;
mod policy;
mod site;

pub(crate) use site::{GateConfig, LaneConfig, LinkLossWord, ReaderConfig, SiteConfig};
pub(crate) use walk::Fault;
