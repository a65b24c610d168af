//! Wages: what was agreed, what a month comes to, the steps of a sheet, what the bank said; and the
//! project's money for them.
//!
//! Amounts are whole fen. Accounts of people stand in `worker` records only, sealed.

use serde::{Deserialize, Serialize};

/// What a wage is reckoned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WageBasis {
    /// The rate is for a day.
    Daily,
    /// The rate is for a month.
    Monthly,
    /// Amounts are entered.
    Piece,
}

/// `wage_terms`: what was agreed with a worker, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WageTerms {
    /// The worker.
    pub worker: u32,
    /// By what.
    pub basis: WageBasis,
    /// Fen for a day or a month; 0 for piecework.
    pub rate: u64,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
}

/// Which column a deduction stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeductionKind {
    /// 代扣代缴.
    Withheld,
    /// 其他扣款.
    Other,
}

/// What is taken off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deduction {
    /// Which column.
    pub kind: DeductionKind,
    /// Fen.
    pub amount: u64,
    /// Why; never empty.
    pub why: String,
}

/// `wage_entry`: what the clerk entered of a worker's month. A later one replaces it, until the sheet
/// is drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WageEntry {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The team.
    pub team: u32,
    /// The worker.
    pub worker: u32,
    /// Fen for piecework.
    pub piece: u64,
    /// Fen for overtime and bonus.
    pub extra: u64,
    /// What is taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deductions: Vec<Deduction>,
    /// The account that entered it.
    pub account: String,
}

/// `wage_line`: a worker's line of a sheet as it was drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WageLine {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The team.
    pub team: u32,
    /// Version of the sheet.
    pub version: u32,
    /// The worker.
    pub worker: u32,
    /// Halves of days that count.
    pub halves: u32,
    /// By what; absent where nothing is agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<WageBasis>,
    /// Fen for a day or a month.
    pub rate: u64,
    /// Fen for days.
    pub time: u64,
    /// Fen for piecework.
    pub piece: u64,
    /// Fen for overtime and bonus.
    pub extra: u64,
    /// `time` + `piece` + `extra`.
    pub gross: u64,
    /// What is taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deductions: Vec<Deduction>,
    /// `gross` without the deductions.
    pub net: u64,
}

impl WageLine {
    /// Whether its sums are right, and every deduction says why.
    pub fn adds_up(&self) -> bool {
        let gross = self.time.checked_add(self.piece);
        let gross = gross.and_then(|sum| sum.checked_add(self.extra));
        let mut off = Some(0_u64);
        for one in &self.deductions {
            off = off.and_then(|sum| sum.checked_add(one.amount));
        }
        let net = gross
            .zip(off)
            .and_then(|(gross, off)| gross.checked_sub(off));
        gross == Some(self.gross)
            && net == Some(self.net)
            && self.deductions.iter().all(|one| !one.why.trim().is_empty())
    }
}

/// A step of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WageStep {
    /// 编制.
    Drawn,
    /// 班组确认.
    Confirmed,
    /// 审核.
    Reviewed,
    /// 公示.
    Published,
    /// 退回: this version counts for nothing.
    Returned,
}

/// `wage_sheet`: a step of a team's sheet of a month. With `drawn` its lines stand before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WageSheet {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The team.
    pub team: u32,
    /// From 1; one more after a return.
    pub version: u32,
    /// Which step.
    pub step: WageStep,
    /// SHA-256 of the sheet as the box keeps it, lower-case hexadecimal.
    pub digest: String,
    /// How many lines it has.
    pub lines: u32,
    /// Fen of all lines together, before deductions.
    pub gross: u64,
    /// Fen of all lines together that the bank pays.
    pub net: u64,
    /// The account that took the step; `confirmed` and `reviewed` are never the hand of `drawn`, nor
    /// `reviewed` that of `confirmed`.
    pub account: String,
    /// Why it was returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What the bank said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentResult {
    /// Paid.
    Paid,
    /// Sent back.
    Returned,
}

/// `wage_payment`: what the bank said of one worker's pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WagePayment {
    /// The month, `YYYY-MM`.
    pub month: String,
    /// The team.
    pub team: u32,
    /// Version of the sheet.
    pub version: u32,
    /// The worker.
    pub worker: u32,
    /// Paid or sent back.
    pub result: PaymentResult,
    /// Fen.
    pub amount: u64,
    /// The bank's day, `YYYY-MM-DD`.
    pub on: String,
    /// The bank's number of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The account that took the bank's file in.
    pub account: String,
}

/// `fund_account`: the project's special account for wages (工资专用账户), and what was agreed about what
/// comes into it. A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundAccount {
    /// The bank's branch.
    pub bank: String,
    /// The account's number.
    pub number: String,
    /// Day on which it was opened, `YYYY-MM-DD`.
    pub opened: String,
    /// First month for which labor cost comes in, `YYYY-MM`.
    pub from: String,
    /// Day of the following month until which a month's labor cost is in time, 1 to 28.
    pub due_day: u8,
    /// Fen that come in each month; absent where it goes by the progress of the works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly: Option<u64>,
    /// The account of the box that entered it.
    pub account: String,
}

/// How a deposit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositForm {
    /// 现金存储.
    Cash,
    /// 银行保函.
    Guarantee,
    /// 保险或工程保函.
    Insurance,
}

/// `fund_deposit`: the project's deposit for wages (工资保证金). A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundDeposit {
    /// How it is given.
    pub form: DepositForm,
    /// The bank or insurer.
    pub holder: String,
    /// Number of the account, the guarantee or the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Fen.
    pub amount: u64,
    /// Last day, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The account of the box that entered it.
    pub account: String,
}

/// `fund_transfer`: labor cost of a month that came in (人工费拨付). A later one of the same number
/// replaces it and says why; an amount of 0 strikes it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundTransfer {
    /// Its number at this box, from 1.
    pub transfer: u32,
    /// The month, `YYYY-MM`.
    pub month: String,
    /// Fen.
    pub amount: u64,
    /// Day on which it came in, `YYYY-MM-DD`.
    pub on: String,
    /// The bank's number of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it replaces what was entered before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The account of the box that entered it.
    pub account: String,
}

impl FundTransfer {
    /// Whether it strikes nothing out in silence.
    pub fn says_why(&self) -> bool {
        let says = self.why.as_ref().is_some_and(|why| !why.trim().is_empty());
        self.amount > 0 || says
    }
}
