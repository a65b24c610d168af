//! The way through a gate.

use serde::{Deserialize, Serialize};

/// Which way a reader faces, an arm opens or a person walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the street onto the site.
    In,
    /// From the site to the street.
    Out,
}

impl Direction {
    /// Both, in first.
    pub const BOTH: [Self; 2] = [Self::In, Self::Out];
}
