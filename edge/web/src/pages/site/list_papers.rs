//! `/papers/punches` and `/papers/day`: 打卡明细 and 日报, for printing and as spreadsheets.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;

use super::papers_page::{exported, spreadsheet};
use super::shared::MonthQuery;
use crate::books::{DayLine, DaySheet, PunchLine, day_sheet, punch_list};
use crate::error::WebError;
use crate::guard::duty::Duty;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout;
use crate::papers::{Cell, Table, table_xlsx};
use crate::site_time::{minute_text, month_text, month_value, weekday_letter};
use crate::state::WebState;

#[derive(Template)]
#[template(path = "punches.html")]
struct PunchesPage {
    style: String,
    print_style: String,
    icon: String,
    project: String,
    team: u32,
    team_name: String,
    month: String,
    month_text: String,
    corrections: usize,
    lines: Vec<PunchLine>,
    made_at: String,
}

/// What a list is about.
struct Punches {
    team: edge_domain::Team,
    lines: Vec<PunchLine>,
    project: String,
    first: Date,
}

async fn punches_of(state: &WebState, query: MonthQuery) -> Result<Option<Punches>, WebError> {
    let first = query.first(state.work_day());
    let site = state.settings().site_name.clone();
    state
        .books()
        .ask("read the punches", move |shelf| {
            let directory = shelf.directory()?;
            let Some(team) = query.team(&directory) else {
                return Ok(None);
            };
            let project = directory.project.as_ref();
            let project = project.map_or(site, |project| project.name.clone());
            let found = punch_list(shelf, team, first)?;
            Ok(found.map(|(team, lines)| Punches {
                team,
                lines,
                project,
                first,
            }))
        })
        .await
}

/// `GET /papers/punches`.
pub(crate) async fn punches(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some(found) = punches_of(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    let corrections = found.lines.iter().filter(|line| line.is_corrected).count();
    layout::page(&PunchesPage {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("list.css"),
        icon: crate::assets::address("icon.svg"),
        project: found.project,
        team: found.team.team.0,
        team_name: found.team.name,
        month: month_value(found.first),
        month_text: month_text(found.first),
        corrections,
        lines: found.lines,
        made_at: minute_text(state.now_ms()),
    })
}

/// `GET /papers/punches.xlsx`.
pub(crate) async fn punches_xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let query = query.for_duty(signed_in.account.duty);
    let Some(found) = punches_of(&state, query).await? else {
        return Ok(error_page::no_such_team());
    };
    let month = month_value(found.first).replace('-', "");
    let name = format!("{}_打卡明细_{month}.xlsx", found.team.name);
    exported(&state, &signed_in.account, &name).await?;
    let row = |(number, line): (u32, &PunchLine)| {
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            Cell::Count(number),
            text(&line.name),
            text(&line.tail),
            text(&line.when),
            text(&line.lane),
            text(line.way),
            if line.is_corrected {
                Cell::Corrected(line.by.to_owned())
            } else {
                text(line.by)
            },
            text(&line.seq.to_string()),
            text(&line.remark),
        ]
    };
    let table = Table {
        sheet: found.team.name.clone(),
        title: format!("打卡明细（{}）", month_text(found.first)),
        about: format!("工程项目：{}　　班组：{}", found.project, found.team.name),
        columns: vec![
            ("序号", 6.0),
            ("姓名", 12.0),
            ("身份证后四位", 12.0),
            ("日期时间", 20.0),
            ("通道", 14.0),
            ("方向", 6.0),
            ("方式", 10.0),
            ("流水号", 10.0),
            ("备注", 40.0),
        ],
        rows: (1..).zip(&found.lines).map(row).collect(),
    };
    written(&name, &table)
}

fn written(name: &str, table: &Table) -> Result<Response, WebError> {
    let bytes =
        table_xlsx(table).map_err(|error| WebError::source("write a spreadsheet")(error.into()))?;
    Ok(spreadsheet(name, bytes))
}

/// What addresses of a day carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DayQuery {
    team: String,
    on: String,
}

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage {
    style: String,
    print_style: String,
    icon: String,
    project: String,
    sheet: DaySheet,
    on: String,
    weekday: &'static str,
    made_at: String,
}

async fn day_of(
    state: &WebState,
    duty: Duty,
    query: DayQuery,
) -> Result<Option<(DaySheet, String)>, WebError> {
    let now_ms = state.now_ms();
    let on = query.on.parse().unwrap_or_else(|_| state.work_day());
    let site = state.settings().site_name.clone();
    let of_team = MonthQuery {
        team: query.team,
        ..MonthQuery::default()
    };
    let of_team = of_team.for_duty(duty);
    state
        .books()
        .ask("read a day", move |shelf| {
            let directory = shelf.directory()?;
            let Some(team) = of_team.team(&directory) else {
                return Ok(None);
            };
            let project = directory.project.as_ref();
            let project = project.map_or(site, |project| project.name.clone());
            let sheet = day_sheet(shelf, team, on, now_ms)?;
            Ok(sheet.map(|sheet| (sheet, project)))
        })
        .await
}

/// `GET /papers/day`.
pub(crate) async fn day(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<DayQuery>,
) -> Result<Response, WebError> {
    let found = day_of(&state, signed_in.account.duty, query).await?;
    let Some((sheet, project)) = found else {
        return Ok(error_page::no_such_team());
    };
    layout::page(&DayPage {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("list.css"),
        icon: crate::assets::address("icon.svg"),
        project,
        on: sheet.on.to_string(),
        weekday: weekday_letter(sheet.on),
        sheet,
        made_at: minute_text(state.now_ms()),
    })
}

/// `GET /papers/day.xlsx`.
pub(crate) async fn day_xlsx(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<DayQuery>,
) -> Result<Response, WebError> {
    let account = signed_in.account;
    let Some((sheet, project)) = day_of(&state, account.duty, query).await? else {
        return Ok(error_page::no_such_team());
    };
    let on = sheet.on.to_string().replace('-', "");
    let name = format!("{}_日报_{on}.xlsx", sheet.team.name);
    exported(&state, &account, &name).await?;
    let row = |(number, line): (u32, &DayLine)| {
        let text = |text: &str| Cell::Text(text.to_owned());
        vec![
            Cell::Count(number),
            text(&line.name),
            text(line.trade),
            text(&line.first_in),
            text(&line.last_out),
            Cell::Hours(line.minutes),
            if line.is_corrected {
                Cell::Corrected(line.sign.clone())
            } else {
                text(&line.sign)
            },
            text(&line.text),
        ]
    };
    let (came, absent) = (sheet.lines.len(), sheet.absent.len());
    let table = Table {
        sheet: sheet.team.name.clone(),
        title: format!("考勤日报（{} 周{}）", sheet.on, weekday_letter(sheet.on)),
        about: format!(
            "工程项目：{project}　　班组：{}　　应到 {}　实到 {came}　未到 {absent}{}",
            sheet.team.name,
            came + absent,
            if absent > 0 {
                format!("：{}", sheet.absent.join("、"))
            } else {
                String::new()
            }
        ),
        columns: vec![
            ("序号", 6.0),
            ("姓名", 12.0),
            ("工种", 12.0),
            ("首进", 10.0),
            ("末出", 12.0),
            ("工时(h)", 9.0),
            ("标记", 8.0),
            ("说明", 44.0),
        ],
        rows: (1..).zip(&sheet.lines).map(row).collect(),
    };
    written(&name, &table)
}
