//! `/corrections/new`: asking for a movement that no gate recorded.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Multipart, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, CorrectionReason, CorrectionRequest, NOTE_CHARS_MAX, TeamId, WorkerId};
use serde::Deserialize;

use super::asking::{FILE_BYTES_MAX, Typed};
use super::lines::way_text;
use crate::books::{Filter, Listed, Place, Shelf, corrections};
use crate::error::{SourceError, WebError};
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::form;
use crate::pages::layout::{self, Layout};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::{clock_text, date_ms};
use crate::state::WebState;

/// People that a search lists.
const FOUND_MAX: usize = 20;

/// What addresses of the page carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AskQuery {
    worker: String,
    on: String,
    q: String,
}

/// Somebody to choose.
#[derive(Debug)]
struct Found {
    worker: u32,
    name: String,
    team: String,
}

/// A reason to choose.
#[derive(Debug)]
struct Reason {
    code: &'static str,
    word: &'static str,
    chosen: bool,
}

/// The worker whom the form is about, with what the gate has of that day.
#[derive(Debug)]
struct Whom {
    worker: u32,
    name: String,
    team: String,
    day: String,
    punches: Vec<String>,
}

#[derive(Template)]
#[template(path = "correction_ask.html")]
struct AskPage {
    layout: Layout,
    problem: Option<String>,
    query: String,
    found: Vec<Found>,
    whom: Option<Whom>,
    typed: Typed,
    reasons: Vec<Reason>,
    today: String,
    note_max: usize,
    file_mib: usize,
}

/// `GET /corrections/new`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<AskQuery>,
) -> Result<Response, WebError> {
    let typed = Typed {
        worker: query.worker.parse().unwrap_or(0),
        on: query.on,
        way: "out".to_owned(),
        ..Typed::default()
    };
    page(&state, signed_in.account, typed, query.q, None).await
}

async fn page(
    state: &WebState,
    account: Holder,
    mut typed: Typed,
    query: String,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let today = Shelf::today(now_ms).to_string();
    if typed.on.parse::<jiff::civil::Date>().is_err() {
        typed.on.clone_from(&today);
    }
    let only = account.duty.team();
    let (worker, on, words) = (typed.worker, typed.on.clone(), query.trim().to_owned());
    let (whom, found) = state
        .books()
        .ask("read a person", move |shelf| {
            let whom = whom(shelf, WorkerId(worker), &on, only)?;
            let found = found(shelf, &words, only, now_ms)?;
            Ok((whom, found))
        })
        .await?;
    let reasons = CorrectionReason::ALL.iter().map(|one| Reason {
        code: one.code(),
        word: one.text(),
        chosen: one.code() == typed.reason,
    });
    layout::page(&AskPage {
        layout: Layout::new(state, Some(account), "/corrections"),
        problem,
        query,
        found,
        whom,
        reasons: reasons.collect(),
        typed,
        today,
        note_max: NOTE_CHARS_MAX,
        file_mib: FILE_BYTES_MAX / (1024 * 1024),
    })
}

/// Who may be asked for: anybody, or the leader's own people.
fn may(person: &Listed, only: Option<TeamId>) -> bool {
    only.is_none() || person.entry.standing.team == only
}

fn whom(
    shelf: &mut Shelf,
    worker: WorkerId,
    on: &str,
    only: Option<TeamId>,
) -> Result<Option<Whom>, SourceError> {
    let directory = shelf.directory()?;
    let found = directory.person(worker).filter(|one| may(one, only));
    let (Some(person), Ok(day)) = (found, on.parse()) else {
        return Ok(None);
    };
    let hour = shelf.policy.day_boundary_h;
    let next = jiff::civil::Date::tomorrow(day).unwrap_or(day);
    let punches = shelf
        .reader
        .punches(worker, date_ms(day, hour), date_ms(next, hour))?;
    let word = |punch: &edge_store::Punch| {
        let by_hand = if punch.correction.is_some() {
            "（补）"
        } else {
            ""
        };
        let (time, way) = (clock_text(punch.at), way_text(punch.direction));
        format!("{time} {way}{by_hand}")
    };
    Ok(Some(Whom {
        worker: worker.0,
        name: person.name().reveal().to_owned(),
        team: person.team.clone(),
        day: on.to_owned(),
        punches: punches.iter().map(word).collect(),
    }))
}

