//! 打卡明细 and 日报: every movement of a team's month, and a team's day.

use std::collections::BTreeMap;
use std::sync::Arc;

use edge_domain::{
    CountedAct, DayMark, Direction, Team, TeamId, WorkDay, WorkerId, hours_text, work_date,
};
use edge_store::Punch;
use jiff::civil::Date;

use super::directory::{Filter, Listed, Place};
use super::month::DayCell;
use super::shelf::Shelf;
use super::troubles::known_disputes;
use crate::error::SourceError;
use crate::site_time::{date_ms, hour_text, instant_text, minute_text};

/// One movement as paper has it.
#[derive(Debug, Clone)]
pub(crate) struct PunchLine {
    pub(crate) name: String,
    /// Last four characters of the document's number.
    pub(crate) tail: String,
    /// `2026-11-20 18:05:00`.
    pub(crate) when: String,
    pub(crate) lane: String,
    pub(crate) way: &'static str,
    /// How he was recognized; `补卡` for what no gate recorded.
    pub(crate) by: &'static str,
    pub(crate) is_corrected: bool,
    pub(crate) remark: String,
    pub(crate) seq: u64,
}

/// A team's month of movements.
pub(crate) type PunchList = (Team, Vec<PunchLine>);

/// Every movement of a team's month, by person and time; `None` where there is no such team.
pub(crate) fn punch_list(
    shelf: &mut Shelf,
    team: TeamId,
    first: Date,
) -> Result<Option<PunchList>, SourceError> {
    let directory = shelf.directory()?;
    let Some(team) = directory.team(team).cloned() else {
        return Ok(None);
    };
    let (from_ms, to_ms) = shelf.month_span(first);
    let last = first.last_of_month();
    let mut lines = Vec::new();
    for person in directory.crew(team.team, first, last) {
        let mut punches = shelf.reader.punches(person.worker(), from_ms, to_ms)?;
        punches.sort_by_key(|punch| (punch.at, punch.seq));
        let line = |punch: &Punch| punch_line(shelf, &person, punch);
        lines.extend(punches.iter().map(line));
    }
    Ok(Some((team, lines)))
}

fn punch_line(shelf: &Shelf, person: &Listed, punch: &Punch) -> PunchLine {
    let number = person.entry.standing.number.reveal();
    let tail: String = number
        .chars()
        .skip(number.chars().count().saturating_sub(4))
        .collect();
    let correction = punch.correction.as_ref();
    PunchLine {
        name: person.name().reveal().to_owned(),
        tail,
        when: instant_text(punch.at),
        lane: if correction.is_some() {
            String::new()
        } else {
            shelf.lane_name(&punch.lane)
        },
        way: match punch.direction {
            Direction::In => "进",
            Direction::Out => "出",
        },
        by: if correction.is_some() {
            "补卡"
        } else {
            way_word(&punch.by)
        },
        is_corrected: correction.is_some(),
        remark: match correction {
            Some(one) => format!(
                "{}，{} 申请，{} 批准（{} 号）",
                one.reason.text(),
                one.requester,
                one.approver,
                one.request
            ),
            None if !punch.is_sure => "时间待核".to_owned(),
            None if punch.at != punch.recorded_at => {
                format!("原记 {}，已按校准更正", minute_text(punch.recorded_at))
            }
            None => String::new(),
        },
        seq: punch.seq,
    }
}

/// Who moved on the work day that goes on.
#[derive(Debug, Default)]
pub(crate) struct Attended {
    /// Who came in, with when he first did, Unix ms.
    pub(crate) came: BTreeMap<WorkerId, i64>,
    /// Who is inside, with since when, Unix ms.
    pub(crate) inside: BTreeMap<WorkerId, i64>,
}

impl Attended {
    /// Neither came in on this work day nor stayed from the one before.
    pub(crate) fn is_absent(&self, worker: WorkerId) -> bool {
        !self.came.contains_key(&worker) && !self.inside.contains_key(&worker)
    }
}

/// Who came today by what the gates saw: a correction says what a day counts for, not who came.
pub(crate) fn attended(shelf: &Shelf, now_ms: i64) -> Result<Attended, SourceError> {
    let (from_ms, to_ms) = shelf.day_span(work_date(now_ms, &shelf.policy));
    let is_entry = |act: &&CountedAct| act.direction == Direction::In && !act.is_corrected;
    let first = |(worker, acts): (WorkerId, Vec<CountedAct>)| {
        let entries = acts.iter().filter(is_entry);
        Some((worker, entries.map(|act| act.at_ms).min()?))
    };
    let moved = shelf.reader.counted_acts(from_ms, to_ms)?;
    Ok(Attended {
        came: moved.into_iter().filter_map(first).collect(),
        inside: shelf.reader.presence()?.inside().collect(),
    })
}

