//! Routes, page and files.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{acts, cameras, guard, live, state};
use crate::error::SimError;
use crate::player::play;
use crate::site::Site;

/// A site with its scripted day, which is played at most once.
#[derive(Debug, Clone)]
pub struct Stage {
    pub(super) site: Site,
    play: Arc<watch::Sender<Play>>,
}

/// How far the scripted day is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Play {
    NotStarted,
    Running,
    Ended,
    Failed,
}

impl Stage {
    /// The day has not begun.
    pub fn new(site: Site) -> Self {
        Self {
            site,
            play: Arc::new(watch::Sender::new(Play::NotStarted)),
        }
    }

    /// Starts the scripted day in the background; false if it was started before.
    pub fn start_play(&self) -> bool {
        let started = self.play.send_if_modified(|play| {
            let first = *play == Play::NotStarted;
            if first {
                *play = Play::Running;
            }
            first
        });
        if started {
            let stage = self.clone();
            tokio::spawn(async move {
                let ended = play(&stage.site).await;
                stage.play.send_replace(if ended.is_ok() {
                    Play::Ended
                } else {
                    Play::Failed
                });
            });
        }
        started
    }

    pub(super) fn play_word(&self) -> &'static str {
        match *self.play.borrow() {
            Play::NotStarted => "not_started",
            Play::Running => "running",
            Play::Ended => "ended",
            Play::Failed => "failed",
        }
    }

    pub(super) fn play_view(&self) -> watch::Receiver<Play> {
        self.play.subscribe()
    }
}

/// Binds the page; only loopback addresses are taken.
pub async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), SimError> {
    let failed = |source| SimError::Listen {
        address: address.to_owned(),
        source,
    };
    let parsed: SocketAddr = address
        .parse()
        .map_err(|error| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, error)))?;
    if !parsed.ip().is_loopback() {
        return Err(SimError::NotLoopback {
            address: address.to_owned(),
        });
    }
    let listener = TcpListener::bind(parsed).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves the page until the process ends.
pub async fn serve(listener: TcpListener, stage: Stage) -> Result<(), SimError> {
    axum::serve(listener, router(stage))
        .await
        .map_err(|source| SimError::Serve { source })
}

fn router(stage: Stage) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/page.js", get(script))
        .route("/page.css", get(style))
        .route("/api/state", get(whole_state))
        .route("/api/events", get(live::events))
        .route("/api/put", post(acts::put))
        .route("/api/lift", post(acts::lift))
        .route("/api/walk", post(acts::walk))
        .route("/api/visit", post(acts::whole_visit))
        .route("/api/fault", post(acts::fault))
        .route("/api/fire", post(acts::fire))
        .route("/api/face", post(cameras::show))
        .route("/api/telegram", post(acts::telegram))
        .route("/api/face_visit", post(cameras::visit))
        .route("/camera/{lane}/{direction}", get(cameras::stream))
        .route("/api/play", post(acts::start_play))
        .layer(middleware::from_fn(guard::guard))
        .with_state(stage)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    title: &'a str,
}

fn page(State(stage): State<Stage>) -> Ready<Response> {
    let page = Page {
        title: &stage.site.day().title,
    };
    ready(match page.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

fn whole_state(State(stage): State<Stage>) -> Ready<Response> {
    ready(Json(state::whole(&stage)).into_response())
}

fn script() -> Ready<impl IntoResponse> {
    ready((
        [(CONTENT_TYPE, "text/javascript; charset=utf-8")],
        include_str!("../../assets/page.js"),
    ))
}

fn style() -> Ready<impl IntoResponse> {
    ready((
        [(CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../../assets/page.css"),
    ))
}
