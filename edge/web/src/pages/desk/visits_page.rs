//! `/visits`: 访客: who is let in for some hours, and who has been today.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{
    Act, AuditAct, AuditNote, Newcomer, VISIT_WORDS_MAX, VisitCard, VisitFault, VisitId, Visitor,
    Visitors,
};
use edge_store::VisitLine;
use serde::Deserialize;

use super::fields;
use crate::books::Shelf;
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::{audit, error_page, form};
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::{clock_text, date_ms, hour_text, minute_text, minute_value, parse_minute};
use crate::state::WebState;

const PAGE: &str = "/visits";
const HOUR_MS: i64 = 3_600_000;
/// Hour at which a visit ends unless somebody says otherwise.
const LEAVES_H: i64 = 18;
/// Longest text of a card's number that is looked at.
const CARD_CHARS_MAX: usize = 24;

/// The form, and what the address may carry.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct VisitForm {
    /// `1`: fill the form from the card at the reader.
    card: String,
    done: String,
    name: String,
    company: String,
    host: String,
    reason: String,
    until: String,
    /// Typed, or empty where the card at the reader is meant.
    number: String,
    /// When the card at the reader was read, Unix ms.
    read: String,
    /// The visit to be ended.
    end: String,
}

/// A card that was read a moment ago.
#[derive(Debug)]
struct Card {
    words: String,
    name: String,
    lane: String,
    time: String,
    read: i64,
}

/// A visit of the list.
#[derive(Debug)]
struct Line {
    number: u32,
    name: String,
    company: String,
    host: String,
    reason: String,
    card: String,
    until: String,
    account: String,
    /// Class and words.
    state: (&'static str, String),
}

#[derive(Template)]
#[template(path = "visits.html")]
struct VisitsPage {
    layout: Layout,
    form: VisitForm,
    problem: Option<String>,
    done: &'static str,
    issues: bool,
    card: Option<Card>,
    is_filled: bool,
    running: Vec<Line>,
    past: Vec<Line>,
    words_max: usize,
    card_max: usize,
}

fn card(one: &Newcomer, lane: String) -> Option<Card> {
    Some(Card {
        words: VisitCard::of(&one.credential)?.masked(),
        name: one
            .document()
            .map(|document| document.name.reveal().to_owned())
            .unwrap_or_default(),
        lane,
        time: clock_text(one.at_ms),
        read: one.at_ms,
    })
}

/// Today at six in the evening; later than that, two hours from now.
fn usual_end(now_ms: i64) -> i64 {
    let evening = date_ms(Shelf::today(now_ms), 0).saturating_add(LEAVES_H * HOUR_MS);
    if now_ms < evening.saturating_sub(HOUR_MS) {
        evening
    } else {
        now_ms.saturating_add(2 * HOUR_MS)
    }
}

fn line(one: &VisitLine, now_ms: i64) -> Line {
    let is_over = one.visit.is_over(now_ms);
    let state = match (one.inside_ms, is_over) {
        (Some(at), true) => (
            "bad",
            format!("✖ 时间已到，还在场内（{} 进）", hour_text(at)),
        ),
        (Some(at), false) => ("good", format!("在场，{} 进", hour_text(at))),
        (None, true) => ("", "已结束".to_owned()),
        (None, false) => ("", "不在场".to_owned()),
    };
    Line {
        number: one.visit.visit.0,
        name: one.visitor.name.reveal().to_owned(),
        company: one.visitor.company.clone(),
        host: one.visitor.host.clone(),
        reason: one.visitor.reason.clone(),
        card: one.visitor.card.masked(),
        until: minute_text(one.visit.ended_ms.unwrap_or(one.visit.until_ms)),
        account: one.account.clone(),
        state,
    }
}

async fn page(
    state: &WebState,
    account: Holder,
    form: VisitForm,
    problem: Option<String>,
) -> Result<VisitsPage, WebError> {
    let now_ms = state.now_ms();
    let from_ms = date_ms(Shelf::today(now_ms), 0);
    let newcomer = state.newcomer();
    let (found, card, lets_in) = state
        .books()
        .ask("read the visits", move |shelf| {
            let card = newcomer.and_then(|one| card(&one, shelf.lane_name(&one.lane)));
            let lets_in = shelf.policy.visitors == Visitors::Allow;
            Ok((shelf.reader.desk().visits(from_ms)?, card, lets_in))
        })
        .await?;
    let (past, running): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|one| one.visit.is_over(now_ms) && one.inside_ms.is_none());
    let lines = |some: Vec<&VisitLine>| some.into_iter().map(|one| line(one, now_ms)).collect();
    Ok(VisitsPage {
        issues: lets_in && account.duty.issues_visits(),
        done: match form.done.as_str() {
            "issued" => "✔ 已开好，现在可以刷卡进出。不计考勤，到时间自动失效。",
            "ended" => "✔ 已结束，这张卡不能再进场；人还在里面的，出场照样开闸。",
            _ => "",
        },
        layout: Layout::new(state, Some(account), "/"),
        is_filled: false,
        form,
        problem,
        card,
        running: lines(running),
        past: lines(past),
        words_max: VISIT_WORDS_MAX,
        card_max: CARD_CHARS_MAX,
    })
}

