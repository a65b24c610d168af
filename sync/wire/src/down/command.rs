//! What a signed message says.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::down::policy::PolicyValues;

/// Most bytes of a signed message, signature included.
pub const DOWN_BYTES_MAX: usize = 32 * 1024;
/// Most workers in one revocation.
pub const REVOKED_MAX: usize = 1_000;

/// The two series of numbers, one per topic, so that a retained roster pointer and commands cannot
/// refuse each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// `dn/roster`: roster pointers.
    Roster,
    /// `dn/cmd`: everything else.
    Command,
}

/// `roster`: where the roster file is, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterPointer {
    /// Version of the roster; only grows.
    pub version: u64,
    /// The file is a change of this version; absent: it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// SHA-256 over the file.
    pub sha256: Hash,
    /// Length of the file.
    pub bytes: u64,
    /// Where to fetch it, `https://…`; the box shows its certificate there.
    pub url: String,
}

/// `policy`: numbers of the rules, from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOrder {
    /// Version; only grows, and stands in every presentation that it decides.
    pub version: u32,
    /// The values.
    #[serde(flatten)]
    pub values: PolicyValues,
}

/// `revoke`: these workers are barred at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// The box's numbers of the workers, at most 1,000: a broker sees no name.
    pub workers: Vec<u32>,
    /// Why, in Chinese, for the clerk.
    pub reason: String,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Fetch this roster. On `dn/roster`, retained.
    Roster(RosterPointer),
    /// Use this policy. On `dn/cmd`.
    Policy(PolicyOrder),
    /// Bar these workers. On `dn/cmd`.
    Revoke(Revocation),
}

impl Command {
    /// The series, and so the topic, that it belongs to.
    pub fn series(&self) -> Series {
        match self {
            Self::Roster(_) => Series::Roster,
            Self::Policy(_) | Self::Revoke(_) => Series::Command,
        }
    }

    /// The word in `type`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Roster(_) => "roster",
            Self::Policy(_) => "policy",
            Self::Revoke(_) => "revoke",
        }
    }
}

/// A message of the city to one box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// The box that it is for.
    pub r#box: String,
    /// Grows with every message of its series.
    pub number: u64,
    /// When the city signed it, Unix ms.
    pub issued_at: i64,
    /// From then on nobody follows it any more, Unix ms.
    pub expires_at: i64,
    /// What it says.
    pub command: Command,
}
