//! The city's signing hand: publishes what it is told to, and hears the results.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use serde_json::Value;
use sync_wire::down::{Command, Down, SigningKey};
use sync_wire::roster::{RosterHeader, RosterLine};

use crate::{BOX_ID, Result, eventually, tls_as};

/// Where the seed stands in the PKCS#8 of an Ed25519 key (RFC 8410).
const SEED: std::ops::Range<usize> = 16..48;
/// Longer than anything that a box may take.
const PACKET_BYTES_MAX: usize = 256 * 1024;
/// How long a message holds.
const HOLDS_MS: i64 = 600_000;

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    topic: &'static str,
    payload: Vec<u8>,
}

/// Signs with the key of a city's folder, beside the city itself.
pub struct SigningCity {
    key: SigningKey,
    client: AsyncClient,
    results: Arc<Mutex<Vec<Value>>>,
}

impl SigningCity {
    /// Connects with the city's certificate, under another name.
    pub async fn start(city: &Path, broker_port: u16) -> Result<Self> {
        let read = |name: &str| fs::read(city.join(name));
        let pem = String::from_utf8(read("city-sign.key")?)?;
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(body)?;
        let seed: [u8; 32] = der.get(SEED).ok_or("a key of another form")?.try_into()?;
        let mut options = MqttOptions::new("signing-city", "localhost", broker_port);
        options
            .set_clean_session(true)
            .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX)
            .set_keep_alive(Duration::from_secs(30))
            .set_transport(tls_as(city, "city")?);
        let (client, events) = AsyncClient::new(options, 64);
        let results = Arc::<Mutex<Vec<Value>>>::default();
        let subscribed = Arc::<Mutex<bool>>::default();
        client
            .subscribe("menwei/1/+/up/ctl", QoS::AtLeastOnce)
            .await?;
        tokio::spawn(hear(events, Arc::clone(&results), Arc::clone(&subscribed)));
        eventually("the broker takes the subscription", async || {
            let is_there = *subscribed.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(is_there.then_some(()))
        })
        .await?;
        Ok(Self {
            key: SigningKey::from_bytes(&seed),
            client,
            results,
        })
    }

    /// A message to the simulated site's box, as the city would write it.
    #[expect(clippy::disallowed_methods, reason = "a city has a clock of its own")]
    pub fn message(number: u64, command: Command) -> Result<Down> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let now = i64::try_from(since.as_millis())?;
        Ok(Down {
            r#box: BOX_ID.to_owned(),
            number,
            issued_at: now,
            expires_at: now + HOLDS_MS,
            command,
        })
    }

    /// Signs and publishes; rosters are retained.
    pub async fn send(&self, down: &Down) -> Result<Sent> {
        let topic = match down.command {
            Command::Roster(_) => "roster",
            Command::Policy(_) | Command::Revoke(_) => "cmd",
        };
        let payload = self.sign(down)?;
        self.publish(topic, payload).await
    }

    /// The bytes of a message.
    pub fn sign(&self, down: &Down) -> Result<Vec<u8>> {
        Ok(self.key.sign(down)?)
    }

    /// Publishes any bytes on `dn/{topic}`.
    pub async fn publish(&self, topic: &'static str, payload: Vec<u8>) -> Result<Sent> {
        let retain = topic == "roster";
        let to = format!("menwei/1/{BOX_ID}/dn/{topic}");
        self.client
            .publish(to, QoS::AtLeastOnce, retain, payload.clone())
            .await?;
        Ok(Sent { topic, payload })
    }

    /// Publishes the very same bytes again.
    pub async fn again(&self, sent: &Sent) -> Result<()> {
        self.publish(sent.topic, sent.payload.clone()).await?;
        Ok(())
    }

    /// How many results have come.
    pub fn heard(&self) -> usize {
        let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.len()
    }

    /// Waits for a result after the first `heard` ones that fits.
    pub async fn result(
        &self,
        heard: usize,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        eventually(&format!("a result: {what}"), async || {
            let results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(results.iter().skip(heard).find(|one| fits(one)).cloned())
        })
        .await
    }
}

async fn hear(
    mut events: EventLoop,
    results: Arc<Mutex<Vec<Value>>>,
    subscribed: Arc<Mutex<bool>>,
) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::SubAck(_))) => {
                *subscribed.lock().unwrap_or_else(PoisonError::into_inner) = true;
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let said: Option<Value> = serde_json::from_slice(&publish.payload).ok();
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.extend(said.filter(|said| said["type"] == "result"));
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// A roster file for the simulated site's box.
pub fn roster_file(version: u64, base: Option<u64>, people: &[RosterLine]) -> Result<Vec<u8>> {
    let header = RosterHeader {
        v: 1,
        r#box: BOX_ID.to_owned(),
        version,
        base,
        count: u64::try_from(people.len())?,
    };
    let mut file = header.to_line()?;
    for one in people {
        file.extend(one.to_line()?);
    }
    Ok(file)
}
