//! `/papers/wages/troubles`: what is to be looked into of everybody's pay in a month.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::funds::{Funds, Warning};
use super::lines::LineRow;
use crate::books::{Shelf, wage_teams};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::{MonthQuery, MonthTurn};
use crate::state::WebState;

/// A team with rows to look into.
#[derive(Debug)]
struct TeamPart {
    team: u32,
    name: String,
    people: usize,
    rows: Vec<LineRow>,
}

#[derive(Template)]
#[template(path = "wage_troubles.html")]
struct TroublesPage {
    layout: Layout,
    turn: MonthTurn,
    teams: Vec<TeamPart>,
    total: usize,
    /// What is to be looked into of the project's money; not for a team's leader.
    funds: Vec<Warning>,
}

/// `GET /papers/wages/troubles`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let query = query.for_duty(signed_in.account.duty);
    let first = query.first(state.work_day());
    let only = query.only;
    let found = state
        .books()
        .ask("read wages", move |shelf| {
            let funds = match only {
                None => Funds::read(shelf, Shelf::today(now_ms))?.warnings(),
                Some(_) => Vec::new(),
            };
            Ok((wage_teams(shelf, (first, only), now_ms)?, funds))
        })
        .await?;
    let (found, funds) = found;
    let teams: Vec<TeamPart> = found
        .iter()
        .map(|wages| TeamPart {
            team: wages.team.team.0,
            name: wages.team.name.clone(),
            people: wages.rows.len(),
            rows: wages
                .rows
                .iter()
                .filter(|row| !row.flags.is_empty())
                .map(LineRow::new)
                .collect(),
        })
        .collect();
    layout::page(&TroublesPage {
        layout: Layout::new(&state, Some(signed_in.account), "/papers"),
        turn: MonthTurn::new(first, state.work_day()),
        total: teams.iter().map(|team| team.rows.len()).sum(),
        teams,
        funds,
    })
}
