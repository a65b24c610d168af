//! The body of a record, kind by kind.
//!
//! A body is compact JSON, one object of at most 8 KiB (a `carried` one, which holds another: 256
//! bytes more): the stamp's fields, then `kind`, then the
//! kind's own fields in the order of the structs here. Fields that are `None` are left out. The
//! chain is computed over these bytes, so a city keeps them as they came and never writes them
//! anew.
//!
//! - [`stamp`]: when it happened, by which clock
//! - [`box_acts`]: the box about itself: epochs, starts, gaps, devices, clock
//! - [`people`]: project, employers, teams, workers and what is known about them
//! - [`lane_acts`]: what happened at a lane
//! - [`office_acts`]: corrections of attendance, and what is kept of what people at the box did
//! - [`visits`]: visitors, who are no workers
//! - [`wages`]: rates, wage lines, the steps of a sheet, payments, the project's money for them
//! - [`body`]: [`Record`], [`Kind`] and the way from and to bytes

pub mod stamp;
pub mod box_acts;
pub mod people;
pub mod lane_acts;
pub mod office_acts;
pub mod visits;
pub mod wages;
pub mod body;

#[cfg(test)]
mod tests;

pub use body::{BODY_BYTES_MAX, CARRIED_BYTES_MAX, KINDS, Kind, Record, Sketch, at_of};
pub use box_acts::{
    Carried, Checkpoint, ClockChange, ClockChanged, Device, DeviceState, EpochBegan, EpochReason,
    Gap, GapCause, PolicyApplied, PreviousEpoch, RosterApplied, Started,
};
pub use lane_acts::{
    BoardEvent, Direction, Emergency, Gate, GateEvent, Outcome, Override, Passage, Presentation,
    PresentationResult, TerminalMark,
};
pub use office_acts::{Audit, Correction, CorrectionRefused, CorrectionRequest, MonthClosed};
pub use people::{
    Blacklist, Contract, Employer, Entry, Exit, FaceConsent, HealthCertificate, IdKind, Project,
    Team, Training, Worker, Wrap,
};
pub use stamp::{ClockQuality, Stamp};
pub use visits::{Visit, VisitEnded};
pub use wages::{
    Deduction, DeductionKind, DepositForm, FundAccount, FundDeposit, FundTransfer, PaymentResult,
    WageBasis, WageEntry, WageLine, WagePayment, WageSheet, WageStep, WageTerms,
};
