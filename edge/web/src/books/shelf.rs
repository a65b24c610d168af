//! The one place where the pages ask the ledger about people and attendance.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use edge_domain::{CountedAct, DayRule, Direction, Policy, TeamId, WorkerId, site_date, work_date};
use edge_store::{Reader, RecordLine};
use jiff::ToSpan as _;
use jiff::civil::Date;
use tokio::sync::watch;

use super::directory::{Directory, Listed};
use super::moment::{Moment, Present};
use super::month::{MonthSheet, PersonMonth, Reading, days_of};
use super::standing::Outlook;
use super::troubles::{Trouble, joined};
use crate::error::{SourceError, WebError};
use crate::site_time::date_ms;

/// How far back an entry without an exit is looked for: a week.
const LOOK_BACK_MS: i64 = 7 * 86_400_000;

/// The books of the site: cheap to clone, one read connection for all pages.
#[derive(Clone)]
pub struct Books {
    one: Arc<Mutex<Shelf>>,
    policy: watch::Receiver<Arc<Policy>>,
}

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books").finish_non_exhaustive()
    }
}

impl Books {
    /// Books over a connection of their own, read by the policy in force. `lane_names` are the
    /// names of lanes by id.
    pub fn new(
        reader: Reader,
        policy: watch::Receiver<Arc<Policy>>,
        lane_names: BTreeMap<String, String>,
    ) -> Self {
        let now = Arc::clone(&policy.borrow());
        let shelf = Shelf {
            reader,
            policy: now,
            in_force: policy.clone(),
            rule: DayRule::STANDARD,
            lane_names,
            directory: Arc::default(),
        };
        Self {
            one: Arc::new(Mutex::new(shelf)),
            policy,
        }
    }

    /// The work day that goes on at `now_ms`, Unix ms: until the policy's hour the evening's.
    pub(crate) fn work_day(&self, now_ms: i64) -> Date {
        work_date(now_ms, &self.policy.borrow())
    }

