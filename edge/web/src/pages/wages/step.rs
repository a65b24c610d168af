//! `POST /papers/wages/step`: 编制, 班组确认, 审核, 公示, 退回.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, WageAct, WageMonth, WageSheet, WageStep, WageStepFault, check_wage_step};
use edge_store::{KeptSheet, Reader};

use super::shared::{self, Standing, WageForm, address};
use super::sheet_page::{after, obstacle, takes};
use crate::books::{WageCopy, WageTeam};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::recorder::{ActMaker, Refusal};
use crate::state::WebState;

const WHY_CHARS_MIN: usize = 2;
const WHY_CHARS_MAX: usize = 100;

fn fault_text(fault: WageStepFault) -> String {
    match fault {
        WageStepFault::NotDue { last } => {
            let last = last.map_or("还没有编制", WageStep::text);
            format!(
                "这张工资表现在的状态是“{last}”，不能做这一步。刚才可能有人操作过，请看过最新内容再操作。"
            )
        }
        WageStepFault::SamePerson => {
            "编制、班组确认、审核要由三个不同的人做，您已经做过前面的一步，请别人来。".to_owned()
        }
        WageStepFault::Paid => "银行已经发过这张表的工资，不能再退回。".to_owned(),
    }
}

/// `POST /papers/wages/step`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<WageForm>,
) -> Result<Response, WebError> {
    let (duty, account) = (signed_in.account.duty, signed_in.account.name);
    let step = WageStep::from_code(&typed.step);
    let (Some(of), Some(step)) = (typed.of(duty), step) else {
        return Ok(error_page::no_such_team());
    };
    let back = address("", of);
    if !takes(duty, step) {
        let problem = format!("您的账号不能做“{}”这一步。", step.text());
        return Ok(error_page::refused(&problem, &back));
    }
    let (wages, copy) = match shared::asked(&state, Some(of)).await? {
        Ok(standing) => standing,
        Err(answer) => return Ok(*answer),
    };
    let why: String = typed
        .why
        .trim()
        .chars()
        .filter(|one| !one.is_control())
        .take(WHY_CHARS_MAX)
        .collect();
    if step == WageStep::Returned && why.chars().count() < WHY_CHARS_MIN {
        return Ok(error_page::refused("退回要写原因，没有退回。", &back));
    }
    let blocked = (step == WageStep::Drawn)
        .then(|| obstacle(&wages))
        .flatten();
    if let Some(problem) = blocked {
        return Ok(error_page::refused(&problem, &back));
    }
    if let Err(fault) = check_wage_step(&wages.sheets(), step, &account, is_paid(&wages)) {
        return Ok(error_page::refused(&fault_text(fault), &back));
    }
    let digest = match wages.last() {
        Some(last) if !wages.is_open() => last.digest.clone(),
        _ => keep(&state, &copy).await?,
    };
    let why = (step == WageStep::Returned).then_some(why);
    let maker = maker((wages, copy), (step, account), (digest, why));
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source("take a step of a wage sheet"))? {
        Ok(()) => {
            tracing::info!(step = step.code(), "A step of a wage sheet was taken");
            Ok(Redirect::to(&after(of, step.code())).into_response())
        }
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, &back)),
    }
}

fn is_paid(wages: &WageTeam) -> bool {
    wages.rows.iter().any(|row| row.paid.get() > 0)
}

/// Keeps a sheet, so that the code on paper finds it again; its digest.
async fn keep(state: &WebState, copy: &WageCopy) -> Result<String, WebError> {
    let step = "keep a wage sheet";
    let sealed = copy.sealed();
    let (body, digest) = sealed.map_err(|error| WebError::source(step)(error.into()))?;
    let sheet = KeptSheet {
        digest: digest.clone(),
        team: copy.team(),
        month: copy.month.clone(),
        made_ms: state.now_ms(),
        body,
    };
    let kept = state.recorder().keep_sheet(sheet).await;
    kept.map_err(WebError::source(step))?;
    Ok(digest)
}

/// Nobody else may have taken a step, entered something or brought the bank's answer in between.
fn maker(
    (wages, copy): Standing,
    (step, account): (WageStep, String),
    (digest, why): (String, Option<String>),
) -> ActMaker {
    Box::new(move |reader| {
        let of = wages.of;
        if is_stale(reader, &wages)? {
            return Ok(Err(Refusal::new(
                "刚才有人改过这张工资表，您的这一次没有保存。请看过最新内容后再操作。",
            )));
        }
        let mut acts = Vec::new();
        if step == WageStep::Drawn {
            acts.extend(lines(&wages, &copy));
        }
        let (gross, net) = copy.totals();
        acts.push(Act::Wage(WageAct::Sheet(WageSheet {
            of,
            version: wages.version(),
            step,
            digest,
            lines: u32::try_from(copy.rows.len()).unwrap_or(u32::MAX),
            gross,
            net,
            account,
            why,
        })));
        Ok(Ok(acts))
    })
}

fn is_stale(reader: &Reader, wages: &WageTeam) -> Result<bool, SourceError> {
    let known = reader.wages();
    let of: WageMonth = wages.of;
    let entries: Vec<_> = known.entries(of)?.into_iter().collect();
    let mut seen = wages.entries();
    let same_entries = entries.into_iter().all(|(worker, entry)| {
        seen.remove(&worker).unwrap_or_default() == entry
            || !wages.rows.iter().any(|row| row.worker() == worker)
    });
    let is_paid_since = known.payments(of)?.len() != wages.payments;
    Ok(known.steps(of)? != wages.steps || !same_entries || is_paid_since)
}

/// The lines that stand on paper, as records.
fn lines(wages: &WageTeam, copy: &WageCopy) -> Vec<Act> {
    let on_paper = |worker: u32| copy.rows.iter().any(|row| row.worker == worker);
    let of_rows = wages.rows.iter().filter(|row| on_paper(row.worker().0));
    of_rows
        .filter_map(|row| row.line.as_ref().ok())
        .map(|line| {
            Act::Wage(WageAct::Line {
                of: wages.of,
                version: wages.version(),
                line: Box::new(line.clone()),
            })
        })
        .collect()
}
