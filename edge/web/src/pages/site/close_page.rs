//! `/papers/close`: closing a month, and another version after late records.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, TeamId, work_date};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::shared::{MonthQuery, MonthTurn};
use super::sheets;
use crate::books::{Difference, SheetCopy, Shelf, code_text, corrections, differences};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::{month_text, month_value, parse_month};
use crate::state::WebState;

/// A version of a team's sheet.
#[derive(Debug)]
struct VersionRow {
    text: String,
    code: String,
    /// What it has otherwise than the version before.
    differences: Vec<Difference>,
}

/// A team of the month.
#[derive(Debug)]
struct TeamRow {
    team: u32,
    name: String,
    people: usize,
    days: String,
    versions: Vec<VersionRow>,
    /// What the records give now otherwise than the last version.
    late: Vec<Difference>,
}

#[derive(Template)]
#[template(path = "close.html")]
struct ClosePage {
    layout: Layout,
    turn: MonthTurn,
    rows: Vec<TeamRow>,
    /// Some team has no version yet.
    is_open: bool,
    is_behind: bool,
    /// Why it cannot be closed now.
    obstacle: Option<String>,
    done: bool,
}

/// What is known of a team's month.
struct TeamMonth {
    now: SheetCopy,
    versions: Vec<sheets::Version>,
}

impl TeamMonth {
    fn last(&self) -> Option<&SheetCopy> {
        self.versions.last().and_then(|(_, copy)| copy.as_ref())
    }

    /// Number of the next version, where the records give something new.
    fn next(&self) -> Option<u32> {
        let last = self.versions.last();
        let version = last.map_or(0, |(close, _)| close.version);
        (self.last() != Some(&self.now)).then(|| version.saturating_add(1))
    }
}

/// Teams with people in that month.
fn teams(
    shelf: &mut Shelf,
    first: Date,
    site: &str,
    now_ms: i64,
) -> Result<Vec<TeamMonth>, SourceError> {
    let mut found = Vec::new();
    for team in sheets::teams(shelf)? {
        let Some(now) = sheets::computed(shelf, team.team, first, site, now_ms)? else {
            continue;
        };
        let versions = sheets::versions(shelf, team.team, first)?;
        if !now.rows.is_empty() || !versions.is_empty() {
            found.push(TeamMonth { now, versions });
        }
    }
    Ok(found)
}

/// Why the month cannot be closed now.
fn obstacle(shelf: &mut Shelf, first: Date, now_ms: i64) -> Result<Option<String>, SourceError> {
    if first.saturating_add(1.month()) > work_date(now_ms, &shelf.policy) {
        let text = format!("{}还没有过完，下个月 1 日起可以关账。", month_text(first));
        return Ok(Some(text));
    }
    let waiting = corrections::of_month(shelf, first, None, now_ms)?;
    let waiting = waiting.iter().filter(|line| line.waits()).count();
    Ok((waiting > 0).then(|| {
        format!("这个月还有 {waiting} 个补卡等审批，关账后就不能再批。请先到“补卡审批”处理完。")
    }))
}

/// The teams of a month, and why it cannot be closed now.
async fn month_of(
    state: &WebState,
    first: Date,
    now_ms: i64,
) -> Result<(Vec<TeamMonth>, Option<String>), WebError> {
    let site = state.settings().site_name.clone();
    let read = move |shelf: &mut Shelf| {
        let teams = teams(shelf, first, &site, now_ms)?;
        Ok((teams, obstacle(shelf, first, now_ms)?))
    };
    state.books().ask("read a month", read).await
}

/// `GET /papers/close`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let first = query.first(state.work_day());
    let (teams, obstacle) = month_of(&state, first, now_ms).await?;
    layout::page(&ClosePage {
        layout: Layout::new(&state, Some(signed_in.account), "/papers"),
        turn: MonthTurn::new(first, state.work_day()),
        is_open: teams.iter().any(|team| team.versions.is_empty()),
        is_behind: teams
            .iter()
            .any(|team| !team.versions.is_empty() && team.next().is_some()),
        rows: teams.iter().map(team_row).collect(),
        obstacle,
        done: query.done == "closed",
    })
}

fn team_row(team: &TeamMonth) -> TeamRow {
    let mut before: Option<&SheetCopy> = None;
    let mut versions = Vec::new();
    for (close, copy) in &team.versions {
        let changed = before.zip(copy.as_ref());
        versions.push(VersionRow {
            text: sheets::close_text(close),
            code: code_text(&close.digest),
            differences: changed.map_or_else(Vec::new, |(old, new)| differences(old, new)),
        });
        before = copy.as_ref();
    }
    TeamRow {
        team: team.now.team,
        name: team.now.team_name.clone(),
        people: team.now.rows.len(),
        days: team.now.total_days_text(),
        versions,
        late: team
            .last()
            .map_or_else(Vec::new, |last| differences(last, &team.now)),
    }
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CloseForm {
    month: String,
}

/// `POST /papers/close`: the first version of every team, or the next of those that differ.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<CloseForm>,
) -> Result<Response, WebError> {
    let Some(first) = parse_month(&typed.month) else {
        return Ok(error_page::refused(
            "没有选月份，没有关账。",
            "/papers/close",
        ));
    };
    let back = format!("/papers/close?month={}", month_value(first));
    let now_ms = state.now_ms();
    let (teams, obstacle) = month_of(&state, first, now_ms).await?;
    if let Some(problem) = obstacle {
        return Ok(error_page::refused(&problem, &back));
    }
    let mut closing: Vec<(TeamId, u32, String)> = Vec::new();
    for team in &teams {
        if let Some(version) = team.next() {
            let digest = sheets::keep(&state, &team.now).await?;
            closing.push((team.now.team(), version, digest));
        }
    }
    if closing.is_empty() {
        let problem = "这个月已经关账，之后没有变动，不用再关。";
        return Ok(error_page::refused(problem, &back));
    }
    let recorded = state
        .recorder()
        .record(close(first, closing, signed_in.account.name))
        .await;
    match recorded.map_err(WebError::source("close a month"))? {
        Ok(()) => {
            tracing::info!(month = month_value(first), "A month was closed");
            Ok(Redirect::to(&format!("{back}&done=closed")).into_response())
        }
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, &back)),
    }
}

/// Nobody else may have closed it in between: then the versions are others.
fn close(first: Date, closing: Vec<(TeamId, u32, String)>, account: String) -> ActMaker {
    Box::new(move |reader| {
        let closes = reader.month_closes(&month_value(first))?;
        let mut acts = Vec::with_capacity(closing.len());
        for (team, version, digest) in closing {
            let of_team = closes.iter().filter(|close| close.team == team);
            let last = of_team.map(|close| close.version).max().unwrap_or(0);
            if version != last.saturating_add(1) {
                let problem = "刚才有人关过账，您的这一次没有保存。请看过最新内容后再操作。";
                return Ok(Err(Refusal::new(problem)));
            }
            acts.push(Act::MonthClosed {
                first,
                team,
                version,
                digest,
                account: account.clone(),
            });
        }
        Ok(Ok(acts))
    })
}
