//! What is known of the project's money for wages, and what of it is to be looked into, in words.

use edge_domain::{
    Fen, FundAccount, FundDeposit, FundFlag, FundMonth, FundState, FundTransfer, fund_flags,
    fund_months,
};
use jiff::civil::Date;

use crate::books::Shelf;
use crate::error::SourceError;
use crate::site_time::month_text;

/// Everything of it. What was entered stands beside when it was entered, Unix ms.
#[derive(Debug)]
pub(super) struct Funds {
    pub(super) account: Option<(FundAccount, i64)>,
    pub(super) deposit: Option<(FundDeposit, i64)>,
    pub(super) transfers: Vec<(FundTransfer, i64)>,
    /// Newest first; empty without an account.
    pub(super) months: Vec<FundMonth>,
    flags: Vec<FundFlag>,
}

impl Funds {
    /// Reads it as it stands on `today`.
    pub(super) fn read(shelf: &Shelf, today: Date) -> Result<Self, SourceError> {
        let wages = shelf.reader.wages();
        let (account, deposit) = (wages.fund_account()?, wages.fund_deposit()?);
        let transfers = wages.fund_transfers()?;
        let earned = wages.earned()?;
        let came: Vec<FundTransfer> = transfers.iter().map(|(one, _)| one.clone()).collect();
        let of_month = |first| earned.get(&first).copied().unwrap_or(Fen::ZERO);
        let months = account
            .as_ref()
            .map(|(account, _)| fund_months(account, &came, of_month, today));
        let entered = (
            account.as_ref().map(|(one, _)| one),
            deposit.as_ref().map(|(one, _)| one),
        );
        Ok(Self {
            flags: fund_flags(entered.0, entered.1, today),
            months: months.unwrap_or_default(),
            account,
            deposit,
            transfers,
        })
    }

    /// What somebody has to do something about, the newest month first.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let flags = self.flags.iter().copied().map(flag_text);
        flags
            .chain(self.months.iter().filter_map(warning))
            .collect()
    }
}

/// A sentence about the project's money.
#[derive(Debug)]
pub(super) struct Warning {
    /// It is too late already.
    pub(super) is_wrong: bool,
    pub(super) text: String,
}

impl Warning {
    fn new(is_wrong: bool, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { is_wrong, text }
    }
}

fn flag_text(flag: FundFlag) -> Warning {
    match flag {
        FundFlag::NoAccount => Warning::new(false, "还没有登记工资专用账户"),
        FundFlag::NoDeposit => Warning::new(false, "还没有登记工资保证金"),
        FundFlag::DepositEnded { on } => {
            let text = format!("工资保证金 {on} 已经到期，请办好续期再登记");
            Warning::new(true, text)
        }
        FundFlag::DepositEnds { on } => {
            Warning::new(false, format!("工资保证金 {on} 到期，请提前办续期"))
        }
    }
}

/// What came late is over; what is missing is not.
fn warning(month: &FundMonth) -> Option<Warning> {
    let (text, due) = (month_text(month.first), month.due);
    let text = match month.state {
        FundState::Missing => format!("{text}的人工费逾期未拨付：最晚 {due} 到账，现在还没有到"),
        FundState::Short { by } => format!("{text}的人工费还差 {by} 元，已过期限 {due}"),
        FundState::InTime | FundState::Late { .. } | FundState::Waiting => return None,
    };
    Some(Warning::new(true, text))
}

/// Class and words of a month's state.
pub(super) fn state_text(month: &FundMonth) -> (&'static str, String) {
    match month.state {
        FundState::InTime => ("good", "✔ 按时足额".to_owned()),
        FundState::Late { on } => ("warn", format!("! 迟到：{on} 才到齐")),
        FundState::Missing => ("bad", "✖ 逾期未拨付".to_owned()),
        FundState::Short { by } => ("bad", format!("✖ 逾期，还差 {by} 元")),
        FundState::Waiting if month.came > Fen::ZERO => {
            let rest = month.needed.minus(month.came).unwrap_or_default();
            ("", format!("没到期限，还差 {rest} 元"))
        }
        FundState::Waiting => ("", "没到期限".to_owned()),
    }
}
