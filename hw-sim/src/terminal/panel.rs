//! A panel of the `mqtt/face` family: it speaks at a broker, with its make's misspellings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Longest message.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Pause before the broker is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// The code of a picture of which no feature can be extracted.
const NO_FEATURE: &str = "468";

#[derive(Debug, Default)]
struct Inner {
    people: BTreeMap<String, Vec<u8>>,
    /// Events that nobody has acknowledged, by number.
    open: BTreeMap<u64, Value>,
    last: u64,
    ahead_ms: i64,
    unusable: BTreeSet<String>,
    commands: u32,
}

/// One panel, until it is dropped.
#[derive(Debug)]
pub struct PanelTerminal {
    number: String,
    client: AsyncClient,
    inner: Arc<Mutex<Inner>>,
    talk: JoinHandle<()>,
}

impl Drop for PanelTerminal {
    fn drop(&mut self) {
        self.talk.abort();
    }
}

impl PanelTerminal {
    /// Connects to a broker on loopback and stays there. Pictures of `unusable` people are refused.
    pub fn start(
        port: u16,
        number: &str,
        (user, password): (&str, &str),
        (ahead_ms, unusable): (i64, BTreeSet<String>),
    ) -> Self {
        let mut options = MqttOptions::new(format!("panel-{number}"), "127.0.0.1", port);
        options.set_credentials(user, password);
        options.set_keep_alive(Duration::from_secs(5));
        options.set_max_packet_size(MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
        let (client, events) = AsyncClient::new(options, 64);
        let inner = Arc::new(Mutex::new(Inner {
            ahead_ms,
            unusable,
            ..Inner::default()
        }));
        let talk = tokio::spawn(talk(
            events,
            client.clone(),
            number.to_owned(),
            Arc::clone(&inner),
        ));
        Self {
            number: number.to_owned(),
            client,
            inner,
            talk,
        }
    }

    /// A face that it knows stands before it: the number of its event.
    pub async fn recognize(&self, person: &str) -> u64 {
        let (number, event) = {
            let mut inner = self.inner();
            inner.last += 1;
            let number = inner.last;
            let event = record(&self.number, number, person, &inner.now_text());
            inner.open.insert(number, event.clone());
            (number, event)
        };
        self.say(&format!("mqtt/face/{}/Rec", self.number), &event)
            .await;
        number
    }

    /// Somebody passed while the broker was away: kept, and told by [`PanelTerminal::resume`].
    pub fn pass_unheard(&self, person: &str) -> u64 {
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        let mut event = record(&self.number, number, person, &inner.now_text());
        set(&mut event, "/info", "Sendintime", json!(0));
        inner.open.insert(number, event);
        number
    }

    /// Sends again what nobody has acknowledged.
    pub async fn resume(&self) {
        let open: Vec<Value> = self.inner().open.values().cloned().collect();
        for event in open {
            self.say(&format!("mqtt/face/{}/Rec", self.number), &event)
                .await;
        }
    }

    /// Says something under another panel's name on its own topic.
    pub async fn forge(&self, topic: &str, body: &Value) {
        self.say(topic, body).await;
    }

    /// Tells its time.
    pub async fn beat(&self) {
        let now = self.inner().now_text();
        let beat = json!({"operator": "HeartBeat",
            "info": {"facesluiceId": self.number, "time": now}});
        self.say("mqtt/face/heartbeat", &beat).await;
    }

    /// Who is in its library.
    pub fn people(&self) -> BTreeMap<String, Vec<u8>> {
        self.inner().people.clone()
    }

    /// Somebody puts a person in at the panel itself.
    pub fn put_by_hand(&self, person: &str) {
        self.inner().people.insert(person.to_owned(), Vec::new());
    }

    /// Numbers of events that nobody has acknowledged.
    pub fn unacknowledged(&self) -> Vec<u64> {
        self.inner().open.keys().copied().collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn say(&self, topic: &str, body: &Value) {
        say(&self.client, topic, body).await;
    }
}

async fn say(client: &AsyncClient, topic: &str, body: &Value) {
    // The queue is gone only when the panel is.
    let _queued = client
        .publish(topic, QoS::AtLeastOnce, false, body.to_string())
        .await;
}

impl Inner {
    /// Panels write the site's civil time without an offset.
    fn now_text(&self) -> String {
        let at_ms = Timestamp::now().as_millisecond() + self.ahead_ms;
        let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
        let zone = TimeZone::fixed(Offset::constant(8));
        zone.to_datetime(at)
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }

    /// Carries a command out: its answer, where it has one.
    fn command(&mut self, panel: &str, asked: &Value) -> Option<Value> {
        self.commands += 1;
        let operator = asked["operator"].as_str()?;
        let info = &asked["info"];
        let person = info["customId"].as_str().unwrap_or_default().to_owned();
        let mut told = json!({"facesluiceId": panel, "customId": person, "result": "ok"});
        let code = match operator {
            "EditPerson" => self.put(&person, info["pic"].as_str().unwrap_or_default()),
            "DelPerson" => {
                self.people.remove(&person);
                "200"
            }
            "QueryPerson" => {
                let names: Vec<&str> = self.people.keys().map(String::as_str).collect();
                set(&mut told, "", "customId", json!(names.join(",")));
                let total = names.len().to_string();
                set(&mut told, "", "TotalPersonNum", json!(total));
                "200"
            }
            "PushAck" => {
                let number = info["SnapOrRecordID"].as_u64()?;
                self.open.remove(&number);
                return None;
            }
            _ => return None,
        };
        if code != "200" {
            set(&mut told, "", "result", json!("fail"));
        }
        Some(
            json!({"messageId": asked["messageId"], "operator": format!("{operator}-Ack"),
            "code": code, "info": told}),
        )
    }

    fn put(&mut self, person: &str, picture: &str) -> &'static str {
        let text = picture
            .split_once("base64,")
            .map_or(picture, |(_, text)| text);
        match STANDARD.decode(text) {
            Ok(bytes) if bytes.starts_with(b"\xff\xd8") && !self.unusable.contains(person) => {
                self.people.insert(person.to_owned(), bytes);
                "200"
            }
            _ => NO_FEATURE,
        }
    }
}

/// Puts a field into the object at a path.
fn set(value: &mut Value, path: &str, name: &str, field: Value) {
    if let Some(object) = value.pointer_mut(path).and_then(Value::as_object_mut) {
        object.insert(name.to_owned(), field);
    }
}

/// A report; its name is misspelled as the make does.
fn record(panel: &str, number: u64, person: &str, at: &str) -> Value {
    json!({"operator": "RecPush", "info": {
        "facesluiceId": panel, "RecordID": number.to_string(), "customId": person,
        "personId": "12345", "persionName": "x", "idCard": "", "VerifyStatus": "1",
        "PersonType": "0", "similarity1": "98.5", "similarity2": "0", "time": at,
        "facesluiceName": "东门", "pic": "data:image/jpeg;base64,/9j/",
    }})
}

async fn talk(
    mut events: EventLoop,
    client: AsyncClient,
    number: String,
    inner: Arc<Mutex<Inner>>,
) {
    let lock = || inner.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // More than one would fill the queue that this very task empties.
                let client = client.clone();
                let topic = format!("mqtt/face/{number}");
                let online = json!({"operator": "Online", "info":
                    {"facesluiceId": number, "time": lock().now_text()}});
                tokio::spawn(async move {
                    let _queued = client.subscribe(topic, QoS::AtLeastOnce).await;
                    say(&client, "mqtt/face/basic", &online).await;
                });
            }
            Ok(Event::Incoming(Packet::Publish(packet))) => {
                let asked: Value = serde_json::from_slice(&packet.payload).unwrap_or_default();
                let told = lock().command(&number, &asked);
                if let Some(told) = told {
                    let (client, topic) = (client.clone(), format!("mqtt/face/{number}/Ack"));
                    tokio::spawn(async move { say(&client, &topic, &told).await });
                }
            }
            Ok(_) => {}
            Err(_) => sleep(RETRY).await,
        }
    }
}
