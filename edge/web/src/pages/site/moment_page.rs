//! `/attendance/moment`: who was on site at one minute, and the roll-call of an emergency.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_store::VisitLine;
use serde::Deserialize;

use crate::books::{Moment, Present};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::site_time::{minute_text, minute_value, parse_minute};
use crate::state::WebState;

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct MomentQuery {
    /// `2026-06-02T07:10`; nothing means now.
    #[serde(default)]
    at: String,
}

#[derive(Debug)]
struct Crew {
    name: String,
    people: Vec<Present>,
}

/// A visitor who is inside.
#[derive(Debug)]
struct Guest {
    number: u32,
    name: String,
    company: String,
    host: String,
    since: String,
    is_over: bool,
}

#[derive(Template)]
#[template(path = "moment.html")]
struct MomentPage {
    layout: Layout,
    is_now: bool,
    not_understood: bool,
    at: String,
    value: String,
    count: usize,
    crews: Vec<Crew>,
    visitors: Vec<Guest>,
    script: String,
}

/// `GET /attendance/moment`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<MomentQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let asked = parse_minute(&query.at).filter(|at_ms| *at_ms <= now_ms);
    let moment = state
        .books()
        .ask("read who was on site", move |shelf| {
            shelf.moment(asked, now_ms)
        })
        .await?;
    let layout = Layout::new(&state, Some(signed_in.account), "/attendance");
    layout::page(&MomentPage {
        layout,
        is_now: asked.is_none(),
        not_understood: asked.is_none() && !query.at.is_empty(),
        at: minute_text(moment.at_ms),
        value: minute_value(moment.at_ms),
        count: moment.present.len() + moment.visitors.len(),
        visitors: guests(&moment),
        crews: crews(moment),
        script: crate::assets::address("rollcall.js"),
    })
}

fn guests(moment: &Moment) -> Vec<Guest> {
    let guest = |one: &VisitLine| Guest {
        number: one.visit.visit.0,
        name: one.visitor.name.reveal().to_owned(),
        company: one.visitor.company.clone(),
        host: one.visitor.host.clone(),
        since: one.inside_ms.map(minute_text).unwrap_or_default(),
        is_over: one.visit.is_over(moment.at_ms),
    };
    moment.visitors.iter().map(guest).collect()
}

fn crews(moment: Moment) -> Vec<Crew> {
    let mut crews: BTreeMap<String, Vec<Present>> = BTreeMap::new();
    for present in moment.present {
        let team = present.person.team.clone();
        crews.entry(team).or_default().push(present);
    }
    crews
        .into_iter()
        .map(|(name, people)| Crew { name, people })
        .collect()
}
