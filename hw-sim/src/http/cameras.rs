//! Cameras as network cameras are: `GET /camera/{lane}`, MJPEG without an end.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::interval;

use super::acts::Refusal;
use super::server::Stage;
use crate::camera::Showing;

/// Pause between two frames: eight a second.
const FRAME: Duration = Duration::from_millis(125);

/// The stream of a lane's camera.
pub(super) async fn stream(
    State(stage): State<Stage>,
    Path(lane): Path<String>,
) -> Result<Response, Refusal> {
    let camera = stage.site.camera(&lane)?.clone();
    let parts = unfold((camera, interval(FRAME)), |(camera, mut beat)| async move {
        beat.tick().await;
        let painter = camera.clone();
        let frame = spawn_blocking(move || painter.frame()).await.ok()?.ok()?;
        let mut part = format!(
            "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            frame.len()
        )
        .into_bytes();
        part.extend(frame);
        part.extend(b"\r\n");
        Some((Ok::<_, Infallible>(part), (camera, beat)))
    });
    let kind = "multipart/x-mixed-replace; boundary=frame";
    Ok(([(CONTENT_TYPE, kind)], Body::from_stream(parts)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Show {
    lane: String,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default = "alive")]
    showing: Showing,
}

fn alive() -> Showing {
    Showing::Alive
}

/// Somebody steps before a camera, or away from it.
pub(super) fn show(
    State(stage): State<Stage>,
    Json(body): Json<Show>,
) -> std::future::Ready<Result<Json<Value>, Refusal>> {
    let shown = stage
        .site
        .camera(&body.lane)
        .and_then(|camera| camera.show(body.picture.as_deref(), body.showing));
    std::future::ready(shown.map(|()| Json(json!({}))).map_err(Refusal::from))
}
