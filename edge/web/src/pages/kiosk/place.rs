//! Which machine asks: a screen at the gate shows names, so only one that belongs there gets them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};

use crate::pages::door::Peer;
use crate::pages::error_page;
use crate::state::WebState;

/// A request from the box itself or from a machine of the settings.
pub(crate) struct AtTheGate;

impl FromRequestParts<WebState> for AtTheGate {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &WebState,
    ) -> Result<Self, Self::Rejection> {
        let peer = Peer::from_request_parts(parts, state).await;
        let Peer(peer) = peer.map_err(IntoResponse::into_response)?;
        if state.kiosks().may_show(peer) {
            return Ok(Self);
        }
        tracing::info!(%peer, "A machine that is no screen of the gate asked for one");
        Err(error_page::no_kiosk())
    }
}
