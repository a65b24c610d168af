//! The city's connection to the broker. A pipe: what it loses, the boxes send again.
//!
//! Two futures that never wait for each other in a circle: `receive` polls the connection and may
//! wait for the ingest's queue; `publish` may wait for the connection. The ingest waits for neither.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use native_tls::{Certificate, Identity, TlsConnector};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter, TlsConfiguration,
    Transport,
};
use sync_wire::Topic;
use sync_wire::down::Series;
use sync_wire::message::MESSAGE_BYTES_MAX;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::config::Settings;
use crate::down::Letter;
use crate::error::CityError;
use crate::ingest::{Answer, Incoming, Outgoing};
use crate::observe::{Effect, Observer, Verdict};
use crate::pki;

/// Largest packet that goes out; a message has 64 KiB at most.
const PACKET_BYTES_MAX: usize = 128 * 1024;
/// Largest packet that comes in, should a broker pass it on: it is refused with its reason, where one
/// that is larger costs the connection. The shipped broker's limit is 128 KiB.
const JUNK_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Publishes under way at once.
const INFLIGHT_MAX: u16 = 100;
/// Requests that may wait for the connection.
const REQUESTS_MAX: usize = 64;
/// A connection that stood for so long has held.
const HELD: Duration = Duration::from_secs(10);
/// So many that did not hold one after the other are worth an error.
const SHORT_MAX: u32 = 3;
/// First pause before a new attempt to connect; doubles up to the last.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest pause before a new attempt to connect.
const RETRY_LAST: Duration = Duration::from_secs(10);

/// What was handed to the broker, per box and epoch: `through`, and the runs beyond.
#[derive(Debug, Default)]
pub struct Published {
    acks: Mutex<BTreeMap<(String, String), Covered>>,
}

/// `through`, and the runs beyond.
type Covered = (u64, Vec<(u64, u64)>);

impl Published {
    /// Whether a record was acknowledged since this city started; `None` if nothing was said of
    /// its epoch yet.
    pub fn covers(&self, id: &str, epoch: &str, seq: u64) -> Option<bool> {
        let acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        let (through, beyond) = acks.get(&(id.to_owned(), epoch.to_owned()))?;
        let inside = |(from, to): &(u64, u64)| (*from..=*to).contains(&seq);
        Some(seq <= *through || beyond.iter().any(inside))
    }

    /// Two workers may hand in the answers of one box in the wrong order. What says less than was
    /// said would only make the box ask; the later answer covers it.
    fn is_outdated(&self, outgoing: &Answer) -> bool {
        let ack = &outgoing.ack;
        if ack.hello.is_some() || ack.greet || !ack.parked.is_empty() {
            return false;
        }
        let acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        let said = acks.get(&(outgoing.id.clone(), ack.epoch.clone()));
        said.is_some_and(|(through, _)| ack.through < *through)
    }

    fn note(&self, outgoing: &Answer) {
        let ack = &outgoing.ack;
        let beyond = ack
            .ranges
            .iter()
            .map(|range| (range.from, range.to))
            .collect();
        let mut acks = self.acks.lock().unwrap_or_else(PoisonError::into_inner);
        acks.insert(
            (outgoing.id.clone(), ack.epoch.clone()),
            (ack.through, beyond),
        );
    }
}

/// One end of the connection for each direction.
#[derive(Clone)]
pub struct Link {
    client: AsyncClient,
    subscribe: Arc<Notify>,
    filters: Vec<SubscribeFilter>,
    greets: bool,
    /// Under which it connects.
    name: String,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Live records, hello, heartbeat, state; and all that goes down.
    Live,
    /// Backlogs; the number of the worker.
    Bulk(usize),
}

/// The name under which all workers of a city share the work of a topic.
const GROUP_LIVE: &str = "$share/menwei-live/";
const GROUP_BULK: &str = "$share/menwei-bulk/";

impl Role {
    fn client_id(self, instance: &str) -> String {
        match self {
            Self::Live => instance.to_owned(),
            Self::Bulk(number) => format!("{instance}-bulk-{number}"),
        }
    }

    /// States are retained, and what is retained never comes to a shared subscription.
    fn filters(self) -> Vec<SubscribeFilter> {
        let shared = |group: &str, topic: Topic| group.to_owned() + &topic.of_every_box();
        let names = match self {
            Self::Live => vec![
                shared(GROUP_LIVE, Topic::UpLive),
                shared(GROUP_LIVE, Topic::UpCtl),
                Topic::State.of_every_box(),
            ],
            Self::Bulk(_) => vec![shared(GROUP_BULK, Topic::UpBulk)],
        };
        let filter = |name| SubscribeFilter::new(name, QoS::AtLeastOnce);
        names.into_iter().map(filter).collect()
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Link").finish_non_exhaustive()
    }
}

/// How a connection ended often before it held.
#[derive(Debug, Default)]
struct Short {
    since: Option<Instant>,
    times: u32,
}

impl Short {
    fn connected(&mut self) {
        self.since = Some(Instant::now());
    }

