//! `/suspensions`: 停工通知: times without work that the site declares.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, AuditAct, AuditNote, SUSPENSION_CHARS_MAX, Suspension, SuspensionFault};
use jiff::ToSpan as _;
use serde::Deserialize;

use super::fields;
use crate::books::Shelf;
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::{audit, error_page};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::{date_ms, minute_text};
use crate::state::WebState;

const PAGE: &str = "/suspensions";
/// Notices that are listed.
const LINES_MAX: usize = 50;

/// A notice.
#[derive(Debug)]
struct Line {
    from: String,
    to: String,
    reason: String,
    made: String,
    /// Class and words: ahead, now, over.
    state: (&'static str, &'static str),
}

#[derive(Template)]
#[template(path = "suspensions.html")]
struct SuspensionsPage {
    layout: Layout,
    lines: Vec<Line>,
    today: String,
    why_max: usize,
    done: bool,
}

/// What the address may carry, and what the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SuspensionForm {
    done: String,
    from: String,
    to: String,
    reason: String,
}

/// `GET /suspensions`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<SuspensionForm>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let found = state
        .books()
        .ask("read the notices", move |shelf| {
            Ok(shelf.reader.desk().suspensions(LINES_MAX)?)
        })
        .await?;
    let line = |(one, at): (Suspension, i64)| Line {
        from: minute_text(one.from_ms),
        to: minute_text(one.to_ms),
        state: if now_ms < one.from_ms {
            ("", "还没开始")
        } else if now_ms < one.to_ms {
            ("warn", "! 停工中")
        } else {
            ("", "已结束")
        },
        reason: one.reason,
        made: minute_text(at),
    };
    layout::page(&SuspensionsPage {
        layout: Layout::new(&state, Some(signed_in.account), "/settings"),
        lines: found.into_iter().map(line).collect(),
        today: Shelf::today(now_ms).to_string(),
        why_max: SUSPENSION_CHARS_MAX,
        done: !query.done.is_empty(),
    })
}

/// Whole days of the site, the last one included.
fn read(typed: &SuspensionForm) -> Result<Suspension, Refusal> {
    let from = fields::needed_day(&typed.from, "停工第一天")?;
    let to = fields::needed_day(&typed.to, "停工最后一天")?;
    let (from_ms, to_ms) = (date_ms(from, 0), date_ms(to.saturating_add(1.day()), 0));
    Suspension::new(from_ms, to_ms, &typed.reason)
        .map_err(|fault: SuspensionFault| Refusal::new(format!("{}。没有申报。", fault.text())))
}

/// `POST /suspensions`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<SuspensionForm>,
) -> Result<Response, WebError> {
    let notice = match read(&typed) {
        Ok(notice) => notice,
        Err(Refusal(problem)) => return Ok(error_page::refused(&problem, PAGE)),
    };
    let note = AuditNote {
        detail: Some(format!("{} 至 {}，{}", typed.from, typed.to, notice.reason)),
        ..audit::own(&signed_in.account.name, AuditAct::Suspended)
    };
    let maker: ActMaker = Box::new(move |_| Ok(Ok(vec![Act::Audit(note), Act::Suspended(notice)])));
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source("declare a time without work"))? {
        Ok(()) => Ok(Redirect::to(&format!("{PAGE}?done=1")).into_response()),
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, PAGE)),
    }
}
