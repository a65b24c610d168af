//! `/people/new/cards`, `/people/cards`: cards on the reader of the desk, for the page that waits for them.
//!
//! `card` carries what a card comes to and, in the form of a new worker, its fields, after who had the
//! number shown is on record; `go` the page of whose card it is; `lamp` what is wrong with the reader;
//! `taken` that another page waits now, `logout` that the session is over, `hb` a sign of life.

use std::collections::VecDeque;
use std::convert::Infallible;

use askama::Template;
use axum::extract::State;
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use edge_domain::{AuditAct, AuditNote, IdDocument};
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::card_verdict::{CardVerdict, VerdictLine, about};
use super::registering::RegisterForm;
use crate::books::Shelf;
use crate::desks::{DeskCard, DeskReader};
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::events::{HEARTBEAT, RETRY, changed, event};
use crate::pages::{audit, error_page};
use crate::site_time::clock_text;
use crate::state::WebState;
use crate::view::{HealthView, LampState, Remedy};

#[derive(Template)]
#[template(path = "part/desk_card.html")]
struct CardPart {
    name: String,
    about: String,
    number: String,
    time: String,
    verdict: CardVerdict,
    is_finder: bool,
    /// Name and value of the form's fields.
    fields: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "part/desk_lamp.html")]
struct LampPart {
    mark: &'static str,
    remedy: Remedy,
}

/// `GET /people/new/cards`.
pub(crate) async fn of_form(State(state): State<WebState>, signed_in: SignedIn) -> Response {
    stream_to(state, signed_in, false)
}

/// `GET /people/cards`.
pub(crate) async fn of_finder(State(state): State<WebState>, signed_in: SignedIn) -> Response {
    stream_to(state, signed_in, true)
}

fn stream_to(state: WebState, signed_in: SignedIn, is_finder: bool) -> Response {
    let Some(reader) = state.desk_reader().cloned() else {
        return error_page::refused("没有接办公室读卡器。", "/people");
    };
    let mut heartbeat = tokio::time::interval_at(Instant::now(), HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut health = state.health_changes();
    health.mark_changed();
    let live = Live {
        state,
        signed_in,
        cards: reader.wait(),
        reader,
        health,
        lamp: None,
        is_finder,
        waiting: VecDeque::from([Event::default().retry(RETRY).comment("menwei")]),
        heartbeat,
        over: false,
    };
    Sse::new(stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    }))
    .into_response()
}

/// One page that waits for cards.
struct Live {
    state: WebState,
    signed_in: SignedIn,
    reader: DeskReader,
    cards: mpsc::Receiver<DeskCard>,
    health: watch::Receiver<HealthView>,
    /// What the page shows of the reader's lamp.
    lamp: Option<Remedy>,
    is_finder: bool,
    waiting: VecDeque<Event>,
    heartbeat: Interval,
    over: bool,
}

impl Live {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            if let Err(error) = self.turn().await {
                error_page::log(&error);
                self.say(VerdictLine::bad(
                    "读到了卡，但本机现在查不了花名册或记不了账，没有填表。请稍后把卡再放一次，或手打。",
                ));
            }
        }
    }

    async fn turn(&mut self) -> Result<(), WebError> {
        let stop = self.state.stop().clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => self.over = true,
            card = self.cards.recv() => match card {
                Some(card) => return self.card(card).await,
                None => self.end_with("taken"),
            },
            () = changed(&mut self.health) => return self.look(),
            _ = self.heartbeat.tick() => {
                if self.is_signed_in() {
                    self.waiting.push_back(event("hb", "-"));
                }
            }
        }
        Ok(())
    }

    /// A session that is over hears of no card.
    fn is_signed_in(&mut self) -> bool {
        let holds = self.state.holder(&self.signed_in.token, false).is_some();
        if !holds {
            self.end_with("logout");
        }
        holds
    }

    /// The reader's lamp, as the page 设备 shows it.
    fn look(&mut self) -> Result<(), WebError> {
        let health = self.health.borrow_and_update().clone();
        let lamp = health
            .devices
            .into_iter()
            .find(|lamp| lamp.name == self.reader.name());
        let mark = lamp.as_ref().map_or("", |lamp| lamp.state.mark());
        let remedy = lamp
            .filter(|lamp| lamp.state != LampState::Ok)
            .and_then(|lamp| lamp.remedy);
        if remedy == self.lamp {
            return Ok(());
        }
        let html = match remedy.clone() {
            Some(remedy) => LampPart { mark, remedy }
                .render()
                .map_err(WebError::Render)?,
            None => "-".to_owned(),
        };
        self.lamp = remedy;
        self.waiting.push_back(event("lamp", html.trim()));
        Ok(())
    }

    async fn card(&mut self, card: DeskCard) -> Result<(), WebError> {
        if !self.is_signed_in() {
            return Ok(());
        }
        let DeskCard::Document(document) = card else {
            self.say(VerdictLine::bad(
                "没有读到身份证，或卡上的资料不对（号码校验、日期）。拿开再放一次，还不行就手打。",
            ));
            return Ok(());
        };
        let asked = document.clone();
        let today = Shelf::today(self.state.now_ms());
        let verdict = self
            .state
            .books()
            .ask("look for a card's number", move |shelf| {
                let directory = shelf.directory()?;
                let mut people = directory.people.iter();
                let known = people.find(|one| one.entry.standing.number == asked.number);
                let known = known.map(AsRef::as_ref);
                Ok(CardVerdict::of(&asked, known, (&shelf.policy, today)))
            })
            .await?;
        if let Some(worker) = verdict.worker.filter(|_| self.is_finder) {
            self.waiting
                .push_back(event("go", &format!("/people/{worker}")));
            return Ok(());
        }
        self.tell(&document, verdict).await
    }

    async fn tell(&mut self, document: &IdDocument, verdict: CardVerdict) -> Result<(), WebError> {
        let fills = verdict.fills && !self.is_finder;
        if fills {
            // His whole number is on the page then: who had it shown is on record before.
            let note = AuditNote {
                detail: Some(format!("刷卡登记，{}", self.reader.name())),
                ..audit::own(&self.signed_in.account.name, AuditAct::NumberRevealed)
            };
            audit::record(&self.state, note).await?;
        }
        let part = CardPart {
            name: document.name.reveal().to_owned(),
            about: about(document),
            number: document.number.masked(),
            time: clock_text(self.state.now_ms()),
            verdict,
            is_finder: self.is_finder,
            fields: if fills { fields(document) } else { Vec::new() },
        };
        let html = part.render().map_err(WebError::Render)?;
        self.waiting.push_back(event("card", html.trim()));
        Ok(())
    }

    fn say(&mut self, line: VerdictLine) {
        let VerdictLine { class, mark, text } = line;
        let html = format!("<p class=\"verdict-line {class}\">{mark} {text}</p>");
        self.waiting.push_back(event("card", &html));
    }

    fn end_with(&mut self, name: &'static str) {
        self.waiting.push_back(event(name, "-"));
        self.over = true;
    }
}

/// What goes into the form.
fn fields(document: &IdDocument) -> Vec<(&'static str, String)> {
    let mut form = RegisterForm::default();
    form.fill(document);
    vec![
        ("number", form.number),
        ("name", form.name),
        ("sex", form.sex),
        ("valid_to", form.valid_to),
        ("nation", form.nation),
    ]
}
