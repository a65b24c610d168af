//! A team's wages of a month: what was agreed, what was entered, what the sheet says, what the bank said.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use edge_domain::{
    Fen, Person, Team, TeamId, WageCard, WageEntry, WageFacts, WageFault, WageFlag, WageLine,
    WageMonth, WagePayment, WageSheet, WageStep, WageTerms, WorkerId, wage_flags, wage_line,
};
use jiff::civil::Date;

use super::directory::Listed;
use super::month::{days_of, halves_text};
use super::sheet_copy::SheetCopy;
use super::shelf::Shelf;
use crate::error::SourceError;
use crate::site_time::month_value;

/// One worker's month.
#[derive(Debug)]
pub(crate) struct WageRow {
    /// Who.
    pub(crate) person: Arc<Listed>,
    /// Where his wages go.
    pub(crate) card: Option<WageCard>,
    /// Halves of days that count, of the closed sheet where there is one.
    pub(crate) halves: u32,
    /// What is agreed.
    pub(crate) terms: Option<WageTerms>,
    /// What was entered.
    pub(crate) entry: WageEntry,
    /// The line: as it was drawn up, else as it would be.
    pub(crate) line: Result<WageLine, WageFault>,
    /// What the bank has paid.
    pub(crate) paid: Fen,
    /// The last thing that the bank said.
    pub(crate) last: Option<WagePayment>,
    /// What is to be looked into.
    pub(crate) flags: Vec<WageFlag>,
}

impl WageRow {
    /// His number.
    pub(crate) fn worker(&self) -> WorkerId {
        self.person.worker()
    }

    /// `18`, `18.5`.
    pub(crate) fn days_text(&self) -> String {
        halves_text(self.halves)
    }

    /// 应发.
    pub(crate) fn gross(&self) -> Fen {
        self.line.as_ref().map_or(Fen::ZERO, |line| line.gross)
    }

    /// 实发.
    pub(crate) fn net(&self) -> Fen {
        self.line.as_ref().map_or(Fen::ZERO, |line| line.net)
    }

    /// What the bank has not paid yet.
    pub(crate) fn due(&self) -> Fen {
        self.net().minus(self.paid).unwrap_or_default()
    }

    /// What keeps it from being a line, in words.
    pub(crate) fn fault_text(&self) -> Option<String> {
        let name = self.person.name().reveal();
        self.line.as_ref().err().map(|fault| match fault {
            WageFault::NoReason => format!("{name}的扣款没有写原因"),
            WageFault::MoreThanEarned { gross, deducted } => {
                format!("{name}的扣款 {deducted} 元多于应发 {gross} 元")
            }
        })
    }
}

/// The words of a flag.
pub(crate) fn flag_text(flag: WageFlag) -> String {
    match flag {
        WageFlag::AttendedUnpaid => "有出勤，没有工资".to_owned(),
        WageFlag::PaidWithoutAttendance => "没有出勤，却有工资".to_owned(),
        WageFlag::BelowMinimum { minimum } => {
            format!("低于当地最低工资（按出勤折算 {minimum} 元）")
        }
        WageFlag::Late { due } => format!("逾期：应在 {due} 前发完"),
        WageFlag::SentBack => "银行退回，要重发".to_owned(),
        WageFlag::NoTerms => "没有登记工资标准".to_owned(),
        WageFlag::NoCard => "没有登记工资卡".to_owned(),
        WageFlag::OtherCard => "工资卡不是社会保障卡".to_owned(),
    }
}

/// A team's month.
#[derive(Debug)]
pub(crate) struct WageTeam {
    /// Team and month.
    pub(crate) of: WageMonth,
    /// The team.
    pub(crate) team: Team,
    /// The steps taken, oldest first, each with when (Unix ms).
    pub(crate) steps: Vec<(WageSheet, i64)>,
    /// One row a worker, by name as on the attendance sheet.
    pub(crate) rows: Vec<WageRow>,
    /// The attendance sheet of that month is closed.
    pub(crate) is_closed: bool,
    /// How many answers of the bank are recorded.
    pub(crate) payments: usize,
}

