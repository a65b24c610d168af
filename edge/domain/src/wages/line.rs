//! From counted days and a wage rate to a line of a wage sheet.

use jiff::civil::Date;

use super::fen::Fen;
use crate::ids::{TeamId, WorkerId};

/// Days of a month by which a monthly wage becomes a daily one, in hundredths: (365 - 104) / 12 = 21.75
/// (劳社部发〔2008〕3号, section 2).
const MONTH_DAYS_HUNDREDTHS: u64 = 2_175;
/// Longest reason of a deduction, in characters.
pub const DEDUCTION_CHARS_MAX: usize = 60;

/// What a wage is reckoned by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WageBasis {
    /// 计日: the rate is for a day.
    Daily,
    /// 月薪: the rate is for a month.
    Monthly,
    /// 计件: amounts are entered; the rate says nothing.
    Piece,
}

impl WageBasis {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Daily, Self::Monthly, Self::Piece];

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Monthly => "monthly",
            Self::Piece => "piece",
        }
    }

    /// The word on forms and papers.
    pub fn text(self) -> &'static str {
        match self {
            Self::Daily => "计日",
            Self::Monthly => "月薪",
            Self::Piece => "计件",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What was agreed with a worker, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WageTerms {
    /// The worker.
    pub worker: WorkerId,
    /// By what.
    pub basis: WageBasis,
    /// The rate: of a day or of a month.
    pub rate: Fen,
    /// First day.
    pub from: Date,
}

impl WageTerms {
    /// `300.00 元/天`.
    pub fn text(&self) -> String {
        match self.basis {
            WageBasis::Daily => format!("{} 元/天", self.rate),
            WageBasis::Monthly => format!("{} 元/月", self.rate),
            WageBasis::Piece => "计件".to_owned(),
        }
    }
}

/// Which column a deduction stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeductionKind {
    /// 代扣代缴: tax, insurance.
    Withheld,
    /// 其他扣款.
    Other,
}

impl DeductionKind {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Withheld => "withheld",
            Self::Other => "other",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Withheld, Self::Other]
            .into_iter()
            .find(|one| one.code() == code)
    }
}

/// What is taken off, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deduction {
    /// Which column.
    pub kind: DeductionKind,
    /// How much.
    pub amount: Fen,
    /// Why: never empty.
    pub why: String,
}

/// What the clerk enters of a worker's month beside the counted days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WageEntry {
    /// Piecework of the month.
    pub piece: Fen,
    /// Overtime pay and bonus.
    pub extra: Fen,
    /// What is taken off.
    pub deductions: Vec<Deduction>,
}

/// The month of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WageMonth {
    /// First day of the month.
    pub first: Date,
    /// The team.
    pub team: TeamId,
}

/// One worker's line of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WageLine {
    /// The worker.
    pub worker: WorkerId,
    /// Halves of days that count.
    pub halves: u32,
    /// By what; `None` where nothing is agreed yet.
    pub terms: Option<(WageBasis, Fen)>,
    /// Pay for days.
    pub time: Fen,
    /// What was entered.
    pub entry: WageEntry,
    /// 应发: days, piecework and extra.
    pub gross: Fen,
    /// 实发: what the bank pays.
    pub net: Fen,
}

impl WageLine {
    /// Everything of a kind that is taken off.
    pub fn deducted(&self, kind: DeductionKind) -> Fen {
        self.entry.of(kind)
    }
}

impl WageEntry {
    /// Everything of a kind that is taken off.
    pub fn of(&self, kind: DeductionKind) -> Fen {
        let of_kind = self.deductions.iter().filter(|one| one.kind == kind);
        of_kind.map(|one| one.amount).sum()
    }

    /// Why something of a kind is taken off.
    pub fn why(&self, kind: DeductionKind) -> String {
        let of_kind = self.deductions.iter().filter(|one| one.kind == kind);
        of_kind
            .map(|one| one.why.as_str())
            .collect::<Vec<_>>()
            .join("；")
    }
}

/// Why a line cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WageFault {
    /// Something is taken off and nobody says why.
    NoReason,
    /// More is taken off than is earned.
    MoreThanEarned {
        /// Earned.
        gross: Fen,
        /// Taken off.
        deducted: Fen,
    },
}

/// Pay for days: the daily rate times the days; of a monthly rate the share of 21.75 days, at most the
/// whole. Rounded to the fen, half a fen upwards.
pub fn pay_for_days(basis: WageBasis, rate: Fen, halves: u32) -> Fen {
    let halves = u64::from(halves);
    match basis {
        WageBasis::Daily => rate.share(halves, 2),
        WageBasis::Monthly => month_share(rate, halves),
        WageBasis::Piece => Fen::ZERO,
    }
}

