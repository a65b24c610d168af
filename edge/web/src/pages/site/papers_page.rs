//! `/papers`: what is printed, signed and sent: a choice of papers, the sheet, the spreadsheets.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use edge_domain::{AuditAct, AuditNote};

use super::shared::{self, Choice, MonthQuery, MonthTurn};
use super::sheets::{self, Sheet};
use crate::books::{Filter, SheetCopy, Shelf};
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::{audit, error_page};
use crate::papers;
use crate::state::WebState;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[derive(Template)]
#[template(path = "papers.html")]
struct PapersPage {
    layout: Layout,
    teams: Vec<Choice>,
    turn: MonthTurn,
    closes: bool,
    today: String,
}

/// `GET /papers`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let first = query.first(state.work_day());
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
        today: state.work_day().to_string(),
        closes: layout.sees_people(),
        layout,
        teams,
        turn: MonthTurn::new(first, state.work_day()),
    })
}

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    style: String,
    print_style: String,
    icon: String,
    copy: SheetCopy,
    table: String,
    code: String,
    /// `第 1 版，王敏 2026-11-05 09:00 关账`; empty while the month is open.
    version: String,
    /// What is recorded now gives another sheet than the closed one.
    is_behind: bool,
    made_at: String,
}

/// `GET /papers/month`: the sheet for printing.
pub(crate) async fn month(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some(sheet) = sheets::paper(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    layout::page(&SheetPage {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("print.css"),
        icon: crate::assets::address("icon.svg"),
        table: sheets::table(&sheet.copy)?,
        code: sheet.code(),
        version: sheet.version_text(),
        is_behind: sheet.is_behind,
        made_at: sheet.made_at,
        copy: sheet.copy,
    })
}

/// `GET /papers/month.xlsx`: the sheet for Excel and WPS.
pub(crate) async fn month_xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some(sheet) = sheets::paper(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    let name = file_name(&sheet);
    exported(&state, &signed_in.account, &name).await?;
    let foot = papers::SheetFoot {
        code: sheet.code(),
        version: sheet.version_text(),
        made_at: sheet.made_at.clone(),
    };
    let bytes = papers::month_xlsx(&sheet.copy, &foot)
        .map_err(|error| WebError::source("write a spreadsheet")(error.into()))?;
    Ok(download(&name, XLSX, bytes))
}

fn file_name(sheet: &Sheet) -> String {
    let month = sheet.copy.month.replace('-', "");
    let version = sheet.closed.as_ref();
    let version = version.map_or_else(String::new, |close| format!("_v{}", close.version));
    format!("{}_考勤表_{month}{version}.xlsx", sheet.copy.team_name)
}

/// `GET /papers/people.xlsx`: everybody.
pub(crate) async fn people_xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
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
            Ok(papers::people_xlsx((&directory, &people), &title, today)?)
        })
        .await?;
    let name = format!("花名册_{}.xlsx", today.to_string().replace('-', ""));
    exported(&state, &signed_in.account, &name).await?;
    Ok(download(&name, XLSX, bytes))
}

/// Puts on record who takes which file away, before it is handed over.
pub(crate) async fn exported(
    state: &WebState,
    account: &Holder,
    name: &str,
) -> Result<(), WebError> {
    let note = AuditNote {
        detail: Some(name.to_owned()),
        ..audit::own(&account.name, AuditAct::Exported)
    };
    audit::record(state, note).await
}

/// A spreadsheet that the browser saves under `name`.
pub(crate) fn spreadsheet(name: &str, bytes: Vec<u8>) -> Response {
    download(name, XLSX, bytes)
}

/// A text table that the browser saves under `name`.
pub(crate) fn text_table(name: &str, bytes: Vec<u8>) -> Response {
    download(name, "text/csv; charset=utf-8", bytes)
}

fn download(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let encoded = shared::address_text(name);
    let disposition = format!("attachment; filename*=UTF-8''{encoded}");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    (headers, bytes).into_response()
}
