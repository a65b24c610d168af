//! `/settings`: the box itself: its devices and clock, and the way to accounts and audit.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::door::SignedIn;
use super::fragments;
use super::layout::{self, Layout};
use crate::error::WebError;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    devices: String,
}

/// `GET /settings`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    layout::page(&SettingsPage {
        devices: fragments::device_card(&state.health())?,
        layout: Layout::new(&state, Some(signed_in.account), "/settings"),
    })
}
