//! `/papers`: what is printed, signed and sent: a choice of papers, the sheet, the spreadsheets.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use super::month_page::{DayHead, day_heads, rule_text};
use super::shared::{self, Choice, MonthQuery, MonthTurn};
use crate::books::{Filter, MonthSheet, Shelf, halves_text, tenths_of_hours};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::papers::{self, SheetHead};
use crate::site_time::{minute_text, month_text, month_value};
use crate::state::WebState;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "papers.html")]
struct PapersPage {
    layout: Layout,
    teams: Vec<Choice>,
    turn: MonthTurn,
}

/// `GET /papers`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let first = query.first(now_ms);
    let query = query.for_duty(signed_in.account.duty);
    let teams = state
        .books()
        .ask("read the teams", move |shelf| {
            let directory = shelf.directory()?;
            Ok(query.choices(&directory))
        })
        .await?;
    let layout = Layout::new(&state, Some(signed_in.account), "/papers");
    layout::page(&PapersPage {
        layout,
        teams,
        turn: MonthTurn::new(first, now_ms),
    })
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    style: String,
    print_style: String,
    icon: String,
    head: SheetHead,
    heads: Vec<DayHead>,
    sheet: MonthSheet,
    value: String,
    total_days: String,
    total_hours: String,
}

/// `GET /papers/month`: the sheet for printing.
pub(crate) async fn month(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some((sheet, head)) = sheet(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    layout::page(&SheetPage {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("print.css"),
        icon: crate::assets::address("icon.svg"),
        heads: day_heads(&sheet),
        value: month_value(sheet.first),
        total_days: halves_text(sheet.total_halves()),
        total_hours: tenths_of_hours(sheet.total_minutes()),
        sheet,
        head,
    })
}

/// `GET /papers/month.xlsx`: the sheet for Excel and WPS.
pub(crate) async fn month_xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some((sheet, head)) = sheet(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    let month = month_value(sheet.first).replace('-', "");
    let name = format!("{}_考勤表_{month}.xlsx", sheet.team.name);
    let bytes = papers::month_xlsx(&sheet, &head)
        .map_err(|error| WebError::source("write a spreadsheet")(error.into()))?;
    Ok(download(&name, XLSX, bytes))
}

/// `GET /papers/people.xlsx`: everybody.
pub(crate) async fn people_xlsx(
    State(state): State<WebState>,
    _: SignedIn,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let site = state.settings().site_name.clone();
    let today = Shelf::today(now_ms);
    let bytes = state
        .books()
        .ask("write the roster", move |shelf| {
            let directory = shelf.directory()?;
            let people = directory.find(&Filter::default(), today);
            let title = format!("{site} 农民工实名制花名册（{today}）");
            Ok(papers::people_xlsx(&people, &title, today)?)
        })
        .await?;
    let name = format!("花名册_{}.xlsx", today.to_string().replace('-', ""));
    Ok(download(&name, XLSX, bytes))
}

async fn sheet(
    state: &WebState,
    query: MonthQuery,
) -> Result<Option<(MonthSheet, SheetHead)>, WebError> {
    let now_ms = state.now_ms();
    let site = state.settings().site_name.clone();
    let first = query.first(now_ms);
    state
        .books()
        .ask("read a month", move |shelf| {
            let directory = shelf.directory()?;
            let Some(team) = query.team(&directory) else {
                return Ok::<_, SourceError>(None);
            };
            let Some(sheet) = shelf.month(team, first, now_ms)? else {
                return Ok(None);
            };
            let project = directory.project.as_ref();
            let employer = directory.employer_of(&sheet.team);
            let head = SheetHead {
                project: project.map_or(site, |project| project.name.clone()),
                employer: employer.map(|one| one.name.clone()).unwrap_or_default(),
                month: month_text(first),
                rule: rule_text(&sheet.rule),
                made_at: minute_text(now_ms),
            };
            Ok(Some((sheet, head)))
        })
        .await
}

/// An answer that the browser saves under `name`.
pub(crate) fn download(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let encoded = shared::address_text(name);
    let disposition = format!("attachment; filename*=UTF-8''{encoded}");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    (headers, bytes).into_response()
}
