//! 项目资金: the project's special account for wages, its deposit, and what comes in for labor each month.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::fen::Fen;

/// Months that are looked back at, at most.
const MONTHS_MAX: usize = 24;
/// Days before its end in which a deposit is to be renewed.
const RENEW_DAYS: i64 = 30;

/// 工资专用账户, and what was agreed about 人工费拨付 into it. A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundAccount {
    /// The bank's branch.
    pub bank: String,
    /// The account's number: the project's own, nobody's personal data.
    pub number: String,
    /// Day on which it was opened.
    pub opened: Date,
    /// First day of the first month for which labor cost comes in.
    pub from: Date,
    /// Day of the following month until which a month's labor cost is in time, 1 to 28. A month's cost
    /// is paid within a month (《保障农民工工资支付条例》, article 24).
    pub due_day: u8,
    /// What comes in each month; `None` where it goes by the progress of the works.
    pub monthly: Option<Fen>,
    /// The account of this box that entered it.
    pub account: String,
}

impl FundAccount {
    /// The last day on which the labor cost of a month is in time.
    pub fn due(&self, first: Date) -> Date {
        let next = first.first_of_month().saturating_add(1.month());
        next.saturating_add(i64::from(self.due_day.saturating_sub(1)).days())
    }
}

/// How a deposit is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DepositForm {
    /// 现金存储.
    Cash,
    /// 银行保函.
    Guarantee,
    /// 工程保函、保险.
    Insurance,
}

impl DepositForm {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Cash, Self::Guarantee, Self::Insurance];

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cash => "cash",
            Self::Guarantee => "guarantee",
            Self::Insurance => "insurance",
        }
    }

    /// The word on pages.
    pub fn text(self) -> &'static str {
        match self {
            Self::Cash => "现金存储",
            Self::Guarantee => "银行保函",
            Self::Insurance => "保险或工程保函",
        }
    }

    /// Reads a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// 工资保证金. A later one replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundDeposit {
    /// How it is given.
    pub form: DepositForm,
    /// The bank or insurer that holds it or stands for it.
    pub holder: String,
    /// Number of the account, the guarantee or the policy.
    pub reference: Option<String>,
    /// How much.
    pub amount: Fen,
    /// Its last day; `None` where it has none.
    pub until: Option<Date>,
    /// The account of this box that entered it.
    pub account: String,
}

/// One 人工费拨付. A later one of the same number replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundTransfer {
    /// Its number at this box, from 1.
    pub transfer: u32,
    /// First day of the month whose labor cost it is.
    pub month: Date,
    /// How much; nothing strikes it out.
    pub amount: Fen,
    /// Day on which it came in.
    pub on: Date,
    /// The bank's number of it.
    pub reference: Option<String>,
    /// Why it replaces what was entered before.
    pub why: Option<String>,
    /// The account of this box that entered it.
    pub account: String,
}

/// How a month's labor cost stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundState {
    /// 按时足额.
    InTime,
    /// In full, but the last of what was needed came in on this day, after the last one in time.
    Late {
        /// That day.
        on: Date,
    },
    /// 未拨付: its time is over and nothing came in.
    Missing,
    /// 不足: its time is over and so much is missing.
    Short {
        /// How much.
        by: Fen,
    },
    /// Its time is not over.
    Waiting,
}

impl FundState {
    /// Somebody has to look into it.
    pub fn is_wrong(self) -> bool {
        !matches!(self, Self::InTime | Self::Waiting)
    }
}

/// A month's labor cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundMonth {
    /// First day of the month.
    pub first: Date,
    /// Last day in time.
    pub due: Date,
    /// What has to come in: what was agreed, and never less than the wages of that month; nothing where
    /// neither is known.
    pub needed: Fen,
    /// The wages of that month, as sheets have them.
    pub wages: Fen,
    /// What came in.
    pub came: Fen,
    /// Day of the last that came in.
    pub last_on: Option<Date>,
    /// How it stands.
    pub state: FundState,
}

