//! Visitors: people who are let in for some hours and are no workers. No attendance counts them.

use serde::{Deserialize, Serialize};

use crate::record::people::Wrap;

/// `visit`: somebody is let in for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Number at this box, from 1.
    pub visit: u32,
    /// From when on, Unix ms.
    pub from: i64,
    /// When it is over, Unix ms.
    pub until: i64,
    /// The account that let him in.
    pub account: String,
    /// Nonce and ciphertext of the visitor's data, base64.
    pub sealed: String,
    /// The visit's data key for the city; absent where the box has no city key yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wraps: Vec<Wrap>,
}

/// `visit_ended`: a visit is over before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitEnded {
    /// Number of the visit.
    pub visit: u32,
    /// The account that ended it.
    pub account: String,
}
