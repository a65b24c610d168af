//! The numbers that the rules use, as the city may set them. `edge/domain` has the rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How strictly a condition is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// Refuse who lacks it.
    Required,
    /// Let pass, flag.
    Warned,
    /// Do not look.
    Ignored,
}

/// What an age rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeEffect {
    /// Let pass.
    Allow,
    /// Let pass, flag.
    Warn,
    /// Refuse.
    Deny,
    /// Let pass with a health certificate, refuse without.
    HealthCertificate,
}

/// Whom an age rule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeSex {
    /// Men.
    Male,
    /// Women.
    Female,
}

/// One row of the age table: the first that covers a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeRule {
    /// Absent: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<AgeSex>,
    /// Trades (codes of the table); empty: every trade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<String>,
    /// First age in full years that the row covers.
    pub age_min: u8,
    /// Last age in full years that the row covers.
    pub age_max: u8,
    /// What it does.
    pub effect: AgeEffect,
}

/// A second entry without an exit, or a second exit without an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiPassback {
    /// Not looked at.
    Off,
    /// Open and flag.
    Soft,
    /// Refuse entry; exit is never refused.
    Hard,
}

/// Entry while the ledger cannot commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyEntry {
    /// Closed.
    Off,
    /// Whom the rules admit gets in, counted, and recorded later.
    Counted,
}

/// The values of a policy. What is absent stays as the box's own settings say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyValues {
    /// The whole age table; absent: the box's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ages: Option<Vec<AgeRule>>,
    /// Safety or entry training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Requirement>,
    /// Contract signed and not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Requirement>,
    /// Identity document not expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_validity: Option<Requirement>,
    /// Longest accepted health certificate, days ahead of today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_certificate_days_max: Option<u16>,
    /// Lanes without an entry of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anti_passback: Option<AntiPassback>,
    /// Single lanes, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub anti_passback_by_lane: BTreeMap<String, AntiPassback>,
    /// After so many hours a missing counterpart is a forgotten card; 1 to 48.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_h_max: Option<u8>,
    /// The same person again within so many ms is a repetition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat_window_ms: Option<u64>,
    /// Hour at which a new work day begins, 0 to 12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_boundary_h: Option<u8>,
    /// Entry while the ledger cannot commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_entry: Option<EmergencyEntry>,
}
