//! All people of the site in memory, found by what a clerk types.

use std::collections::BTreeMap;
use std::sync::Arc;

use edge_domain::{Employer, PersonName, Team, TeamId, WorkerId};
use edge_store::{PersonEntry, Project};
use jiff::civil::Date;

use super::search::{NameKey, normal};

/// One person with what a list shows.
#[derive(Debug)]
pub(crate) struct Listed {
    /// What the ledger knows.
    pub(crate) entry: PersonEntry,
    /// Name of the team; empty until assigned.
    pub(crate) team: String,
    key: NameKey,
}

/// Where a person stands with the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Registered, no entry recorded.
    Waiting,
    /// Engaged now.
    Engaged,
    /// Left.
    Left,
}

impl Place {
    /// The word in a list.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Waiting => "未进场",
            Self::Engaged => "在册",
            Self::Left => "已退场",
        }
    }
}

impl Listed {
    /// The worker's number.
    pub(crate) fn worker(&self) -> WorkerId {
        self.entry.standing.worker
    }

    /// His name.
    pub(crate) fn name(&self) -> &PersonName {
        &self.entry.standing.name
    }

    /// His trade in Chinese.
    pub(crate) fn trade(&self) -> &'static str {
        self.entry.standing.trade.text()
    }

    /// Where he stands on a day.
    pub(crate) fn place(&self, today: Date) -> Place {
        let standing = &self.entry.standing;
        match (standing.entered_on, standing.left_on) {
            (_, Some(left)) if left <= today => Place::Left,
            (None, _) => Place::Waiting,
            (Some(_), _) => Place::Engaged,
        }
    }

    /// Whether he belonged to the project on some day from `first` to `last`.
    pub(crate) fn was_engaged(&self, first: Date, last: Date) -> bool {
        let standing = &self.entry.standing;
        standing.entered_on.is_some_and(|on| on <= last)
            && standing.left_on.is_none_or(|on| on >= first)
    }

    /// How well what was typed fits: lower is better.
    fn fits(&self, typed: &str) -> Option<u8> {
        let name = normal(self.name().reveal());
        if name.starts_with(typed) {
            return Some(0);
        }
        if name.contains(typed) {
            return Some(1);
        }
        if typed.bytes().any(|byte| byte.is_ascii_digit()) {
            return self.fits_number(typed);
        }
        if typed.is_ascii() {
            return self.key.fits(typed);
        }
        (self.team.contains(typed) || self.trade().contains(typed)).then_some(4)
    }

    fn fits_number(&self, typed: &str) -> Option<u8> {
        if self.worker().0.to_string() == typed {
            return Some(0);
        }
        let number = self.entry.standing.number.reveal().to_lowercase();
        let phone = self.entry.phone.as_ref();
        let is_end = typed.len() >= 4
            && (number.ends_with(typed)
                || phone.is_some_and(|phone| phone.reveal().ends_with(typed)));
        is_end.then_some(1)
    }
}

/// What a list is narrowed by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// What was typed.
    pub(crate) typed: String,
    /// One team.
    pub(crate) team: Option<TeamId>,
    /// Where people stand; `None` means anywhere.
    pub(crate) place: Option<Place>,
}

/// Everybody, with teams and employers.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// What the store said when this was read.
    pub(crate) version: i64,
    /// By worker number.
    pub(crate) people: Vec<Arc<Listed>>,
    /// By team number.
    pub(crate) teams: Vec<Team>,
    /// By employer number.
    pub(crate) employers: Vec<Employer>,
    /// The project, once recorded.
    pub(crate) project: Option<Project>,
}

impl Directory {
    /// Joins people with their teams and reads their names.
    pub(crate) fn new(version: i64, entries: Vec<PersonEntry>, teams: Vec<Team>) -> Self {
        let names: BTreeMap<TeamId, &str> = teams
            .iter()
            .map(|team| (team.team, team.name.as_str()))
            .collect();
        let people = entries
            .into_iter()
            .map(|entry| {
                let team = entry.standing.team.and_then(|team| names.get(&team));
                let team = (*team.unwrap_or(&"")).to_owned();
                let key = NameKey::of(entry.standing.name.reveal());
                Arc::new(Listed { entry, team, key })
            })
            .collect();
        Self {
            version,
            people,
            teams,
            employers: Vec::new(),
            project: None,
        }
    }

    /// One person.
    pub(crate) fn person(&self, worker: WorkerId) -> Option<&Arc<Listed>> {
        let at = self
            .people
            .binary_search_by_key(&worker, |one| one.worker())
            .ok()?;
        self.people.get(at)
    }

    /// One team.
    pub(crate) fn team(&self, team: TeamId) -> Option<&Team> {
        self.teams.iter().find(|one| one.team == team)
    }

    /// The company that a team belongs to.
    pub(crate) fn employer_of(&self, team: &Team) -> Option<&Employer> {
        self.employers
            .iter()
            .find(|one| one.employer == team.employer)
    }

    /// Everybody of a team who was engaged between two days, by name.
    pub(crate) fn crew(&self, team: TeamId, first: Date, last: Date) -> Vec<Arc<Listed>> {
        let mut crew: Vec<_> = self
            .people
            .iter()
            .filter(|one| one.entry.standing.team == Some(team) && one.was_engaged(first, last))
            .cloned()
            .collect();
        crew.sort_by(|a, b| (&a.key.sort, a.worker()).cmp(&(&b.key.sort, b.worker())));
        crew
    }

    /// Who fits, the best first; without anything typed by team and name.
    pub(crate) fn find(&self, filter: &Filter, today: Date) -> Vec<Arc<Listed>> {
        let typed = normal(&filter.typed);
        let mut found: Vec<(u8, &Arc<Listed>)> = self
            .people
            .iter()
            .filter(|one| {
                filter
                    .team
                    .is_none_or(|team| one.entry.standing.team == Some(team))
            })
            .filter(|one| filter.place.is_none_or(|place| one.place(today) == place))
            .filter_map(|one| {
                let rank = if typed.is_empty() {
                    Some(0)
                } else {
                    one.fits(&typed)
                };
                rank.map(|rank| (rank, one))
            })
            .collect();
        // A loose reading is an offer for the case that nothing fits as typed.
        if found.iter().any(|(rank, _)| *rank < 2) {
            found.retain(|(rank, _)| !(2..4).contains(rank));
        }
        found.sort_by(|(rank_a, a), (rank_b, b)| {
            (rank_a, &a.key.sort, a.worker()).cmp(&(rank_b, &b.key.sort, b.worker()))
        });
        found.into_iter().map(|(_, one)| Arc::clone(one)).collect()
    }
}
