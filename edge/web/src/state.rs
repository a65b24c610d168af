//! What every request can reach: settings, sources, live channels, and the door's memory.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use edge_domain::Newcomer;
use edge_store::Head;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::books::{Books, ConsentWords, DayCounts, consent_words, day_counts, upload_words};
use crate::desks::{DeskReader, FaceDesk, ImportDesk};
use crate::error::WebError;
use crate::guard::password::PasswordDesk;
use crate::guard::session::{Holder, Sessions, Token};
use crate::guard::throttle::Throttle;
use crate::guard::views::OpenViews;
use crate::kiosk::Kiosks;
use crate::recorder::Recorder;
use crate::source::{AccountStore, TodaySource};
use crate::view::{HealthView, TodayView};

/// Passages shown on 今日, and the most that a reconnecting browser is sent again.
pub(crate) const ROWS_MAX: usize = 40;

/// Settings of the screen that do not change while it runs.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// The site's name in Chinese, shown in the top bar.
    pub site_name: String,
    /// Id of the box, as the city knows it.
    pub box_id: String,
    /// Version of the program.
    pub version: String,
    /// Whether browsers reach the screen by HTTPS. False only where it listens on loopback alone:
    /// without it a cookie may travel in the clear.
    pub secure_cookies: bool,
}

/// What the screen is connected to.
#[derive(Clone)]
pub struct WebChannels {
    /// Figures and passages of the day.
    pub today: Arc<dyn TodaySource>,
    /// Accounts and the claim code.
    pub accounts: Arc<dyn AccountStore>,
    /// People and attendance.
    pub books: Books,
    /// Where the clerk's acts go.
    pub recorder: Arc<dyn Recorder>,
    /// Where files of people go.
    pub imports: Arc<dyn ImportDesk>,
    /// Cameras and face templates; `None` for a box without them.
    pub faces: Option<Arc<dyn FaceDesk>>,
    /// The card reader on the office's desk, where there is one.
    pub desk_reader: Option<DeskReader>,
    /// Whoever came last with a card and is not on the roster.
    pub newcomer: watch::Sender<Option<Newcomer>>,
    /// The screens at the gate.
    pub kiosks: Kiosks,
    /// The state of the box; the screen is told of each change.
    pub health: watch::Receiver<HealthView>,
    /// The ledger's head; a change makes the screen look for new passages.
    pub head: watch::Receiver<Head>,
    /// The box's wall clock, Unix milliseconds.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl fmt::Debug for WebChannels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebChannels").finish_non_exhaustive()
    }
}

/// The shared state of all requests. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WebState {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: WebSettings,
    channels: WebChannels,
    desk: PasswordDesk,
    sessions: Mutex<Sessions>,
    throttle: Mutex<Throttle>,
    open_views: OpenViews,
    snapshot: tokio::sync::Mutex<Option<Snapshot>>,
    counts: tokio::sync::Mutex<Option<(Instant, DayCounts)>>,
    import_bell: Notify,
    import_turn: Semaphore,
    stop: CancellationToken,
}

#[derive(Debug, Clone)]
struct Snapshot {
    taken: Instant,
    today: Arc<TodayView>,
}

impl WebState {
    /// Joins settings and channels; nobody is signed in.
    pub fn new(settings: WebSettings, channels: WebChannels) -> Self {
        Self {
            inner: Arc::new(Inner {
                settings,
                channels,
                desk: PasswordDesk::default(),
                sessions: Mutex::default(),
                throttle: Mutex::default(),
                open_views: OpenViews::default(),
                snapshot: tokio::sync::Mutex::default(),
                counts: tokio::sync::Mutex::default(),
                import_bell: Notify::new(),
                import_turn: Semaphore::new(1),
                stop: CancellationToken::new(),
            }),
        }
    }

    /// Fixed settings.
    pub(crate) fn settings(&self) -> &WebSettings {
        &self.inner.settings
    }

    /// Accounts and the claim code.
    pub(crate) fn accounts(&self) -> &dyn AccountStore {
        &*self.inner.channels.accounts
    }

    /// People and attendance.
    pub(crate) fn books(&self) -> &Books {
        &self.inner.channels.books
    }

    /// Where the clerk's acts go.
    pub(crate) fn recorder(&self) -> &dyn Recorder {
        &*self.inner.channels.recorder
    }

    /// Where files of people go.
    pub(crate) fn imports(&self) -> &dyn ImportDesk {
        &*self.inner.channels.imports
    }

    /// Rung when a file is to be taken in or reversed.
    pub(crate) fn import_bell(&self) -> &Notify {
        &self.inner.import_bell
    }

    /// One file is read at a time: each may need much memory.
    pub(crate) fn import_turn(&self) -> &Semaphore {
        &self.inner.import_turn
    }

