//! What the pages of people and attendance share: choices of team and month, and texts of a person.

use edge_domain::{CertificateKind, Kinship, TeamId, Trade, WorkerStanding, age_on};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use crate::books::Directory;
use crate::guard::duty::Duty;
use crate::site_time::{month_text, month_value, parse_month};
use crate::state::WebState;

/// One entry of a drop-down.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) word: String,
    pub(crate) chosen: bool,
}

/// The trades of the national table for a drop-down.
pub(crate) fn trade_choices(chosen: &str) -> Vec<Choice> {
    Trade::all()
        .map(|trade| Choice {
            value: trade.code(),
            word: trade.text().to_owned(),
            chosen: trade.code() == chosen,
        })
        .collect()
}

/// What an emergency contact can be to a worker, for a drop-down.
pub(crate) fn kinship_choices(chosen: &str) -> Vec<Choice> {
    let choice = |one: Kinship| Choice {
        value: one.code().to_owned(),
        word: one.text().to_owned(),
        chosen: one.code() == chosen,
    };
    Kinship::ALL.into_iter().map(choice).collect()
}

/// Kinds of certificates for a drop-down; those that the worker's trade asks for are chosen.
pub(crate) fn certificate_choices(wanted: Option<CertificateKind>) -> Vec<Choice> {
    let choice = |one: CertificateKind| Choice {
        value: one.code().to_owned(),
        word: one.text().to_owned(),
        chosen: Some(one) == wanted,
    };
    CertificateKind::ALL.into_iter().map(choice).collect()
}

/// All teams of the site for a drop-down.
pub(crate) fn team_choices(directory: &Directory, chosen: Option<TeamId>) -> Vec<Choice> {
    directory
        .teams
        .iter()
        .map(|team| Choice {
            value: team.team.0.to_string(),
            word: team.name.clone(),
            chosen: chosen == Some(team.team),
        })
        .collect()
}

/// What addresses of a month carry.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct MonthQuery {
    #[serde(default)]
    pub(crate) team: String,
    #[serde(default)]
    pub(crate) month: String,
    /// What a person's page was just asked to do.
    #[serde(default)]
    pub(crate) done: String,
    /// The only team that may be shown; never from the address.
    #[serde(skip)]
    pub(crate) only: Option<TeamId>,
}

impl MonthQuery {
    /// The month asked for, or that of `work_day`.
    pub(crate) fn first(&self, work_day: Date) -> Date {
        parse_month(&self.month).unwrap_or_else(|| work_day.first_of_month())
    }

    /// Bound to the team of whoever asks, where there is one.
    pub(crate) fn for_duty(self, duty: Duty) -> Self {
        Self {
            only: duty.team(),
            ..self
        }
    }

    /// The teams to choose from.
    pub(crate) fn choices(&self, directory: &Directory) -> Vec<Choice> {
        let chosen = self.team(directory);
        let mut choices = team_choices(directory, chosen);
        choices.retain(|one| self.only.is_none() || one.chosen);
        choices
    }

    /// The team asked for, or the site's first.
    pub(crate) fn team(&self, directory: &Directory) -> Option<TeamId> {
        if let Some(only) = self.only {
            return directory.team(only).map(|team| team.team);
        }
        let asked = self.team.parse().ok().map(TeamId);
        asked
            .filter(|team| directory.team(*team).is_some())
            .or_else(|| directory.teams.first().map(|team| team.team))
    }
}

/// A month with its neighbors, for turning pages.
#[derive(Debug)]
pub(crate) struct MonthTurn {
    pub(crate) text: String,
    pub(crate) value: String,
    pub(crate) before: String,
    pub(crate) after: Option<String>,
}

impl MonthTurn {
    /// Turns no further than to the month of `work_day`.
    pub(crate) fn new(first: Date, work_day: Date) -> Self {
        let after = first.saturating_add(1.month());
        Self {
            text: month_text(first),
            value: month_value(first),
            before: month_value(first.saturating_sub(1.month())),
            after: (after <= work_day).then(|| month_value(after)),
        }
    }
}

/// `男 42 岁`.
pub(crate) fn sex_and_age(standing: &WorkerStanding, today: Date) -> String {
    let sex = match standing.sex {
        edge_domain::Sex::Male => "男",
        edge_domain::Sex::Female => "女",
        edge_domain::Sex::Unstated => "",
    };
    format!("{sex} {} 岁", age_on(standing.born, today))
}

/// The reader on the desk, as a page shows it.
#[derive(Debug)]
pub(crate) struct DeskPart {
    pub(crate) name: String,
    /// Where its cards are told.
    pub(crate) cards: &'static str,
    pub(crate) script: String,
}

impl DeskPart {
    /// `None` where no reader stands on the desk.
    pub(crate) fn of(state: &WebState, cards: &'static str) -> Option<Self> {
        let reader = state.desk_reader()?;
        Some(Self {
            name: reader.name().to_owned(),
            cards,
            script: crate::assets::address("desk.js"),
        })
    }
}

/// Percent-encodes a value for an address.
pub(crate) fn address_text(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() {
            all.push(char::from(byte));
        } else if write!(all, "%{byte:02X}").is_err() {
            all.clear();
        }
        all
    })
}
