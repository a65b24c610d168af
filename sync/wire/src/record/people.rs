//! Project, employers, teams, workers and what is known about them.
//!
//! Only `worker` carries personal data, and it carries it sealed. Workers,
//! employers and teams are numbered by the box from 1.

use serde::{Deserialize, Serialize};

/// Kind of an identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IdKind {
    /// 居民身份证, GB 11643.
    #[serde(rename = "resident")]
    Resident,
    /// 港澳台居民居住证.
    #[serde(rename = "hmt")]
    Hmt,
    /// 外国人永久居留身份证, 2017 layout: 15 characters.
    #[serde(rename = "foreigner_2017")]
    Foreigner2017,
    /// 外国人永久居留身份证, 2023 layout: 18 characters.
    #[serde(rename = "foreigner_2023")]
    Foreigner2023,
}

/// `project`: the project that the site belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Project code of the platform.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Administrative area, GB/T 2260, 6 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
}

/// `employer`: a company on the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Employer {
    /// Number at this box.
    pub employer: u32,
    /// Unified social credit code, GB 32100, 18 characters.
    pub uscc: String,
    /// Its name.
    pub name: String,
    /// A code of the code table.
    pub r#type: String,
}

/// `team`: a crew of an employer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Number at this box.
    pub team: u32,
    /// Its employer.
    pub employer: u32,
    /// Its name.
    pub name: String,
}

/// A worker's data key, wrapped for one public key of the city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrap {
    /// Id of the city's public key: the first 8 hexadecimal characters of its SHA-256.
    pub key: String,
    /// HPKE encapsulated key and ciphertext, base64.
    pub wrapped: String,
}

/// `worker`: a person on the roster, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Number at this box.
    pub worker: u32,
    /// Nonce and ciphertext of the person's data, base64.
    pub sealed: String,
    /// The data key for the city; absent where the box has no city key yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wraps: Vec<Wrap>,
}

/// `entry`: a worker joins the project (进场).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The worker.
    pub worker: u32,
    /// The team.
    pub team: u32,
    /// A code of the code table.
    pub trade: String,
    /// A code of the code table.
    pub role: String,
    /// First day, `YYYY-MM-DD`.
    pub on: String,
}

/// `exit`: a worker leaves the project (退场).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// The worker.
    pub worker: u32,
    /// Last day, `YYYY-MM-DD`.
    pub on: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `contract`: a labor contract or written agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// The worker.
    pub worker: u32,
    /// Day of signature, `YYYY-MM-DD`.
    pub signed_on: String,
    /// Last day, `YYYY-MM-DD`; absent where it ends with the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// `training`: a training that the worker took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// The worker.
    pub worker: u32,
    /// A code of the code table.
    pub r#type: String,
    /// Its day, `YYYY-MM-DD`.
    pub on: String,
    /// Its length.
    pub hours: u32,
}

/// `health_certificate`: a health certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCertificate {
    /// The worker.
    pub worker: u32,
    /// Last day of validity, `YYYY-MM-DD`.
    pub until: String,
}

/// `face_consent`: the worker allows the use of his face at the gate, or takes that back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaceConsent {
    /// The worker.
    pub worker: u32,
    /// Allowed from now on, or no longer.
    pub given: bool,
    /// The day on which it was signed, `YYYY-MM-DD`.
    pub on: String,
    /// Which version of the words was signed; absent where the box does not know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<u16>,
}

/// `blacklist`: the site bars a worker, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blacklist {
    /// The worker.
    pub worker: u32,
    /// Barred from now on, or no longer.
    pub listed: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
