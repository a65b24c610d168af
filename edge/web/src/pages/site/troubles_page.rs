//! `/troubles`: a day's things that a clerk looks into.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::objections_page::{Open, open};
use crate::books::{Shelf, Trouble, TroubleKind, known_disputes};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::site_time::{clock_text, month_value, weekday_letter};
use crate::state::WebState;

/// Most lines of one kind; more of them are counted only.
const LINES_MAX: usize = 200;

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DayQuery {
    /// `2026-06-03`; nothing means the work day that goes on.
    #[serde(default)]
    on: String,
}

#[derive(Debug)]
struct Line {
    time: String,
    trouble: Trouble,
    lane: String,
}

#[derive(Debug)]
struct Group {
    kind: TroubleKind,
    count: usize,
    more: usize,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "troubles.html")]
struct TroublesPage {
    layout: Layout,
    not_understood: bool,
    date: String,
    month: String,
    weekday: &'static str,
    /// Lines and objections together, as 今日 counts them.
    total: usize,
    before: String,
    after: Option<String>,
    groups: Vec<Group>,
    objections: Vec<Open>,
}

/// `GET /troubles`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<DayQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let today = state.work_day();
    let asked: Option<Date> = query.on.parse().ok().filter(|on| *on <= today);
    let on = asked.unwrap_or(today);
    let (groups, objections) = state
        .books()
        .ask("read a day's troubles", move |shelf| {
            let troubles = shelf.troubles(on, now_ms)?;
            let known = known_disputes(&shelf.reader)?;
            let objections = open(known, &*shelf.directory()?);
            Ok((groups(shelf, troubles), objections))
        })
        .await?;
    let next = on.saturating_add(1.day());
    layout::page(&TroublesPage {
        layout: Layout::new(&state, Some(signed_in.account), "/troubles"),
        not_understood: asked.is_none() && !query.on.is_empty(),
        date: on.to_string(),
        month: month_value(on),
        weekday: weekday_letter(on),
        total: groups.iter().map(|group| group.count).sum::<usize>() + objections.len(),
        before: on.saturating_sub(1.day()).to_string(),
        after: (next <= today).then(|| next.to_string()),
        groups,
        objections,
    })
}

/// Only kinds that occurred.
fn groups(shelf: &Shelf, troubles: Vec<Trouble>) -> Vec<Group> {
    let mut groups: Vec<Group> = TroubleKind::ALL
        .into_iter()
        .map(|kind| Group {
            kind,
            count: 0,
            more: 0,
            lines: Vec::new(),
        })
        .collect();
    for trouble in troubles {
        let Some(group) = groups.iter_mut().find(|group| group.kind == trouble.kind) else {
            continue;
        };
        group.count += 1;
        if group.lines.len() == LINES_MAX {
            group.more += 1;
            continue;
        }
        group.lines.push(Line {
            time: clock_text(trouble.at_ms),
            lane: shelf.lane_name(&trouble.lane),
            trouble,
        });
    }
    groups.retain(|group| group.count > 0);
    groups
}
