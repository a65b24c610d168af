//! From movements to days that count.

mod worker_day;
mod day_rule;
mod correction;
mod suspension;
mod dispute;

pub use correction::{
    CORRECTIONS_MONTH_NOTED, Correction, CorrectionCase, CorrectionFacts, CorrectionFault,
    CorrectionReason, CorrectionRequest, CorrectionState, Evidence, NOTE_CHARS_MAX,
    check_correction, check_decider,
};
pub use day_rule::{DayMark, DayRule, VoidReason, hours_text, judge};
pub use dispute::{
    Dispute, DisputeAnswer, DisputeKind, DisputeRefusal, answer_dispute, dispute, disputes,
};
pub use suspension::{SUSPENSION_CHARS_MAX, Suspension, SuspensionFault};
pub use worker_day::{CountedAct, Spell, WorkDay, work_date, work_days};
