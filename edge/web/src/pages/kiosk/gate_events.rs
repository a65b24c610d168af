//! `/gate/{lane}/events`: the live stream of a gate's screen.
//!
//! `scene` carries the words of the moment and an empty scene when they are over, `month` how many days
//! of this month count for whom it let pass, `idle` what stands meanwhile, `hb` the box's time every
//! five seconds or sooner. Only the newest words count: a screen that comes back shows what stands now
//! and nothing of before.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response, Sse};
use edge_domain::{Screen, WorkerId};
use edge_store::Head;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, sleep_until};

use super::place::AtTheGate;
use super::scene::{self, Said};
use crate::books::Shelf;
use crate::error::{SourceError, WebError};
use crate::kiosk::GateScreen;
use crate::pages::error_page;
use crate::pages::events::{HEARTBEAT, RETRY, changed, event};
use crate::site_time::hour_text;
use crate::state::WebState;
use crate::view::HealthView;

/// Between a new record and the look at the figures: nobody at the gate reads them to the second.
const SETTLE: Duration = Duration::from_secs(1);

/// `GET /gate/{lane}/events`.
pub(crate) async fn stream(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
) -> Response {
    let Some(gate) = state.kiosks().gate(&lane).cloned() else {
        return error_page::no_such_lane();
    };
    let live = Live::new(state, gate);
    Sse::new(stream::unfold(live, |mut live| async move {
        let event = live.next().await?;
        Some((Ok::<_, Infallible>(event), live))
    }))
    .into_response()
}

/// A count on its way, of a worker's days.
type Counting = Pin<Box<dyn Future<Output = Result<Option<usize>, WebError>> + Send>>;

/// One screen's stream.
struct Live {
    state: WebState,
    gate: GateScreen,
    waiting: VecDeque<Event>,
    heartbeat: Interval,
    head: watch::Receiver<Head>,
    health: watch::Receiver<HealthView>,
    /// When the words that stand now are over.
    over_at: Option<Instant>,
    /// When the figures are looked at.
    look_at: Option<Instant>,
    /// What stands between the words, as the screen has it.
    idle: String,
    /// Number of the words that stand now.
    key: u64,
    /// The days of whom they let pass: the words never wait for them.
    counting: Option<Counting>,
    over: bool,
}

/// Why the stream wakes.
enum Reason {
    Stop,
    Shown,
    Counted(Result<Option<usize>, WebError>),
    Over,
    Look,
    Record,
}

impl Live {
    fn new(state: WebState, mut gate: GateScreen) -> Self {
        let mut heartbeat = tokio::time::interval_at(Instant::now(), HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What stands now is told first.
        gate.shown.mark_changed();
        let (head, health) = (state.head_changes(), state.health_changes());
        Self {
            state,
            gate,
            waiting: VecDeque::from([Event::default().retry(RETRY).comment("menwei")]),
            heartbeat,
            head,
            health,
            over_at: None,
            look_at: None,
            idle: String::new(),
            key: 0,
            counting: None,
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
            let told = match self.wake().await {
                Reason::Stop => {
                    self.over = true;
                    Ok(())
                }
                Reason::Shown => self.show(),
                Reason::Counted(days) => self.counted(days),
                Reason::Over => self.clear(),
                Reason::Look => self.look().await,
                Reason::Record => {
                    self.look_at.get_or_insert_with(|| Instant::now() + SETTLE);
                    Ok(())
                }
            };
            if let Err(error) = told {
                error_page::log(&error);
            }
        }
    }

    /// Words at the gate go before figures.
    async fn wake(&mut self) -> Reason {
        let stop = self.state.stop().clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => Reason::Stop,
            () = changed(&mut self.gate.shown) => Reason::Shown,
            days = counted(&mut self.counting) => Reason::Counted(days),
            () = due(self.over_at) => Reason::Over,
            _ = self.heartbeat.tick() => Reason::Look,
            () = due(self.look_at) => Reason::Look,
            () = changed(&mut self.health) => Reason::Look,
            () = changed(&mut self.head) => Reason::Record,
        }
    }