/// What is to be looked into beside the months.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FundFlag {
    /// No special account is entered.
    NoAccount,
    /// No deposit is entered.
    NoDeposit,
    /// The deposit ended on that day.
    DepositEnded {
        /// That day.
        on: Date,
    },
    /// The deposit ends soon.
    DepositEnds {
        /// Its last day.
        on: Date,
    },
}

/// The months from the agreed first one to that of `today`, newest first, at most two years of them.
/// `wages` tells the wages of a month.
pub fn fund_months(
    account: &FundAccount,
    transfers: &[FundTransfer],
    wages: impl Fn(Date) -> Fen,
    today: Date,
) -> Vec<FundMonth> {
    let mut first = today.first_of_month();
    let mut months = Vec::new();
    while first >= account.from && months.len() < MONTHS_MAX {
        months.push(fund_month(account, transfers, (first, wages(first)), today));
        first = first.saturating_sub(1.month());
    }
    months
}

fn fund_month(
    account: &FundAccount,
    transfers: &[FundTransfer],
    (first, wages): (Date, Fen),
    today: Date,
) -> FundMonth {
    let mut of_month: Vec<&FundTransfer> = transfers
        .iter()
        .filter(|one| one.month == first && one.amount > Fen::ZERO)
        .collect();
    of_month.sort_by_key(|one| one.on);
    let came: Fen = of_month.iter().map(|one| one.amount).sum();
    let needed = account.monthly.unwrap_or_default().max(wages);
    let due = account.due(first);
    FundMonth {
        first,
        due,
        needed,
        wages,
        came,
        last_on: of_month.last().map(|one| one.on),
        state: state(&of_month, (came, needed), (due, today)),
    }
}

fn state(
    of_month: &[&FundTransfer],
    (came, needed): (Fen, Fen),
    (due, today): (Date, Date),
) -> FundState {
    // The day on which enough was there; anything is enough where nobody knows better.
    let mut sum = Fen::ZERO;
    let enough = of_month.iter().find(|one| {
        sum = sum.plus(one.amount);
        sum >= needed
    });
    match enough {
        Some(one) if one.on <= due => FundState::InTime,
        Some(one) => FundState::Late { on: one.on },
        None if today <= due => FundState::Waiting,
        None if came == Fen::ZERO => FundState::Missing,
        None => FundState::Short {
            by: needed.minus(came).unwrap_or_default(),
        },
    }
}

