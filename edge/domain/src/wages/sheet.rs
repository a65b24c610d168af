//! A wage sheet's way from 编制 to 公示, and who may take which step.

use super::fen::Fen;
use super::line::{WageLine, WageMonth};
use crate::ids::WorkerId;
use jiff::civil::Date;

/// A step of a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WageStep {
    /// 编制: the lines are what they are from here on.
    Drawn,
    /// 班组确认.
    Confirmed,
    /// 审核.
    Reviewed,
    /// 公示: the bank may be given it.
    Published,
    /// 退回: it counts for nothing, another version follows.
    Returned,
}

impl WageStep {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Drawn,
        Self::Confirmed,
        Self::Reviewed,
        Self::Published,
        Self::Returned,
    ];

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Drawn => "drawn",
            Self::Confirmed => "confirmed",
            Self::Reviewed => "reviewed",
            Self::Published => "published",
            Self::Returned => "returned",
        }
    }

    /// The word on pages and papers.
    pub fn text(self) -> &'static str {
        match self {
            Self::Drawn => "编制",
            Self::Confirmed => "班组确认",
            Self::Reviewed => "审核",
            Self::Published => "公示",
            Self::Returned => "退回",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// The step that follows when nobody objects.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Drawn => Some(Self::Confirmed),
            Self::Confirmed => Some(Self::Reviewed),
            Self::Reviewed => Some(Self::Published),
            Self::Published | Self::Returned => None,
        }
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WageSheet {
    /// Team and month.
    pub of: WageMonth,
    /// From 1; one more after a return.
    pub version: u32,
    /// Which step.
    pub step: WageStep,
    /// SHA-256 of the sheet as the box keeps it, lower-case hexadecimal.
    pub digest: String,
    /// How many lines.
    pub lines: u32,
    /// 应发 of all.
    pub gross: Fen,
    /// 实发 of all.
    pub net: Fen,
    /// The account that took it.
    pub account: String,
    /// Why it was returned.
    pub why: Option<String>,
}

/// What the bank said of one worker's pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WagePayment {
    /// Team and month.
    pub of: WageMonth,
    /// Version of the sheet.
    pub version: u32,
    /// The worker.
    pub worker: WorkerId,
    /// Paid, or sent back by the bank.
    pub paid: bool,
    /// How much.
    pub amount: Fen,
    /// The bank's day.
    pub on: Date,
    /// The bank's own number of the payment, where its file has one.
    pub reference: Option<String>,
    /// Why it came back.
    pub why: Option<String>,
    /// The account that took the bank's file in.
    pub account: String,
}

/// What wages put into the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WageAct {
    /// What is agreed with a worker.
    Terms(super::line::WageTerms),
    /// What the clerk entered of a worker's month; a later one replaces it.
    Entry {
        /// Team and month.
        of: WageMonth,
        /// The worker.
        worker: WorkerId,
        /// What.
        entry: super::line::WageEntry,
        /// The account that entered it.
        account: String,
    },
    /// A line of a sheet that was drawn up.
    Line {
        /// Team and month.
        of: WageMonth,
        /// Version of the sheet.
        version: u32,
        /// The line.
        line: Box<WageLine>,
    },
    /// A step of a sheet.
    Sheet(WageSheet),
    /// What the bank said.
    Payment(WagePayment),
    /// The project's special account.
    FundAccount(super::funds::FundAccount),
    /// The project's deposit.
    FundDeposit(super::funds::FundDeposit),
    /// What came in for labor.
    FundTransfer(super::funds::FundTransfer),
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WageStepFault {
    /// Another step is due.
    NotDue {
        /// The step that was taken last.
        last: Option<WageStep>,
    },
    /// Who drew it up does not confirm or review it, and who confirmed it does not review it.
    SamePerson,
    /// Part of it is paid.
    Paid,
}

