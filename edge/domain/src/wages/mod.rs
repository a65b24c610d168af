//! From counted days to wages: rates, lines, a sheet's steps, what to look into, and the project's money
//! for them. No money moves here.

mod fen;
mod line;
mod funds;
mod sheet;
mod flags;

pub use fen::Fen;
pub use flags::{WageFacts, WageFlag, WagePolicy, wage_flags};
pub use funds::{
    DepositForm, FundAccount, FundDeposit, FundFlag, FundMonth, FundState, FundTransfer,
    fund_flags, fund_months,
};
pub use line::{
    DEDUCTION_CHARS_MAX, Deduction, DeductionKind, WageBasis, WageEntry, WageFault, WageLine,
    WageMonth, WageTerms, pay_for_days, wage_line,
};
pub use sheet::{WageAct, WagePayment, WageSheet, WageStep, WageStepFault, check_wage_step};
