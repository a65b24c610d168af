//! `site.toml`: one file, every fault in it told at once.

mod walk;
mod policy;
mod site;

pub use site::{
    CityConfig, GateConfig, LaneConfig, LedgerConfig, LinkLossWord, ReaderConfig, SiteConfig,
};
pub use walk::Fault;
