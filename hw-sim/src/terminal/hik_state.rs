//! What a Hikvision terminal knows, and what differs from one to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};
use tokio::sync::{broadcast, watch};

use super::login::Guard;

/// What differs from one firmware to the next.
#[derive(Debug, Clone, Default)]
pub struct Quirks {
    /// Pictures are taken in a part named `img` only.
    pub wants_img: bool,
    /// It refuses to tell its history.
    pub keeps_no_history: bool,
    /// The next person that is put in is confirmed, and lost.
    pub loses_next_person: bool,
    /// Pictures of these people are refused.
    pub unusable: BTreeSet<String>,
    /// How far its clock is ahead, ms.
    pub ahead_ms: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) serial: u64,
    pub(super) at_ms: i64,
    pub(super) person: String,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) guard: Guard,
    pub(super) quirks: Quirks,
    pub(super) people: BTreeMap<String, Option<Vec<u8>>>,
    pub(super) events: Vec<Event>,
    pub(super) asks: bool,
    pub(super) requests: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) inner: Arc<Mutex<Inner>>,
    pub(super) stream: broadcast::Sender<String>,
    /// Answers to questions, by serial number.
    pub(super) answers: Arc<watch::Sender<BTreeMap<u64, Vec<bool>>>>,
}

impl Inner {
    pub(super) fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond() + self.quirks.ahead_ms
    }
}

impl Shared {
    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nobody may listen; then only history has it.
    pub(super) fn say(&self, text: String) {
        let _heard = self.stream.send(text);
    }
}

pub(super) fn time_text(at_ms: i64) -> String {
    let zone = TimeZone::fixed(Offset::constant(8));
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    format!(
        "{}+08:00",
        zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S")
    )
}

/// An event as the stream carries it. One that asks has neither front number nor status.
pub(super) fn notice(event: &Event, asks: bool) -> String {
    let mut about = json!({
        "deviceName": "subdoorOne", "majorEventType": 5, "subEventType": 75, "cardReaderKind": 1,
        "cardReaderNo": 1, "doorNo": 1, "verifyNo": 164, "employeeNoString": event.person,
        "serialNo": event.serial, "userType": "normal", "currentVerifyMode": "cardOrFaceOrPw",
        "currentEvent": true, "attendanceStatus": "undefined", "mask": "unknown",
        "helmet": "unknown", "picturesNumber": 1,
    });
    let more: &[(&str, Value)] = if asks {
        &[("remoteCheck", json!(true))]
    } else {
        &[
            ("frontSerialNo", json!(event.serial.saturating_sub(1))),
            ("statusValue", json!(0)),
        ]
    };
    if let Some(fields) = about.as_object_mut() {
        fields.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
    }
    json!({
        "ipAddress": "192.168.1.14", "portNo": 40_800, "protocol": "HTTP", "channelID": 1,
        "macAddress": "e0:ca:3c:00:00:01", "dateTime": time_text(event.at_ms),
        "activePostCount": 1, "eventType": "AccessControllerEvent", "eventState": "active",
        "eventDescription": "Access Controller Event", "AccessControllerEvent": about,
    })
    .to_string()
}
