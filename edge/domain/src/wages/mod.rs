//! From counted days to wages: rates, lines, a sheet's steps, and what to look into. No money moves here.

mod fen;
mod line;
mod sheet;
mod flags;

pub use fen::Fen;
pub use flags::{WageFacts, WageFlag, WagePolicy, wage_flags};
pub use line::{
    DEDUCTION_CHARS_MAX, Deduction, DeductionKind, WageBasis, WageEntry, WageFault, WageLine,
    WageMonth, WageTerms, pay_for_days, wage_line,
};
pub use sheet::{WageAct, WagePayment, WageSheet, WageStep, WageStepFault, check_wage_step};
