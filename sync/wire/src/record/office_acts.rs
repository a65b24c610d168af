//! What people in the site office did: corrections of attendance, and what is kept of their own acts.

use serde::{Deserialize, Serialize};

use crate::record::lane_acts::Direction;

/// `correction_request`: somebody asks for a movement that no gate recorded (补卡). It counts for
/// nothing until a `correction` of the same number follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRequest {
    /// Number of the request at this box, from 1.
    pub request: u32,
    /// The worker.
    pub worker: u32,
    /// Which way he went.
    pub direction: Direction,
    /// When he went, Unix ms.
    pub moment: i64,
    /// Why there is no record of the gate: a word of the code table.
    pub reason: String,
    /// The account that asks.
    pub requester: String,
    /// What speaks for it (PROTOCOL.md, section 16), sealed with the worker's data key.
    pub sealed: String,
}

/// `correction`: an approved request. It is attendance by hand: a movement at `moment`, beside what
/// the gate recorded, of which nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Number of the request.
    pub request: u32,
    /// The worker.
    pub worker: u32,
    /// Which way he went.
    pub direction: Direction,
    /// When he went, Unix ms.
    pub moment: i64,
    /// Why there is no record of the gate: a word of the code table.
    pub reason: String,
    /// The account that asked.
    pub requester: String,
    /// When it asked, Unix ms.
    pub requested: i64,
    /// The account that approved; never the one that asked.
    pub approver: String,
}

/// `correction_refused`: a request was turned down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRefused {
    /// Number of the request.
    pub request: u32,
    /// The worker.
    pub worker: u32,
    /// The account that turned it down.
    pub approver: String,
    /// Why.
    pub why: String,
}

/// `audit`: somebody at the box looked at what is masked, took data away, or changed an account or a
/// rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The account that did it; absent where nobody was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What it did: a word of the code table.
    pub what: String,
    /// The worker whom it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<u32>,
    /// What exactly: which paper of which month, which account with which duty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Why, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `month_closed`: a team's sheet of a month is what everybody signs from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthClosed {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The team.
    pub team: u32,
    /// 1 for the first, one more for each that replaces it after late records.
    pub version: u32,
    /// SHA-256 of the sheet as the box keeps it, lower-case hexadecimal; its first 12 characters
    /// stand on the paper (校验码).
    pub digest: String,
    /// The account that closed it.
    pub account: String,
}
