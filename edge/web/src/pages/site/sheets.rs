//! Which sheet a paper shows: the closed one of a month, or the one that the records give now; each is
//! kept before it is shown, so that its code finds it again.

use askama::Template;
use edge_domain::{Team, TeamId};
use edge_store::{KeptSheet, MonthClose};
use jiff::civil::Date;

use super::month_page::{DayHead, day_head, rule_text};
use super::shared::MonthQuery;
use crate::books::{AMOUNT_HEADS, SheetCopy, Shelf, WageCopy, code_text};
use crate::error::{SourceError, WebError};
use crate::site_time::{minute_text, month_value};
use crate::state::WebState;

/// A sheet with what stands around it.
#[derive(Debug)]
pub(crate) struct Sheet {
    /// What stands on it.
    pub(crate) copy: SheetCopy,
    /// Its bytes' SHA-256.
    pub(crate) digest: String,
    /// The version under which it was closed; `None` while the month is open.
    pub(crate) closed: Option<MonthClose>,
    /// What is recorded now gives another sheet.
    pub(crate) is_behind: bool,
    /// When it was made.
    pub(crate) made_at: String,
}

impl Sheet {
    /// The code on paper.
    pub(crate) fn code(&self) -> String {
        code_text(&self.digest)
    }

    /// `第 1 版，王敏 2026-11-05 09:00 关账`; empty while the month is open.
    pub(crate) fn version_text(&self) -> String {
        self.closed.as_ref().map(close_text).unwrap_or_default()
    }
}

/// `第 1 版，王敏 2026-11-05 09:00 关账`.
pub(crate) fn close_text(close: &MonthClose) -> String {
    let at = minute_text(close.at_ms);
    format!("第 {} 版，{} {at} 关账", close.version, close.account)
}

#[derive(Template)]
#[template(path = "part/sheet_table.html")]
struct SheetTable<'a> {
    copy: &'a SheetCopy,
    heads: Vec<DayHead>,
}

/// The table of a sheet, the same on the page that prints it and on the one that proves it.
pub(crate) fn table(copy: &SheetCopy) -> Result<String, WebError> {
    let heads = copy.days().into_iter().map(day_head).collect();
    let table = SheetTable { copy, heads };
    table.render().map_err(WebError::Render)
}

#[derive(Template)]
#[template(path = "part/wage_table.html")]
struct WageTable<'a> {
    copy: &'a WageCopy,
    heads: [&'static str; 7],
}

/// The table of a wage sheet, the same on the page that prints it and on the one that proves it.
pub(crate) fn wage_table(copy: &WageCopy) -> Result<String, WebError> {
    let heads = AMOUNT_HEADS;
    WageTable { copy, heads }.render().map_err(WebError::Render)
}

/// The sheet that the records give now; `None` where there is no such team.
pub(crate) fn computed(
    shelf: &mut Shelf,
    team: TeamId,
    first: Date,
    site: &str,
    now_ms: i64,
) -> Result<Option<SheetCopy>, SourceError> {
    let directory = shelf.directory()?;
    let Some(sheet) = shelf.month(team, first, now_ms)? else {
        return Ok(None);
    };
    let project = directory.project.as_ref();
    let project = project.map_or_else(|| site.to_owned(), |project| project.name.clone());
    let employer = directory.employer_of(&sheet.team);
    let employer = employer.map(|one| one.name.clone()).unwrap_or_default();
    let rule = rule_text(&sheet.rule);
    Ok(Some(SheetCopy::new(&sheet, project, employer, rule)))
}

/// A version of a team's month, with its sheet where that is still kept.
pub(crate) type Version = (MonthClose, Option<SheetCopy>);

/// The versions of a team's month, oldest first, each with its sheet where that is still kept.
pub(crate) fn versions(
    shelf: &Shelf,
    team: TeamId,
    first: Date,
) -> Result<Vec<Version>, SourceError> {
    let closes = shelf.reader.month_closes(&month_value(first))?;
    let mut found = Vec::new();
    for close in closes.into_iter().filter(|close| close.team == team) {
        let kept = shelf.reader.sheets(&close.digest)?.pop();
        let copy = kept.map(|kept| SheetCopy::read(&kept.body)).transpose()?;
        found.push((close, copy));
    }
    Ok(found)
}

/// All teams of the site.
pub(crate) fn teams(shelf: &mut Shelf) -> Result<Vec<Team>, SourceError> {
    Ok(shelf.directory()?.teams.clone())
}

/// The sheet of the month asked for: as it was closed last, else as the records give it now.
pub(crate) async fn paper(state: &WebState, query: MonthQuery) -> Result<Option<Sheet>, WebError> {
    let now_ms = state.now_ms();
    let (site, first) = (
        state.settings().site_name.clone(),
        query.first(state.work_day()),
    );
    let found = state
        .books()
        .ask("read a month", move |shelf| {
            let directory = shelf.directory()?;
            let Some(team) = query.team(&directory) else {
                return Ok(None);
            };
            let Some(now) = computed(shelf, team, first, &site, now_ms)? else {
                return Ok(None);
            };
            let last = versions(shelf, team, first)?.pop();
            Ok(Some((now, last)))
        })
        .await?;
    let Some((now, last)) = found else {
        return Ok(None);
    };
    let made_at = minute_text(now_ms);
    if let Some((close, Some(copy))) = last {
        return Ok(Some(Sheet {
            digest: close.digest.clone(),
            is_behind: copy != now,
            made_at: minute_text(close.at_ms),
            closed: Some(close),
            copy,
        }));
    }
    let digest = keep(state, &now).await?;
    Ok(Some(Sheet {
        copy: now,
        digest,
        closed: None,
        is_behind: false,
        made_at,
    }))
}

/// Keeps a sheet; its digest.
pub(crate) async fn keep(state: &WebState, copy: &SheetCopy) -> Result<String, WebError> {
    let step = "keep a sheet";
    let (body, digest) = copy
        .sealed()
        .map_err(|error| WebError::source(step)(error.into()))?;
    let begin = digest.clone();
    let is_kept = state
        .books()
        .ask(step, move |shelf| {
            Ok(!shelf.reader.sheets(&begin)?.is_empty())
        })
        .await?;
    if !is_kept {
        let sheet = KeptSheet {
            digest: digest.clone(),
            team: copy.team(),
            month: copy.month.clone(),
            made_ms: state.now_ms(),
            body,
        };
        let kept = state.recorder().keep_sheet(sheet).await;
        kept.map_err(WebError::source(step))?;
    }
    Ok(digest)
}
