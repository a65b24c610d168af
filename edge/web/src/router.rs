//! Every address of the screen, and what each request passes on its way.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use tokio::sync::watch;

use crate::assets;
use crate::desks::{PICTURE_BYTES_MAX, PICTURES_MAX};
use crate::guard::{cross_site, headers};
use crate::intake;
use crate::pages::corrections::{FILE_BYTES_MAX, ask_page, case_page, list_page, report_page};
use crate::pages::desk::{
    cards_page, face_page, numbers_page, person_acts, pictures_page, register_page,
    suspension_page, teams_page, visits_page,
};
use crate::pages::intake::{bring_page, job_page};
use crate::pages::kiosk::{gate_events, gate_page, own_events, own_page, voice};
use crate::pages::site::{
    close_page, list_papers, moment_page, month_page, objections_page, papers_page, people_page,
    person_page, troubles_page, upload_page, verify_page,
};
use crate::pages::wages;
use crate::pages::{
    self, account_page, accounts_page, audit_page, claim_page, events, login_page, notice_page,
    settings_page, today_page,
};
use crate::state::{WebSettings, WebState};
use crate::view::HealthView;

/// Largest body of a request, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a request that brings pictures: a little more than they may have, so that the page
/// itself says what is too large.
const FACE_BYTES_MAX: usize = (PICTURES_MAX + 1) * PICTURE_BYTES_MAX;
/// Largest body of a request for a correction, likewise.
const EVIDENCE_BYTES_MAX: usize = 2 * FILE_BYTES_MAX;
/// Largest body of what a preview of a bank's answer sends back: a line of 300 bytes for everybody of the
/// largest site, as forms encode it.
const RECEIPT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest time until an answer begins. Waiting for a turn at the password desk is the slowest.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// The whole screen. Serve it with `serve`, which also tells it the peer's address.
pub fn router(state: WebState) -> Router {
    Router::new()
        .route("/", get(today_page::show))
        .route("/events", get(events::stream))
        .route("/people", get(people_page::show))
        .route(
            "/people/new",
            get(register_page::show).post(register_page::submit),
        )
        .route("/people/new/cards", get(cards_page::of_form))
        .route("/people/cards", get(cards_page::of_finder))
        .route("/people/{worker}", get(person_page::show))
        .route(
            "/people/{worker}/face",
            get(face_page::show)
                .post(face_page::submit)
                .layer(DefaultBodyLimit::max(FACE_BYTES_MAX)),
        )
        .route("/people/{worker}/numbers", post(numbers_page::submit))
        .route("/people/{worker}/{act}", post(person_acts::submit))
        .route("/teams", get(teams_page::show).post(teams_page::submit))
        .route("/visits", get(visits_page::show).post(visits_page::submit))
        .merge(imports())
        .merge(wage_pages())
        .merge(settings())
        .route("/attendance", get(month_page::show))
        .route("/attendance/moment", get(moment_page::show))
        .merge(corrections())
        .merge(kiosks())
        .route("/troubles", get(troubles_page::show))
        .route("/troubles/objections", post(objections_page::answer))
        .route(
            "/troubles/{record}/pictures",
            get(pictures_page::show).post(pictures_page::submit),
        )
        .route("/upload", get(upload_page::show))
        .route("/papers", get(papers_page::show))
        .route("/papers/month", get(papers_page::month))
        .route("/papers/month.xlsx", get(papers_page::month_xlsx))
        .route("/papers/people.xlsx", get(papers_page::people_xlsx))
        .route("/papers/punches", get(list_papers::punches))
        .route("/papers/punches.xlsx", get(list_papers::punches_xlsx))
        .route("/papers/day", get(list_papers::day))
        .route("/papers/day.xlsx", get(list_papers::day_xlsx))
        .route(
            "/papers/close",
            get(close_page::show).post(close_page::submit),
        )
        .route("/verify", get(verify_page::show))
        .route("/claim", get(claim_page::show).post(claim_page::submit))
        .route("/login", get(login_page::show).post(login_page::submit))
        .route("/logout", post(login_page::leave))
        .route("/alive", post(login_page::alive))
        .route("/assets/{name}", get(assets::get))
        .fallback(pages::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(pass))
        .with_state(state)
}

