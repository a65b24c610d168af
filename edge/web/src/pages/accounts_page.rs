//! `/accounts`: who may sign in, and what for. The clerk opens and closes accounts; a password is set by
//! its own person only, with a code that is shown once.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{AuditAct, AuditNote, Team};
use serde::Deserialize;

use super::audit;
use super::door::SignedIn;
use super::form;
use super::layout::{self, Layout};
use super::site::shared::{self, Choice};
use crate::error::WebError;
use crate::guard::claim_code::ClaimCode;
use crate::guard::duty::Duty;
use crate::guard::session::Holder;
use crate::site_time::minute_text;
use crate::source::{Account, AccountCode};
use crate::state::WebState;

const DAY_MS: i64 = 24 * 3_600_000;
/// A code is handed over on the day it is made.
const CODE_MS: i64 = DAY_MS;
/// Days that an inspector's account may last.
const VIEWER_DAYS_MAX: i64 = 31;
/// Accounts of one box.
const ACCOUNTS_MAX: usize = 50;

#[derive(Debug)]
struct Line {
    name: String,
    duty: String,
    state: String,
    is_own: bool,
}

/// A code for somebody's eyes, this once.
#[derive(Debug)]
struct Handed {
    name: String,
    code: String,
}

#[derive(Template)]
#[template(path = "accounts.html")]
struct AccountsPage {
    layout: Layout,
    problem: Option<String>,
    handed: Option<Handed>,
    lines: Vec<Line>,
    duties: &'static [(&'static str, &'static str)],
    teams: Vec<Choice>,
    days_max: i64,
}

/// What the forms send; `what` names the act.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AccountsForm {
    what: String,
    name: String,
    duty: String,
    team: String,
    days: String,
}

/// What came of a form.
enum Outcome {
    Done,
    Handed(Handed),
    Refused(String),
}

async fn page(
    state: &WebState,
    holder: Holder,
    problem: Option<String>,
    handed: Option<Handed>,
) -> Result<Response, WebError> {
    let accounts = state.accounts().accounts().await;
    let accounts = accounts.map_err(WebError::source("read the accounts"))?;
    let (choices, teams) = state
        .books()
        .ask("read the teams", |shelf| {
            let directory = shelf.directory()?;
            Ok((
                shared::team_choices(&directory, None),
                directory.teams.clone(),
            ))
        })
        .await?;
    let now_ms = state.now_ms();
    let lines = accounts
        .iter()
        .map(|one| Line {
            name: one.name.clone(),
            duty: duty_text(one.duty, &teams),
            state: state_text(one, now_ms),
            is_own: one.name == holder.name,
        })
        .collect();
    layout::page(&AccountsPage {
        layout: Layout::new(state, Some(holder), "/settings"),
        problem,
        handed,
        lines,
        duties: &Duty::WORDS,
        teams: choices,
        days_max: VIEWER_DAYS_MAX,
    })
}

fn duty_text(duty: Duty, teams: &[Team]) -> String {
    match duty.team() {
        Some(team) => {
            let found = teams.iter().find(|one| one.team == team);
            let name = found.map_or("没有这个班组", |one| one.name.as_str());
            format!("{} · {name}", duty.word())
        }
        None => duty.word().to_owned(),
    }
}

fn state_text(account: &Account, now_ms: i64) -> String {
    if account.has_ended(now_ms) {
        return "期限已过，不能登录".to_owned();
    }
    let code = account.code.as_ref();
    let waits = match code.filter(|code| now_ms < code.ends_at_ms) {
        Some(code) => Some(format!("开通码 {} 前有效", minute_text(code.ends_at_ms))),
        None if account.password_hash.is_none() => Some("开通码已过期，请换新码".to_owned()),
        None => None,
    };
    let ends = account.ends_at_ms;
    let ends = ends.map(|ends| format!("用到 {}", minute_text(ends)));
    let parts: Vec<String> = waits.into_iter().chain(ends).collect();
    if parts.is_empty() {
        "在用".to_owned()
    } else {
        parts.join("，")
    }
}

/// `GET /accounts`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    page(&state, signed_in.account, None, None).await
}

