//! What the pages of wages share: which team and month, and the sheet that stands.

use axum::response::Response;
use edge_domain::{TeamId, WageMonth};
use serde::Deserialize;

use crate::books::{Shelf, WageCopy, WageTeam};
use crate::error::{SourceError, WebError};
use crate::guard::duty::Duty;
use crate::pages::error_page;
use crate::site_time::{month_value, parse_month};
use crate::state::WebState;

/// The page on which all of it begins.
pub(super) const HOME: &str = "/papers/wages";

/// What forms of a team's month send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WageForm {
    pub(crate) team: String,
    pub(crate) month: String,
    pub(crate) worker: String,
    pub(crate) step: String,
    pub(crate) why: String,
    pub(crate) piece: String,
    pub(crate) extra: String,
    pub(crate) withheld: String,
    pub(crate) withheld_why: String,
    pub(crate) other: String,
    pub(crate) other_why: String,
    pub(crate) kind: String,
    pub(crate) rows: String,
}

impl WageForm {
    /// Team and month, where whoever asks may have them.
    pub(super) fn of(&self, duty: Duty) -> Option<WageMonth> {
        let team = TeamId(self.team.parse().ok()?);
        let first = parse_month(&self.month)?;
        let may = duty.team().is_none_or(|only| only == team);
        may.then_some(WageMonth { first, team })
    }
}

/// The address of a page about a team's month.
pub(super) fn address(page: &str, of: WageMonth) -> String {
    format!(
        "{HOME}{page}?team={}&month={}",
        of.team.0,
        month_value(of.first)
    )
}

/// A team's month with its sheet as paper has it.
pub(super) type Standing = (WageTeam, WageCopy);

/// Reads a team's month; `None` where there is no such team.
pub(super) fn standing(
    shelf: &mut Shelf,
    of: WageMonth,
    site: &str,
    now_ms: i64,
) -> Result<Option<Standing>, SourceError> {
    let Some(wages) = WageTeam::read(shelf, of, now_ms)? else {
        return Ok(None);
    };
    let directory = shelf.directory()?;
    let project = directory.project.as_ref();
    let project = project.map_or_else(|| site.to_owned(), |project| project.name.clone());
    let employer = directory.employer_of(&wages.team);
    let employer = employer.map(|one| one.name.clone()).unwrap_or_default();
    let fund = shelf.reader.wages().fund_account()?;
    let fund = fund.map(|(one, _)| format!("{} {}", one.bank, one.number));
    let copy = WageCopy::new(&wages, (project, employer), fund.unwrap_or_default());
    Ok(Some((wages, copy)))
}

/// The same, off the runtime's thread.
pub(super) async fn ask(state: &WebState, of: WageMonth) -> Result<Option<Standing>, WebError> {
    let (site, now_ms) = (state.settings().site_name.clone(), state.now_ms());
    let read = move |shelf: &mut Shelf| standing(shelf, of, &site, now_ms);
    state.books().ask("read wages", read).await
}

/// A team's month that was asked for, or the page that is answered instead.
pub(super) type Asked<T> = Result<T, Box<Response>>;

/// What was asked for, where it is there and whoever asks may have it.
pub(super) async fn asked(
    state: &WebState,
    of: Option<WageMonth>,
) -> Result<Asked<Standing>, WebError> {
    let standing = match of {
        Some(of) => ask(state, of).await?,
        None => None,
    };
    Ok(standing.ok_or_else(|| Box::new(error_page::no_such_team())))
}

/// The same, where its sheet is published; `problem` is told where it is not.
pub(super) async fn published(
    state: &WebState,
    of: Option<WageMonth>,
    problem: &str,
) -> Result<Asked<WageTeam>, WebError> {
    Ok(asked(state, of).await?.and_then(|(wages, _)| {
        if wages.is_published() {
            return Ok(wages);
        }
        let back = address("", wages.of);
        Err(Box::new(error_page::refused(problem, &back)))
    }))
}
