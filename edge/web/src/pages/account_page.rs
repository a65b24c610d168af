//! `/account`: the signed-in person's own password.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use edge_domain::AuditAct;
use serde::Deserialize;
use tokio::time::Instant;

use super::audit;
use super::door::{self, SignedIn};
use super::form;
use super::layout::{self, Layout};
use crate::error::WebError;
use crate::guard::password::LENGTH_MIN;
use crate::guard::session::Holder;
use crate::guard::throttle::Key;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    layout: Layout,
    problem: Option<String>,
    password_length_min: usize,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct PasswordForm {
    old: String,
    password: String,
    again: String,
}

fn page(state: &WebState, account: Holder, problem: Option<String>) -> Result<Response, WebError> {
    let layout = Layout::new(state, Some(account), "/account");
    layout::page(&AccountPage {
        layout,
        problem,
        password_length_min: LENGTH_MIN,
    })
}

fn refused(
    state: &WebState,
    account: Holder,
    problem: String,
    status: StatusCode,
) -> Result<Response, WebError> {
    Ok(form::with_status(
        page(state, account, Some(problem))?,
        status,
    ))
}

/// `GET /account`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    page(&state, signed_in.account, None)
}

/// `POST /account`: a new password ends every session of the account, this one too.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<PasswordForm>,
) -> Result<Response, WebError> {
    let (name, holder) = (signed_in.account.name.clone(), signed_in.account);
    if let Err(problem) = form::new_password(&name, &typed.password, &typed.again) {
        return refused(&state, holder, problem, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let keys = [Key {
        name: format!("password/{name}"),
        free: 5,
    }];
    let wait = state.throttle().wait(&keys, Instant::now());
    if let Some(wait) = wait {
        return refused(
            &state,
            holder,
            form::wait_text(wait),
            StatusCode::TOO_MANY_REQUESTS,
        );
    }
    state.throttle().failed(&keys, Instant::now());
    let step = "look up an account";
    let account = state
        .accounts()
        .account(&name)
        .await
        .map_err(WebError::source(step))?;
    let stored = account.and_then(|one| one.password_hash);
    if !state.desk().verify(stored, typed.old).await? {
        let problem = "原密码不对。".to_owned();
        return refused(&state, holder, problem, StatusCode::UNAUTHORIZED);
    }
    let password_hash = state.desk().hash(typed.password).await?;
    audit::record(&state, audit::own(&name, AuditAct::PasswordSet)).await?;
    let step = "store a password";
    let stored = state.accounts().set_password(&name, password_hash).await;
    if !stored.map_err(WebError::source(step))? {
        let problem = "这个账号刚才被停用了，密码没有改。".to_owned();
        return refused(&state, holder, problem, StatusCode::UNAUTHORIZED);
    }
    state.throttle().succeeded(&keys);
    state.sessions().end_all_of(&name);
    tracing::info!("Password changed, its sessions ended");
    Ok(door::sign_out(&state, "/login"))
}
