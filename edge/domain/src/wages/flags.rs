//! What somebody has to look into of a worker's pay.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::fen::Fen;
use super::line::month_share;

/// Local rules about wages, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WagePolicy {
    /// The minimum wage of the place for a month; `None`: nobody has entered it, and nothing is checked.
    pub minimum_month: Option<Fen>,
    /// Where that number comes from, for example the notice's number and the day it holds from.
    pub minimum_source: String,
    /// Day of the following month until which wages are paid, 1 to 28.
    pub due_day: u8,
}

impl Default for WagePolicy {
    /// No minimum, since it differs from place to place; the end of the usual round, day 10 of the
    /// following month (专户, 考勤, 代发 of one province's five indicators).
    fn default() -> Self {
        Self {
            minimum_month: None,
            minimum_source: "未填写".to_owned(),
            due_day: 10,
        }
    }
}

impl WagePolicy {
    /// The last day on which wages of a month are in time.
    pub fn due(&self, first: Date) -> Date {
        let next = first.first_of_month().saturating_add(1.month());
        next.saturating_add(i64::from(self.due_day.saturating_sub(1)).days())
    }
}

/// Something to look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WageFlag {
    /// 有出勤未发放.
    AttendedUnpaid,
    /// 无出勤有发放.
    PaidWithoutAttendance,
    /// 低于当地最低工资.
    BelowMinimum {
        /// The minimum for these days.
        minimum: Fen,
    },
    /// 逾期: not paid in full on the day after the last one in time.
    Late {
        /// That last day.
        due: Date,
    },
    /// The bank sent the last payment back.
    SentBack,
    /// No rate is agreed.
    NoTerms,
    /// No wage card.
    NoCard,
    /// The wage card is not the account of the social security card.
    OtherCard,
}

/// What is known of a worker's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WageFacts {
    /// First day of the month.
    pub first: Date,
    /// Halves of days that count now.
    pub halves: u32,
    /// Whether a rate is agreed.
    pub has_terms: bool,
    /// 应发.
    pub gross: Fen,
    /// 实发.
    pub net: Fen,
    /// What the bank has paid.
    pub paid: Fen,
    /// Day of the last payment.
    pub paid_on: Option<Date>,
    /// The last thing the bank said: it came back.
    pub sent_back: bool,
    /// His wage card, and whether it is his social security card.
    pub card: Option<bool>,
    /// Today.
    pub today: Date,
}

/// What is to be looked into. A day's minimum is the share of 21.75 days of the month's.
pub fn wage_flags(facts: &WageFacts, policy: &WagePolicy) -> Vec<WageFlag> {
    let mut flags = Vec::new();
    let has_wage = facts.gross > Fen::ZERO || facts.paid > Fen::ZERO;
    if facts.halves > 0 && !has_wage {
        flags.push(WageFlag::AttendedUnpaid);
    }
    if facts.halves == 0 && has_wage {
        flags.push(WageFlag::PaidWithoutAttendance);
    }
    if facts.halves > 0 && has_wage {
        let minimum = policy
            .minimum_month
            .map(|month| month_share(month, facts.halves.into()));
        let below = minimum.filter(|minimum| facts.gross < *minimum);
        flags.extend(below.map(|minimum| WageFlag::BelowMinimum { minimum }));
    }
    let due = policy.due(facts.first);
    let is_short = facts.paid < facts.net && facts.today > due;
    if is_short || facts.paid_on.is_some_and(|on| on > due) {
        flags.push(WageFlag::Late { due });
    }
    if facts.sent_back {
        flags.push(WageFlag::SentBack);
    }
    if facts.halves > 0 && !facts.has_terms {
        flags.push(WageFlag::NoTerms);
    }
    if has_wage || facts.halves > 0 {
        match facts.card {
            None => flags.push(WageFlag::NoCard),
            Some(false) => flags.push(WageFlag::OtherCard),
            Some(true) => {}
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn facts() -> WageFacts {
        WageFacts {
            first: date(2026, 10, 1),
            halves: 36,
            has_terms: true,
            gross: Fen::new(540_000),
            net: Fen::new(540_000),
            paid: Fen::new(540_000),
            paid_on: Some(date(2026, 11, 8)),
            sent_back: false,
            card: Some(true),
            today: date(2026, 11, 20),
        }
    }

    fn policy() -> WagePolicy {
        WagePolicy {
            minimum_month: Some(Fen::new(217_500)),
            minimum_source: "测试".to_owned(),
            due_day: 10,
        }
    }

    fn check(rows: &[(&str, WageFacts, &[WageFlag])]) {
        for (name, facts, expected) in rows {
            assert_eq!(wage_flags(facts, &policy()), *expected, "{name}");
        }
    }

    fn earned(fen: u64) -> WageFacts {
        WageFacts {
            gross: Fen::new(fen),
            net: Fen::new(fen),
            paid: Fen::new(fen),
            ..facts()
        }
    }

    #[test]
    fn days_and_pay_belong_together_and_to_a_card() {
        let with = |change: fn(&mut WageFacts)| {
            let mut facts = facts();
            change(&mut facts);
            facts
        };
        let unpaid = WageFacts {
            paid_on: None,
            ..earned(0)
        };
        // 18 days of 2,175 yuan a month are 1,800 yuan.
        let minimum = Fen::new(180_000);
        check(&[
            ("in time", facts(), &[]),
            ("attended, no wage", unpaid, &[WageFlag::AttendedUnpaid]),
            (
                "no day",
                with(|one| one.halves = 0),
                &[WageFlag::PaidWithoutAttendance],
            ),
            ("at the minimum", earned(180_000), &[]),
            (
                "a fen below",
                earned(179_999),
                &[WageFlag::BelowMinimum { minimum }],
            ),
            (
                "no rate",
                with(|one| one.has_terms = false),
                &[WageFlag::NoTerms],
            ),
            ("no card", with(|one| one.card = None), &[WageFlag::NoCard]),
            (
                "another card",
                with(|one| one.card = Some(false)),
                &[WageFlag::OtherCard],
            ),
        ]);
    }

    #[test]
    fn wages_are_in_time_up_to_the_last_day() {
        let due = date(2026, 11, 10);
        let waiting = WageFacts {
            paid: Fen::ZERO,
            paid_on: None,
            today: due,
            ..facts()
        };
        let after = |facts: WageFacts| WageFacts {
            today: date(2026, 11, 11),
            ..facts
        };
        let paid_late = WageFacts {
            paid_on: Some(date(2026, 11, 11)),
            ..facts()
        };
        let sent_back = WageFacts {
            sent_back: true,
            ..waiting
        };
        check(&[
            ("last day", waiting, &[]),
            ("a day after", after(waiting), &[WageFlag::Late { due }]),
            ("paid late", paid_late, &[WageFlag::Late { due }]),
            ("sent back", sent_back, &[WageFlag::SentBack]),
        ]);
    }

    #[test]
    fn a_minimum_that_nobody_entered_is_not_checked_and_a_month_has_no_more_than_the_whole() {
        let low = WageFacts {
            gross: Fen::new(1),
            net: Fen::new(1),
            paid: Fen::new(1),
            ..facts()
        };
        assert_eq!(wage_flags(&low, &WagePolicy::default()), vec![]);
        let whole = WageFacts {
            halves: 62,
            gross: Fen::new(217_500),
            ..low
        };
        assert_eq!(wage_flags(&whole, &policy()), vec![]);
    }
}
