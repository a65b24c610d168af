//! `/corrections/report`: how often a month's attendance was corrected, by team and by worker.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::CORRECTIONS_MONTH_NOTED;

use crate::books::corrections::{self, Tally};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::{MonthQuery, MonthTurn};
use crate::state::WebState;

#[derive(Template)]
#[template(path = "correction_report.html")]
struct ReportPage {
    layout: Layout,
    turn: MonthTurn,
    workers: Vec<Tally>,
    teams: Vec<Tally>,
    noted: usize,
    limit: u32,
}

/// `GET /corrections/report`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let (first, only) = (query.first(state.work_day()), signed_in.account.duty.team());
    let lines = state
        .books()
        .ask("read the corrections", move |shelf| {
            corrections::of_month(shelf, first, only, now_ms)
        })
        .await?;
    let (workers, teams) = corrections::tallies(&lines);
    layout::page(&ReportPage {
        layout: Layout::new(&state, Some(signed_in.account), "/corrections"),
        turn: MonthTurn::new(first, state.work_day()),
        noted: workers.iter().filter(|one| one.is_noted()).count(),
        workers,
        teams,
        limit: CORRECTIONS_MONTH_NOTED,
    })
}
