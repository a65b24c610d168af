//! What a record says, as far as the city acts on it. Pure.
//!
//! A record that the city cannot use is kept all the same: it is parked, and counts as stored.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sync_wire::codes::{
    ATTEND_TYPES, EMPLOYER_TYPES, ROLES, TRADES, TRAINING_TYPES, Table, name_of,
};
use sync_wire::record::{EpochReason, GapCause};
use sync_wire::{Kind, ParkCode, Record, WireError};

/// What a record may refer to: numbers that its box gave.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum What {
    /// A person.
    Worker,
    /// A crew.
    Team,
    /// A company.
    Employer,
}

impl What {
    /// Its word in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Team => "team",
            Self::Employer => "employer",
        }
    }
}

/// The tables of codes that a city may extend, with the word that its operator types.
const TABLES: [(&str, Table); 5] = [
    ("trade", TRADES),
    ("role", ROLES),
    ("employer", EMPLOYER_TYPES),
    ("training", TRAINING_TYPES),
    ("by", ATTEND_TYPES),
];

/// The codes that this city knows: the national tables, and what its operator added.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Codes(BTreeSet<(String, String)>);

impl Codes {
    /// The national tables and these further (table, code).
    pub fn with(more: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(more.into_iter().collect())
    }

    /// Whether a table of that name exists.
    pub fn has_table(name: &str) -> bool {
        TABLES.iter().any(|(known, _)| *known == name)
    }

    fn knows(&self, table: &str, code: &str) -> bool {
        let national = TABLES.iter().find(|(name, _)| *name == table);
        national.is_some_and(|(_, codes)| name_of(codes, code).is_some())
            || self.0.contains(&(table.to_owned(), code.to_owned()))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "few kinds matter here; a new one that does is added with its test"
    )]
    fn know(&self, kind: &Kind) -> bool {
        match kind {
            Kind::Presentation(one) => self.knows("by", &one.by),
            Kind::Override(one) => self.knows("by", &one.by),
            Kind::Employer(one) => self.knows("employer", &one.r#type),
            Kind::Entry(one) => self.knows("trade", &one.trade) && self.knows("role", &one.role),
            Kind::Training(one) => self.knows("training", &one.r#type),
            _ => true,
        }
    }
}

/// Reads a record of this box and epoch; or says why it is parked.
pub fn understand(
    (id, epoch): (&str, &str),
    body: &[u8],
    codes: &Codes,
) -> Result<Record, ParkCode> {
    match Record::from_body(body) {
        Ok(Record {
            kind: Kind::EpochBegan(began),
            ..
        }) if began.r#box != id || began.epoch != epoch => Err(ParkCode::BadField),
        Ok(record) if !codes.know(&record.kind) => Err(ParkCode::UnknownCode),
        Ok(record) => Ok(record),
        Err(error) => Err(park_code(&error)),
    }
}

fn park_code(error: &WireError) -> ParkCode {
    ParkCode::of(error)
}

/// The act that a record tells of: what a carried record holds, else itself.
pub fn act(record: &Record) -> Cow<'_, Record> {
    let Kind::Carried(carried) = &record.kind else {
        return Cow::Borrowed(record);
    };
    match Record::from_body(&carried.body) {
        Ok(inner) => Cow::Owned(inner),
        // What nobody understands stays what it is: something carried.
        Err(_) => Cow::Borrowed(record),
    }
}

/// What a record makes known.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds matter here; a new one that does is added with its test"
)]
pub fn gives(kind: &Kind) -> Option<(What, u32)> {
    match kind {
        Kind::Worker(one) => Some((What::Worker, one.worker)),
        Kind::Team(one) => Some((What::Team, one.team)),
        Kind::Employer(one) => Some((What::Employer, one.employer)),
        _ => None,
    }
}

/// What must be known before a record can be used. Attendance needs nothing: it comes before the
/// backlog that holds the people.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds matter here; a new one that does is added with its test"
)]
pub fn needs(kind: &Kind) -> Vec<(What, u32)> {
    match kind {
        Kind::Team(one) => vec![(What::Employer, one.employer)],
        Kind::Entry(one) => vec![(What::Worker, one.worker), (What::Team, one.team)],
        Kind::Exit(one) => vec![(What::Worker, one.worker)],
        Kind::Contract(one) => vec![(What::Worker, one.worker)],
        Kind::Training(one) => vec![(What::Worker, one.worker)],
        Kind::HealthCertificate(one) => vec![(What::Worker, one.worker)],
        Kind::Blacklist(one) => vec![(What::Worker, one.worker)],
        _ => Vec::new(),
    }
}

/// The epoch whose numbers of workers, teams and employers this record's epoch continues.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds matter here; a new one that does is added with its test"
)]
pub fn continues(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::EpochBegan(began)
            if matches!(began.reason, EpochReason::Restored | EpochReason::Forked) =>
        {
            began.previous.as_ref().map(|before| before.epoch.as_str())
        }
        _ => None,
    }
}

/// Whether a record is attendance: the presentation where a lane cannot sense passage, the passage
/// where it can.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds matter here; a new one that does is added with its test"
)]
pub fn is_attendance(kind: &Kind) -> bool {
    match kind {
        Kind::Presentation(one) => one.counted,
        Kind::Passage(one) => one.counted,
        _ => false,
    }
}

/// From when to when nothing was recorded, and why, where a record declares that.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds matter here; a new one that does is added with its test"
)]
pub fn absence(kind: &Kind) -> Option<(i64, i64, &'static str)> {
    match kind {
        Kind::Gap(one) => Some((one.from, one.to, cause_word(one.cause))),
        _ => None,
    }
}

fn cause_word(cause: GapCause) -> &'static str {
    match cause {
        GapCause::PoweredOff => "powered_off",
        GapCause::Suspended => "suspended",
    }
}
