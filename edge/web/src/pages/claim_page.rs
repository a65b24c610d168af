//! `/claim`: the first account, made with the code that came with the box.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::time::Instant;

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
const WRONG: &str = "开通码不对，或已经用过。请核对随机附带的开通码。";

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

async fn valid_code_hash(state: &WebState) -> Result<Option<String>, WebError> {
    state
        .accounts()
        .claim_code_hash()
        .await
        .map_err(WebError::source("look for the claim code"))
}

async fn page(
    state: &WebState,
    name: String,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let open = valid_code_hash(state).await?.is_some();
    let step = "look for accounts";
    let claimed = state
        .accounts()
        .has_account()
        .await
        .map_err(WebError::source(step))?;
    let layout = Layout::new(state, None, "/claim");
    let password_length_min = LENGTH_MIN;
    layout::page(&ClaimPage {
        layout,
        name,
        problem,
        open,
        claimed,
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
    let account = name.clone();
    if !claim(&state, &typed, account).await? {
        tracing::warn!(peer = %peer.0, "Claim refused");
        let page = page(&state, name, Some(WRONG.to_owned())).await?;
        return Ok(form::with_status(page, StatusCode::FORBIDDEN));
    }
    state.throttle().succeeded(&keys);
    // A code issued later resets a forgotten password: sessions under the old one end.
    state.sessions().end_all_of(&name);
    tracing::info!(peer = %peer.0, "Box claimed");
    door::sign_in(&state, &name)
}

fn account_name_and_password(typed: &ClaimForm) -> Result<String, String> {
    let name = form::account_name(&typed.name)?;
    form::new_password(&name, &typed.password, &typed.again)?;
    Ok(name)
}

/// True where the code was right and the account is stored.
async fn claim(state: &WebState, typed: &ClaimForm, name: String) -> Result<bool, WebError> {
    let (Some(code), Some(code_hash)) =
        (ClaimCode::parse(&typed.code), valid_code_hash(state).await?)
    else {
        return Ok(false);
    };
    if !state
        .desk()
        .verify(Some(code_hash.clone()), code.into_digits())
        .await?
    {
        return Ok(false);
    }
    let password_hash = state.desk().hash(typed.password.clone()).await?;
    let account = Account {
        name,
        password_hash,
    };
    let step = "store the account";
    state
        .accounts()
        .claim(account, code_hash)
        .await
        .map_err(WebError::source(step))
}
