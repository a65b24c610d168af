//! [`Record`] and the way from and to bytes.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::WireError;
use crate::record::box_acts::{
    Carried, Checkpoint, ClockChanged, Device, EpochBegan, Gap, PolicyApplied, RosterApplied,
    Started,
};
use crate::record::lane_acts::{Emergency, Gate, Override, Passage, Presentation};
use crate::record::office_acts::{
    Audit, Correction, CorrectionRefused, CorrectionRequest, MonthClosed,
};
use crate::record::people::{
    Blacklist, Contract, Employer, Entry, Exit, FaceConsent, HealthCertificate, Project, Team,
    Training, Worker,
};
use crate::record::stamp::Stamp;
use crate::record::visits::{Visit, VisitEnded};
use crate::record::wages::{
    FundAccount, FundDeposit, FundTransfer, WageEntry, WageLine, WagePayment, WageSheet, WageTerms,
};

/// Longest body, in bytes.
pub const BODY_BYTES_MAX: usize = 8 * 1024;

/// Longest body of a `carried` record: a whole body, and what stands around it.
pub const CARRIED_BYTES_MAX: usize = BODY_BYTES_MAX + 256;

/// Every word that `kind` can have in this version.
pub const KINDS: [&str; 40] = [
    "epoch_began",
    "started",
    "presentation",
    "passage",
    "gate",
    "override",
    "emergency",
    "device",
    "clock",
    "gap",
    "project",
    "employer",
    "team",
    "worker",
    "entry",
    "exit",
    "contract",
    "training",
    "health_certificate",
    "blacklist",
    "roster_applied",
    "policy_applied",
    "carried",
    "face_consent",
    "correction_request",
    "correction",
    "correction_refused",
    "audit",
    "month_closed",
    "wage_terms",
    "wage_entry",
    "wage_line",
    "wage_sheet",
    "wage_payment",
    "fund_account",
    "fund_deposit",
    "fund_transfer",
    "checkpoint",
    "visit",
    "visit_ended",
];

/// What happened. The word in `kind` is the variant's name in `snake_case`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A new epoch began: always record 1.
    EpochBegan(EpochBegan),
    /// The box's process started.
    Started(Started),
    /// A credential was presented.
    Presentation(Presentation),
    /// What the body did.
    Passage(Passage),
    /// The state of a gate changed.
    Gate(Gate),
    /// A person opened a lane by hand.
    Override(Override),
    /// Openings while the ledger could not commit.
    Emergency(Emergency),
    /// A device came, went or broke.
    Device(Device),
    /// The wall clock changed.
    Clock(ClockChanged),
    /// A declared absence of records.
    Gap(Gap),
    /// The project.
    Project(Project),
    /// A company.
    Employer(Employer),
    /// A crew.
    Team(Team),
    /// A person, sealed.
    Worker(Worker),
    /// A worker joins the project.
    Entry(Entry),
    /// A worker leaves the project.
    Exit(Exit),
    /// A labor contract.
    Contract(Contract),
    /// A training.
    Training(Training),
    /// A health certificate.
    HealthCertificate(HealthCertificate),
    /// A worker is barred, or no longer.
    Blacklist(Blacklist),
    /// A roster version is in force.
    RosterApplied(RosterApplied),
    /// A policy of the city is in force.
    PolicyApplied(PolicyApplied),
    /// A record of an epoch that forked.
    Carried(Carried),
    /// A worker allows the use of his face, or no longer.
    FaceConsent(FaceConsent),
    /// Somebody asks for a movement that no gate recorded.
    CorrectionRequest(CorrectionRequest),
    /// Such a movement, approved: attendance by hand.
    Correction(Correction),
    /// Such a request, turned down.
    CorrectionRefused(CorrectionRefused),
    /// Somebody looked, took away, or changed an account or a rule.
    Audit(Audit),
    /// A team's sheet of a month is closed.
    MonthClosed(MonthClosed),
    /// What was agreed with a worker.
    WageTerms(WageTerms),
    /// What the clerk entered of a worker's month.
    WageEntry(WageEntry),
    /// A worker's line of a wage sheet.
    WageLine(WageLine),
    /// A step of a wage sheet.
    WageSheet(WageSheet),
    /// What the bank said of a worker's pay.
    WagePayment(WagePayment),
    /// The project's special account for wages.
    FundAccount(FundAccount),
    /// The project's deposit for wages.
    FundDeposit(FundDeposit),
    /// Labor cost of a month that came in.
    FundTransfer(FundTransfer),
    /// The box signs its ledger up to here.
    Checkpoint(Checkpoint),
    /// A visitor is let in for a while.
    Visit(Visit),
    /// A visit is over before its time.
    VisitEnded(VisitEnded),
}

