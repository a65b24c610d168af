//! 补卡 as the pages show it: each request with the day that it is about, and a month's count of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use edge_domain::{
    CORRECTIONS_MONTH_NOTED, CorrectionCase, CorrectionFacts, CorrectionFault, CorrectionRequest,
    CorrectionState, CountedAct, DayMark, NOTE_CHARS_MAX, Policy, TeamId, WorkDay, WorkerId,
    check_correction, work_date,
};
use edge_store::Reader;
use jiff::civil::Date;

use super::directory::Listed;
use super::month::DayCell;
use super::shelf::Shelf;
use crate::error::SourceError;
use crate::site_time::{minute_text, month_text};

/// A request with what a page shows beside it.
#[derive(Debug)]
pub(crate) struct CaseLine {
    /// The request and what became of it.
    pub(crate) case: CorrectionCase,
    /// The worker.
    pub(crate) person: Arc<Listed>,
    /// The day that the movement counts for.
    pub(crate) on: Date,
    /// What that day counts for now.
    pub(crate) now: DayCell,
    /// What it would count for, were the request approved; `None` once it is decided.
    pub(crate) then: Option<DayCell>,
}

impl CaseLine {
    /// Nobody has decided.
    pub(crate) fn waits(&self) -> bool {
        self.case.state == CorrectionState::Waiting
    }
}

/// Requests that nobody has decided, of one team where there is one.
pub(crate) fn waiting(
    shelf: &mut Shelf,
    only: Option<TeamId>,
    now_ms: i64,
) -> Result<Vec<CaseLine>, SourceError> {
    let cases = shelf.reader.corrections_waiting()?;
    lines(shelf, cases, only, now_ms)
}

/// Requests about movements of a month.
pub(crate) fn of_month(
    shelf: &mut Shelf,
    first: Date,
    only: Option<TeamId>,
    now_ms: i64,
) -> Result<Vec<CaseLine>, SourceError> {
    let (from_ms, to_ms) = shelf.month_span(first);
    let cases = shelf.reader.corrections(from_ms, to_ms)?;
    lines(shelf, cases, only, now_ms)
}

/// One request; `None` where there is none of that number, or where it is not of the team.
pub(crate) fn one(
    shelf: &mut Shelf,
    request: u32,
    only: Option<TeamId>,
    now_ms: i64,
) -> Result<Option<CaseLine>, SourceError> {
    let case = shelf.reader.correction(request)?;
    Ok(lines(shelf, case.into_iter().collect(), only, now_ms)?.pop())
}

fn lines(
    shelf: &mut Shelf,
    cases: Vec<CorrectionCase>,
    only: Option<TeamId>,
    now_ms: i64,
) -> Result<Vec<CaseLine>, SourceError> {
    let directory = shelf.directory()?;
    let mut lines = Vec::with_capacity(cases.len());
    for case in cases {
        let Some(person) = directory.person(case.asked.worker) else {
            continue;
        };
        if only.is_none() || person.entry.standing.team == only {
            lines.push(line(shelf, case, Arc::clone(person), now_ms)?);
        }
    }
    Ok(lines)
}

fn line(
    shelf: &Shelf,
    case: CorrectionCase,
    person: Arc<Listed>,
    now_ms: i64,
) -> Result<CaseLine, SourceError> {
    let at_ms = case.asked.at_ms;
    let acts = acts_around(&shelf.reader, &case.asked, &shelf.policy)?;
    let reading = shelf.reading(now_ms);
    let mut with = acts.clone();
    if !matches!(case.state, CorrectionState::Approved { .. }) {
        with.push(CountedAct {
            direction: case.asked.direction,
            at_ms,
            is_sure: true,
            is_corrected: true,
        });
    }
    let judged = reading.days(&with);
    // An exit in the morning belongs to the night shift that it ends.
    let on = day_of(&judged, at_ms).unwrap_or_else(|| work_date(at_ms, &shelf.policy));
    let now = DayCell::of_day(&reading.days(&acts), on);
    let waits = case.state == CorrectionState::Waiting;
    let then = waits.then(|| DayCell::of_day(&judged, on));
    Ok(CaseLine {
        case,
        person,
        on,
        now,
        then,
    })
}

fn day_of(judged: &[(WorkDay, DayMark)], at_ms: i64) -> Option<Date> {
    let has = |day: &WorkDay| {
        let mut spells = day.spells.iter();
        day.first_in_ms == Some(at_ms)
            || day.last_out_ms == Some(at_ms)
            || spells.any(|spell| spell.in_ms == at_ms || spell.out_ms == at_ms)
    };
    judged
        .iter()
        .find(|(day, _)| has(day))
        .map(|(day, _)| day.on)
}

/// The worker's movements that can have to do with the one that is asked for.
fn acts_around(
    reader: &Reader,
    asked: &CorrectionRequest,
    policy: &Policy,
) -> Result<Vec<CountedAct>, SourceError> {
    let reach_ms = i64::try_from(policy.presence_ms_max()).unwrap_or(i64::MAX);
    let (from_ms, to_ms) = (
        asked.at_ms.saturating_sub(reach_ms.saturating_mul(2)),
        asked.at_ms.saturating_add(reach_ms.saturating_mul(2)),
    );
    let mut found = reader.counted_acts_of(&[asked.worker], from_ms, to_ms)?;
    Ok(found.remove(&asked.worker).unwrap_or_default())
}

