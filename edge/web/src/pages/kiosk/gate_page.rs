//! `/gate` and `/gate/{lane}`: what stands on a screen at the gate. `gate_events` keeps it alive.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use super::head::Head;
use super::place::AtTheGate;
use super::scene;
use crate::assets;
use crate::error::WebError;
use crate::pages::error_page;
use crate::pages::layout;
use crate::site_time::hour_text;
use crate::state::WebState;

#[derive(Template)]
#[template(path = "gate.html")]
struct GatePage {
    head: Head,
    idle: String,
}

#[derive(Template)]
#[template(path = "gates.html")]
struct GatesPage {
    site_name: String,
    style: String,
    icon: String,
    gates: Vec<(String, String)>,
    own: Vec<(String, String)>,
}

/// `GET /gate`: which lanes there are, for whoever sets a screen up.
pub(crate) async fn list(
    State(state): State<WebState>,
    _: AtTheGate,
) -> Result<Response, WebError> {
    let gates = state.kiosks().gates.iter();
    let own = state.kiosks().own.iter();
    layout::page(&GatesPage {
        site_name: state.settings().site_name.clone(),
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        gates: gates
            .map(|gate| (gate.lane.clone(), gate.name.clone()))
            .collect(),
        own: own
            .map(|screen| (screen.lane.clone(), screen.name.clone()))
            .collect(),
    })
}

/// `GET /gate/{lane}`: holds nothing of anybody; names come by the live stream only.
pub(crate) async fn show(
    State(state): State<WebState>,
    _: AtTheGate,
    Path(lane): Path<String>,
) -> Result<Response, WebError> {
    let Some(gate) = state.kiosks().gate(&lane) else {
        return Ok(error_page::no_such_lane());
    };
    if let Some(voice) = &state.kiosks().voice {
        voice.prepare();
    }
    let time = hour_text(state.now_ms());
    let works = "刷卡照常，闸机照常开";
    layout::page(&GatePage {
        head: Head::new(&state, (lane, &gate.name), "gate.js", works),
        idle: scene::idle(&gate.name, None, &state.health(), time)?,
    })
}
