//! `POST /troubles/objections`: the clerk answers what a worker objected to; the page 异常 lists it.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, Dispute, answer_dispute};
use serde::Deserialize;

use crate::books::{Directory, known_disputes};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::recorder::Refusal;
use crate::site_time::minute_text;
use crate::state::WebState;

/// Longest answer, characters.
const ANSWER_CHARS_MAX: usize = 200;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    number: u32,
    text: String,
}

/// An objection that waits, for the page.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) number: u32,
    pub(super) worker: u32,
    pub(super) name: String,
    pub(super) team: String,
    pub(super) about: String,
    pub(super) at: String,
}

/// What waits for an answer, oldest first.
pub(super) fn open(known: Vec<Dispute>, directory: &Directory) -> Vec<Open> {
    let waiting = known.into_iter().filter(|one| one.answer.is_none());
    let line = |one: Dispute| {
        let person = directory.person(one.worker);
        Open {
            number: one.number,
            worker: one.worker.0,
            name: person.map_or_else(
                || format!("工号 {}", one.worker.0),
                |person| person.name().reveal().to_owned(),
            ),
            team: person.map_or_else(String::new, |person| person.team.clone()),
            about: one.about,
            at: minute_text(one.at_ms),
        }
    };
    waiting.map(line).collect()
}

/// `POST /troubles/objections`.
pub(crate) async fn answer(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<Answer>,
) -> Result<Response, WebError> {
    let text = typed.text.trim().to_owned();
    let chars = text.chars().count();
    if chars == 0 || chars > ANSWER_CHARS_MAX || text.chars().any(char::is_control) {
        let problem = format!(
            "答复应为 1 至 {ANSWER_CHARS_MAX} 个字，没有保存。工人会在自助查询屏上读到它。"
        );
        return Ok(error_page::refused(&problem, "/troubles#objections"));
    }
    let account = signed_in.account.name;
    let maker = Box::new(move |reader: &edge_store::Reader| {
        let known = known_disputes(reader)?;
        Ok(answer_dispute(&known, typed.number, &account, &text)
            .map(|note| vec![Act::Audit(note)])
            .ok_or_else(|| Refusal::new("这件异议已经有人答复，您的答复没有保存。")))
    });
    let done = state.recorder().record(maker).await;
    Ok(
        match done.map_err(WebError::source("answer an objection"))? {
            Ok(()) => Redirect::to("/troubles#objections").into_response(),
            Err(refusal) => error_page::refused(&refusal.0, "/troubles#objections"),
        },
    )
}
