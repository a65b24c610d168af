//! Attendance days from counted movements.
//!
//! An entry opens a spell and the next exit closes it, if it comes within
//! [`Policy::presence_h_max`]. A spell belongs to the day of its entry, whatever midnight or
//! month end it crosses; before [`Policy::day_boundary_h`] an entry still belongs to the day
//! before. First entry and last exit of a day stand raw beside the pairs, so that a worker can
//! contest them.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::ids::Direction;
use crate::policy::Policy;
use crate::time::site_date;

/// One counted movement of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedAct {
    /// Which way.
    pub direction: Direction,
    /// Wall time, Unix ms; where the clock was unset, as a later proof in the same boot corrects
    /// it.
    pub at_ms: i64,
    /// No: the clock was unset and nothing has proved it since. The day may be another one.
    pub is_sure: bool,
    /// It stands in no record of a gate: somebody asked for it and another approved (补卡).
    pub is_corrected: bool,
}

/// One stay on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spell {
    /// Entry, Unix ms.
    pub in_ms: i64,
    /// Exit, Unix ms.
    pub out_ms: i64,
}

/// One worker's attendance day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDay {
    /// The day it counts for: the day of the entry.
    pub on: Date,
    /// First entry, Unix ms.
    pub first_in_ms: Option<i64>,
    /// Last exit, Unix ms.
    pub last_out_ms: Option<i64>,
    /// Paired stays in order.
    pub spells: Vec<Spell>,
    /// Full minutes of all spells.
    pub worked_minutes: u32,
    /// Exits without an entry.
    pub missing_ins: u16,
    /// Entries without an exit.
    pub missing_outs: u16,
    /// The time of each of its movements can be believed.
    pub is_sure: bool,
    /// How many of them are corrections.
    pub corrections: u16,
}

impl WorkDay {
    fn empty(on: Date) -> Self {
        Self {
            on,
            first_in_ms: None,
            last_out_ms: None,
            spells: Vec::new(),
            worked_minutes: 0,
            missing_ins: 0,
            missing_outs: 0,
            is_sure: true,
            corrections: 0,
        }
    }

    /// A day with at least one pair: the usual meaning of an attendance day.
    pub fn is_complete(&self) -> bool {
        !self.spells.is_empty()
    }

    fn note_correction(&mut self, act: &CountedAct) {
        self.corrections = self.corrections.saturating_add(u16::from(act.is_corrected));
    }

    /// Whether one of its stays ends on a later calendar day: a night shift.
    pub fn crosses_midnight(&self) -> bool {
        self.spells
            .iter()
            .any(|spell| site_date(spell.in_ms) != site_date(spell.out_ms))
    }
}

/// The day that a movement counts for by itself.
pub fn work_date(at_ms: i64, policy: &Policy) -> Date {
    site_date(at_ms.saturating_sub(i64::from(policy.day_boundary_h) * 3_600_000))
}

/// Pairs one worker's movements into days, earliest first. Order of the input does not matter:
/// movements are taken by time, an entry before an exit of the same millisecond.
pub fn work_days(acts: &[CountedAct], policy: &Policy) -> Vec<WorkDay> {
    let mut acts = acts.to_vec();
    acts.sort_by_key(|act| (act.at_ms, act.direction));
    let mut days = Days {
        policy,
        days: BTreeMap::new(),
    };
    let mut open: Option<CountedAct> = None;
    for act in acts {
        match (act.direction, open) {
            (Direction::In, unclosed) => {
                days.entered(act);
                if let Some(entry) = unclosed {
                    days.never_left(entry.at_ms);
                }
                open = Some(act);
            }
            (Direction::Out, Some(entry)) if days.pairs(entry.at_ms, act.at_ms) => {
                days.stayed(entry.at_ms, act);
                open = None;
            }
            (Direction::Out, unclosed) => {
                if let Some(entry) = unclosed {
                    days.never_left(entry.at_ms);
                }
                days.left_without_entry(act);
                open = None;
            }
        }
    }
    if let Some(entry) = open {
        days.never_left(entry.at_ms);
    }
    days.days.into_values().collect()
}

struct Days<'a> {
    policy: &'a Policy,
    days: BTreeMap<Date, WorkDay>,
}