    /// Cameras and face templates.
    pub(crate) fn faces(&self) -> Option<&dyn FaceDesk> {
        self.inner.channels.faces.as_deref()
    }

    /// The card reader on the office's desk.
    pub(crate) fn desk_reader(&self) -> Option<&DeskReader> {
        self.inner.channels.desk_reader.as_ref()
    }

    /// Whoever came last with a card and is not on the roster; an older one is forgotten.
    pub(crate) fn newcomer(&self) -> Option<Newcomer> {
        let now_ms = self.now_ms();
        let last = &self.inner.channels.newcomer;
        last.send_if_modified(|kept| kept.take_if(|one| !one.is_fresh(now_ms)).is_some());
        last.borrow().clone()
    }

    /// The screens at the gate.
    pub(crate) fn kiosks(&self) -> &Kiosks {
        &self.inner.channels.kiosks
    }

    /// He is registered.
    pub(crate) fn forget_newcomer(&self) {
        self.inner.channels.newcomer.send_replace(None);
    }

    /// The words that are signed here before a face is used.
    pub(crate) fn consent_words(&self) -> ConsentWords {
        consent_words(self.faces().is_some_and(FaceDesk::feeds_terminals))
    }

    /// The words that may be signed instead where pictures are sent to the city, and on what basis.
    pub(crate) fn upload_words(&self) -> Option<(ConsentWords, String)> {
        let faces = self.faces()?;
        let basis = faces.upload_basis()?.to_owned();
        Some((upload_words(faces.feeds_terminals()), basis))
    }

    /// Turns for hashing passwords.
    pub(crate) fn desk(&self) -> &PasswordDesk {
        &self.inner.desk
    }

    /// Signed-in browsers.
    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.inner
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whose session `token` is; an account that has ended has none.
    pub(crate) fn holder(&self, token: &Token, touch: bool) -> Option<Holder> {
        let mut sessions = self.sessions();
        let holder = sessions.holder(token, Instant::now(), touch)?;
        if holder.ends_at_ms.is_some_and(|ends| self.now_ms() >= ends) {
            sessions.end(token);
            return None;
        }
        Some(holder)
    }

    /// Failures at the door.
    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.inner
            .throttle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Workers' own views that are open.
    pub(crate) fn open_views(&self) -> &OpenViews {
        &self.inner.open_views
    }

    /// The box's wall clock, Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.inner.channels.clock)()
    }

    /// The work day that goes on now: pages about movements open on it, not on the calendar's.
    pub(crate) fn work_day(&self) -> jiff::civil::Date {
        self.books().work_day(self.now_ms())
    }

    /// The state of the box now.
    pub(crate) fn health(&self) -> HealthView {
        self.inner.channels.health.borrow().clone()
    }

    /// For waiting on changes of the box's state.
    pub(crate) fn health_changes(&self) -> watch::Receiver<HealthView> {
        self.inner.channels.health.clone()
    }

    /// For waiting on new records.
    pub(crate) fn head_changes(&self) -> watch::Receiver<Head> {
        self.inner.channels.head.clone()
    }

    /// Ends the live streams when the screen shuts down.
    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.inner.stop
    }

    /// The day's figures, not older than `age_max`. Any number of browsers cause one query.
    pub(crate) async fn today(&self, age_max: Duration) -> Result<Arc<TodayView>, WebError> {
        let mut snapshot = self.inner.snapshot.lock().await;
        if let Some(kept) = snapshot
            .as_ref()
            .filter(|kept| kept.taken.elapsed() < age_max)
        {
            return Ok(Arc::clone(&kept.today));
        }
        let (source, now_ms) = (Arc::clone(&self.inner.channels.today), self.now_ms());
        let taken = Instant::now();
        let today = tokio::task::spawn_blocking(move || source.today(now_ms, ROWS_MAX))
            .await
            .map_err(WebError::Background)?
            .map_err(WebError::source("read today's passages"))?;
        let today = Arc::new(today);
        *snapshot = Some(Snapshot {
            taken,
            today: Arc::clone(&today),
        });
        Ok(today)
    }

    /// The lists of the day counted, not older than `age_max`: dearer than the figures.
    pub(crate) async fn day_counts(&self, age_max: Duration) -> Result<DayCounts, WebError> {
        let mut counts = self.inner.counts.lock().await;
        if let Some((_, kept)) = counts.filter(|(taken, _)| taken.elapsed() < age_max) {
            return Ok(kept);
        }
        let (taken, now_ms) = (Instant::now(), self.now_ms());
        let counted = self
            .books()
            .ask("count the lists of the day", move |shelf| {
                day_counts(shelf, now_ms)
            });
        let counted = counted.await?;
        *counts = Some((taken, counted));
        Ok(counted)
    }
}
