//! What a record says, as far as the city acts on it. Pure.
//!
//! A record that the city cannot use is kept all the same: it is parked, and counts as stored.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sync_wire::codes::{
    ATTEND_TYPES, EMPLOYER_TYPES, ROLES, TRADES, TRAINING_TYPES, Table, name_of,
};
use sync_wire::name::check_epoch;
use sync_wire::record::{EpochReason, GapCause, Worker};
use sync_wire::seal::{self, CityPrivateKey, Person, Subject};
use sync_wire::{Kind, ParkCode, Record};

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

/// Numbers of records stay below 2^53 (PROTOCOL.md), so that every language can hold them.
pub(crate) const SEQ_MAX: u64 = 1 << 53;
/// How far ahead of the city a record's time may lie, ms.
const AHEAD_MS_MAX: i64 = 300_000;

/// What a city reads records with.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The codes that it knows.
    pub codes: &'a Codes,
    /// Its private key: it opens what is sealed.
    pub key: &'a CityPrivateKey,
    /// Its wall clock, Unix ms.
    pub now: i64,
}

impl std::fmt::Debug for Reading<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Reading").finish_non_exhaustive()
    }
}

/// Reads a record of this box and epoch; or says why it is parked. A carried record is parked as
/// the record that it holds would be.
pub fn understand(
    (id, epoch): (&str, &str),
    body: &[u8],
    reading: Reading<'_>,
) -> Result<Record, ParkCode> {
    let record = read(body)?;
    if let Kind::EpochBegan(began) = &record.kind {
        let previous = began.previous.as_ref();
        let is_name = previous.is_none_or(|before| check_epoch(&before.epoch).is_ok());
        if began.r#box != id || began.epoch != epoch || !is_name {
            return Err(ParkCode::BadField);
        }
    }
    if let Kind::Carried(carried) = &record.kind {
        if check_epoch(&carried.epoch).is_err() || !(1..SEQ_MAX).contains(&carried.seq) {
            return Err(ParkCode::BadField);
        }
        usable(id, &read(&carried.body)?, reading)?;
    }
    usable(id, &record, reading)?;
    Ok(record)
}

fn read(body: &[u8]) -> Result<Record, ParkCode> {
    Record::from_body(body).map_err(|error| ParkCode::of(&error))
}

fn usable(id: &str, record: &Record, reading: Reading<'_>) -> Result<(), ParkCode> {
    if !reading.codes.know(&record.kind) {
        return Err(ParkCode::UnknownCode);
    }
    if record.stamp.at > reading.now.saturating_add(AHEAD_MS_MAX) {
        return Err(ParkCode::InFuture);
    }
    if let Kind::WageLine(line) = &record.kind
        && !line.adds_up()
    {
        return Err(ParkCode::BadField);
    }
    if let Kind::FundTransfer(one) = &record.kind
        && !one.says_why()
    {
        return Err(ParkCode::BadField);
    }
    if let Kind::Worker(worker) = &record.kind
        && unseal(id, worker, reading.key).is_none()
    {
        return Err(ParkCode::CannotUnseal);
    }
    Ok(())
}

/// The person in a `worker` record, if it is sealed for this city. Not to be logged or kept.
pub fn unseal(id: &str, worker: &Worker, key: &CityPrivateKey) -> Option<Person> {
    let subject = Subject {
        r#box: id,
        worker: worker.worker,
    };
    let mut wraps = worker.wraps.iter();
    let data_key = wraps.find_map(|wrap| seal::unwrap(wrap, key, subject).ok())?;
    seal::unseal(&worker.sealed, &data_key, subject).ok()
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
        Kind::MonthClosed(one) => vec![(What::Team, one.team)],
        Kind::CorrectionRequest(one) => vec![(What::Worker, one.worker)],
        Kind::Correction(one) => vec![(What::Worker, one.worker)],
        Kind::CorrectionRefused(one) => vec![(What::Worker, one.worker)],
        Kind::WageTerms(one) => vec![(What::Worker, one.worker)],
        Kind::WageEntry(one) => vec![(What::Worker, one.worker), (What::Team, one.team)],
        Kind::WageLine(one) => vec![(What::Worker, one.worker), (What::Team, one.team)],
        Kind::WagePayment(one) => vec![(What::Worker, one.worker), (What::Team, one.team)],
        Kind::WageSheet(one) => vec![(What::Team, one.team)],
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
pub fn absence(record: &Record) -> Option<(i64, i64, &'static str)> {
    match &record.kind {
        Kind::Gap(one) => Some((one.from, one.to, cause_word(one.cause))),
        Kind::Started(one) => {
            let since = one.off_since.filter(|since| *since < record.stamp.at)?;
            Some((since, record.stamp.at, cause_word(GapCause::PoweredOff)))
        }
        _ => None,
    }
}

/// The word of a cause, as tables hold it.
pub(crate) fn cause_word(cause: GapCause) -> &'static str {
    match cause {
        GapCause::PoweredOff => "powered_off",
        GapCause::Suspended => "suspended",
    }
}
