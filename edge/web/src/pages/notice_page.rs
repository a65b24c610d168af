//! Every address while the ledger does not open: why, what it means at the gate, what to do.
//!
//! Nobody signs in: accounts stand in the ledger. It shows nothing of anybody.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::watch;

use super::layout::{self, Layout};
use crate::error::WebError;
use crate::state::WebSettings;
use crate::view::{DeviceLamp, HealthView, LampState, LedgerView};

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage {
    layout: Layout,
    ledger: LedgerView,
    ok: Vec<DeviceLamp>,
    not_ok: Vec<DeviceLamp>,
    clock: crate::view::ClockView,
}

/// Any request.
pub(crate) async fn show(
    State((settings, health)): State<(WebSettings, watch::Receiver<HealthView>)>,
) -> Result<Response, WebError> {
    let health = health.borrow().clone();
    let lamps = health.devices.into_iter();
    let (ok, not_ok) = lamps.partition(|lamp| lamp.state == LampState::Ok);
    let page = layout::page(&NoticePage {
        layout: Layout::of(&settings, None, ""),
        ledger: health.ledger,
        ok,
        not_ok,
        clock: health.clock,
    })?;
    Ok((StatusCode::SERVICE_UNAVAILABLE, page).into_response())
}
