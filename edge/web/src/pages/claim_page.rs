//! `/claim`: the first account, made with the code that came with the box; and the password of an
//! account that the clerk has opened, set with the code that the clerk handed over.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use edge_domain::AuditAct;
use serde::Deserialize;
use tokio::time::Instant;

use super::audit;
use super::door::{self, Peer};
use super::form;
use super::layout::{self, Layout};
use crate::error::WebError;
use crate::guard::claim_code::ClaimCode;
use crate::guard::password::LENGTH_MIN;
use crate::guard::throttle::Key;
use crate::source::Account;
use crate::state::WebState;

/// The same sentence for a wrong, a used and a replaced code.
const WRONG: &str = "开通码或账号不对，或者开通码已经用过、过期。请向给您开通码的人核对。";

#[derive(Template)]
#[template(path = "claim.html")]
struct ClaimPage {
    layout: Layout,
    name: String,
    problem: Option<String>,
    open: bool,
    claimed: bool,
    password_length_min: usize,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct ClaimForm {
    code: String,
    name: String,
    password: String,
    again: String,
}

async fn page(
    state: &WebState,
    name: String,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let codes = door::codes(state).await?;
    let layout = Layout::new(state, None, "/claim");
    let password_length_min = LENGTH_MIN;
    layout::page(&ClaimPage {
        layout,
        name,
        problem,
        open: codes.open(),
        claimed: codes.claimed,
        password_length_min,
    })
}

/// `GET /claim`.
pub(crate) async fn show(State(state): State<WebState>) -> Result<Response, WebError> {
    page(&state, String::new(), None).await
}

/// `POST /claim`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    peer: Peer,
    Form(typed): Form<ClaimForm>,
) -> Result<Response, WebError> {
    let checked = account_name_and_password(&typed);
    let name = match checked {
        Ok(name) => name,
        Err(problem) => {
            let page = page(&state, typed.name, Some(problem)).await?;
            return Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY));
        }
    };
    let keys = [
        Key {
            name: format!("claim/{}", peer.0),
            free: 5,
        },
        Key {
            name: "claim/*".to_owned(),
            free: 30,
        },
    ];
    let wait = state.throttle().wait(&keys, Instant::now());
    if let Some(wait) = wait {
        let page = page(&state, name, Some(form::wait_text(wait))).await?;
        let mut answer = form::with_status(page, StatusCode::TOO_MANY_REQUESTS);
        form::retry_after(answer.headers_mut(), wait);
        return Ok(answer);
    }
    state.throttle().failed(&keys, Instant::now());
    let Some(account) = claim(&state, &typed, &name).await? else {
        tracing::warn!(peer = %peer.0, "Claim refused");
        let page = page(&state, name, Some(WRONG.to_owned())).await?;
        return Ok(form::with_status(page, StatusCode::FORBIDDEN));
    };
    state.throttle().succeeded(&keys);
    // A code issued later resets a forgotten password: sessions under the old one end.
    state.sessions().end_all_of(&name);
    tracing::info!(peer = %peer.0, duty = account.duty.code(), "A code was used");
    door::sign_in(&state, &account)
}

fn account_name_and_password(typed: &ClaimForm) -> Result<String, String> {
    let name = form::account_name(&typed.name)?;
    form::new_password(&name, &typed.password, &typed.again)?;
    Ok(name)
}

/// The account that the code opened, with its new password stored; `None` where the code was wrong.
async fn claim(
    state: &WebState,
    typed: &ClaimForm,
    name: &str,
) -> Result<Option<Account>, WebError> {
    let Some(code) = ClaimCode::parse(&typed.code) else {
        return Ok(None);
    };
    let step = "store the account";
    if let Some(hash) = door::codes(state).await?.of_box
        && is_code(state, &hash, &code).await?
    {
        let password_hash = state.desk().hash(typed.password.clone()).await?;
        let account = Account::clerk(name, password_hash);
        audit::record(state, audit::own(name, AuditAct::AccountClaimed)).await?;
        let stored = state.accounts().claim(account.clone(), hash).await;
        return Ok(stored.map_err(WebError::source(step))?.then_some(account));
    }
    let account = state.accounts().account(name).await;
    let Some(account) = account.map_err(WebError::source(step))? else {
        return Ok(None);
    };
    let Some(hash) = account.code_hash_at(state.now_ms()) else {
        return Ok(None);
    };
    if account.has_ended(state.now_ms()) || !is_code(state, &hash, &code).await? {
        return Ok(None);
    }
    let password_hash = state.desk().hash(typed.password.clone()).await?;
    audit::record(state, audit::own(name, AuditAct::PasswordSet)).await?;
    let stored = state.accounts().set_password(name, password_hash).await;
    Ok(stored.map_err(WebError::source(step))?.then_some(account))
}

async fn is_code(state: &WebState, hash: &str, code: &ClaimCode) -> Result<bool, WebError> {
    let digits = code.clone().into_digits();
    state.desk().verify(Some(hash.to_owned()), digits).await
}