/// The share of a month's amount that belongs to so many halves of days, at most the whole.
pub(super) fn month_share(month: Fen, halves: u64) -> Fen {
    let share = month.share(halves.saturating_mul(100), 2 * MONTH_DAYS_HUNDREDTHS);
    share.min(month)
}

/// Reckons a line.
///
/// # Errors
/// A deduction without a reason, or more deductions than pay.
pub fn wage_line(
    worker: WorkerId,
    halves: u32,
    terms: Option<&WageTerms>,
    entry: WageEntry,
) -> Result<WageLine, WageFault> {
    if entry.deductions.iter().any(|one| one.why.trim().is_empty()) {
        return Err(WageFault::NoReason);
    }
    let terms = terms.map(|one| (one.basis, one.rate));
    let time = terms.map_or(Fen::ZERO, |(basis, rate)| pay_for_days(basis, rate, halves));
    let gross = time.plus(entry.piece).plus(entry.extra);
    let deducted = entry.deductions.iter().map(|one| one.amount).sum();
    let Some(net) = gross.minus(deducted) else {
        return Err(WageFault::MoreThanEarned { gross, deducted });
    };
    Ok(WageLine {
        worker,
        halves,
        terms,
        time,
        entry,
        gross,
        net,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn line(
        basis: WageBasis,
        rate: u64,
        halves: u32,
        entry: WageEntry,
    ) -> Result<(u64, u64, u64), WageFault> {
        let terms = WageTerms {
            worker: WorkerId(17),
            basis,
            rate: Fen::new(rate),
            from: date(2026, 10, 1),
        };
        let line = wage_line(WorkerId(17), halves, Some(&terms), entry)?;
        Ok((line.time.get(), line.gross.get(), line.net.get()))
    }

    fn off(amount: u64, why: &str) -> Deduction {
        Deduction {
            kind: DeductionKind::Other,
            amount: Fen::new(amount),
            why: why.to_owned(),
        }
    }

    #[test]
    fn days_times_the_rate_in_whole_fen() {
        // 18.5 days at 300 yuan.
        let none = WageEntry::default;
        assert_eq!(
            line(WageBasis::Daily, 30_000, 37, none()),
            Ok((555_000, 555_000, 555_000))
        );
        // Half a day at 280.01 yuan: half a fen upwards.
        assert_eq!(line(WageBasis::Daily, 28_001, 1, none()).unwrap().0, 14_001);
        assert_eq!(
            line(WageBasis::Daily, 30_000, 0, none()).unwrap(),
            (0, 0, 0)
        );
    }

    /// 劳社部发〔2008〕3号: a day of a monthly wage is its share of 21.75 days. 6,525 / 21.75 = 300.
    #[test]
    fn a_monthly_wage_is_shared_by_21_75_days_and_never_exceeded() {
        let time = |halves| {
            line(WageBasis::Monthly, 652_500, halves, WageEntry::default())
                .unwrap()
                .0
        };
        assert_eq!(time(2), 30_000);
        assert_eq!(time(1), 15_000);
        assert_eq!(time(43), 645_000);
        assert_eq!(time(44), 652_500, "22 days are the whole month");
        assert_eq!(time(62), 652_500);
        // 5,000 / 21.75 = 229.885…
        assert_eq!(
            line(WageBasis::Monthly, 500_000, 2, WageEntry::default())
                .unwrap()
                .0,
            22_989
        );
    }

    #[test]
    fn piecework_and_deductions_are_entered_and_deductions_say_why() {
        let entry = |deductions| WageEntry {
            piece: Fen::new(400_000),
            extra: Fen::new(20_000),
            deductions,
        };
        let taken = entry(vec![off(5_000, "工具赔偿")]);
        assert_eq!(
            line(WageBasis::Piece, 0, 40, taken),
            Ok((0, 420_000, 415_000))
        );
        let silent = entry(vec![off(5_000, "  ")]);
        assert_eq!(
            line(WageBasis::Piece, 0, 40, silent),
            Err(WageFault::NoReason)
        );
        let much = entry(vec![off(420_001, "预支")]);
        let fault = WageFault::MoreThanEarned {
            gross: Fen::new(420_000),
            deducted: Fen::new(420_001),
        };
        assert_eq!(line(WageBasis::Piece, 0, 40, much), Err(fault));
    }

    #[test]
    fn codes_are_read_again() {
        for basis in WageBasis::ALL {
            assert_eq!(WageBasis::from_code(basis.code()), Some(basis));
        }
        for kind in [DeductionKind::Withheld, DeductionKind::Other] {
            assert_eq!(DeductionKind::from_code(kind.code()), Some(kind));
        }
    }
}