impl WageTeam {
    /// The newest step.
    pub(crate) fn last(&self) -> Option<&WageSheet> {
        self.steps.last().map(|(sheet, _)| sheet)
    }

    /// No sheet stands: amounts may be entered.
    pub(crate) fn is_open(&self) -> bool {
        self.last().is_none_or(|one| one.step == WageStep::Returned)
    }

    /// The version that stands, or the next one.
    pub(crate) fn version(&self) -> u32 {
        let last = self.last().map_or(0, |one| one.version);
        last.saturating_add(u32::from(self.is_open()))
    }

    /// The bank may be given it.
    pub(crate) fn is_published(&self) -> bool {
        self.last()
            .is_some_and(|one| one.step == WageStep::Published)
    }

    /// 应发 of all.
    pub(crate) fn gross(&self) -> Fen {
        self.rows.iter().map(WageRow::gross).sum()
    }

    /// 实发 of all.
    pub(crate) fn net(&self) -> Fen {
        self.rows.iter().map(WageRow::net).sum()
    }

    /// What the bank has paid of it.
    pub(crate) fn paid(&self) -> Fen {
        self.rows.iter().map(|row| row.paid).sum()
    }

    /// Rows with something that the bank has not paid yet.
    pub(crate) fn due(&self) -> impl Iterator<Item = &WageRow> {
        self.rows.iter().filter(|row| row.due() > Fen::ZERO)
    }

    /// The steps alone.
    pub(crate) fn sheets(&self) -> Vec<WageSheet> {
        self.steps.iter().map(|(sheet, _)| sheet.clone()).collect()
    }

    /// What was entered, by worker.
    pub(crate) fn entries(&self) -> BTreeMap<WorkerId, WageEntry> {
        let entered = self
            .rows
            .iter()
            .filter(|row| row.entry != WageEntry::default());
        entered
            .map(|row| (row.worker(), row.entry.clone()))
            .collect()
    }

    /// Reads a team's month; `None` where there is no such team.
    pub(crate) fn read(
        shelf: &mut Shelf,
        of: WageMonth,
        now_ms: i64,
    ) -> Result<Option<Self>, SourceError> {
        let directory = shelf.directory()?;
        let Some(month) = shelf.month(of.team, of.first, now_ms)? else {
            return Ok(None);
        };
        let closed = closed_halves(shelf, of)?;
        let known = Known::read(shelf, of)?;
        let mut crew: Vec<(Arc<Listed>, u32)> = month
            .lines
            .into_iter()
            .map(|line| {
                let halves = match &closed {
                    Some(closed) => closed.get(&line.person.worker()).copied().unwrap_or(0),
                    None => line.halves,
                };
                (line.person, halves)
            })
            .collect();
        // Who has another team by now stays on the sheets that he stands on.
        let here: BTreeSet<WorkerId> = crew.iter().map(|(one, _)| one.worker()).collect();
        for worker in known
            .workers()
            .into_iter()
            .filter(|one| !here.contains(one))
        {
            let halves = closed
                .as_ref()
                .and_then(|closed| closed.get(&worker))
                .copied();
            if let Some(person) = directory.person(worker) {
                crew.push((Arc::clone(person), halves.unwrap_or(0)));
            }
        }
        let rows = crew
            .into_iter()
            .map(|(person, halves)| known.row(shelf, of, (person, halves), now_ms))
            .collect();
        Ok(Some(Self {
            of,
            payments: known.payments.len(),
            team: month.team,
            steps: known.steps,
            rows,
            is_closed: closed.is_some(),
        }))
    }
}

/// The days that the people of a team signed, by worker; `None` while the month is open.
fn closed_halves(
    shelf: &Shelf,
    of: WageMonth,
) -> Result<Option<BTreeMap<WorkerId, u32>>, SourceError> {
    let closes = shelf.reader.month_closes(&month_value(of.first))?;
    let Some(close) = closes.into_iter().rfind(|close| close.team == of.team) else {
        return Ok(None);
    };
    let Some(kept) = shelf.reader.sheets(&close.digest)?.pop() else {
        return Ok(None);
    };
    let copy = SheetCopy::read(&kept.body)?;
    let halves = copy
        .rows
        .iter()
        .map(|row| (WorkerId(row.worker), row.halves));
    Ok(Some(halves.collect()))
}