/// The box itself, its accounts, and what is kept of the office's acts.
fn settings() -> Router<WebState> {
    Router::new()
        .route(
            "/account",
            get(account_page::show).post(account_page::submit),
        )
        .route(
            "/accounts",
            get(accounts_page::show).post(accounts_page::submit),
        )
        .route("/settings", get(settings_page::show))
        .route("/settings/camera/{way}/{lane}", get(settings_page::camera))
        .route(
            "/suspensions",
            get(suspension_page::show).post(suspension_page::submit),
        )
        .route("/audit", get(audit_page::show))
}

/// 补卡.
fn corrections() -> Router<WebState> {
    Router::new()
        .route("/corrections", get(list_page::show))
        .route("/corrections/report", get(report_page::show))
        .route(
            "/corrections/new",
            get(ask_page::show)
                .post(ask_page::submit)
                .layer(DefaultBodyLimit::max(EVIDENCE_BYTES_MAX)),
        )
        .route(
            "/corrections/{request}",
            get(case_page::show).post(case_page::decide),
        )
        .route("/corrections/{request}/paper", get(case_page::paper))
        .route("/corrections/{request}/file", get(case_page::file))
}

/// The screens at the gate, which nobody signs in at.
fn kiosks() -> Router<WebState> {
    Router::new()
        .route("/gate", get(gate_page::list))
        .route("/gate/{lane}", get(gate_page::show))
        .route("/gate/{lane}/events", get(gate_events::stream))
        .route("/gate/{lane}/voice/{number}", get(voice::name))
        .route("/voice/{line}", get(voice::line))
        .route("/mine/{lane}", get(own_page::show))
        .route("/mine/{lane}/events", get(own_events::stream))
        .route("/mine/{lane}/stay", post(own_page::stay))
        .route("/mine/{lane}/shut", post(own_page::shut))
        .route("/mine/{lane}/object", post(own_page::object))
}

/// Files of people.
fn imports() -> Router<WebState> {
    Router::new()
        .route(
            "/import",
            get(bring_page::show)
                .post(bring_page::submit)
                .layer(DefaultBodyLimit::max(
                    intake::FILE_BYTES_MAX + BODY_BYTES_MAX,
                )),
        )
        .route("/import/template.xlsx", get(bring_page::template))
        .route("/import/{job}", get(job_page::show).post(job_page::submit))
        .route("/import/{job}/errors.xlsx", get(job_page::errors))
}

/// Wages of a month, and the project's money for them.
fn wage_pages() -> Router<WebState> {
    use wages::{
        bank_page, entry_page, funds_form, funds_page, paper_page, receipt_page, sheet_page, step,
        trouble_page,
    };
    Router::new()
        .route("/papers/wages", get(sheet_page::show))
        .route(
            "/papers/wages/entry",
            get(entry_page::show).post(entry_page::submit),
        )
        .route("/papers/wages/step", post(step::submit))
        .route("/papers/wages/paper", get(paper_page::show))
        .route("/papers/wages/sheet.xlsx", get(paper_page::xlsx))
        .route(
            "/papers/wages/bank",
            get(bank_page::show).post(bank_page::submit),
        )
        .route(
            "/papers/wages/receipt",
            get(receipt_page::show)
                .post(receipt_page::submit)
                .layer(DefaultBodyLimit::max(
                    intake::FILE_BYTES_MAX + BODY_BYTES_MAX,
                )),
        )
        .route(
            "/papers/wages/receipt/take",
            post(receipt_page::take).layer(DefaultBodyLimit::max(RECEIPT_BYTES_MAX)),
        )
        .route("/papers/wages/troubles", get(trouble_page::show))
        .route("/papers/funds", get(funds_page::show))
        .route("/papers/funds/{what}", post(funds_form::submit))
}

/// The one page of a box whose ledger does not open.
pub(crate) fn notice_router(about: (WebSettings, watch::Receiver<HealthView>)) -> Router {
    Router::new()
        .route("/assets/{name}", get(assets::get))
        .fallback(notice_page::show)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(pass))
        .with_state(about)
}

/// Refuses what another site sent, limits the time, adds the headers.
async fn pass(request: Request, next: Next) -> Response {
    within(ANSWER_MAX, request, next).await
}

/// The same with this much time until an answer begins; reading the request's body is a part of it.
pub(crate) async fn within(most: Duration, request: Request, next: Next) -> Response {
    let mut answer = if cross_site::may_write(&request) {
        match tokio::time::timeout(most, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => pages::too_slow(),
        }
    } else {
        pages::forbidden()
    };
    headers::apply(answer.headers_mut());
    answer
}
