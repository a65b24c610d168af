//! `/events`: the live stream of 今日.
//!
//! `row` carries one passage, a new one with its ledger seq as id, `alarm`, `tiles`, `upload` and `devices`
//! carry a part of the page when it changed, `hb` carries the box's time every five seconds or sooner,
//! `reload` says that the ledger is another one, `logout` that the session is over.
//! A browser that comes back names the last id it saw and is sent what came after: the rows are
//! read from the ledger, so nothing is lost that a broken connection or a restart could lose.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::Event;
use edge_store::Head;
use futures_util::{Stream, stream};
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::door::SignedIn;
use super::error_page;
use super::fragments::{self, Fragments};
use crate::error::WebError;
use crate::site_time::clock_text;
use crate::state::WebState;
use crate::view::{HealthView, TodayView};

/// A page that hears nothing for twice this long tells its reader so.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a browser waits before it connects again.
pub(crate) const RETRY: Duration = Duration::from_secs(2);
/// Between a change and the look at the ledger, so that a burst of swipes costs few looks.
const SETTLE: Duration = Duration::from_millis(100);
/// Looks at the ledger for a record that its read models do not show yet; then the heartbeat goes on.
const LOOKS_MAX: u8 = 20;

/// Where the page's own rows end.
#[derive(Deserialize)]
pub(crate) struct Since {
    since: Option<u64>,
}

/// `GET /events`.
pub(crate) async fn stream(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let seen = seen.and_then(|value| value.parse().ok()).or(since.since);
    let live = Live::new(state, signed_in, seen.unwrap_or(0));
    Sse::new(stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok(event), live))
    }))
}

/// One browser's stream.
struct Live {
    state: WebState,
    signed_in: SignedIn,
    /// Seq of the last row that the browser has.
    seen: u64,
    /// The rows that it may still show, as it has them.
    rows: BTreeMap<u64, String>,
    /// The parts as the browser has them.
    shown: Fragments,
    waiting: VecDeque<Event>,
    heartbeat: Interval,
    head: watch::Receiver<Head>,
    health: watch::Receiver<HealthView>,
    looks: u8,
    over: bool,
}

impl Live {
    fn new(state: WebState, signed_in: SignedIn, seen: u64) -> Self {
        let mut heartbeat = tokio::time::interval_at(Instant::now(), HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (head, health) = (state.head_changes(), state.health_changes());
        let waiting = VecDeque::from([Event::default().retry(RETRY).comment("menwei")]);
        Self {
            state,
            signed_in,
            seen,
            rows: BTreeMap::new(),
            shown: Fragments::default(),
            waiting,
            heartbeat,
            head,
            health,
            looks: 0,
            over: false,
        }
    }

    /// The next event, or `None` when the stream ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            self.change().await;
            if self.over {
                return None;
            }
            if let Err(error) = self.collect().await {
                // No heartbeat: the page greys out and says how old its figures are.
                error_page::log(&error);
            }
        }
    }

    /// Waits for a reason to look again.
    async fn change(&mut self) {
        let stop = self.state.stop().clone();
        tokio::select! {
            () = stop.cancelled() => self.over = true,
            _ = self.heartbeat.tick() => {}
            () = changed(&mut self.head) => {
                self.looks = LOOKS_MAX;
                tokio::time::sleep(SETTLE).await;
            }
            () = changed(&mut self.health) => {}
            () = tokio::time::sleep(SETTLE * 2), if self.looks > 0 => {}
        }
    }

    async fn collect(&mut self) -> Result<(), WebError> {
        let token = &self.signed_in.token;
        if self.state.holder(token, false).is_none() {
            self.end_with("logout");
            return Ok(());
        }
        let head = self.head.borrow_and_update().seq;
        let today = self.state.today(SETTLE).await?;
        let health = self.health.borrow_and_update().clone();
        self.looks = if today.through < head {
            self.looks.saturating_sub(1)
        } else {
            0
        };
        if self.seen > today.through {
            self.end_with("reload");
            return Ok(());
        }
        self.send_rows(&today, health.sync.acked_through)?;
        let counts = self.state.day_counts(HEARTBEAT).await?;
        let parts = Fragments::render(&self.state, &today, counts, &health)?;
        for ((name, html), (_, before)) in parts.named().into_iter().zip(self.shown.named()) {
            if html != before {
                self.waiting.push_back(event(name, html));
            }
        }
        self.shown = parts;
        self.waiting
            .push_back(event("hb", &clock_text(self.state.now_ms())));
        Ok(())
    }

    /// New rows with their seq as id, oldest first; rows that changed (somebody walked through, or
    /// did not; the city has it) again and without an id, so that the place to go on from stays.
    fn send_rows(&mut self, today: &TodayView, acked_through: u64) -> Result<(), WebError> {
        let mut rows = BTreeMap::new();
        for row in today.rows.iter().rev() {
            let html = fragments::row(row, acked_through)?;
            if row.seq > self.seen {
                self.seen = row.seq;
                self.waiting
                    .push_back(event("row", &html).id(row.seq.to_string()));
            } else if self.rows.get(&row.seq) != Some(&html) {
                self.waiting.push_back(event("row", &html));
            }
            rows.insert(row.seq, html);
        }
        self.rows = rows;
        Ok(())
    }

    fn end_with(&mut self, name: &'static str) {
        self.waiting.push_back(event(name, "-"));
        self.over = true;
    }
}

pub(crate) fn event(name: &'static str, data: &str) -> Event {
    Event::default().event(name).data(data)
}

/// Ends when the value changed; never where nobody can change it any more.
pub(crate) async fn changed<T>(receiver: &mut watch::Receiver<T>) {
    if receiver.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