/// Everything of a month beside the days.
struct Known {
    terms: BTreeMap<WorkerId, WageTerms>,
    entries: BTreeMap<WorkerId, WageEntry>,
    steps: Vec<(WageSheet, i64)>,
    /// The lines of the version that stands; `None` while none does.
    lines: Option<BTreeMap<WorkerId, WageLine>>,
    payments: Vec<WagePayment>,
    persons: BTreeMap<WorkerId, Person>,
}

impl Known {
    fn read(shelf: &Shelf, of: WageMonth) -> Result<Self, SourceError> {
        let wages = shelf.reader.wages();
        let steps = wages.steps(of)?;
        let standing = steps
            .last()
            .filter(|(one, _)| one.step != WageStep::Returned);
        let lines = match standing {
            Some((one, _)) => Some(wages.lines(of, one.version)?),
            None => None,
        };
        let last = days_of(of.first).last().copied().unwrap_or(of.first);
        Ok(Self {
            terms: wages.terms(last)?,
            entries: wages.entries(of)?,
            payments: wages.payments(of)?,
            persons: shelf.reader.persons()?,
            steps,
            lines,
        })
    }

    fn workers(&self) -> BTreeSet<WorkerId> {
        let paid = self.payments.iter().map(|one| one.worker);
        let lines = self.lines.iter().flat_map(BTreeMap::keys).copied();
        paid.chain(lines).collect()
    }

    fn row(
        &self,
        open: &Shelf,
        of: WageMonth,
        (person, halves): (Arc<Listed>, u32),
        now_ms: i64,
    ) -> WageRow {
        let worker = person.worker();
        let terms = self.terms.get(&worker).copied();
        let entry = self.entries.get(&worker).cloned().unwrap_or_default();
        let line = match &self.lines {
            Some(lines) => Ok(lines.get(&worker).cloned().unwrap_or(WageLine {
                worker,
                halves,
                terms: None,
                time: Fen::ZERO,
                entry: WageEntry::default(),
                gross: Fen::ZERO,
                net: Fen::ZERO,
            })),
            None => wage_line(worker, halves, terms.as_ref(), entry.clone()),
        };
        let card = self
            .persons
            .get(&worker)
            .and_then(|one| one.wage_card.clone());
        let mine = || self.payments.iter().filter(move |one| one.worker == worker);
        let paid = mine().filter(|one| one.paid);
        let last = mine().next_back().cloned();
        let (gross, net) = line
            .as_ref()
            .map_or_else(|_| Default::default(), |line| (line.gross, line.net));
        let facts = WageFacts {
            first: of.first,
            halves,
            has_terms: terms.is_some(),
            gross,
            net,
            paid: paid.clone().map(|one| one.amount).sum(),
            paid_on: paid.map(|one| one.on).max(),
            sent_back: last.as_ref().is_some_and(|one| !one.paid),
            card: card.as_ref().map(|card| card.is_social),
            today: Shelf::today(now_ms),
        };
        WageRow {
            flags: wage_flags(&facts, &open.policy.wages),
            paid: facts.paid,
            person,
            card,
            halves,
            terms,
            entry,
            line,
            last,
        }
    }
}

/// The teams that have people in a month, each with its wages.
pub(crate) fn wage_teams(
    shelf: &mut Shelf,
    (first, only): (Date, Option<TeamId>),
    now_ms: i64,
) -> Result<Vec<WageTeam>, SourceError> {
    let teams: Vec<TeamId> = shelf
        .directory()?
        .teams
        .iter()
        .map(|one| one.team)
        .collect();
    let mut found = Vec::new();
    for team in teams
        .into_iter()
        .filter(|team| only.is_none_or(|only| only == *team))
    {
        let wages = WageTeam::read(shelf, WageMonth { first, team }, now_ms)?;
        found.extend(wages.filter(|one| !one.rows.is_empty()));
    }
    Ok(found)
}
