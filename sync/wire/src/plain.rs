//! What is sealed, before it is: a person, a visitor, and what speaks for a correction.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::IdKind;

/// A worker's sex, as on the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// The document does not say.
    Unstated,
}

/// What `worker` records carry sealed. Compact JSON in this order of fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Name as on the document.
    pub name: String,
    /// Kind of the document.
    pub id_kind: IdKind,
    /// Number of the document.
    pub id_number: String,
    /// Sex.
    pub sex: Sex,
    /// Day of birth, `YYYY-MM-DD`.
    pub born: String,
    /// As the document's chip states it: for residents the ethnic group, two digits of GB/T 3304;
    /// for foreigners the nationality, ISO 3166-1 alpha-3. Other documents have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nation: Option<String>,
    /// Mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Last day of the document's validity, `YYYY-MM-DD`; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    /// SHA-256 of the portrait, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_sha256: Option<String>,
    /// Number of the worker's IC card (实名卡), eight lower-case hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ic_card: Option<String>,
    /// Where the wages go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wage_card: Option<WageCard>,
    /// Certificates of special trades.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// Whom to call when something happened to the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// A certificate of a special trade (特种作业操作证).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// A word of `sync/PROTOCOL.md`, section 16.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Who issued it.
    pub issuer: String,
    /// Its last day, `YYYY-MM-DD`.
    pub until: String,
}

/// An emergency contact (紧急联系人).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// A word of `sync/PROTOCOL.md`, section 16.
    pub kinship: String,
    /// Mobile number.
    pub phone: String,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Certificate")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Contact").finish_non_exhaustive()
    }
}

/// A worker's wage card (工资卡).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WageCard {
    /// The bank, as the clerk wrote it (开户行).
    pub bank: String,
    /// The account, 8 to 30 digits.
    pub account: String,
    /// It is the account of the social security card (社会保障卡).
    pub social: bool,
}

impl fmt::Debug for WageCard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WageCard").finish_non_exhaustive()
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Person")
            .field("id_kind", &self.id_kind)
            .finish_non_exhaustive()
    }
}

/// What `visit` records carry sealed. Compact JSON in this order of fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// His name.
    pub name: String,
    /// Where he comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Whom he visits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of his identity document, where he shows that at the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_number: Option<String>,
    /// Number of a temporary IC card, eight lower-case hexadecimal digits, where he shows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ic_card: Option<String>,
}

impl fmt::Debug for Visitor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Visitor").finish_non_exhaustive()
    }
}

/// What speaks for a correction: what a `correction_request` carries sealed. Compact JSON in this order
/// of fields.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What happened, and who saw it.
    pub note: String,
    /// SHA-256 of a picture or document that the box keeps, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its media type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_kind: Option<String>,
}

impl fmt::Debug for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Evidence")
            .field("file_kind", &self.file_kind)
            .finish_non_exhaustive()
    }
}