/// `GET /visits`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<VisitForm>,
) -> Result<Response, WebError> {
    let wants_card = query.card == "1";
    let form = VisitForm {
        until: minute_value(usual_end(state.now_ms())),
        done: query.done,
        ..VisitForm::default()
    };
    let mut page = page(&state, signed_in.account, form, None).await?;
    if let Some(card) = page.card.as_ref().filter(|_| wants_card && page.issues) {
        page.is_filled = true;
        page.form.name.clone_from(&card.name);
        page.form.read = card.read.to_string();
    }
    layout::page(&page)
}

/// The card that is typed, or the one that was at the reader when the form was filled.
fn chosen_card(typed: &VisitForm, newcomer: Option<Newcomer>) -> Result<VisitCard, Refusal> {
    if !typed.number.trim().is_empty() {
        let short = typed.number.chars().count() <= CARD_CHARS_MAX;
        let card = VisitCard::parse(&typed.number).filter(|_| short);
        return card.ok_or_else(|| {
            Refusal::new(
                "卡号看不懂：身份证是 18 位号码，临时卡是 8 位卡号（0–9、a–f）。看不到卡号就把卡放到闸机上刷一下，再点“用这张卡”。",
            )
        });
    }
    let read: Option<i64> = typed.read.parse().ok();
    let newcomer = newcomer.filter(|one| Some(one.at_ms) == read);
    newcomer
        .and_then(|one| VisitCard::of(&one.credential))
        .ok_or_else(|| {
            Refusal::new(
                "还没有卡，或刚才刷的卡已经作废。请把卡放到闸机上再刷一下，点“用这张卡”，或手填卡号。",
            )
        })
}

/// What is typed, read into the rules' types.
fn read(
    typed: &VisitForm,
    newcomer: Option<Newcomer>,
    now_ms: i64,
) -> Result<(Visitor, i64), Refusal> {
    let said = |fault: VisitFault| Refusal::new(format!("{}。", fault.text()));
    let name = fields::name(&typed.name)?;
    let until_ms = parse_minute(&typed.until)
        .ok_or_else(|| Refusal::new("结束时间看不懂，请重新选日期和时间。"))?;
    VisitFault::check_span(now_ms, until_ms).map_err(said)?;
    let card = chosen_card(typed, newcomer)?;
    let words = [&*typed.company, &*typed.host, &*typed.reason];
    let visitor = Visitor::new(name, words, card).map_err(said)?;
    Ok((visitor, until_ms))
}

/// `POST /visits`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<VisitForm>,
) -> Result<Response, WebError> {
    if !typed.end.is_empty() {
        return end(&state, &signed_in.account, &typed.end).await;
    }
    let now_ms = state.now_ms();
    let account = signed_in.account.name.clone();
    let made = read(&typed, state.newcomer(), now_ms);
    let visitors = state
        .books()
        .ask("read the rules", |shelf| Ok(shelf.policy.visitors))
        .await?;
    let maker: ActMaker = Box::new(move |reader| {
        let (visitor, until_ms) = match made {
            Ok(made) => made,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let fault = match visitors {
            Visitors::Deny => Err(VisitFault::NotHere),
            Visitors::Allow => reader.roster()?.check_visit_card(&visitor.card, now_ms),
        };
        if let Err(fault) = fault {
            return Ok(Err(Refusal::new(format!("{}。", fault.text()))));
        }
        let visit = VisitId(reader.desk().last_visit()?.saturating_add(1));
        let note = AuditNote {
            detail: Some(format!("{} 号访客，到 {}", visit.0, minute_text(until_ms))),
            ..audit::own(&account, AuditAct::VisitIssued)
        };
        let issued = Act::Visit {
            visit,
            visitor: Box::new(visitor),
            from_ms: now_ms,
            until_ms,
            account,
        };
        Ok(Ok(vec![issued, Act::Audit(note)]))
    });
    let done = state.recorder().record(maker).await;
    if let Err(Refusal(problem)) = done.map_err(WebError::source("record a visit"))? {
        let mut page = page(&state, signed_in.account, typed, Some(problem)).await?;
        let read = page.card.as_ref().map(|card| card.read.to_string());
        page.is_filled = read.is_some_and(|read| read == page.form.read);
        let page = layout::page(&page)?;
        return Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY));
    }
    tracing::info!("Visit issued");
    state.forget_newcomer();
    Ok(Redirect::to(&format!("{PAGE}?done=issued")).into_response())
}

/// Ends a visit before its time.
async fn end(state: &WebState, account: &Holder, typed: &str) -> Result<Response, WebError> {
    let Ok(number) = typed.parse::<u32>() else {
        return Ok(error_page::refused("没有这位访客。", PAGE));
    };
    let (visit, now_ms) = (VisitId(number), state.now_ms());
    let account = account.name.clone();
    let maker: ActMaker = Box::new(move |reader| {
        let roster = reader.roster()?;
        let known = roster.visits().iter().find(|one| one.visit == visit);
        if known.is_none_or(|one| one.is_over(now_ms)) {
            let problem = "这位访客已经结束了，不用再结束一次。";
            return Ok(Err(Refusal::new(problem)));
        }
        let note = AuditNote {
            detail: Some(format!("{number} 号访客")),
            ..audit::own(&account, AuditAct::VisitEnded)
        };
        Ok(Ok(vec![
            Act::VisitEnded { visit, account },
            Act::Audit(note),
        ]))
    });
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source("end a visit"))? {
        Ok(()) => Ok(Redirect::to(&format!("{PAGE}?done=ended")).into_response()),
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, PAGE)),
    }
}