/// One act, as it stands in the ledger and on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What every record has, also one of a kind that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sketch {
    /// When.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// The word in `kind`.
    pub kind: String,
}

impl Record {
    /// The canonical bytes: compact JSON, fields in the order of the structs.
    ///
    /// # Errors
    /// [`WireError::BodyTooLarge`] over 8 KiB; [`WireError::BodyNotObject`] for a `carried` record
    /// around something else.
    pub fn to_body(&self) -> Result<Vec<u8>, WireError> {
        let mut body = serde_json::to_vec(self).map_err(WireError::NotSerializable)?;
        let Kind::Carried(carried) = &self.kind else {
            check_length(&body, BODY_BYTES_MAX)?;
            return Ok(body);
        };
        check_inner(&carried.body)?;
        body.pop();
        body.extend_from_slice(INNER);
        body.extend_from_slice(&carried.body);
        body.push(b'}');
        check_length(&body, CARRIED_BYTES_MAX)?;
        Ok(body)
    }

    /// Reads a body. Unknown fields of a known kind are ignored: a newer box may add some.
    ///
    /// # Errors
    /// [`WireError::BodyTooLarge`], [`WireError::BodyNotObject`], [`WireError::UnknownKind`],
    /// [`WireError::BadField`].
    pub fn from_body(body: &[u8]) -> Result<Self, WireError> {
        check_length(body, CARRIED_BYTES_MAX)?;
        let mut record: Self =
            serde_json::from_slice(body).map_err(|error| refusal(body, error))?;
        if let Kind::Carried(carried) = &mut record.kind {
            carried.body = inner(body)?;
        } else {
            check_length(body, BODY_BYTES_MAX)?;
        }
        Ok(record)
    }
}

impl Sketch {
    /// Reads the stamp and the kind's word of any body.
    ///
    /// # Errors
    /// As [`Record::from_body`], but never [`WireError::UnknownKind`].
    pub fn from_body(body: &[u8]) -> Result<Self, WireError> {
        check_length(body, CARRIED_BYTES_MAX)?;
        serde_json::from_slice(body).map_err(|error| {
            if error.is_data() {
                WireError::BadField(error)
            } else {
                not_object(error)
            }
        })
    }
}

/// When a record happened, Unix ms, of any body that has an `at`.
pub fn at_of(body: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct OnlyAt {
        at: i64,
    }
    serde_json::from_slice::<OnlyAt>(body)
        .ok()
        .map(|only| only.at)
}

const INNER: &[u8] = b",\"body\":";

/// The exact bytes of the body that a `carried` record holds.
fn inner(body: &[u8]) -> Result<Vec<u8>, WireError> {
    #[derive(Deserialize)]
    struct OnlyInner<'a> {
        #[serde(borrow)]
        body: &'a RawValue,
    }
    let only: OnlyInner<'_> = serde_json::from_slice(body).map_err(WireError::BadField)?;
    let inner = only.body.get().as_bytes();
    check_inner(inner)?;
    Ok(inner.to_vec())
}

fn check_inner(inner: &[u8]) -> Result<(), WireError> {
    check_length(inner, BODY_BYTES_MAX)?;
    let object = inner.first() == Some(&b'{') && inner.last() == Some(&b'}');
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(inner);
    match read {
        Ok(_) if object => Ok(()),
        Ok(_) => Err(WireError::BodyNotObject(None)),
        Err(error) => Err(not_object(error)),
    }
}

fn check_length(body: &[u8], limit: usize) -> Result<(), WireError> {
    if body.len() > limit {
        return Err(WireError::BodyTooLarge {
            bytes: body.len(),
            limit,
        });
    }
    if body.contains(&b'\n') {
        return Err(WireError::BodyNotObject(None));
    }
    Ok(())
}

fn refusal(body: &[u8], error: serde_json::Error) -> WireError {
    #[derive(Deserialize)]
    struct OnlyKind {
        kind: Option<String>,
    }
    match serde_json::from_slice::<OnlyKind>(body) {
        Ok(OnlyKind { kind: Some(kind) }) if !KINDS.contains(&kind.as_str()) => {
            WireError::UnknownKind {
                kind: kind.chars().take(64).collect(),
            }
        }
        Ok(_) => WireError::BadField(error),
        Err(shape) if shape.is_data() && body.first() == Some(&b'{') => WireError::BadField(error),
        Err(shape) => not_object(shape),
    }
}

fn not_object(error: serde_json::Error) -> WireError {
    WireError::BodyNotObject(Some(error))
}
