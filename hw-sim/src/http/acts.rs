//! What the page does: hands, feet, cables and contacts.

use std::future::{Ready, ready};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::server::Stage;
use crate::direction::Direction;
use crate::error::SimError;
use crate::gate::{LaneCommand, WalkStyle};
use crate::reader::ReaderFault;
use crate::site_day::{DeviceAct, PlanWord};
use crate::visit::{Plan, visit};

/// An error as JSON `{error}`: 404 for an unknown name, 400 for a fault that nobody knows, 503 for a stopped device.
pub(super) struct Refusal(StatusCode, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<SimError> for Refusal {
    fn from(error: SimError) -> Self {
        let status = if matches!(error, SimError::Unknown { .. }) {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        Self(status, error.to_string())
    }
}

type Answer = Result<Json<Value>, Refusal>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Put {
    reader: String,
    person: String,
}

/// A hand puts a card: `{visit}`.
pub(super) async fn put(State(stage): State<Stage>, Json(body): Json<Put>) -> Answer {
    let visit = stage.site.put(&body.reader, &body.person).await?;
    Ok(Json(json!({ "visit": visit })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lift {
    reader: String,
}

/// A hand takes the card off.
pub(super) async fn lift(State(stage): State<Stage>, Json(body): Json<Lift>) -> Answer {
    stage.site.lift(&body.reader).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Walk {
    lane: String,
    direction: Direction,
    #[serde(default)]
    style: Option<WalkStyle>,
    #[serde(default)]
    person: Option<String>,
}

/// Somebody walks; answers when he has arrived somewhere: `{end}`.
pub(super) async fn walk(State(stage): State<Stage>, Json(body): Json<Walk>) -> Answer {
    let person = match &body.person {
        Some(word) => Some(stage.site.person(word)?.number.clone()),
        None => None,
    };
    let style = body.style.unwrap_or(WalkStyle::Through);
    let end = stage
        .site
        .walk(&body.lane, (None, person), body.direction, style)
        .await?;
    Ok(Json(json!({ "end": end.code() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Visit {
    reader: String,
    person: String,
    #[serde(default)]
    plan: PlanWord,
    #[serde(default)]
    fault: Option<ReaderFault>,
    #[serde(default = "yes")]
    wait: bool,
}

fn yes() -> bool {
    true
}

/// A whole turn; answers at its end `{end}`, or at once with `wait: false`.
pub(super) async fn whole_visit(State(stage): State<Stage>, Json(body): Json<Visit>) -> Answer {
    let person = stage.site.person(&body.person)?.clone();
    stage.site.reader(&body.reader)?;
    let plan = Plan {
        word: body.plan,
        fault: body.fault,
    };
    let going = tokio::spawn(async move { visit(&stage.site, &body.reader, &person, plan).await });
    if !body.wait {
        return Ok(Json(json!({})));
    }
    match going.await {
        Ok(end) => Ok(Json(json!({ "end": end?.code() }))),
        Err(stopped) => Err(Refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            stopped.to_string(),
        )),
    }
}

/// `{device, kind, …}`: an act on a device, or a fault of a reader with its own keys.
pub(super) async fn fault(State(stage): State<Stage>, Json(mut body): Json<Value>) -> Answer {
    let bad = |what: &str| Refusal(StatusCode::BAD_REQUEST, what.to_owned());
    let fields = body.as_object_mut().ok_or_else(|| bad("not an object"))?;
    let Some(Value::String(device)) = fields.remove("device") else {
        return Err(bad("device is missing"));
    };
    let kind = fields
        .get("kind")
        .cloned()
        .ok_or_else(|| bad("kind is missing"))?;
    if let Ok(act) = serde_json::from_value::<DeviceAct>(kind) {
        stage.site.device_act(&device, act).await?;
    } else {
        let fault =
            serde_json::from_value::<ReaderFault>(body).map_err(|error| bad(&error.to_string()))?;
        stage.site.fault(&device, fault).await?;
    }
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fire {
    lane: String,
    on: bool,
}

/// The fire contact of a board.
pub(super) async fn fire(State(stage): State<Stage>, Json(body): Json<Fire>) -> Answer {
    let act = if body.on {
        DeviceAct::FireOn
    } else {
        DeviceAct::FireOff
    };
    stage.site.lane(&body.lane)?;
    stage.site.device_act(&body.lane, act).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Telegram {
    lane: String,
    direction: Direction,
    bits: String,
}

/// A telegram at a board's Wiegand reader, bit by bit as `0` and `1`.
pub(super) async fn telegram(State(stage): State<Stage>, Json(body): Json<Telegram>) -> Answer {
    let bits = body.bits.chars().map(|bit| bit == '1').collect();
    let order = LaneCommand::Telegram(body.direction, bits);
    stage.site.lane(&body.lane)?.order(order).await?;
    Ok(Json(json!({})))
}

/// Starts the scripted day: `{started}`, false if it was started before.
pub(super) fn start_play(State(stage): State<Stage>, Json(_): Json<Value>) -> Ready<Json<Value>> {
    ready(Json(json!({ "started": stage.start_play() })))
}
