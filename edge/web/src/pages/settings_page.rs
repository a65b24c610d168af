//! `/settings`: the box itself: its devices and clock, what its cameras see, and the way to accounts
//! and audit.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::door::SignedIn;
use super::fragments;
use super::layout::{self, Layout};
use crate::assets;
use crate::desks::{FaceCamera, FaceDesk};
use crate::error::WebError;
use crate::guard::duty::Duty;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    devices: String,
    cameras: Vec<FaceCamera>,
    script: String,
}

/// `GET /settings`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    layout::page(&SettingsPage {
        devices: fragments::device_card(&state.health())?,
        cameras: cameras(&state, signed_in.account.duty),
        script: assets::address("preview.js"),
        layout: Layout::new(&state, Some(signed_in.account), "/settings"),
    })
}

/// The cameras whose view this account may see.
fn cameras(state: &WebState, duty: Duty) -> Vec<FaceCamera> {
    let mut cameras = state.faces().map(FaceDesk::cameras).unwrap_or_default();
    cameras.retain(|one| duty.may(&Method::GET, &format!("/settings/camera/in/{}", one.lane)));
    cameras
}

/// `GET /settings/camera/{way}/{lane}`: what a camera sees now. It is kept nowhere, and no browser
/// keeps it either.
pub(crate) async fn camera(
    State(state): State<WebState>,
    _: SignedIn,
    Path((way, lane)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let inward = way == "in";
    let is_meant = |one: &FaceCamera| one.lane == lane && one.inward == inward;
    let desk = state.faces();
    let desk = desk.filter(|desk| desk.cameras().iter().any(is_meant));
    let Some(desk) = desk.filter(|_| inward || way == "out") else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    Ok(match desk.view(lane, inward).await {
        Ok(Some(picture)) => ([(CONTENT_TYPE, "image/jpeg")], picture).into_response(),
        Ok(None) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
}