    /// Asks off the runtime's thread.
    pub(crate) async fn ask<T, F>(&self, step: &'static str, question: F) -> Result<T, WebError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Shelf) -> Result<T, SourceError> + Send + 'static,
    {
        let kept = Arc::clone(&self.one);
        let work = move || {
            let mut open = kept.lock().unwrap_or_else(PoisonError::into_inner);
            let policy = Arc::clone(&open.in_force.borrow());
            open.policy = policy;
            question(&mut open)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(WebError::Background)?
            .map_err(WebError::source(step))
    }
}

/// What a question may use.
pub(crate) struct Shelf {
    pub(crate) reader: Reader,
    pub(crate) policy: Arc<Policy>,
    in_force: watch::Receiver<Arc<Policy>>,
    pub(crate) rule: DayRule,
    pub(crate) lane_names: BTreeMap<String, String>,
    directory: Arc<Directory>,
}

impl Shelf {
    /// Everybody; read again only after a record about people.
    pub(crate) fn directory(&mut self) -> Result<Arc<Directory>, SourceError> {
        let version = self.reader.people_version()?;
        if version == 0 || version != self.directory.version {
            let (people, teams) = (self.reader.people()?, self.reader.teams()?);
            let mut directory = Directory::new(version, people, teams);
            directory.employers = self.reader.employers()?;
            directory.project = self.reader.project()?;
            self.directory = Arc::new(directory);
        }
        Ok(Arc::clone(&self.directory))
    }

    /// The calendar day at the site, as papers and terms are dated.
    pub(crate) fn today(now_ms: i64) -> Date {
        site_date(now_ms)
    }

    /// How movements are read now.
    pub(crate) fn reading(&self, now_ms: i64) -> Reading<'_> {
        Reading {
            policy: &self.policy,
            rule: &self.rule,
            now_ms,
        }
    }

    /// The month as work days have it: from its first day's hour on to the next month's.
    pub(crate) fn month_span(&self, first: Date) -> (i64, i64) {
        let last = days_of(first).last().copied().unwrap_or(first);
        let hour = self.policy.day_boundary_h;
        (
            date_ms(first, hour),
            date_ms(last.saturating_add(1.day()), hour),
        )
    }

    /// A work day: from its hour on to the next one's, Unix ms.
    pub(crate) fn day_span(&self, on: Date) -> (i64, i64) {
        let hour = self.policy.day_boundary_h;
        (date_ms(on, hour), date_ms(on.saturating_add(1.day()), hour))
    }

    /// From before the month, so that a night shift over its border finds both its ends.
    fn bounds(&self, first: Date) -> (i64, i64) {
        let reach_ms = i64::try_from(self.policy.presence_ms_max()).unwrap_or(i64::MAX);
        let (from_ms, to_ms) = self.month_span(first);
        (
            from_ms.saturating_sub(reach_ms),
            to_ms.saturating_add(reach_ms),
        )
    }

    /// A team's month; `None` where there is no such team.
    pub(crate) fn month(
        &mut self,
        team: TeamId,
        first: Date,
        now_ms: i64,
    ) -> Result<Option<MonthSheet>, SourceError> {
        let directory = self.directory()?;
        let Some(team) = directory.team(team) else {
            return Ok(None);
        };
        let last = days_of(first).last().copied().unwrap_or(first);
        let crew = directory.crew(team.team, first, last);
        let workers: Vec<WorkerId> = crew.iter().map(|one| one.worker()).collect();
        let (from_ms, to_ms) = self.bounds(first);
        let acts = self.reader.counted_acts_of(&workers, from_ms, to_ms)?;
        let reading = self.reading(now_ms);
        Ok(Some(MonthSheet::new(
            team.clone(),
            first,
            crew,
            &reading,
            acts,
        )))
    }

    /// A person's month.
    pub(crate) fn person_month(
        &mut self,
        person: Arc<Listed>,
        first: Date,
        now_ms: i64,
    ) -> Result<PersonMonth, SourceError> {
        let (from_ms, to_ms) = self.bounds(first);
        let punches = self.reader.punches(person.worker(), from_ms, to_ms)?;
        let reading = self.reading(now_ms);
        Ok(PersonMonth::new(person, first, &reading, punches))
    }

    /// Who was on site at a minute: went in and had not come out. `at_ms` of `None` is now.
    pub(crate) fn moment(
        &mut self,
        at_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<Moment, SourceError> {
        let directory = self.directory()?;
        let mut contacts = match at_ms {
            None => self.reader.desk().contacts_inside()?,
            Some(_) => BTreeMap::new(),
        };
        let visitors = match at_ms {
            None => self.reader.desk().visitors_inside()?,
            Some(at_ms) => {
                let from_ms = at_ms.saturating_sub(LOOK_BACK_MS);
                self.reader.desk().visitors_inside_at(from_ms, at_ms)?
            }
        };
        let inside = match at_ms {
            None => self.reader.presence()?.inside().collect(),
            Some(at_ms) => self.inside_at(at_ms)?,
        };
        let at_ms = at_ms.unwrap_or(now_ms);
        let reach_ms = i64::try_from(self.policy.presence_ms_max()).unwrap_or(i64::MAX);
        let mut present: Vec<Present> = inside
            .into_iter()
            .filter_map(|(worker, since_ms)| {
                let person = directory.person(worker)?;
                Some(Present {
                    person: Arc::clone(person),
                    since_ms,
                    is_stale: at_ms.saturating_sub(since_ms) > reach_ms,
                    outlook: Outlook::of(&person.entry.standing, &self.policy, at_ms),
                    contact: contacts.remove(&worker),
                })
            })
            .collect();
        present.sort_by(|a, b| {
            (&a.person.team, a.person.worker()).cmp(&(&b.person.team, b.person.worker()))
        });
        Ok(Moment {
            at_ms,
            present,
            visitors,
        })
    }

    fn inside_at(&self, at_ms: i64) -> Result<Vec<(WorkerId, i64)>, SourceError> {
        // A movement in the very millisecond asked for counts.
        let until_ms = at_ms.saturating_add(1);
        let from_ms = at_ms.saturating_sub(LOOK_BACK_MS);
        let acts = self.reader.counted_acts(from_ms, until_ms)?;
        // Who was inside is what the gate saw; a correction says what a day counts for.
        let last = |(worker, acts): (WorkerId, Vec<CountedAct>)| {
            let seen = acts.into_iter().filter(|act| !act.is_corrected);
            let last = seen.max_by_key(|act| act.at_ms)?;
            (last.direction == Direction::In).then_some((worker, last.at_ms))
        };
        Ok(acts.into_iter().filter_map(last).collect())
    }

    /// What is to be looked into of a day, newest first.
    pub(crate) fn troubles(&mut self, on: Date, now_ms: i64) -> Result<Vec<Trouble>, SourceError> {
        let (from_ms, to_ms) = self.day_span(on);
        let acts = self.reader.acts(from_ms, to_ms)?;
        let mut troubles = joined(acts.iter().filter_map(Trouble::of_act));
        troubles.extend(self.void_days(on, from_ms, to_ms, now_ms)?);
        Ok(troubles)
    }

    fn void_days(
        &mut self,
        on: Date,
        from_ms: i64,
        to_ms: i64,
        now_ms: i64,
    ) -> Result<Vec<Trouble>, SourceError> {
        let directory = self.directory()?;
        let reach_ms = i64::try_from(self.policy.presence_ms_max()).unwrap_or(i64::MAX);
        let moved = self.reader.counted_acts(
            from_ms.saturating_sub(reach_ms),
            to_ms.saturating_add(reach_ms),
        )?;
        let reading = self.reading(now_ms);
        let void = |(worker, acts): (WorkerId, Vec<CountedAct>)| {
            let person = directory.person(worker)?;
            let days = reading.days(&acts);
            let (_, mark) = days.into_iter().find(|(day, _)| day.on == on)?;
            let of_day = |act: &&CountedAct| (from_ms..to_ms).contains(&act.at_ms);
            let last = acts.iter().filter(of_day).map(|act| act.at_ms).max()?;
            Trouble::of_day(person, mark, last)
        };
        Ok(moved.into_iter().filter_map(void).collect())
    }

    /// Records on their way, newest first.
    pub(crate) fn record_lines(
        &self,
        before: Option<u64>,
        waiting: bool,
        lines_max: usize,
    ) -> Result<Vec<RecordLine>, SourceError> {
        Ok(self.reader.record_lines(before, waiting, lines_max)?)
    }

    /// The oldest records that the city cannot use yet, and how many there are.
    pub(crate) fn parked(&self, lines_max: usize) -> Result<(Vec<RecordLine>, u64), SourceError> {
        let lines = self.reader.parked_lines(lines_max)?;
        Ok((lines, self.reader.parked_count()?))
    }

    /// A lane's name.
    pub(crate) fn lane_name(&self, lane: &str) -> String {
        self.lane_names
            .get(lane)
            .map_or_else(|| lane.to_owned(), Clone::clone)
    }
}
