//! `/mine/{lane}/events`: the live stream of the screen beside a reader for the worker's own view.
//!
//! `view` carries the view of whose card was just read, `note` why a card opens none, `close` that the
//! view is over, `hb` a sign of life every five seconds or sooner. A screen that comes anew is told of
//! cards that are read from then on only.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::extract::{Path, State};
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use edge_domain::WorkerId;
use futures_util::stream;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};

use super::own_sheet;
use super::place::AtTheGate;
use crate::error::WebError;
use crate::kiosk::{OwnCard, OwnScreen};
use crate::pages::error_page;
use crate::pages::events::{HEARTBEAT, RETRY, changed, event};
use crate::site_time::hour_text;
use crate::state::WebState;

/// `GET /mine/{lane}/events`.
pub(crate) async fn stream(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
) -> Response {
    let Some(mut screen) = state.kiosks().own(&lane).cloned() else {
        return error_page::no_such_lane();
    };
    // A card of before opens nothing here.
    screen.card.mark_unchanged();
    let mut heartbeat = tokio::time::interval_at(Instant::now(), HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let live = Live {
        state,
        screen,
        waiting: VecDeque::from([
            Event::default().retry(RETRY).comment("menwei"),
            event("close", "-"),
        ]),
        heartbeat,
        token: None,
        over: false,
    };
    Sse::new(stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    }))
    .into_response()
}

struct Live {
    state: WebState,
    screen: OwnScreen,
    waiting: VecDeque<Event>,
    heartbeat: Interval,
    /// Of the view that is open on this screen.
    token: Option<String>,
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
            let told = self.turn().await;
            if let Err(error) = told {
                error_page::log(&error);
                self.note("本机读不出您的记录，请找劳资专管员");
            }
        }
    }

    async fn turn(&mut self) -> Result<(), WebError> {
        let stop = self.state.stop().clone();
        let ends = self.ends();
        tokio::select! {
            biased;
            () = stop.cancelled() => self.over = true,
            () = changed(&mut self.screen.card) => return self.card().await,
            () = until(ends) => {
                // He may have asked to read on meanwhile.
                if self.ends().is_none_or(|ends| ends <= Instant::now()) {
                    self.close();
                }
            }
            _ = self.heartbeat.tick() => {
                let time = hour_text(self.state.now_ms());
                self.waiting.push_back(event("hb", &time));
            }
        }
        Ok(())
    }

    /// When the view that is open here ends; now, where another screen's card closed it.
    fn ends(&self) -> Option<Instant> {
        let token = self.token.as_ref()?;
        let ends = self.state.open_views().ends(&self.screen.lane, token);
        Some(ends.unwrap_or_else(Instant::now))
    }

    async fn card(&mut self) -> Result<(), WebError> {
        let card = self.screen.card.borrow_and_update().clone();
        self.close();
        match card {
            Some(OwnCard::Worker { worker, at }) => self.open(worker, at).await?,
            Some(OwnCard::Stranger) => self.note("花名册上没有您，请找劳资专管员登记"),
            Some(OwnCard::Unreadable) => self.note("没有读到，请把身份证再放一次"),
            None => {}
        }
        Ok(())
    }

    async fn open(&mut self, worker: WorkerId, at: Instant) -> Result<(), WebError> {
        let token = self
            .state
            .open_views()
            .open(&self.screen.lane, worker, at)?;
        let Some(token) = token else { return Ok(()) };
        let html = own_sheet::view(&self.state, worker, &token).await?;
        match html {
            Some(html) => {
                self.token = Some(token);
                self.waiting.push_back(event("view", &html));
            }
            None => self.note("花名册上没有您，请找劳资专管员登记"),
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(token) = self.token.take() {
            self.state.open_views().close(&self.screen.lane, &token);
        }
        self.waiting.push_back(event("close", "-"));
    }

    fn note(&mut self, words: &str) {
        self.waiting.push_back(event("note", words));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            self.state.open_views().close(&self.screen.lane, token);
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
