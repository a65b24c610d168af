//! `/login` and `/logout`.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use tokio::time::Instant;

use super::door::{self, Peer, SignedIn};
use super::form;
use super::layout::{self, Layout};
use crate::error::WebError;
use crate::guard::throttle::Key;
use crate::state::WebState;

/// The same sentence for an unknown account and a wrong password.
const WRONG: &str = "账号或密码不对。";
/// Only for somebody who knew the password.
const ENDED: &str = "这个账号的使用期限已过。要再看，请找劳资专管员开通。";

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    layout: Layout,
    name: String,
    problem: Option<String>,
    claimed: bool,
    claim_open: bool,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    name: String,
    password: String,
}

async fn page(
    state: &WebState,
    name: String,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let codes = door::codes(state).await?;
    let layout = Layout::new(state, None, "/login");
    layout::page(&LoginPage {
        layout,
        name,
        problem,
        claimed: codes.claimed,
        claim_open: codes.open(),
    })
}

/// `GET /login`.
pub(crate) async fn show(
    State(state): State<WebState>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    if SignedIn::of(&state, &headers, true).is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page(&state, String::new(), None).await
}

fn keys(peer: Peer, name: &str) -> [Key; 3] {
    [
        Key {
            name: format!("login/{}/{name}", peer.0),
            free: 5,
        },
        Key {
            name: format!("login/{}", peer.0),
            free: 20,
        },
        // Wide, so that a stranger who knows a clerk's name cannot easily lock the clerk out.
        Key {
            name: format!("login/*/{name}"),
            free: 60,
        },
    ]
}

/// `POST /login`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    peer: Peer,
    Form(typed): Form<LoginForm>,
) -> Result<Response, WebError> {
    let name: String = typed.name.trim().chars().take(64).collect();
    let keys = keys(peer, &name);
    let wait = state.throttle().wait(&keys, Instant::now());
    if let Some(wait) = wait {
        let page = page(&state, name, Some(form::wait_text(wait))).await?;
        let mut answer = form::with_status(page, StatusCode::TOO_MANY_REQUESTS);
        form::retry_after(answer.headers_mut(), wait);
        return Ok(answer);
    }
    state.throttle().failed(&keys, Instant::now());
    let step = "look up an account";
    let account = state
        .accounts()
        .account(&name)
        .await
        .map_err(WebError::source(step))?;
    let stored = account.as_ref().and_then(|one| one.password_hash.clone());
    let right = state.desk().verify(stored, typed.password).await?;
    let (true, Some(account)) = (right, account) else {
        tracing::info!(peer = %peer.0, "Sign-in refused");
        let page = page(&state, name, Some(WRONG.to_owned())).await?;
        return Ok(form::with_status(page, StatusCode::UNAUTHORIZED));
    };
    state.throttle().succeeded(&keys);
    if account.has_ended(state.now_ms()) {
        let page = page(&state, name, Some(ENDED.to_owned())).await?;
        return Ok(form::with_status(page, StatusCode::FORBIDDEN));
    }
    tracing::info!(peer = %peer.0, "Signed in");
    door::sign_in(&state, &account)
}

/// `POST /logout`.
pub(crate) async fn leave(State(state): State<WebState>, signed_in: SignedIn) -> Response {
    state.sessions().end(&signed_in.token);
    door::sign_out(&state, "/login")
}

/// `POST /alive`: the person in front of the page moved; answers 401 where the session is over.
pub(crate) async fn alive(_: SignedIn) -> StatusCode {
    StatusCode::NO_CONTENT
}
