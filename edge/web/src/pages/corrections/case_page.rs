//! `/corrections/{request}`: one request, what speaks for it, and the decision.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, AuditAct, AuditNote, Correction, CorrectionCase, Policy, check_decider};
use edge_store::Reader;
use serde::Deserialize;

use super::lines::CaseRow;
use crate::books::corrections;
use crate::error::{SourceError, WebError};
use crate::pages::audit;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::minute_text;
use crate::state::WebState;

const WHY_CHARS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "correction.html")]
struct CasePage {
    layout: Layout,
    row: CaseRow,
    decides: bool,
    /// Who looks at it has asked for it.
    own: bool,
}

#[derive(Template)]
#[template(path = "correction_paper.html")]
struct CasePaper {
    style: String,
    print_style: String,
    icon: String,
    row: CaseRow,
    project: String,
    employer: String,
    number: String,
    made_at: String,
}

/// What the form of a decision sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DecisionForm {
    what: String,
    why: String,
}

/// `GET /corrections/{request}`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(request): Path<u32>,
) -> Result<Response, WebError> {
    let (now_ms, only) = (state.now_ms(), signed_in.account.duty.team());
    let line = state
        .books()
        .ask("read a correction", move |shelf| {
            corrections::one(shelf, request, only, now_ms)
        })
        .await?;
    let Some(line) = line else {
        return Ok(error_page::no_such_correction());
    };
    let account = signed_in.account;
    layout::page(&CasePage {
        row: CaseRow::new(&line),
        decides: account.duty.decides_corrections(),
        own: line.case.asked.requester.trim() == account.name.trim(),
        layout: Layout::new(&state, Some(account), "/corrections"),
    })
}

/// `GET /corrections/{request}/paper`: 补卡审批单 for printing.
pub(crate) async fn paper(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(request): Path<u32>,
) -> Result<Response, WebError> {
    let (now_ms, only) = (state.now_ms(), signed_in.account.duty.team());
    let site = state.settings().site_name.clone();
    let found = state
        .books()
        .ask("read a correction", move |shelf| {
            let Some(line) = corrections::one(shelf, request, only, now_ms)? else {
                return Ok::<_, SourceError>(None);
            };
            let directory = shelf.directory()?;
            let project = directory.project.as_ref();
            let project = project.map_or(site, |project| project.name.clone());
            let standing = &line.person.entry.standing;
            let team = standing.team.and_then(|team| directory.team(team));
            let employer = team.and_then(|team| directory.employer_of(team));
            let employer = employer.map(|one| one.name.clone()).unwrap_or_default();
            Ok(Some((line, project, employer)))
        })
        .await?;
    let Some((line, project, employer)) = found else {
        return Ok(error_page::no_such_correction());
    };
    layout::page(&CasePaper {
        style: crate::assets::address("app.css"),
        print_style: crate::assets::address("slip.css"),
        icon: crate::assets::address("icon.svg"),
        row: CaseRow::new(&line),
        project,
        employer,
        number: line.person.entry.standing.number.masked(),
        made_at: minute_text(now_ms),
    })
}

/// `GET /corrections/{request}/file`: the picture or document; who looks is on record before.
pub(crate) async fn file(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(request): Path<u32>,
) -> Result<Response, WebError> {
    let (now_ms, only) = (state.now_ms(), signed_in.account.duty.team());
    let found = state
        .books()
        .ask("read what speaks for a correction", move |shelf| {
            let line = corrections::one(shelf, request, only, now_ms)?;
            let Some(asked) = line.map(|line| line.case.asked) else {
                return Ok(None);
            };
            let Some(digest) = &asked.evidence.file else {
                return Ok(None);
            };
            let bytes = shelf.reader.evidence(asked.worker, digest)?;
            Ok(bytes.map(|bytes| (asked, bytes)))
        })
        .await?;
    let Some((asked, bytes)) = found else {
        return Ok(error_page::no_such_correction());
    };
    let note = AuditNote {
        account: Some(signed_in.account.name),
        what: AuditAct::EvidenceSeen,
        worker: Some(asked.worker),
        detail: Some(format!("补卡申请 {request} 号")),
        reason: None,
    };
    audit::record(&state, note).await?;
    let kind = match asked.evidence.file_kind.as_deref() {
        Some("image/png") => "image/png",
        Some("application/pdf") => "application/pdf",
        _ => "image/jpeg",
    };
    let mut answer = bytes.into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    // A page of this box never hands a document to a reader inside the browser.
    let place = if kind == "application/pdf" {
        "attachment"
    } else {
        "inline"
    };
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(place));
    Ok(answer)
}

/// `POST /corrections/{request}`: approve or refuse.
pub(crate) async fn decide(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(request): Path<u32>,
    Form(typed): Form<DecisionForm>,
) -> Result<Response, WebError> {
    let policy = state
        .books()
        .ask("read the rules", |shelf| Ok(Arc::clone(&shelf.policy)))
        .await?;
    let (now_ms, approver) = (state.now_ms(), signed_in.account.name);
    let is_yes = typed.what == "approve";
    let maker: ActMaker = Box::new(move |reader| {
        let Some(case) = reader.correction(request)? else {
            return Ok(Err(Refusal::new("没有这个补卡申请。")));
        };
        if let Err(fault) = check_decider(&case, &approver) {
            return Ok(Err(Refusal(corrections::fault_text(fault))));
        }
        let act = if is_yes {
            approval(reader, &case, approver, &policy, now_ms)?
        } else {
            refusal(&case, approver, &typed.why)
        };
        Ok(act.map(|act| vec![act]))
    });
    let step = "record a decision on a correction";
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source(step))? {
        Ok(()) => {
            let done = if is_yes { "approved" } else { "refused" };
            tracing::info!(done, "A correction was decided");
            let address = format!("/corrections?done={done}");
            Ok(Redirect::to(&address).into_response())
        }
        Err(Refusal(problem)) => Ok(error_page::refused(
            &problem,
            &format!("/corrections/{request}"),
        )),
    }
}

/// The gate may have told of the very movement meanwhile, or the month was closed: the rules are asked
/// again.
fn approval(
    reader: &Reader,
    case: &CorrectionCase,
    approver: String,
    policy: &Policy,
    now_ms: i64,
) -> Result<Result<Act, Refusal>, SourceError> {
    let asked = &case.asked;
    let judged = corrections::check(reader, asked, policy, now_ms)?;
    Ok(judged.map_err(Refusal).map(|()| {
        Act::Correction(Correction {
            request: asked.request,
            worker: asked.worker,
            direction: asked.direction,
            at_ms: asked.at_ms,
            reason: asked.reason,
            requester: asked.requester.clone(),
            requested_ms: case.requested_ms,
            approver,
        })
    }))
}

fn refusal(case: &CorrectionCase, approver: String, why: &str) -> Result<Act, Refusal> {
    let why: String = why
        .trim()
        .chars()
        .filter(|one| !one.is_control())
        .take(WHY_CHARS_MAX)
        .collect();
    if why.is_empty() {
        return Err(Refusal::new("不批准要写原因，申请人才知道差什么。"));
    }
    Ok(Act::CorrectionRefused {
        request: case.asked.request,
        worker: case.asked.worker,
        approver,
        why,
    })
}
