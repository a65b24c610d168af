//! A month of attendance, computed from raw movements: of a team, and of one person day by day.

use std::collections::BTreeMap;
use std::sync::Arc;

use edge_domain::{
    CountedAct, DayMark, DayRule, Direction, Policy, Team, WorkDay, WorkerId, judge, work_date,
    work_days,
};
use edge_store::Punch;
use jiff::civil::{Date, Weekday};

use super::directory::Listed;

/// One worker's day on a sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DayCell {
    /// What it counts for; `None` where there is no movement.
    pub(crate) mark: Option<DayMark>,
    /// Minutes on site.
    pub(crate) minutes: u32,
    /// No: the clock was unset at one of its movements, so that it may be another day.
    pub(crate) is_sure: bool,
    /// How many of its movements are corrections (补卡).
    pub(crate) corrections: u16,
}

impl DayCell {
    /// A day without a movement.
    const EMPTY: Self = Self {
        mark: None,
        minutes: 0,
        is_sure: true,
        corrections: 0,
    };

    /// The cell of a day among judged ones.
    pub(crate) fn of_day(judged: &[(WorkDay, DayMark)], on: Date) -> Self {
        let found = judged.iter().find(|(day, _)| day.on == on);
        found.map_or(Self::EMPTY, |(day, mark)| Self {
            mark: Some(*mark),
            minutes: day.worked_minutes,
            is_sure: day.is_sure,
            corrections: day.corrections,
        })
    }

    /// The sign in the grid.
    pub(crate) fn sign(&self) -> String {
        let doubt = if self.is_sure { "" } else { "?" };
        let corrected = if self.corrections > 0 { "补" } else { "" };
        format!("{}{corrected}{doubt}", self.mark.map_or("", DayMark::sign))
    }

    /// The sign in words.
    pub(crate) fn text(&self) -> String {
        let doubt = if self.is_sure { "" } else { "，时间待核" };
        let mark = self
            .mark
            .map_or_else(|| "没有打卡".to_owned(), DayMark::text);
        let corrected = match self.corrections {
            0 => String::new(),
            times => format!("，含补卡 {times} 次"),
        };
        format!("{mark}{corrected}{doubt}")
    }

    /// Whether part of it was written by hand.
    pub(crate) fn is_corrected(&self) -> bool {
        self.corrections > 0
    }

    /// CSS class.
    pub(crate) fn class(&self) -> &'static str {
        match self.mark {
            None => "none",
            Some(DayMark::Full) => "full",
            Some(DayMark::Night) => "night",
            Some(DayMark::Half) => "half",
            Some(DayMark::Running) => "running",
            Some(DayMark::Void(_)) => "void",
        }
    }
}

/// One worker's line.
#[derive(Debug)]
pub(crate) struct MonthLine {
    /// Who.
    pub(crate) person: Arc<Listed>,
    /// One cell a day.
    pub(crate) cells: Vec<DayCell>,
    /// Halves of days that count.
    pub(crate) halves: u32,
    /// Minutes on site.
    pub(crate) minutes: u32,
    /// Night shifts.
    pub(crate) nights: u32,
    /// Days with movements that count for nothing.
    pub(crate) voids: u32,
    /// Days of which the time is to be checked.
    pub(crate) unsure: u32,
    /// Corrections in it.
    pub(crate) corrections: u32,
}

impl MonthLine {
    /// What stands beside the line; empty where all its times can be believed.
    pub(crate) fn remark(&self) -> String {
        match self.unsure {
            0 => String::new(),
            days => format!("{days} 天时间待核"),
        }
    }

    /// `18`, `18.5`.
    pub(crate) fn days_text(&self) -> String {
        halves_text(self.halves)
    }

    /// Hours with one decimal place.
    pub(crate) fn hours_text(&self) -> String {
        tenths_of_hours(self.minutes)
    }
}

/// `18`, `18.5` for halves of days.
pub(crate) fn halves_text(halves: u32) -> String {
    let half = if halves.is_multiple_of(2) { "" } else { ".5" };
    format!("{}{half}", halves / 2)
}

/// `162.5` for minutes.
pub(crate) fn tenths_of_hours(minutes: u32) -> String {
    let tenths = minutes / 6;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The sheet of a team.
#[derive(Debug)]
pub(crate) struct MonthSheet {
    /// Which team.
    pub(crate) team: Team,
    /// First day of the month.
    pub(crate) first: Date,
    /// Its days.
    pub(crate) days: Vec<Date>,
    /// By name.
    pub(crate) lines: Vec<MonthLine>,
    /// By which rule.
    pub(crate) rule: DayRule,
}

impl MonthSheet {
    /// Days of all workers together.
    pub(crate) fn total_halves(&self) -> u32 {
        self.lines.iter().map(|line| line.halves).sum()
    }

    /// Corrections of all workers together.
    pub(crate) fn total_corrections(&self) -> u32 {
        self.lines.iter().map(|line| line.corrections).sum()
    }

    /// Minutes of all workers together.
    pub(crate) fn total_minutes(&self) -> u32 {
        self.lines.iter().map(|line| line.minutes).sum()
    }

    /// Computes the sheet from the crew's movements.
    pub(crate) fn new(
        team: Team,
        first: Date,
        crew: Vec<Arc<Listed>>,
        reading: &Reading<'_>,
        mut acts: BTreeMap<WorkerId, Vec<CountedAct>>,
    ) -> Self {
        let days: Vec<Date> = days_of(first);
        let lines = crew
            .into_iter()
            .map(|person| {
                let acts = acts.remove(&person.worker()).unwrap_or_default();
                line(person, &days, &reading.days(&acts))
            })
            .collect();
        Self {
            team,
            first,
            days,
            lines,
            rule: *reading.rule,
        }
    }
}

fn line(person: Arc<Listed>, days: &[Date], judged: &[(WorkDay, DayMark)]) -> MonthLine {
    let mut line = MonthLine {
        person,
        cells: Vec::with_capacity(days.len()),
        halves: 0,
        minutes: 0,
        nights: 0,
        voids: 0,
        unsure: 0,
        corrections: 0,
    };
    for on in days {
        let cell = DayCell::of_day(judged, *on);
        line.corrections += u32::from(cell.corrections);
        line.unsure += u32::from(!cell.is_sure);
        line.minutes = line.minutes.saturating_add(cell.minutes);
        if let Some(mark) = cell.mark {
            line.halves += mark.halves();
            line.nights += u32::from(mark == DayMark::Night);
            line.voids += u32::from(matches!(mark, DayMark::Void(_)));
        }
        line.cells.push(cell);
    }
    line
}

/// How movements are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// Pairing.
    pub(crate) policy: &'a Policy,
    /// What a day counts for.
    pub(crate) rule: &'a DayRule,
    /// Now, Unix ms: who went in lately may still come out.
    pub(crate) now_ms: i64,
}

