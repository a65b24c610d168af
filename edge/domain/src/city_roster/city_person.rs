//! What a line of the city's roster says about a person, in the words of the rules.

use jiff::civil::Date;

use crate::id_number::{IdNumber, Sex};
use crate::person::{PersonName, PhoneNumber};
use crate::uscc::Uscc;
use crate::worker::{Role, Trade};

/// What the city says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CityOp {
    /// Known as the box reported him.
    Confirm,
    /// New at this site.
    Add,
    /// What is given replaces what the box has.
    Correct,
    /// Barred from now on.
    Revoke,
}

/// A crew as the city names it: by its employer's code and its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityTeam {
    /// Its name.
    pub name: String,
    /// Code of its employer.
    pub uscc: Uscc,
    /// Name of its employer.
    pub employer: String,
    /// Three-digit corpType code of its employer.
    pub kind: String,
}

/// One person of the city's roster; what the city does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityPerson {
    /// What the city says.
    pub op: CityOp,
    /// Whom it is about.
    pub number: IdNumber,
    /// Name as on the document.
    pub name: Option<PersonName>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Day of birth.
    pub born: Option<Date>,
    /// As in [`Person`](crate::Person).
    pub nation: Option<String>,
    /// Mobile number.
    pub phone: Option<PhoneNumber>,
    /// Last day of the document.
    pub valid_to: Option<Date>,
    /// SHA-256 of the registration photo, lower hex.
    pub photo_sha256: Option<String>,
    /// The crew.
    pub team: Option<CityTeam>,
    /// The craft.
    pub trade: Option<Trade>,
    /// Manager or worker.
    pub role: Option<Role>,
    /// First day of the engagement.
    pub entered_on: Option<Date>,
    /// Day on which the contract was signed.
    pub contract_signed_on: Option<Date>,
    /// Last day of the contract.
    pub contract_until: Option<Date>,
    /// Day of the last safety or entry training.
    pub trained_on: Option<Date>,
    /// Last day of the health certificate.
    pub health_certificate_until: Option<Date>,
    /// Why, for a revocation.
    pub reason: Option<String>,
}

impl CityPerson {
    /// A line that says nothing yet but whom it is about.
    pub fn about(op: CityOp, number: IdNumber) -> Self {
        Self {
            op,
            number,
            name: None,
            sex: None,
            born: None,
            nation: None,
            phone: None,
            valid_to: None,
            photo_sha256: None,
            team: None,
            trade: None,
            role: None,
            entered_on: None,
            contract_signed_on: None,
            contract_until: None,
            trained_on: None,
            health_certificate_until: None,
            reason: None,
        }
    }
}