/// What 今日 counts of the lists that it leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DayCounts {
    /// Engaged, and not here today.
    pub(crate) absent: usize,
    /// What the page 异常 shows of today, objections that wait for an answer included.
    pub(crate) troubles: usize,
}

/// Counts the lists of the work day that goes on.
pub(crate) fn day_counts(shelf: &mut Shelf, now_ms: i64) -> Result<DayCounts, SourceError> {
    let attended = attended(shelf, now_ms)?;
    let engaged = Filter {
        place: Some(Place::Engaged),
        ..Filter::default()
    };
    let engaged = shelf.directory()?.find(&engaged, Shelf::today(now_ms));
    let absent = engaged
        .iter()
        .filter(|one| attended.is_absent(one.worker()));
    let open = known_disputes(&shelf.reader)?
        .iter()
        .filter(|one| one.answer.is_none())
        .count();
    let on = work_date(now_ms, &shelf.policy);
    Ok(DayCounts {
        absent: absent.count(),
        troubles: shelf.troubles(on, now_ms)?.len() + open,
    })
}

/// attendType in the words of a site.
fn way_word(code: &str) -> &'static str {
    match code {
        "001" => "人脸",
        "005" => "身份证",
        "006" => "实名卡",
        "008" => "保安放行",
        _ => "",
    }
}

/// A worker's line of a day.
#[derive(Debug, Clone)]
pub(crate) struct DayLine {
    pub(crate) name: String,
    pub(crate) trade: &'static str,
    /// `06:31`; empty where he did not come in.
    pub(crate) first_in: String,
    /// `18:02`, with `次日` in front where it was the next day.
    pub(crate) last_out: String,
    /// `10 小时 20 分`; empty for none.
    pub(crate) stayed: String,
    pub(crate) minutes: u32,
    pub(crate) sign: String,
    pub(crate) text: String,
    pub(crate) is_corrected: bool,
    pub(crate) is_void: bool,
}

/// A team's day.
#[derive(Debug)]
pub(crate) struct DaySheet {
    pub(crate) team: Team,
    pub(crate) on: Date,
    pub(crate) lines: Vec<DayLine>,
    /// Engaged and without any movement.
    pub(crate) absent: Vec<String>,
}

/// A team's day: who came, when, for how long; `None` where there is no such team.
pub(crate) fn day_sheet(
    shelf: &mut Shelf,
    team: TeamId,
    on: Date,
    now_ms: i64,
) -> Result<Option<DaySheet>, SourceError> {
    let directory = shelf.directory()?;
    let Some(team) = directory.team(team).cloned() else {
        return Ok(None);
    };
    let crew = directory.crew(team.team, on, on);
    let workers: Vec<WorkerId> = crew.iter().map(|one| one.worker()).collect();
    let reach_ms = i64::try_from(shelf.policy.presence_ms_max()).unwrap_or(i64::MAX);
    let hour = shelf.policy.day_boundary_h;
    let next = on.tomorrow().unwrap_or(on);
    let from_ms = date_ms(on, hour).saturating_sub(reach_ms);
    let to_ms = date_ms(next, hour).saturating_add(reach_ms);
    let mut acts = shelf.reader.counted_acts_of(&workers, from_ms, to_ms)?;
    let reading = shelf.reading(now_ms);
    let mut sheet = DaySheet {
        team,
        on,
        lines: Vec::new(),
        absent: Vec::new(),
    };
    for person in crew {
        let acts = acts.remove(&person.worker()).unwrap_or_default();
        let days = reading.days(&acts);
        match days.iter().find(|(day, _)| day.on == on) {
            Some((day, _)) => sheet.lines.push(day_line(&person, day, &days)),
            None => sheet.absent.push(person.name().reveal().to_owned()),
        }
    }
    Ok(Some(sheet))
}

fn day_line(person: &Arc<Listed>, day: &WorkDay, days: &[(WorkDay, DayMark)]) -> DayLine {
    let cell = DayCell::of_day(days, day.on);
    let out = |at_ms: i64| {
        let is_next = edge_domain::site_date(at_ms) != day.on;
        let next = if is_next { "次日 " } else { "" };
        format!("{next}{}", hour_text(at_ms))
    };
    DayLine {
        name: person.name().reveal().to_owned(),
        trade: person.trade(),
        first_in: day.first_in_ms.map(hour_text).unwrap_or_default(),
        last_out: day.last_out_ms.map(out).unwrap_or_default(),
        stayed: if day.worked_minutes > 0 {
            hours_text(day.worked_minutes)
        } else {
            String::new()
        },
        minutes: day.worked_minutes,
        sign: cell.sign(),
        text: cell.text(),
        is_corrected: cell.is_corrected(),
        is_void: matches!(cell.mark, Some(DayMark::Void(_))),
    }
}
