//! `/corrections`: what waits for a decision, and what was decided on a month's movements.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::lines::CaseRow;
use crate::books::corrections;
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::{MonthQuery, MonthTurn};
use crate::state::WebState;

#[derive(Template)]
#[template(path = "corrections.html")]
struct CorrectionsPage {
    layout: Layout,
    waiting: Vec<CaseRow>,
    decided: Vec<CaseRow>,
    turn: MonthTurn,
    asks: bool,
    decides: bool,
    done: Option<&'static str>,
}

/// `GET /corrections`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let (first, only) = (query.first(state.work_day()), signed_in.account.duty.team());
    let (waiting, decided) = state
        .books()
        .ask("read the corrections", move |shelf| {
            let waiting = corrections::waiting(shelf, only, now_ms)?;
            let month = corrections::of_month(shelf, first, only, now_ms)?;
            Ok((waiting, month))
        })
        .await?;
    let duty = signed_in.account.duty;
    layout::page(&CorrectionsPage {
        layout: Layout::new(&state, Some(signed_in.account), "/corrections"),
        waiting: waiting.iter().map(CaseRow::new).collect(),
        decided: decided
            .iter()
            .filter(|line| !line.waits())
            .map(CaseRow::new)
            .collect(),
        turn: MonthTurn::new(first, state.work_day()),
        asks: duty.asks_corrections(),
        decides: duty.decides_corrections(),
        done: done_text(&query.done),
    })
}

fn done_text(done: &str) -> Option<&'static str> {
    match done {
        "asked" => Some("已提交，等另一个账号审批。批准前不计考勤。"),
        "approved" => Some("已批准。考勤表上这一天标“补”，原始打卡没有改动。"),
        "refused" => Some("已记为未批准，不计考勤。"),
        _ => None,
    }
}