/// What is to be looked into of account and deposit.
pub fn fund_flags(
    account: Option<&FundAccount>,
    deposit: Option<&FundDeposit>,
    today: Date,
) -> Vec<FundFlag> {
    let mut flags = Vec::new();
    if account.is_none() {
        flags.push(FundFlag::NoAccount);
    }
    match deposit {
        None => flags.push(FundFlag::NoDeposit),
        Some(deposit) => flags.extend(deposit.until.and_then(|on| {
            let soon = today.saturating_add(RENEW_DAYS.days());
            match on {
                on if on < today => Some(FundFlag::DepositEnded { on }),
                on if on <= soon => Some(FundFlag::DepositEnds { on }),
                _ => None,
            }
        })),
    }
    flags
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const OCTOBER: Date = date(2026, 10, 1);
    const DUE: Date = date(2026, 11, 10);

    fn account(monthly: Option<u64>) -> FundAccount {
        FundAccount {
            bank: "建设银行城东支行".to_owned(),
            number: "34050100000000000018".to_owned(),
            opened: date(2026, 8, 20),
            from: date(2026, 9, 1),
            due_day: 10,
            monthly: monthly.map(Fen::new),
            account: "王敏".to_owned(),
        }
    }

    fn transfer(amount: u64, on: Date) -> FundTransfer {
        FundTransfer {
            transfer: 1,
            month: OCTOBER,
            amount: Fen::new(amount),
            on,
            reference: None,
            why: None,
            account: "王敏".to_owned(),
        }
    }

    fn october(
        monthly: Option<u64>,
        wages: u64,
        transfers: &[FundTransfer],
        today: Date,
    ) -> FundMonth {
        let wages = |first| Fen::new(if first == OCTOBER { wages } else { 0 });
        let months = fund_months(&account(monthly), transfers, wages, today);
        *months.iter().find(|one| one.first == OCTOBER).unwrap()
    }

    #[test]
    fn a_months_labor_cost_is_in_time_late_short_or_missing() {
        let (after, before) = (date(2026, 11, 11), date(2026, 11, 9));
        let one = |amount, on| vec![transfer(amount, on)];
        for (name, transfers, today, expected) in [
            ("nothing yet", vec![], DUE, FundState::Waiting),
            ("nothing came", vec![], after, FundState::Missing),
            ("struck out", one(0, before), after, FundState::Missing),
            ("on the last day", one(900, DUE), after, FundState::InTime),
            (
                "a day later",
                one(900, after),
                after,
                FundState::Late { on: after },
            ),
            ("a part, in time", one(899, before), DUE, FundState::Waiting),
            (
                "a part, time over",
                one(899, before),
                after,
                FundState::Short { by: Fen::new(1) },
            ),
            (
                "the rest came late",
                vec![transfer(1, after), transfer(899, before)],
                after,
                FundState::Late { on: after },
            ),
            (
                "more came later",
                vec![transfer(50, after), transfer(900, before)],
                after,
                FundState::InTime,
            ),
        ] {
            // What is needed is what was agreed, or the wages where they are more.
            for (monthly, wages) in [(Some(900), 0), (Some(1), 900), (None, 900)] {
                let found = october(monthly, wages, &transfers, today);
                assert_eq!(found.state, expected, "{name} {monthly:?} {wages}");
                assert_eq!((found.needed, found.due), (Fen::new(900), DUE), "{name}");
            }
        }
        // Where nobody knows what is needed, anything is enough.
        let found = october(None, 0, &one(1, DUE), after);
        assert_eq!(found.state, FundState::InTime);
        assert_eq!(october(None, 0, &[], after).state, FundState::Missing);
    }

    #[test]
    fn months_begin_with_the_agreed_one_and_end_with_todays() {
        let of = |today| {
            fund_months(&account(None), &[], |_| Fen::ZERO, today)
                .into_iter()
                .map(|one| one.first)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(date(2026, 8, 31)), []);
        assert_eq!(of(date(2026, 10, 1)), [OCTOBER, date(2026, 9, 1)]);
        assert_eq!(of(date(2040, 1, 1)).len(), MONTHS_MAX);
        assert_eq!(account(None).due(date(2027, 1, 1)), date(2027, 2, 10));
    }

    #[test]
    fn an_account_and_a_deposit_are_there_and_in_force() {
        let deposit = |until| FundDeposit {
            form: DepositForm::Guarantee,
            holder: "建设银行城东支行".to_owned(),
            reference: None,
            amount: Fen::new(50_000_000),
            until,
            account: "王敏".to_owned(),
        };
        let today = date(2026, 11, 20);
        let check = |until, expected: &[FundFlag]| {
            let found = fund_flags(Some(&account(None)), Some(&deposit(until)), today);
            assert_eq!(found, expected, "{until:?}");
        };
        let (ended, last) = (date(2026, 11, 19), date(2026, 12, 20));
        check(None, &[]);
        check(Some(date(2026, 12, 21)), &[]);
        check(Some(last), &[FundFlag::DepositEnds { on: last }]);
        check(Some(today), &[FundFlag::DepositEnds { on: today }]);
        check(Some(ended), &[FundFlag::DepositEnded { on: ended }]);
        let nothing = fund_flags(None, None, today);
        assert_eq!(nothing, [FundFlag::NoAccount, FundFlag::NoDeposit]);
    }

    #[test]
    fn codes_are_read_again() {
        for form in DepositForm::ALL {
            assert_eq!(DepositForm::from_code(form.code()), Some(form));
        }
    }
}