/// `POST /accounts`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<AccountsForm>,
) -> Result<Response, WebError> {
    let outcome = match typed.what.as_str() {
        "open" => open(&state, &typed, &signed_in.account).await?,
        "code" => new_code(&state, &typed, &signed_in.account).await?,
        "close" => close(&state, &typed, &signed_in.account).await?,
        _ => Outcome::Refused("没有这种操作。".to_owned()),
    };
    match outcome {
        Outcome::Done => Ok(Redirect::to("/accounts").into_response()),
        Outcome::Handed(handed) => page(&state, signed_in.account, None, Some(handed)).await,
        Outcome::Refused(problem) => {
            let page = page(&state, signed_in.account, Some(problem), None).await?;
            Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

async fn named(state: &WebState, name: &str) -> Result<Option<Account>, WebError> {
    let found = state.accounts().account(name.trim()).await;
    found.map_err(WebError::source("look up an account"))
}

async fn open(state: &WebState, typed: &AccountsForm, own: &Holder) -> Result<Outcome, WebError> {
    let name = match form::account_name(&typed.name) {
        Ok(name) => name,
        Err(problem) => return Ok(Outcome::Refused(problem)),
    };
    let step = "read the accounts";
    let accounts = state.accounts().accounts().await;
    let accounts = accounts.map_err(WebError::source(step))?;
    if accounts.iter().any(|one| one.name == name) {
        let problem = format!("已经有账号“{name}”，没有改动。同名的人请加上班组或岗位来区分。");
        return Ok(Outcome::Refused(problem));
    }
    if accounts.len() >= ACCOUNTS_MAX {
        let problem = format!("账号已满 {ACCOUNTS_MAX} 个，请先停用不用的。");
        return Ok(Outcome::Refused(problem));
    }
    let (duty, ends_at_ms) = match chosen(state, typed).await? {
        Ok(chosen) => chosen,
        Err(problem) => return Ok(Outcome::Refused(problem)),
    };
    let account = Account {
        name,
        password_hash: None,
        duty,
        ends_at_ms,
        code: None,
    };
    let detail = format!("{}，{}", account.name, account.duty.word());
    note(state, own, AuditAct::AccountOpened, detail).await?;
    hand_code(state, account).await.map(Outcome::Handed)
}

/// What the account may do and until when, as chosen in the form.
async fn chosen(
    state: &WebState,
    typed: &AccountsForm,
) -> Result<Result<(Duty, Option<i64>), String>, WebError> {
    let wanted: Option<u32> = typed.team.parse().ok();
    let is_there = state
        .books()
        .ask("read the teams", move |shelf| {
            let teams = &shelf.directory()?.teams;
            Ok(teams.iter().any(|one| Some(one.team.0) == wanted))
        })
        .await?;
    let Some(duty) = Duty::read(&typed.duty, wanted.filter(|_| is_there)) else {
        let problem = if typed.duty == "leader" {
            "班组长的账号要选班组；还没有班组时，先在“单位和班组”页建一个。"
        } else {
            "请选岗位。"
        };
        return Ok(Err(problem.to_owned()));
    };
    if duty != Duty::Viewer {
        return Ok(Ok((duty, None)));
    }
    let days: Option<i64> = typed.days.trim().parse().ok();
    let Some(days) = days.filter(|days| (1..=VIEWER_DAYS_MAX).contains(days)) else {
        let problem = format!("查看的账号要有期限：请填 1 到 {VIEWER_DAYS_MAX} 天。");
        return Ok(Err(problem));
    };
    let ends = state.now_ms().saturating_add(days.saturating_mul(DAY_MS));
    Ok(Ok((duty, Some(ends))))
}

/// A new code for an account that is there: its person has forgotten the password, or came too late.
async fn new_code(
    state: &WebState,
    typed: &AccountsForm,
    own: &Holder,
) -> Result<Outcome, WebError> {
    let Some(account) = named(state, &typed.name).await? else {
        return Ok(Outcome::Refused(
            "没有这个账号，可能刚才已停用。".to_owned(),
        ));
    };
    if account.name == own.name {
        let problem = "自己的密码请点右上角的名字修改。".to_owned();
        return Ok(Outcome::Refused(problem));
    }
    note(state, own, AuditAct::AccountCode, account.name.clone()).await?;
    hand_code(state, account).await.map(Outcome::Handed)
}

/// Puts a change of an account on record before it is made.
async fn note(
    state: &WebState,
    own: &Holder,
    what: AuditAct,
    detail: String,
) -> Result<(), WebError> {
    let note = AuditNote {
        account: Some(own.name.clone()),
        what,
        worker: None,
        detail: Some(detail),
        reason: None,
    };
    audit::record(state, note).await
}

async fn hand_code(state: &WebState, account: Account) -> Result<Handed, WebError> {
    let code = ClaimCode::random()?;
    let name = account.name.clone();
    let account = Account {
        code: Some(AccountCode {
            hash: code.hash()?,
            ends_at_ms: state.now_ms().saturating_add(CODE_MS),
        }),
        ..account
    };
    tracing::info!(
        duty = account.duty.code(),
        "A code for an account was handed out"
    );
    let stored = state.accounts().put(account).await;
    stored.map_err(WebError::source("store the account"))?;
    let code = code.reveal();
    Ok(Handed { name, code })
}

async fn close(state: &WebState, typed: &AccountsForm, own: &Holder) -> Result<Outcome, WebError> {
    let name = typed.name.trim();
    if name == own.name {
        let problem = "不能停用自己正在用的账号；请用另一个劳资专管员的账号来停用。".to_owned();
        return Ok(Outcome::Refused(problem));
    }
    note(state, own, AuditAct::AccountClosed, name.to_owned()).await?;
    let removed = state.accounts().remove(name).await;
    removed.map_err(WebError::source("remove an account"))?;
    state.sessions().end_all_of(name);
    tracing::info!("An account was closed, its sessions ended");
    Ok(Outcome::Done)
}