    fn ended(&mut self) {
        if let Some(since) = self.since.take() {
            let held = since.elapsed() >= HELD;
            self.times = if held {
                0
            } else {
                self.times.saturating_add(1)
            };
        }
    }
}

/// Prepares the connection; nothing is sent before the event loop is polled.
pub fn open(settings: &Settings, role: Role) -> Result<(Link, EventLoop), CityError> {
    let read = |name: &str| pki::read_text(&settings.dir.join(name));
    let (ca, cert, key) = (read(pki::CA_CERT)?, read("city.pem")?, read("city.key")?);
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(Certificate::from_pem(ca.as_bytes())?)
        .identity(Identity::from_pkcs8(cert.as_bytes(), key.as_bytes())?)
        .build()?;
    let mut options = MqttOptions::new(
        role.client_id(&settings.instance),
        settings.broker_host.clone(),
        settings.broker_port,
    );
    options
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(30))
        .set_max_packet_size(JUNK_BYTES_MAX, PACKET_BYTES_MAX)
        .set_inflight(INFLIGHT_MAX)
        .set_transport(Transport::tls_with_config(
            TlsConfiguration::NativeConnector(connector),
        ));
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    events.network_options.set_tcp_nodelay(true);
    let link = Link {
        client,
        subscribe: Arc::new(Notify::new()),
        filters: role.filters(),
        greets: role == Role::Live,
        name: role.client_id(&settings.instance),
    };
    Ok((link, events))
}

impl Link {
    /// Polls the connection for ever: hands messages on, connects again after a loss.
    pub async fn receive(&self, mut events: EventLoop, incoming: mpsc::Sender<Incoming>) {
        let (mut pause, mut short) = (RETRY_FIRST, Short::default());
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    tracing::info!("Connected to the broker");
                    pause = RETRY_FIRST;
                    short.connected();
                    self.subscribe.notify_one();
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    if self.greets && incoming.send(Incoming::Connected).await.is_err() {
                        return;
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    // One byte too many tells as much as ten million.
                    let mut payload = publish.payload;
                    payload.truncate(MESSAGE_BYTES_MAX + 1);
                    let message = Incoming::Message {
                        payload: payload.to_vec(),
                        topic: publish.topic,
                        taken: Instant::now(),
                    };
                    if incoming.send(message).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let cause = error.source().map(ToString::to_string);
                    tracing::warn!(%error, cause, "No connection to the broker");
                    // A number that collided with one that the broker never confirmed is the library's
                    // business of that connection, which it would not forget: it would read no more
                    // requests, not even the next subscription. The box asks for its answer again.
                    events.state.collision = None;
                    short.ended();
                    if short.times >= SHORT_MAX {
                        tracing::error!(
                            name = self.name,
                            "The broker ends connections as soon as they stand: another city may have this name; give each an instance of its own"
                        );
                    }
                    tokio::time::sleep(pause).await;
                    pause = RETRY_LAST.min(pause.saturating_mul(2));
                }
            }
        }
    }

    /// Subscribes after every connection, for ever.
    pub async fn subscribe(&self) -> CityError {
        loop {
            self.subscribe.notified().await;
            if self
                .client
                .subscribe_many(self.filters.clone())
                .await
                .is_err()
            {
                return CityError::Ended("connection");
            }
        }
    }

    /// Publishes acknowledgements and letters until their source is gone or the observer says die.
    pub async fn publish(
        &self,
        mut acks: mpsc::Receiver<Outgoing>,
        published: &Published,
        observer: Arc<dyn Observer>,
    ) -> Result<(), CityError> {
        while let Some(outgoing) = acks.recv().await {
            let answer = match outgoing {
                Outgoing::Letter(letter) => {
                    self.post(letter).await?;
                    continue;
                }
                Outgoing::Answer(answer) => answer,
            };
            if published.is_outdated(&answer) {
                continue;
            }
            let payload = match answer.ack.encode() {
                Ok(payload) => payload,
                Err(error) => {
                    tracing::error!(%error, "An acknowledgement cannot be written");
                    continue;
                }
            };
            if observer.before(Effect::Acknowledge) == Verdict::Die {
                return Err(CityError::Ended("publisher"));
            }
            let topic = Topic::DownAck.of(&answer.id);
            self.hand_over(topic, false, payload).await?;
            published.note(&answer);
            observer.after(Effect::Acknowledge);
        }
        Ok(())
    }

    /// A roster pointer is retained: a box that comes tomorrow finds it.
    async fn post(&self, letter: Letter) -> Result<(), CityError> {
        let (topic, retain) = match letter.series {
            Series::Roster => (Topic::DownRoster, true),
            Series::Command => (Topic::DownCmd, false),
        };
        self.hand_over(topic.of(&letter.id), retain, letter.payload)
            .await
    }

    async fn hand_over(
        &self,
        topic: String,
        retain: bool,
        payload: Vec<u8>,
    ) -> Result<(), CityError> {
        self.client
            .publish(topic, QoS::AtLeastOnce, retain, payload)
            .await
            .map_err(|_| CityError::Ended("connection"))
    }
}