/// Whether `account` may take `step` after those of `taken` (of one team and month, oldest first).
/// `is_paid`: the bank has paid something of the newest version.
///
/// # Errors
/// The rule that speaks against it.
pub fn check_wage_step(
    taken: &[WageSheet],
    step: WageStep,
    account: &str,
    is_paid: bool,
) -> Result<(), WageStepFault> {
    let last = taken.last();
    let is_due = match step {
        WageStep::Drawn => last.is_none_or(|one| one.step == WageStep::Returned),
        WageStep::Returned => last.is_some_and(|one| one.step != WageStep::Returned),
        WageStep::Confirmed | WageStep::Reviewed | WageStep::Published => {
            last.is_some_and(|one| one.step.next() == Some(step))
        }
    };
    if !is_due {
        let last = last.map(|one| one.step);
        return Err(WageStepFault::NotDue { last });
    }
    if step == WageStep::Returned && is_paid {
        return Err(WageStepFault::Paid);
    }
    let version = last.map_or(0, |one| one.version);
    let took = |wanted: &[WageStep]| {
        taken.iter().any(|one| {
            one.version == version
                && wanted.contains(&one.step)
                && one.account.trim() == account.trim()
        })
    };
    let is_same = match step {
        WageStep::Confirmed => took(&[WageStep::Drawn]),
        WageStep::Reviewed => took(&[WageStep::Drawn, WageStep::Confirmed]),
        WageStep::Drawn | WageStep::Published | WageStep::Returned => false,
    };
    if is_same {
        return Err(WageStepFault::SamePerson);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::ids::TeamId;

    fn taken(steps: &[(u32, WageStep, &str)]) -> Vec<WageSheet> {
        let one = |(version, step, account): &(u32, WageStep, &str)| WageSheet {
            of: WageMonth {
                first: date(2026, 10, 1),
                team: TeamId(2),
            },
            version: *version,
            step: *step,
            digest: String::new(),
            lines: 1,
            gross: Fen::ZERO,
            net: Fen::ZERO,
            account: (*account).to_owned(),
            why: None,
        };
        steps.iter().map(one).collect()
    }

    #[test]
    fn the_steps_follow_each_other_and_no_hand_takes_two_that_check_each_other() {
        use WageStep::{Confirmed, Drawn, Published, Returned, Reviewed};
        let same = Err(WageStepFault::SamePerson);
        let not_due = |last| Err(WageStepFault::NotDue { last });
        let drawn = [(1, Drawn, "王敏")];
        let confirmed = [drawn[0], (1, Confirmed, "李班长")];
        let reviewed = [drawn[0], confirmed[1], (1, Reviewed, "赵总")];
        let published = [drawn[0], confirmed[1], reviewed[2], (1, Published, "王敏")];
        let again = [drawn[0], (1, Returned, "李班长"), (2, Drawn, "赵总")];
        for (steps, step, account, expected) in [
            (&[][..], Drawn, "王敏", Ok(())),
            (&[][..], Confirmed, "王敏", not_due(None)),
            (&drawn[..], Drawn, "王敏", not_due(Some(Drawn))),
            (&drawn[..], Confirmed, "李班长", Ok(())),
            (&drawn[..], Confirmed, " 王敏 ", same),
            (&drawn[..], Reviewed, "赵总", not_due(Some(Drawn))),
            (&confirmed[..], Reviewed, "赵总", Ok(())),
            (&confirmed[..], Reviewed, "王敏", same),
            (&confirmed[..], Reviewed, "李班长", same),
            (&confirmed[..], Published, "赵总", not_due(Some(Confirmed))),
            (&reviewed[..], Published, "王敏", Ok(())),
            (&published[..], Published, "王敏", not_due(Some(Published))),
            (&drawn[..], Returned, "王敏", Ok(())),
            (&published[..], Returned, "赵总", Ok(())),
            (&again[..2], Returned, "赵总", not_due(Some(Returned))),
            (&again[..2], Drawn, "王敏", Ok(())),
            // Who drew the first version may confirm the second.
            (&again[..], Confirmed, "王敏", Ok(())),
            (&again[..], Confirmed, "赵总", same),
        ] {
            let found = check_wage_step(&taken(steps), step, account, false);
            assert_eq!(found, expected, "{step:?} by {account} after {steps:?}");
        }
        let paid = check_wage_step(&taken(&published), Returned, "赵总", true);
        assert_eq!(paid, Err(WageStepFault::Paid));
    }

    #[test]
    fn codes_are_read_again() {
        for step in WageStep::ALL {
            assert_eq!(WageStep::from_code(step.code()), Some(step));
        }
    }
}