impl Reading<'_> {
    /// A worker's movements as judged days.
    pub(crate) fn days(&self, acts: &[CountedAct]) -> Vec<(WorkDay, DayMark)> {
        let running = self.running_day(acts);
        work_days(acts, self.policy)
            .into_iter()
            .map(|day| {
                let mark = judge(&day, self.rule, running == Some(day.on));
                (day, mark)
            })
            .collect()
    }

    fn running_day(&self, acts: &[CountedAct]) -> Option<Date> {
        let last = acts.iter().max_by_key(|act| act.at_ms)?;
        let age_ms = u64::try_from(self.now_ms.saturating_sub(last.at_ms)).ok()?;
        (last.direction == Direction::In && age_ms <= self.policy.presence_ms_max())
            .then(|| work_date(last.at_ms, self.policy))
    }
}

/// All days of the month that begins on `first`.
pub(crate) fn days_of(first: Date) -> Vec<Date> {
    (1..=first.days_in_month())
        .filter_map(|day| first.with().day(day).build().ok())
        .collect()
}

/// Whether a day is Saturday or Sunday.
pub(crate) fn is_weekend(on: Date) -> bool {
    matches!(on.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// One day of one person.
#[derive(Debug)]
pub(crate) struct PersonDay {
    /// Which day.
    pub(crate) on: Date,
    /// What it counts for.
    pub(crate) cell: DayCell,
    /// The raw movements, earliest first.
    pub(crate) punches: Vec<Punch>,
}

/// A person's month.
#[derive(Debug)]
pub(crate) struct PersonMonth {
    /// First day of the month.
    pub(crate) first: Date,
    /// Every day of it.
    pub(crate) days: Vec<PersonDay>,
    /// Totals.
    pub(crate) line: MonthLine,
}

impl PersonMonth {
    /// Puts raw movements under the day that they count for.
    pub(crate) fn new(
        person: Arc<Listed>,
        first: Date,
        reading: &Reading<'_>,
        punches: Vec<Punch>,
    ) -> Self {
        let acts: Vec<CountedAct> = punches
            .iter()
            .map(|punch| CountedAct {
                direction: punch.direction,
                at_ms: punch.at,
                is_sure: punch.is_sure,
                is_corrected: punch.correction.is_some(),
            })
            .collect();
        let judged = reading.days(&acts);
        let days = days_of(first);
        let line = line(person, &days, &judged);
        let mut by_day: BTreeMap<Date, Vec<Punch>> = BTreeMap::new();
        for punch in punches {
            let on = day_of(&punch, &judged).unwrap_or_else(|| work_date(punch.at, reading.policy));
            by_day.entry(on).or_default().push(punch);
        }
        let days = days
            .into_iter()
            .zip(&line.cells)
            .map(|(on, cell)| {
                let mut punches = by_day.remove(&on).unwrap_or_default();
                punches.sort_by_key(|punch| punch.at);
                PersonDay {
                    on,
                    cell: *cell,
                    punches,
                }
            })
            .collect();
        Self { first, days, line }
    }
}

/// The day whose stay or last exit the movement is: a night shift's exit belongs to its entry.
fn day_of(punch: &Punch, judged: &[(WorkDay, DayMark)]) -> Option<Date> {
    judged
        .iter()
        .find(|(day, _)| {
            day.spells
                .iter()
                .any(|spell| spell.in_ms == punch.at || spell.out_ms == punch.at)
                || (punch.direction == Direction::Out && day.last_out_ms == Some(punch.at))
        })
        .map(|(day, _)| day.on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_an_unset_clock_is_marked_in_the_grid_and_in_words() {
        let sure = DayCell {
            mark: Some(DayMark::Full),
            minutes: 480,
            is_sure: true,
            corrections: 0,
        };
        let unsure = DayCell {
            is_sure: false,
            ..sure
        };
        assert_eq!((sure.sign(), unsure.sign()), ("√".into(), "√?".into()));
        assert!(!sure.text().contains("待核"));
        assert!(unsure.text().ends_with("，时间待核"));
        assert_eq!(DayCell::EMPTY.sign(), "");
        let corrected = DayCell {
            corrections: 2,
            ..unsure
        };
        assert_eq!(corrected.sign(), "√补?");
        assert_eq!(corrected.text(), "全天，含补卡 2 次，时间待核");
    }
}
