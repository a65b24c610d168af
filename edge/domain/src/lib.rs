//! The rules: who may pass, what is recorded, what counts as a day.
//!
//! Pure: no clock, no files, no network, no serialization. Time arrives as a [`Moment`], tickets
//! and sequence numbers arrive as inputs, and everything that must happen leaves as a
//! [`LaneEffect`].
//!
//! Reading order, bottom first:
//! `ids` names of things · `time` moments and site dates · `id_number` identity numbers · `uscc`
//! employer codes · `papers` certificates of special trades · `person` masked personal data · `credential` what was presented · `worker`
//! a person's standing here · `visits` people who stay for some hours · `roster` all standings · `denial` refusals and flags with their
//! Chinese words · `face` what a camera's pictures mean · `wages` pay from counted days · `policy` the numbers that rules use ·
//! `days` attendance days, what each counts for, and corrections · `audit` what is kept of the office's own
//! acts · `record` what goes into the ledger ·
//! `city_roster` the city's roster and what follows from it ·
//! `presence` who is inside · `admission` the table of who passes · `lane` the state machine of
//! one gate.

mod error;
mod ids;
mod time;
mod id_number;
mod uscc;
mod papers;
mod person;
mod credential;
mod worker;
mod visits;
mod roster;
mod denial;
mod face;
mod wages;
mod policy;
mod audit;
mod days;
mod record;
mod city_roster;
mod presence;
mod admission;
mod lane;

pub use admission::{AGE_MIN, Applicant, Decision, decide};
pub use audit::{AuditAct, AuditNote};
pub use city_roster::{CityOp, CityPerson, CityTeam, Known, Merge, merge};
pub use credential::{Credential, IcReading, IdDocument, Newcomer, TerminalMark, UnreadableCard};
pub use days::{
    CORRECTIONS_MONTH_NOTED, Correction, CorrectionCase, CorrectionFacts, CorrectionFault,
    CorrectionReason, CorrectionRequest, CorrectionState, CountedAct, DayMark, DayRule, Dispute,
    DisputeAnswer, DisputeKind, DisputeRefusal, Evidence, NOTE_CHARS_MAX, SUSPENSION_CHARS_MAX,
    Spell, Suspension, SuspensionFault, VoidReason, WorkDay, answer_dispute, check_correction,
    check_decider, dispute, disputes, hours_text, judge, work_date, work_days,
};
pub use denial::{Denial, Flag};
pub use error::DomainError;
pub use face::{
    FaceEvidence, FaceFinding, FaceFrame, FaceMatch, FacePolicy, FaceWatch, IdentifyRow, NoFace,
    Similarity, compare,
};
pub use id_number::{DocumentKind, IdNumber, Sex};
pub use ids::{
    Direction, EmployerId, LaneId, LookId, PersonTag, TeamId, Ticket, VisitId, WorkerId,
};
pub use lane::{
    BoardEvent, Camera, Delay, Display, EventMark, GateReport, Lane, LaneEffect, LaneInput,
    LaneMemory, LaneSettings, Mismatches, OpenRefusal, RememberedGrant, Screen, Sensing, SiteView,
    Tone, spoken_lines,
};
pub use papers::{
    CERTIFICATES_MAX, Certificate, CertificateKind, CertificateNumber, CertificateTerm,
    ISSUER_CHARS_MAX,
};
pub use person::{
    BankAccount, Contact, IcNumber, Kinship, Person, PersonName, PhoneNumber, WageCard,
};
pub use policy::{
    AgeEffect, AgeRule, AntiPassback, EmergencyMode, Policy, Requirement, TradeSet, Visitors,
};
pub use presence::{Inside, Presence, Repeat};
pub use record::{
    Act, BoardStamp, By, EmergencyRecord, GateEvent, GateRecord, OverrideRecord, PassageOutcome,
    PassageRecord, PresentationRecord, PresentationResult, Record, RosterApplied,
};
pub use roster::{CardHolder, Roster};
pub use time::{ClockQuality, Moment, SITE_OFFSET_H, age_on, site_date, site_datetime};
pub use uscc::Uscc;
pub use visits::{VISIT_H_MAX, VISIT_WORDS_MAX, Visit, VisitCard, VisitFault, Visitor};
pub use wages::{
    DEDUCTION_CHARS_MAX, Deduction, DeductionKind, DepositForm, Fen, FundAccount, FundDeposit,
    FundFlag, FundMonth, FundState, FundTransfer, WageAct, WageBasis, WageEntry, WageFacts,
    WageFault, WageFlag, WageLine, WageMonth, WagePayment, WagePolicy, WageSheet, WageStep,
    WageStepFault, WageTerms, check_wage_step, fund_flags, fund_months, pay_for_days, wage_flags,
    wage_line,
};
pub use worker::{Contract, Employer, Role, Team, Trade, Training, TrainingKind, WorkerStanding};
