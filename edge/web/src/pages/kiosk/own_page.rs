//! `/mine/{lane}`: the worker's own view. The page holds nothing of anybody: what a card opens comes by
//! the stream of `own_events`, to the screen of that reader, and goes by itself.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use edge_domain::{Act, DisputeKind, dispute};
use jiff::civil::Date;
use serde::Deserialize;

use super::head::Head;
use super::place::AtTheGate;
use crate::books::{days_of, known_disputes};
use crate::error::WebError;
use crate::pages::error_page;
use crate::pages::layout;
use crate::recorder::Refusal;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "mine.html")]
struct MinePage {
    head: Head,
}

/// What the view's form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Objection {
    /// What the open view was given.
    token: String,
    /// The day, `2026-06-03`; empty where it is about none.
    on: String,
    /// A code of [`DisputeKind`].
    what: String,
}

/// `GET /mine/{lane}`.
pub(crate) async fn show(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
) -> Result<Response, WebError> {
    let Some(screen) = state.kiosks().own(&lane) else {
        return Ok(error_page::no_such_lane());
    };
    layout::page(&MinePage {
        head: Head::new(&state, (lane, &screen.name), "mine.js", "闸机刷卡照常"),
    })
}

/// `POST /mine/{lane}/stay`: he reads on.
pub(crate) async fn stay(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
    Form(asked): Form<Objection>,
) -> StatusCode {
    match state.open_views().stay(&lane, &asked.token) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::GONE,
    }
}

/// `POST /mine/{lane}/shut`: he has seen enough.
pub(crate) async fn shut(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
    Form(asked): Form<Objection>,
) -> StatusCode {
    state.open_views().close(&lane, &asked.token);
    StatusCode::NO_CONTENT
}

/// `POST /mine/{lane}/object`: a ticket for the clerk, from the view that is open now.
pub(crate) async fn object(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
    Form(asked): Form<Objection>,
) -> Result<Response, WebError> {
    let Some(worker) = state.open_views().stay(&lane, &asked.token) else {
        return Ok((StatusCode::GONE, "时间到了，页面已关闭，请再放一次身份证。").into_response());
    };
    let Some(kind) = DisputeKind::from_code(&asked.what) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, "请先点一下哪里不对。").into_response());
    };
    let on: Option<Date> = asked.on.parse().ok();
    let today = state.work_day();
    if on.is_none() && kind.is_of_a_day() {
        let problem = "请先在日历上点那一天。";
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, problem).into_response());
    }
    if on.is_some_and(|on| on > today || !days_of(today.first_of_month()).contains(&on)) {
        let problem = "只能对本月的日子提异议，别的请找劳资专管员。";
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, problem).into_response());
    }
    let maker = Box::new(move |reader: &edge_store::Reader| {
        let known = known_disputes(reader)?;
        let made = dispute(&known, worker, on.filter(|_| kind.is_of_a_day()), kind);
        Ok(made
            .map(|note| vec![Act::Audit(note)])
            .map_err(|refusal| Refusal::new(refusal.text())))
    });
    let done = state.recorder().record(maker).await;
    Ok(
        match done.map_err(WebError::source("record an objection"))? {
            Ok(()) => "已提交。劳资专管员会查记录，答复写在这里。".into_response(),
            Err(refusal) => (StatusCode::UNPROCESSABLE_ENTITY, refusal.0).into_response(),
        },
    )
}
