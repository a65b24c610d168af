//! `/audit`: who looked at what is masked, took data away, changed an account or a rule.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{AuditAct, WorkerId};
use serde::Deserialize;

use super::door::SignedIn;
use super::layout::{self, Layout};
use crate::books::Directory;
use crate::error::WebError;
use crate::site_time::{clock_text, date_text};
use crate::state::WebState;

/// Lines of one page.
const LINES_MAX: usize = 100;

/// What addresses of older pages carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuditQuery {
    before: String,
}

#[derive(Debug)]
struct Line {
    date: String,
    time: String,
    account: String,
    what: String,
    worker: Option<(u32, String)>,
    detail: String,
    reason: String,
    seq: u64,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    layout: Layout,
    lines: Vec<Line>,
    older: Option<i64>,
    is_first: bool,
}

/// `GET /audit`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<AuditQuery>,
) -> Result<Response, WebError> {
    let before: Option<i64> = query.before.parse().ok();
    let (audits, directory) = state
        .books()
        .ask("read the audit records", move |shelf| {
            Ok((shelf.reader.audits(before, LINES_MAX)?, shelf.directory()?))
        })
        .await?;
    let is_full = audits.len() == LINES_MAX;
    let older = audits.last().map(|line| line.id).filter(|_| is_full);
    layout::page(&AuditPage {
        layout: Layout::new(&state, Some(signed_in.account), "/settings"),
        lines: audits.iter().map(|one| line(one, &directory)).collect(),
        older,
        is_first: before.is_none(),
    })
}

fn line(one: &edge_store::AuditLine, directory: &Directory) -> Line {
    let audit = &one.audit;
    let name = |worker: u32| {
        let person = directory.person(WorkerId(worker));
        person.map_or_else(
            || format!("工号 {worker}"),
            |person| person.name().reveal().to_owned(),
        )
    };
    let what = AuditAct::from_code(&audit.what);
    Line {
        date: date_text(one.at_ms),
        time: clock_text(one.at_ms),
        account: audit.account.clone().unwrap_or_else(|| "本机".to_owned()),
        what: what.map_or_else(|| audit.what.clone(), |what| what.text().to_owned()),
        worker: audit.worker.map(|worker| (worker, name(worker))),
        detail: audit.detail.clone().unwrap_or_default(),
        reason: audit.reason.clone().unwrap_or_default(),
        seq: one.seq,
    }
}
