//! What a day of attendance counts for, and why one counts for nothing.
//!
//! Raw movements stay as they are; this is a reading of them. Some places ask for at least four
//! hours between first and last movement (考勤有效性规则), so the limits are data with a version.

use super::worker_day::WorkDay;

/// The rule that turns a day's stays into days to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayRule {
    /// Grows with every change; printed on each sheet.
    pub version: u32,
    /// Minutes on site from which a day counts in full.
    pub full_minutes_min: u32,
    /// Minutes on site from which a day counts half; below, it does not count.
    pub half_minutes_min: u32,
}

impl DayRule {
    /// Seven hours for a day, four for half a day; an approved correction counts like a punch and is
    /// marked (since version 2).
    pub const STANDARD: Self = Self {
        version: 2,
        full_minutes_min: 420,
        half_minutes_min: 240,
    };
}

/// What a day counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayMark {
    /// A full day.
    Full,
    /// A full day whose stay crosses midnight.
    Night,
    /// Half a day.
    Half,
    /// The worker is still on site: not decided yet.
    Running,
    /// Nothing, and why.
    Void(VoidReason),
}

/// Why a day with movements counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoidReason {
    /// An entry without an exit.
    NoExit,
    /// An exit without an entry.
    NoEntry,
    /// Entry and exit, but less time than half a day asks for.
    TooShort {
        /// Minutes on site.
        minutes: u32,
        /// Minutes that half a day asks for.
        needed: u32,
    },
}

impl DayMark {
    /// Halves of a day that it counts for: 0 to 2.
    pub fn halves(self) -> u32 {
        match self {
            Self::Full | Self::Night => 2,
            Self::Half => 1,
            Self::Running | Self::Void(_) => 0,
        }
    }

    /// The mark of the printed sheet.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Full => "√",
            Self::Night => "夜",
            Self::Half => "△",
            Self::Running => "…",
            Self::Void(_) => "!",
        }
    }

    /// The mark in words, with what to do where the day is void.
    pub fn text(self) -> String {
        match self {
            Self::Full => "全天".to_owned(),
            Self::Night => "夜班，计全天".to_owned(),
            Self::Half => "半天".to_owned(),
            Self::Running => "还在场内，出场后再算".to_owned(),
            Self::Void(VoidReason::NoExit) => "不计：只有进场，没有出场记录".to_owned(),
            Self::Void(VoidReason::NoEntry) => "不计：只有出场，没有进场记录".to_owned(),
            Self::Void(VoidReason::TooShort { minutes, needed }) => format!(
                "不计：在场 {}，不足 {}",
                hours_text(minutes),
                hours_text(needed)
            ),
        }
    }
}

/// `3 小时 20 分`, `4 小时`, `35 分`.
pub fn hours_text(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} 分"),
        (hours, 0) => format!("{hours} 小时"),
        (hours, rest) => format!("{hours} 小时 {rest} 分"),
    }
}

/// Judges a day. `running` says that its last entry may still find its exit: the worker is on
/// site now.
pub fn judge(day: &WorkDay, rule: &DayRule, running: bool) -> DayMark {
    if day.worked_minutes >= rule.full_minutes_min {
        return if day.crosses_midnight() {
            DayMark::Night
        } else {
            DayMark::Full
        };
    }
    if running {
        return DayMark::Running;
    }
    if day.worked_minutes >= rule.half_minutes_min {
        return DayMark::Half;
    }
    DayMark::Void(match (day.missing_outs, day.missing_ins) {
        (0, 0) => VoidReason::TooShort {
            minutes: day.worked_minutes,
            needed: rule.half_minutes_min,
        },
        (0, _) => VoidReason::NoEntry,
        (_, _) => VoidReason::NoExit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::{CountedAct, work_days};
    use crate::ids::Direction;
    use crate::policy::Policy;

    /// Movements as `+HH:MM` (in) and `-HH:MM` (out) of one day; `>` before the time: the next day.
    fn mark(movements: &str, running: bool) -> (DayMark, u32) {
        let acts: Vec<CountedAct> = movements
            .split(' ')
            .map(|word| {
                let (sign, time) = word.split_at(1);
                let next_day = time.starts_with('>');
                let (hours, minutes) = time.trim_start_matches('>').split_once(':').unwrap();
                let minutes = hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap();
                // 2026-11-22T00:00 in Shanghai.
                let day_ms = 1_795_276_800_000 + i64::from(next_day) * 86_400_000;
                CountedAct {
                    is_sure: true,
                    is_corrected: false,
                    direction: if sign == "+" {
                        Direction::In
                    } else {
                        Direction::Out
                    },
                    at_ms: day_ms + minutes * 60_000,
                }
            })
            .collect();
        let days = work_days(&acts, &Policy::anhui());
        let mark = judge(days.first().unwrap(), &DayRule::STANDARD, running);
        (mark, mark.halves())
    }

    #[test]
    fn time_on_site_decides_between_full_and_half() {
        assert_eq!(mark("+07:00 -14:00", false), (DayMark::Full, 2));
        assert_eq!(mark("+07:00 -13:59", false), (DayMark::Half, 1));
        assert_eq!(mark("+07:00 -11:00", false), (DayMark::Half, 1));
        assert_eq!(
            mark("+06:30 -11:30 +13:00 -18:00", false),
            (DayMark::Full, 2)
        );
    }

    #[test]
    fn a_void_day_says_why() {
        let (short, halves) = mark("+07:00 -10:20", false);
        assert_eq!(halves, 0);
        assert_eq!(short.text(), "不计：在场 3 小时 20 分，不足 4 小时");
        assert_eq!(mark("+07:00", false).0, DayMark::Void(VoidReason::NoExit));
        assert_eq!(mark("-18:00", false).0, DayMark::Void(VoidReason::NoEntry));
    }

    #[test]
    fn a_forgotten_exit_beside_enough_time_costs_nothing() {
        assert_eq!(mark("+06:00 -13:30 +15:00", false).0, DayMark::Full);
    }

    #[test]
    fn who_is_still_inside_is_not_judged_yet_unless_the_day_is_full() {
        assert_eq!(mark("+07:00", true), (DayMark::Running, 0));
        assert_eq!(mark("+07:00 -12:00 +13:00", true).0, DayMark::Running);
        assert_eq!(mark("+06:00 -13:30 +15:00", true).0, DayMark::Full);
    }

    #[test]
    fn a_night_shift_is_one_mark_on_the_day_it_began() {
        assert_eq!(mark("+19:00 ->06:30", false), (DayMark::Night, 2));
        assert_eq!(mark("+17:00 ->00:10", false), (DayMark::Night, 2));
        assert_eq!(mark("+16:00 -23:50", false).0, DayMark::Full);
    }
}