impl Days<'_> {
    fn of(&mut self, at_ms: i64) -> &mut WorkDay {
        let on = work_date(at_ms, self.policy);
        self.days.entry(on).or_insert_with(|| WorkDay::empty(on))
    }

    fn pairs(&self, in_ms: i64, out_ms: i64) -> bool {
        u64::try_from(out_ms.saturating_sub(in_ms))
            .is_ok_and(|stay_ms| stay_ms <= self.policy.presence_ms_max())
    }

    fn entered(&mut self, entry: CountedAct) {
        let day = self.of(entry.at_ms);
        day.first_in_ms.get_or_insert(entry.at_ms);
        day.is_sure &= entry.is_sure;
        day.note_correction(&entry);
    }

    fn never_left(&mut self, in_ms: i64) {
        let day = self.of(in_ms);
        day.missing_outs = day.missing_outs.saturating_add(1);
    }

    fn stayed(&mut self, in_ms: i64, exit: CountedAct) {
        let spell = Spell {
            in_ms,
            out_ms: exit.at_ms,
        };
        let minutes = spell.out_ms.saturating_sub(spell.in_ms) / 60_000;
        let day = self.of(spell.in_ms);
        day.worked_minutes = day
            .worked_minutes
            .saturating_add(u32::try_from(minutes).unwrap_or(u32::MAX));
        day.last_out_ms = Some(spell.out_ms);
        day.spells.push(spell);
        day.is_sure &= exit.is_sure;
        day.note_correction(&exit);
    }

    /// A second exit soon after a night shift belongs to that shift's day, not to a new one.
    fn left_without_entry(&mut self, exit: CountedAct) {
        let at_ms = exit.at_ms;
        let on = work_date(at_ms, self.policy);
        let shift = self.days.values_mut().next_back().filter(|day| {
            let recent = |in_ms: i64| {
                u64::try_from(at_ms.saturating_sub(in_ms))
                    .is_ok_and(|age_ms| age_ms <= self.policy.presence_ms_max())
            };
            day.on == on || day.spells.last().is_some_and(|spell| recent(spell.in_ms))
        });
        let day = match shift {
            Some(day) => day,
            None => self.of(at_ms),
        };
        day.missing_ins = day.missing_ins.saturating_add(1);
        day.last_out_ms = Some(at_ms);
        day.is_sure &= exit.is_sure;
        day.note_correction(&exit);
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, DateTime, date};
    use proptest::prelude::*;

    use super::*;

    /// Unix ms of a Beijing time like `2026-11-22T07:02`.
    fn at(text: &str) -> i64 {
        let local: DateTime = text.parse().unwrap();
        let utc = local.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        utc.as_millisecond() - 8 * 3_600_000
    }

    fn acts(text: &str) -> Vec<CountedAct> {
        let act = |word: &str| {
            let (direction, time) = word.split_at(1);
            let direction = if direction == "+" {
                Direction::In
            } else {
                Direction::Out
            };
            CountedAct {
                direction,
                at_ms: at(time),
                is_sure: true,
                is_corrected: false,
            }
        };
        text.split_whitespace().map(act).collect()
    }

    /// Rows of day, minutes, missing ins, missing outs.
    fn check(text: &str, expected: &[(Date, u32, u16, u16)]) {
        let days = work_days(&acts(text), &Policy::anhui());
        let found: Vec<_> = days
            .iter()
            .map(|day| {
                (
                    day.on,
                    day.worked_minutes,
                    day.missing_ins,
                    day.missing_outs,
                )
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn plain_day_with_lunch_break() {
        let text = "+2026-11-22T07:02 -2026-11-22T11:31 +2026-11-22T13:00 -2026-11-22T18:00";
        check(text, &[(date(2026, 11, 22), 269 + 300, 0, 0)]);
        let days = work_days(&acts(text), &Policy::anhui());
        let day = &days[0];
        assert_eq!(day.first_in_ms, Some(at("2026-11-22T07:02")));
        assert_eq!(day.last_out_ms, Some(at("2026-11-22T18:00")));
        assert!(day.is_complete());
    }

    #[test]
    fn night_shift_over_month_end_belongs_to_the_day_of_the_entry() {
        check(
            "+2026-11-30T19:30 -2026-12-01T07:30 +2026-12-01T19:30 -2026-12-02T07:30",
            &[
                (date(2026, 11, 30), 720, 0, 0),
                (date(2026, 12, 1), 720, 0, 0),
            ],
        );
    }

    #[test]
    fn leap_days_and_year_ends_are_days_like_others() {
        for (text, expected) in [
            (
                "+2028-02-28T19:30 -2028-02-29T07:30 +2028-02-29T19:30 -2028-03-01T07:30",
                [
                    (date(2028, 2, 28), 720, 0, 0),
                    (date(2028, 2, 29), 720, 0, 0),
                ],
            ),
            // No leap day in 2027: the night goes over to March.
            (
                "+2027-02-28T19:30 -2027-03-01T07:30 +2027-03-01T08:00 -2027-03-01T18:00",
                [
                    (date(2027, 2, 28), 720, 0, 0),
                    (date(2027, 3, 1), 600, 0, 0),
                ],
            ),
            (
                "+2026-12-31T20:00 -2027-01-01T06:00 +2027-01-01T20:00 -2027-01-02T06:00",
                [
                    (date(2026, 12, 31), 600, 0, 0),
                    (date(2027, 1, 1), 600, 0, 0),
                ],
            ),
            // The last minute before the boundary of a leap day is the day before.
            (
                "+2028-02-29T03:59 -2028-02-29T12:00 +2028-03-01T03:59 -2028-03-01T12:00",
                [
                    (date(2028, 2, 28), 481, 0, 0),
                    (date(2028, 2, 29), 481, 0, 0),
                ],
            ),
        ] {
            check(text, &expected);
        }
    }

    #[test]
    fn an_exit_before_its_entry_by_a_clock_that_went_back_is_no_stay() {
        // In at eight; the clock is set back by a day; out at six by the new time.
        check(
            "+2026-11-22T08:00 -2026-11-21T18:00",
            &[(date(2026, 11, 21), 0, 1, 0), (date(2026, 11, 22), 0, 0, 1)],
        );
    }

    #[test]
    fn entry_before_the_boundary_belongs_to_the_day_before() {
        check(
            "+2026-11-23T00:00 -2026-11-23T05:00",
            &[(date(2026, 11, 22), 300, 0, 0)],
        );
        check(
            "+2026-11-23T03:59 -2026-11-23T12:00",
            &[(date(2026, 11, 22), 481, 0, 0)],
        );
        check(
            "+2026-11-23T04:00 -2026-11-23T12:00",
            &[(date(2026, 11, 23), 480, 0, 0)],
        );
    }

    #[test]
    fn forgotten_exit_and_forgotten_entry_are_counted_not_guessed() {
        check("+2026-11-22T07:00", &[(date(2026, 11, 22), 0, 0, 1)]);
        check("-2026-11-22T18:00", &[(date(2026, 11, 22), 0, 1, 0)]);
        check(
            "+2026-11-22T07:00 +2026-11-23T07:00 -2026-11-23T18:00",
            &[
                (date(2026, 11, 22), 0, 0, 1),
                (date(2026, 11, 23), 660, 0, 0),
            ],
        );
        check(
            "+2026-11-22T07:00 -2026-11-22T12:00 -2026-11-22T18:00",
            &[(date(2026, 11, 22), 300, 1, 0)],
        );
    }

    #[test]
    fn exit_days_later_closes_nothing() {
        check(
            "+2026-11-20T07:00 -2026-11-22T18:00",
            &[(date(2026, 11, 20), 0, 0, 1), (date(2026, 11, 22), 0, 1, 0)],
        );
    }

    #[test]
    fn second_exit_after_a_night_shift_stays_on_its_day() {
        check(
            "+2026-11-30T19:30 -2026-12-01T05:30 -2026-12-01T06:00",
            &[(date(2026, 11, 30), 600, 1, 0)],
        );
    }

    #[test]
    fn a_day_is_as_sure_as_each_of_its_movements() {
        let text = "+2026-11-20T07:00 -2026-11-20T18:00 +2026-11-21T19:30 -2026-11-22T07:30 \
                    -2026-11-23T18:00";
        let sure_days = |unsure: Option<usize>| -> Vec<bool> {
            let mut acts = acts(text);
            if let Some(act) = unsure.and_then(|at| acts.get_mut(at)) {
                act.is_sure = false;
            }
            let days = work_days(&acts, &Policy::anhui());
            days.iter().map(|day| day.is_sure).collect()
        };
        assert_eq!(sure_days(None), [true, true, true]);
        for (act, day) in [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)] {
            let mut expected = [true; 3];
            expected[day] = false;
            assert_eq!(sure_days(Some(act)), expected, "movement {act}");
        }
    }

    #[test]
    fn a_correction_closes_a_stay_and_stays_marked() {
        let text = "+2026-11-22T07:00 -2026-11-22T18:00 +2026-11-23T07:00";
        let mut acts = acts(text);
        acts[1].is_corrected = true;
        let days = work_days(&acts, &Policy::anhui());
        let found: Vec<_> = days
            .iter()
            .map(|day| (day.worked_minutes, day.corrections))
            .collect();
        assert_eq!(found, [(660, 1), (0, 0)]);
        acts[2].is_corrected = true;
        let days = work_days(&acts, &Policy::anhui());
        assert_eq!(days[1].corrections, 1);
        // Alone, an exit belongs to its own day.
        let days = work_days(&acts[1..2], &Policy::anhui());
        assert_eq!((days[0].corrections, days[0].missing_ins), (1, 1));
    }

    #[test]
    fn thirteen_o_clock_is_no_morning() {
        check(
            "+2026-11-22T13:00 -2026-11-22T13:59",
            &[(date(2026, 11, 22), 59, 0, 0)],
        );
    }

    proptest! {
        #[test]
        fn every_movement_is_in_exactly_one_place(
            moves in proptest::collection::vec((any::<bool>(), 0_i64..400_000_000), 0..40),
        ) {
            let acts: Vec<CountedAct> = moves
                .iter()
                .map(|(is_in, at_ms)| CountedAct {
                    direction: if *is_in { Direction::In } else { Direction::Out },
                    at_ms: *at_ms,
                    is_sure: true,
                    is_corrected: false,
                })
                .collect();
            let days = work_days(&acts, &Policy::anhui());
            let pairs: usize = days.iter().map(|day| day.spells.len()).sum();
            let no_out: usize = days.iter().map(|day| usize::from(day.missing_outs)).sum();
            let no_in: usize = days.iter().map(|day| usize::from(day.missing_ins)).sum();
            let ins = moves.iter().filter(|(is_in, _)| *is_in).count();
            prop_assert_eq!(ins, pairs + no_out);
            prop_assert_eq!(moves.len() - ins, pairs + no_in);
            prop_assert!(days.windows(2).all(|two| two[0].on < two[1].on));
        }
    }
}