fn found(
    shelf: &mut Shelf,
    words: &str,
    only: Option<TeamId>,
    now_ms: i64,
) -> Result<Vec<Found>, SourceError> {
    if words.is_empty() && only.is_none() {
        return Ok(Vec::new());
    }
    let directory = shelf.directory()?;
    let filter = Filter {
        typed: words.to_owned(),
        team: only,
        place: words.is_empty().then_some(Place::Engaged),
    };
    let people: Vec<Arc<Listed>> = directory.find(&filter, Shelf::today(now_ms));
    let most = if words.is_empty() {
        usize::MAX
    } else {
        FOUND_MAX
    };
    let entry = |one: &Arc<Listed>| Found {
        worker: one.worker().0,
        name: one.name().reveal().to_owned(),
        team: one.team.clone(),
    };
    Ok(people.iter().take(most).map(entry).collect())
}

/// `POST /corrections/new`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    sent: Multipart,
) -> Result<Response, WebError> {
    let account = signed_in.account;
    let typed = match Typed::read(sent).await {
        Ok(typed) => typed,
        Err(Refusal(problem)) => {
            return refused(&state, account, Typed::default(), problem).await;
        }
    };
    let asked = match typed.request(&account.name) {
        Ok(asked) => asked,
        Err(Refusal(problem)) => return refused(&state, account, typed, problem).await,
    };
    match ask(&state, asked, account.duty.team(), &typed.file).await? {
        Ok(()) => {
            tracing::info!("A correction was asked for");
            Ok(Redirect::to("/corrections?done=asked").into_response())
        }
        Err(Refusal(problem)) => refused(&state, account, typed, problem).await,
    }
}

async fn refused(
    state: &WebState,
    account: Holder,
    typed: Typed,
    problem: String,
) -> Result<Response, WebError> {
    let page = page(state, account, typed, String::new(), Some(problem)).await?;
    Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY))
}

/// Checks, keeps the file, and records the request; the rules are asked again where nobody else can
/// record in between.
async fn ask(
    state: &WebState,
    asked: CorrectionRequest,
    only: Option<TeamId>,
    file: &[u8],
) -> Result<Result<(), Refusal>, WebError> {
    let now_ms = state.now_ms();
    let first_look = asked.clone();
    let (policy, judged) = state
        .books()
        .ask("check a correction", move |shelf| {
            let policy = Arc::clone(&shelf.policy);
            let directory = shelf.directory()?;
            let person = directory.person(first_look.worker);
            if !person.is_some_and(|person| may(person, only)) {
                return Ok((policy, Err("请先选人。".to_owned())));
            }
            let judged = corrections::check(&shelf.reader, &first_look, &policy, now_ms)?;
            Ok((policy, judged))
        })
        .await?;
    if let Err(problem) = judged {
        return Ok(Err(Refusal(problem)));
    }
    let step = "record a request for a correction";
    if let Some(digest) = asked.evidence.file.clone() {
        let kept = state
            .recorder()
            .keep_file(asked.worker, digest, file.to_vec());
        if !kept.await.map_err(WebError::source(step))? {
            let problem = "这个人的资料已经按要求销毁，不能再附证明文件。";
            return Ok(Err(Refusal::new(problem)));
        }
    }
    let maker: ActMaker = Box::new(move |reader| {
        let request = reader.last_correction()?.saturating_add(1);
        let asked = CorrectionRequest { request, ..asked };
        Ok(match corrections::check(reader, &asked, &policy, now_ms)? {
            Ok(()) => Ok(vec![Act::CorrectionRequest(Box::new(asked))]),
            Err(problem) => Err(Refusal(problem)),
        })
    });
    let recorded = state.recorder().record(maker).await;
    recorded.map_err(WebError::source(step))
}
