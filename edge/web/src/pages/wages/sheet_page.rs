//! `/papers/wages`: a team's wages of a month, line by line, and the steps of its sheet.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{WageMonth, WageStep};

use super::lines::{LineRow, StepRow, next_step, steps};
use super::shared;
use crate::books::{Shelf, WageRow, WageTeam};
use crate::error::WebError;
use crate::guard::duty::Duty;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::{Choice, MonthQuery, MonthTurn};
use crate::site_time::month_value;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "wages.html")]
struct WagesPage {
    layout: Layout,
    teams: Vec<Choice>,
    team: u32,
    team_name: String,
    turn: MonthTurn,
    rows: Vec<LineRow>,
    gross: String,
    net: String,
    paid: String,
    version: u32,
    steps: Vec<StepRow>,
    /// Why the last version was returned.
    returned: Option<String>,
    /// The button that is shown: code of the step and its words.
    next: Option<(&'static str, &'static str)>,
    may_return: bool,
    may_enter: bool,
    is_drawn: bool,
    /// How many the bank is still to pay, in words, where it may be given the sheet.
    bank: Option<String>,
    /// What keeps it from being drawn up, and where attendance is closed where it is that.
    obstacle: Option<(String, Option<String>)>,
    minimum: String,
    done: Option<&'static str>,
}

/// What keeps a sheet from being drawn up, in words.
pub(super) fn obstacle(wages: &WageTeam) -> Option<String> {
    if !wages.is_closed {
        return Some(
            "这个月的考勤还没有关账，工资要按工人签过字的考勤算。请先到“月度关账”关账。".to_owned(),
        );
    }
    let faults: Vec<String> = wages.rows.iter().filter_map(WageRow::fault_text).collect();
    if !faults.is_empty() {
        return Some(format!("{}，请先改好。", faults.join("；")));
    }
    (wages.gross().get() == 0).then(|| {
        "还没有一个人有工资：先在每个人的页面登记工资标准，计件的在下面录入金额。".to_owned()
    })
}

/// Whether an account of this duty takes this step at all.
pub(super) fn takes(duty: Duty, step: WageStep) -> bool {
    match duty {
        Duty::Clerk => true,
        Duty::Leader(_) => matches!(step, WageStep::Confirmed | WageStep::Returned),
        Duty::Guard | Duty::Viewer | Duty::Operator => false,
    }
}

fn button(step: WageStep) -> &'static str {
    match step {
        WageStep::Drawn => "编制工资表",
        WageStep::Confirmed => "班组确认：与本人核对无误",
        WageStep::Reviewed => "审核通过",
        WageStep::Published => "公示",
        WageStep::Returned => "退回",
    }
}

fn done_text(word: &str) -> Option<&'static str> {
    match word {
        "entry" => Some("已录入。"),
        "drawn" => Some("工资表已编制，下一步由班组长确认。"),
        "confirmed" => Some("班组已确认，下一步由另一位劳资人员审核。"),
        "reviewed" => Some("已审核，可以打印公示、签字。"),
        "published" => Some("已公示，可以生成银行代发文件。"),
        "returned" => Some("已退回，可以修改后重新编制，出新的一版。"),
        "receipt" => Some("银行回单已登记。"),
        _ => None,
    }
}

/// `GET /papers/wages`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let duty = signed_in.account.duty;
    let query = query.for_duty(duty);
    let (first, done) = (query.first(state.work_day()), done_text(&query.done));
    let found = state
        .books()
        .ask("read wages", move |shelf: &mut Shelf| {
            let directory = shelf.directory()?;
            let Some(team) = query.team(&directory) else {
                return Ok(None);
            };
            let wages = WageTeam::read(shelf, WageMonth { first, team }, now_ms)?;
            let policy = shelf.policy.wages.clone();
            Ok(wages.map(|wages| (wages, query.choices(&directory), policy)))
        })
        .await?;
    let Some((wages, teams, policy)) = found else {
        return Ok(error_page::no_such_team());
    };
    let next = next_step(&wages).filter(|step| takes(duty, *step));
    let obstacle = wages.is_open().then(|| obstacle(&wages)).flatten();
    let is_blocked = next == Some(WageStep::Drawn) && obstacle.is_some();
    let last = wages.last();
    let close = (!wages.is_closed).then(|| format!("/papers/close?month={}", month_value(first)));
    layout::page(&WagesPage {
        layout: Layout::new(&state, Some(signed_in.account), "/papers"),
        teams,
        team: wages.team.team.0,
        team_name: wages.team.name.clone(),
        turn: MonthTurn::new(first, state.work_day()),
        rows: wages.rows.iter().map(LineRow::new).collect(),
        gross: wages.gross().to_string(),
        net: wages.net().to_string(),
        paid: wages.paid().to_string(),
        version: wages.version(),
        steps: steps(&wages),
        returned: last
            .filter(|one| one.step == WageStep::Returned)
            .map(|one| {
                format!(
                    "{}退回：{}",
                    one.account,
                    one.why.as_deref().unwrap_or_default()
                )
            }),
        next: next
            .filter(|_| !is_blocked)
            .map(|step| (step.code(), button(step))),
        may_return: !wages.is_open()
            && takes(duty, WageStep::Returned)
            && wages.rows.iter().all(|row| row.last.is_none()),
        may_enter: wages.is_open() && duty.changes(),
        is_drawn: !wages.is_open(),
        bank: (wages.is_published() && duty.changes()).then(|| due_text(&wages)),
        obstacle: obstacle
            .filter(|_| duty.changes())
            .map(|text| (text, close)),
        minimum: policy.minimum_month.map_or_else(
            || "当地最低工资标准还没有填写，没法核对，请运维在本机设置里填写".to_owned(),
            |month| format!("当地最低工资 {month} 元/月（{}）", policy.minimum_source),
        ),
        done,
    })
}

/// `（3 人待发）`, `（2 人待发，1 人没有工资卡）`; empty where everybody is paid.
fn due_text(wages: &WageTeam) -> String {
    let (due, without) = (
        wages.due().count(),
        wages.due().filter(|row| row.card.is_none()).count(),
    );
    match (due, without) {
        (0, _) => String::new(),
        (_, 0) => format!("（{due} 人待发）"),
        _ => format!("（{due} 人待发，其中 {without} 人没有工资卡）"),
    }
}

/// The page after something was done.
pub(super) fn after(of: WageMonth, done: &str) -> String {
    format!("{}&done={done}", shared::address("", of))
}