    fn show(&mut self) -> Result<(), WebError> {
        let show = self.gate.shown.borrow_and_update().clone();
        let now = Instant::now();
        let Some(left) = show.left(now) else {
            return self.clear();
        };
        self.over_at = Some(now + left);
        self.key = self.key.wrapping_add(1);
        let said = self.said(&show.screen, Some(show.number));
        let html = scene::scene(&show.screen, Some(left), self.key, said)?;
        self.waiting.push_back(event("scene", &html));
        self.counting = show.worker.map(|worker| self.count(worker));
        Ok(())
    }

    /// What is said aloud with `screen`, where this site has a voice.
    fn said(&self, screen: &Screen, number: Option<u64>) -> Option<Said> {
        let voice = self.state.kiosks().voice.as_ref()?;
        let is_named = voice.says_names() && !screen.name.is_empty();
        (!screen.voice.is_empty()).then(|| Said {
            line: screen.voice,
            name: number.filter(|_| is_named),
        })
    }

    /// How many days of this month count for `worker`, this day included.
    fn count(&self, worker: WorkerId) -> Counting {
        let (books, now_ms) = (self.state.books().clone(), self.state.now_ms());
        Box::pin(async move {
            let on = books.work_day(now_ms);
            let count = move |shelf: &mut Shelf| counted_days(shelf, worker, on, now_ms);
            books.ask("count the days of a month", count).await
        })
    }

    fn counted(&mut self, days: Result<Option<usize>, WebError>) -> Result<(), WebError> {
        self.counting = None;
        if let Some(days) = days? {
            let words = format!("本月第 {days} 天");
            let month = event("month", &words).id(self.key.to_string());
            self.waiting.push_back(month);
        }
        Ok(())
    }

    /// The words are over.
    fn clear(&mut self) -> Result<(), WebError> {
        self.over_at = None;
        self.counting = None;
        self.key = self.key.wrapping_add(1);
        let base = self.gate.shown.borrow().base();
        let said = self.said(&base, None);
        let html = scene::scene(&base, None, self.key, said)?;
        self.waiting.push_back(event("scene", &html));
        Ok(())
    }

    /// What stands between the words, where it changed, and the sign of life.
    async fn look(&mut self) -> Result<(), WebError> {
        self.look_at = None;
        let today = match self.state.today(SETTLE).await {
            Ok(today) => Some(today),
            Err(error) => {
                // Cards work without these figures, so the screen stays.
                error_page::log(&error);
                None
            }
        };
        let health = self.health.borrow_and_update().clone();
        let time = hour_text(self.state.now_ms());
        let html = scene::idle(&self.gate.name, today.as_deref(), &health, time.clone())?;
        if html != self.idle {
            self.waiting.push_back(event("idle", &html));
            self.idle = html;
        }
        self.waiting.push_back(event("hb", &time));
        Ok(())
    }
}

fn counted_days(
    shelf: &mut Shelf,
    worker: WorkerId,
    on: jiff::civil::Date,
    now_ms: i64,
) -> Result<Option<usize>, SourceError> {
    let Some(person) = shelf.directory()?.person(worker).cloned() else {
        return Ok(None);
    };
    let month = shelf.person_month(person, on.first_of_month(), now_ms)?;
    let counts = |mark: &edge_domain::DayMark| mark.halves() > 0;
    let before = month
        .days
        .iter()
        .filter(|day| day.on < on && day.cell.mark.as_ref().is_some_and(counts));
    Ok(Some(before.count() + 1))
}

/// Ends with the count; never where nothing is counted.
async fn counted(counting: &mut Option<Counting>) -> Result<Option<usize>, WebError> {
    match counting {
        Some(counting) => counting.await,
        None => std::future::pending().await,
    }
}

async fn due(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
