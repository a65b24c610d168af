//! `/attendance`: a team's month at a glance.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::DayRule;
use jiff::civil::Date;

use super::shared::{Choice, MonthQuery, MonthTurn};
use crate::books::{MonthSheet, is_weekend};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::site_time::weekday_letter;
use crate::state::WebState;

/// Head of one column.
#[derive(Debug)]
pub(crate) struct DayHead {
    pub(crate) day: i8,
    pub(crate) weekday: &'static str,
    pub(crate) weekend: bool,
}

/// The heads of a sheet's columns.
fn day_heads(sheet: &MonthSheet) -> Vec<DayHead> {
    sheet.days.iter().copied().map(day_head).collect()
}

/// The head of a day's column.
pub(crate) fn day_head(on: Date) -> DayHead {
    DayHead {
        day: on.day(),
        weekday: weekday_letter(on),
        weekend: is_weekend(on),
    }
}

/// The rule of a sheet in one sentence.
pub(crate) fn rule_text(rule: &DayRule) -> String {
    format!(
        "在场满 {} 计一天，满 {} 计半天，不满不计；跨零点的夜班计在进场那天；批准的补卡按补的时间计入，标“补”（规则第 {} 版）",
        edge_domain::hours_text(rule.full_minutes_min),
        edge_domain::hours_text(rule.half_minutes_min),
        rule.version
    )
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage {
    layout: Layout,
    teams: Vec<Choice>,
    turn: MonthTurn,
    heads: Vec<DayHead>,
    sheet: Option<MonthSheet>,
    rule: String,
    total_days: String,
    total_hours: String,
    voids: u32,
    unsure: u32,
    corrections: u32,
}

/// `GET /attendance`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let first = query.first(state.work_day());
    let query = query.for_duty(signed_in.account.duty);
    let (teams, sheet) = state
        .books()
        .ask("read a month", move |shelf| {
            let directory = shelf.directory()?;
            let team = query.team(&directory);
            let sheet = match team {
                Some(team) => shelf.month(team, first, now_ms)?,
                None => None,
            };
            Ok((query.choices(&directory), sheet))
        })
        .await?;
    let layout = Layout::new(&state, Some(signed_in.account), "/attendance");
    let (halves, minutes) = sheet.as_ref().map_or((0, 0), |sheet| {
        (sheet.total_halves(), sheet.total_minutes())
    });
    layout::page(&MonthPage {
        layout,
        teams,
        turn: MonthTurn::new(first, state.work_day()),
        heads: sheet.as_ref().map(day_heads).unwrap_or_default(),
        rule: sheet
            .as_ref()
            .map(|sheet| rule_text(&sheet.rule))
            .unwrap_or_default(),
        total_days: crate::books::halves_text(halves),
        total_hours: crate::books::tenths_of_hours(minutes),
        voids: sheet
            .as_ref()
            .map_or(0, |sheet| sheet.lines.iter().map(|line| line.voids).sum()),
        unsure: sheet
            .as_ref()
            .map_or(0, |sheet| sheet.lines.iter().map(|line| line.unsure).sum()),
        corrections: sheet.as_ref().map_or(0, MonthSheet::total_corrections),
        sheet,
    })
}
