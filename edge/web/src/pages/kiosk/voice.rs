//! `/voice/{line}` and `/gate/{lane}/voice/{number}`: the sounds of what a gate says. No name stands in
//! an address: it is asked for by the number of the show that it belongs to, as long as that stands.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use edge_domain::spoken_lines;

use super::place::AtTheGate;
use crate::state::WebState;

/// `GET /voice/{line}`: a line that is the same for everybody.
pub(crate) async fn line(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(line): Path<String>,
) -> Response {
    let known = spoken_lines().into_iter().find(|known| **known == *line);
    let (Some(voice), Some(line)) = (&state.kiosks().voice, known) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    sound(voice.line(line).await)
}

/// `GET /gate/{lane}/voice/{number}`: the name of whom the lane speaks to now.
pub(crate) async fn name(
    State(state): State<WebState>,
    _: AtTheGate,
    Path((lane, number)): Path<(String, u64)>,
) -> Response {
    let kiosks = state.kiosks();
    let (Some(voice), Some(gate)) = (&kiosks.voice, kiosks.gate(&lane)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match gate.named(number).filter(|_| voice.says_names()) {
        Some(name) => sound(voice.name(name).await),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn sound(made: Option<Vec<u8>>) -> Response {
    match made {
        Some(sound) => ([(CONTENT_TYPE, "audio/wav")], sound).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
