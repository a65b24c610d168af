//! Serves the page, its live stream, and the same as JSON.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use tokio::sync::{Semaphore, watch};

use crate::clock;
use crate::error::CityError;
use crate::show::state::{State, Viewer};

/// Open live streams at most.
const STREAMS_MAX: usize = 64;
/// Shortest time between two updates of one stream.
const UPDATE_PAUSE: Duration = Duration::from_millis(250);
/// Ages grow without a commit: an update comes at least this often.
const UPDATE_AT_LEAST: Duration = Duration::from_secs(2);

type Headers = [(HeaderName, &'static str); 4];

/// Nothing from elsewhere, no frame around it, nothing guessed, nothing kept.
const HEADERS: Headers = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// What the page's handlers share.
#[derive(Clone, Debug)]
pub struct Page {
    viewer: Arc<Mutex<Viewer>>,
    commits: watch::Receiver<u64>,
    streams: Arc<Semaphore>,
}

impl Page {
    /// From a viewer and the counter of commits.
    pub fn new(viewer: Viewer, commits: watch::Receiver<u64>) -> Self {
        Self {
            viewer: Arc::new(Mutex::new(viewer)),
            commits,
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    async fn state(&self) -> Result<State, Fault> {
        self.with_viewer(Viewer::state).await
    }

    async fn with_viewer<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Viewer) -> Result<T, CityError> + Send + 'static,
    ) -> Result<T, Fault> {
        let viewer = Arc::clone(&self.viewer);
        let made = tokio::task::spawn_blocking(move || {
            ask(&mut viewer.lock().unwrap_or_else(PoisonError::into_inner))
        });
        match made.await {
            Ok(made) => made.map_err(Fault::City),
            Err(_) => Err(Fault::Task),
        }
    }
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    state: &'a State,
}

enum Fault {
    City(CityError),
    Render(askama::Error),
    Task,
    Busy,
    Unknown(&'static str),
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let text = match self {
            Self::City(error) => {
                tracing::error!(error = error.chain(), "The page could not be made");
                "平台数据库暂时无法读取"
            }
            Self::Render(error) => {
                tracing::error!(%error, "The page could not be made");
                "页面生成失败"
            }
            Self::Task => "页面生成失败",
            Self::Unknown(what) => return (StatusCode::NOT_FOUND, what).into_response(),
            Self::Busy => {
                return (StatusCode::SERVICE_UNAVAILABLE, "打开的页面过多").into_response();
            }
        };
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}

/// The routes of the page.
pub fn router(page: Page) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/api/state", get(state))
        .route("/api/day", get(day))
        .route("/events", get(events))
        .route("/healthz", get(|| async { (HEADERS, "ok") }))
        .route("/city.css", get(style))
        .route("/city.js", get(script))
        .route("/icon.svg", get(icon))
        .with_state(page)
}

async fn index(Shared(page): Shared<Page>) -> Result<Response, Fault> {
    let state = page.state().await?;
    let html = Index { state: &state }.render().map_err(Fault::Render)?;
    Ok((HEADERS, Html(html)).into_response())
}

async fn state(Shared(page): Shared<Page>) -> Result<Response, Fault> {
    Ok((HEADERS, axum::Json(page.state().await?)).into_response())
}

/// A box and a date.
#[derive(serde::Deserialize)]
struct Asked {
    r#box: String,
    day: String,
}

async fn day(Shared(page): Shared<Page>, Query(asked): Query<Asked>) -> Result<Response, Fault> {
    let start = clock::date_start(&asked.day).ok_or(Fault::Unknown("日期应为 YYYY-MM-DD"))?;
    let id = asked.r#box;
    let answer = page
        .with_viewer(move |viewer| viewer.day(&id, start))
        .await?;
    let answer = answer.ok_or(Fault::Unknown("平台没有这台盒子"))?;
    Ok((HEADERS, axum::Json(answer)).into_response())
}

async fn events(
    Shared(page): Shared<Page>,
) -> Result<(Headers, Sse<impl Stream<Item = Result<Event, Infallible>>>), Fault> {
    let permit = Arc::clone(&page.streams)
        .try_acquire_owned()
        .map_err(|_| Fault::Busy)?;
    let mut commits = page.commits.clone();
    commits.mark_changed();
    let updates = stream::unfold(
        (page, commits, permit),
        |(page, mut commits, permit)| async {
            let changed = tokio::time::timeout(UPDATE_AT_LEAST, commits.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                return None;
            }
            tokio::time::sleep(UPDATE_PAUSE).await;
            commits.mark_unchanged();
            let state = page.state().await.ok()?;
            let event = Event::default().event("state").json_data(&state).ok()?;
            Some((Ok(event), (page, commits, permit)))
        },
    );
    Ok((HEADERS, Sse::new(updates).keep_alive(KeepAlive::default())))
}

async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (HEADERS, kind, include_str!("../../assets/city.css")).into_response()
}

async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (HEADERS, kind, include_str!("../../assets/city.js")).into_response()
}

async fn icon() -> Response {
    let kind = [(header::CONTENT_TYPE, "image/svg+xml")];
    (HEADERS, kind, include_str!("../../assets/icon.svg")).into_response()
}