/// Whether the rules let somebody ask for this, or approve it still; a sentence where not.
pub(crate) fn check(
    reader: &Reader,
    asked: &CorrectionRequest,
    policy: &Policy,
    now_ms: i64,
) -> Result<Result<(), String>, SourceError> {
    let Some(standing) = reader.worker(asked.worker)? else {
        return Ok(Err("花名册上没有这个人。".to_owned()));
    };
    let same_way = |at: &CountedAct| at.direction == asked.direction;
    let moved_ms: Vec<i64> = acts_around(reader, asked, policy)?
        .iter()
        .filter(|act| same_way(act))
        .map(|act| act.at_ms)
        .collect();
    let waiting: Vec<(u32, i64)> = reader
        .corrections_waiting()?
        .iter()
        .map(|case| &case.asked)
        .filter(|one| one.worker == asked.worker && one.direction == asked.direction)
        .map(|one| (one.request, one.at_ms))
        .collect();
    let closed: BTreeSet<Date> = reader.closed_months()?;
    let facts = CorrectionFacts {
        standing: &standing,
        moved_ms: &moved_ms,
        waiting: &waiting,
        closed: &closed,
        now_ms,
    };
    Ok(check_correction(asked, &facts, policy).map_err(fault_text))
}

/// Why not, and what to do.
pub(crate) fn fault_text(fault: CorrectionFault) -> String {
    match fault {
        CorrectionFault::InFuture => "这个时间还没到，不能提前补卡。请核对日期和时间。".to_owned(),
        CorrectionFault::NotEngaged => {
            "这一天他不在册（还没进场，或已经退场），不能补卡。请先核对进场、退场日期。".to_owned()
        }
        CorrectionFault::MonthClosed { first } => format!(
            "{}的考勤已经关账，不能再补卡。有争议的，请在纸上另附说明，由项目经理处理。",
            month_text(first)
        ),
        CorrectionFault::SameMovement { at_ms } => format!(
            "他在 {} 已经有一次同方向的打卡，不用再补。请在他的逐日打卡里核对。",
            minute_text(at_ms)
        ),
        CorrectionFault::AskedAlready { request } => {
            format!("同一次打卡已经有人申请补卡（{request} 号），正在等审批，不用再申请。")
        }
        CorrectionFault::NoteEmpty => {
            "说明太空：请写清楚当时的情况和谁能证明，例如“手机没电没刷上，班长李工在场”。"
                .to_owned()
        }
        CorrectionFault::NoteLong => {
            format!("说明太长，最多 {NOTE_CHARS_MAX} 个字，请写短一些。")
        }
        CorrectionFault::SamePerson => {
            "这是您自己申请的，不能由自己审批。请另一个劳资专管员账号（例如项目经理）来审批。"
                .to_owned()
        }
        CorrectionFault::Decided => "这个申请已经有人处理过了，没有再改动。".to_owned(),
    }
}

/// How often a worker's or a team's attendance was corrected in a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Name.
    pub(crate) name: String,
    /// Name of the team; empty for a team itself.
    pub(crate) team: String,
    /// The worker's number; 0 for a team.
    pub(crate) worker: u32,
    /// People that corrections are about.
    pub(crate) people: u32,
    /// Approved.
    pub(crate) approved: u32,
    /// Still waiting.
    pub(crate) waiting: u32,
    /// Refused.
    pub(crate) refused: u32,
}

impl Tally {
    /// So many that somebody should look into why.
    pub(crate) fn is_noted(&self) -> bool {
        self.worker > 0 && self.approved.saturating_add(self.waiting) >= CORRECTIONS_MONTH_NOTED
    }

    fn count(&mut self, state: &CorrectionState) {
        let figure = match state {
            CorrectionState::Waiting => &mut self.waiting,
            CorrectionState::Approved { .. } => &mut self.approved,
            CorrectionState::Refused { .. } => &mut self.refused,
        };
        *figure = figure.saturating_add(1);
    }
}

/// A month's requests by worker, most first, and by team.
pub(crate) fn tallies(lines: &[CaseLine]) -> (Vec<Tally>, Vec<Tally>) {
    let mut workers: BTreeMap<WorkerId, Tally> = BTreeMap::new();
    for line in lines {
        let tally = workers
            .entry(line.person.worker())
            .or_insert_with(|| Tally {
                name: line.person.name().reveal().to_owned(),
                team: line.person.team.clone(),
                worker: line.person.worker().0,
                people: 1,
                ..Tally::default()
            });
        tally.count(&line.case.state);
    }
    let mut teams: BTreeMap<String, Tally> = BTreeMap::new();
    for one in workers.values() {
        let team = teams.entry(one.team.clone()).or_insert_with(|| Tally {
            name: one.team.clone(),
            ..Tally::default()
        });
        team.people += 1;
        team.approved += one.approved;
        team.waiting += one.waiting;
        team.refused += one.refused;
    }
    let most_first = |mut tallies: Vec<Tally>| {
        tallies.sort_by_key(|one| std::cmp::Reverse((one.approved, one.waiting, one.refused)));
        tallies
    };
    (
        most_first(workers.into_values().collect()),
        most_first(teams.into_values().collect()),
    )
}
