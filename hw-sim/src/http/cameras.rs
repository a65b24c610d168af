//! Cameras as network cameras are: `GET /camera/{lane}/{direction}`, MJPEG without an end.

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
use crate::direction::Direction;
use crate::face_visit::{FacePlan, face_visit};

/// Pause between two frames: eight a second.
const FRAME: Duration = Duration::from_millis(125);

/// How long a visitor of the page stands before the camera: longer than two looks of the box.
const PATIENCE_MS: u64 = 6_000;

/// The stream of a lane's camera.
pub(super) async fn stream(
    State(stage): State<Stage>,
    Path((lane, direction)): Path<(String, Direction)>,
) -> Result<Response, Refusal> {
    let camera = stage.site.camera(&lane, direction)?.clone();
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
    direction: Direction,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    showing: Showing,
}

/// Somebody steps before a camera, or away from it.
pub(super) fn show(
    State(stage): State<Stage>,
    Json(body): Json<Show>,
) -> std::future::Ready<Result<Json<Value>, Refusal>> {
    let place = (body.lane.as_str(), body.direction);
    let shown = stage
        .site
        .show_face(place, body.picture.as_deref(), body.showing, None);
    std::future::ready(shown.map(|()| Json(json!({}))).map_err(Refusal::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaceVisit {
    lane: String,
    direction: Direction,
    shot: String,
    #[serde(default)]
    showing: Showing,
    #[serde(default)]
    card: Option<String>,
}

/// A whole turn before a camera; answers at once.
pub(super) async fn visit(
    State(stage): State<Stage>,
    Json(body): Json<FaceVisit>,
) -> Result<Json<Value>, Refusal> {
    stage.site.camera(&body.lane, body.direction)?;
    let card = match &body.card {
        Some(word) => Some(stage.site.person(word)?.clone()),
        None => None,
    };
    let plan = FacePlan {
        place: (body.lane, body.direction),
        shot: body.shot,
        showing: body.showing,
        wait_ms: PATIENCE_MS,
        card,
    };
    tokio::spawn(async move { face_visit(&stage.site, &plan).await });
    Ok(Json(json!({})))
}
