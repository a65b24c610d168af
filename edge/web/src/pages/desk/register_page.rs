//! `/people/new`: a new worker in one form.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{AuditAct, AuditNote, Newcomer, Role, TeamId, WorkerId, age_on};
use jiff::civil::Date;
use serde::Deserialize;

use super::fields;
use super::registering::{RegisterForm, Registration};
use crate::books::Shelf;
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::{self, Choice, DeskPart};
use crate::pages::{audit, form};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::clock_text;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    layout: Layout,
    form: RegisterForm,
    teams: Vec<Choice>,
    trades: Vec<Choice>,
    kinships: Vec<Choice>,
    is_manager: bool,
    problem: Option<String>,
    /// Somebody who has just put his card on a reader.
    card: Option<Card>,
    /// The form was filled from that card.
    is_filled: bool,
    /// The reader on the desk.
    desk: Option<DeskPart>,
}

/// A card that was read a moment ago, for the page.
#[derive(Debug)]
struct Card {
    name: String,
    number: String,
    age: u8,
    lane: String,
    time: String,
}

/// What the address may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterQuery {
    /// `1`: fill the form from the card.
    card: String,
}

async fn page(
    state: &WebState,
    account: Holder,
    form: RegisterForm,
    problem: Option<String>,
) -> Result<RegisterPage, WebError> {
    let chosen = form.team.parse().ok().map(TeamId);
    let newcomer = state.newcomer();
    let today = Shelf::today(state.now_ms());
    let (teams, card) = state
        .books()
        .ask("read the teams", move |shelf| {
            let teams = shared::team_choices(&*shelf.directory()?, chosen);
            let card = newcomer.and_then(|one| card(&one, shelf.lane_name(&one.lane), today));
            Ok((teams, card))
        })
        .await?;
    Ok(RegisterPage {
        layout: Layout::new(state, Some(account), "/people"),
        trades: shared::trade_choices(&form.trade),
        kinships: shared::kinship_choices(&form.contact_kinship),
        is_manager: form.role == Role::Manager.code(),
        form,
        teams,
        problem,
        card,
        is_filled: false,
        desk: DeskPart::of(state, "/people/new/cards?auto=1"),
    })
}

fn card(one: &Newcomer, lane: String, today: Date) -> Option<Card> {
    let document = one.document()?;
    Some(Card {
        name: document.name.reveal().to_owned(),
        number: document.number.masked(),
        age: age_on(document.born, today),
        lane,
        time: clock_text(one.at_ms),
    })
}

/// `GET /people/new`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<RegisterQuery>,
) -> Result<Response, WebError> {
    let account = signed_in.account;
    let mut form = RegisterForm {
        entered_on: Shelf::today(state.now_ms()).to_string(),
        ..RegisterForm::default()
    };
    let newcomer = state.newcomer().filter(|_| query.card == "1");
    let mut page = page(&state, account.clone(), RegisterForm::default(), None).await?;
    let document = newcomer.as_ref().and_then(Newcomer::document);
    if let Some(document) = document {
        form.fill(document);
        // His whole number is on the page then: who had it shown is on record before.
        let lane = page.card.as_ref().map(|card| card.lane.as_str());
        let note = AuditNote {
            detail: Some(format!("刷卡登记，{}", lane.unwrap_or_default())),
            ..audit::own(&account.name, AuditAct::NumberRevealed)
        };
        audit::record(&state, note).await?;
    }
    page.is_filled = document.is_some();
    page.form = form;
    layout::page(&page)
}

/// `POST /people/new`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<RegisterForm>,
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let (given, number) = tokio::sync::oneshot::channel();
    let form = typed.clone();
    let maker: ActMaker = Box::new(move |reader| {
        let registration = match Registration::read(&form, today) {
            Ok(registration) => registration,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let team = match fields::team(reader, &form.team)? {
            Ok(team) => team,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Some(known) = reader.roster()?.find(&registration.person.number) {
            return Ok(Err(known_already(known.worker, known.left_on, today)));
        }
        let worker = WorkerId(reader.numbers_given()?.worker.saturating_add(1));
        // Nobody waits for the number where the browser has gone.
        given.send(worker).ok();
        Ok(Ok(registration.acts(worker, team.team)))
    });
    let step = "record a worker";
    let done = state.recorder().record(maker).await;
    if let Err(Refusal(problem)) = done.map_err(WebError::source(step))? {
        let page = page(&state, signed_in.account, typed, Some(problem)).await?;
        let page = layout::page(&page)?;
        return Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY));
    }
    tracing::info!("Worker registered");
    state.forget_newcomer();
    let address = number.await.map_or_else(
        |_| "/people".to_owned(),
        |worker| format!("/people/{}?done=registered", worker.0),
    );
    Ok(Redirect::to(&address).into_response())
}

fn known_already(worker: WorkerId, left_on: Option<Date>, today: Date) -> Refusal {
    let number = worker.0;
    Refusal::new(if left_on.is_some_and(|left| left <= today) {
        format!(
            "这个证件号码登记过，工号 {number}，已退场。请在花名册打开工号 {number}，用“进场或换班组”让他再进场，资料和历史都还在。"
        )
    } else {
        format!("这个证件号码已经在册，工号 {number}，不用再登记。")
    })
}
