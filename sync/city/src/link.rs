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
use tokio::sync::{Notify, mpsc};

use crate::config::Settings;
use crate::error::CityError;
use crate::ingest::{Incoming, Outgoing};
use crate::observe::{Effect, Observer, Verdict};
use crate::pki;

/// Largest packet, both ways; a message has 64 KiB at most.
const PACKET_BYTES_MAX: usize = 128 * 1024;
/// Publishes under way at once.
const INFLIGHT_MAX: u16 = 100;
/// Requests that may wait for the connection.
const REQUESTS_MAX: usize = 64;
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

    fn note(&self, outgoing: &Outgoing) {
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
    /// What was published.
    pub published: Arc<Published>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Prepares the connection; nothing is sent before the event loop is polled.
pub fn open(settings: &Settings) -> Result<(Link, EventLoop), CityError> {
    let read = |name: &str| pki::read_text(&settings.dir.join(name));
    let (ca, cert, key) = (read(pki::CA_CERT)?, read("city.pem")?, read("city.key")?);
    let connector = TlsConnector::builder()
        .disable_built_in_roots(true)
        .add_root_certificate(Certificate::from_pem(ca.as_bytes())?)
        .identity(Identity::from_pkcs8(cert.as_bytes(), key.as_bytes())?)
        .build()?;
    let mut options = MqttOptions::new("city", settings.broker_host.clone(), settings.broker_port);
    options
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(30))
        .set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX)
        .set_inflight(INFLIGHT_MAX)
        .set_transport(Transport::tls_with_config(
            TlsConfiguration::NativeConnector(connector),
        ));
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    events.network_options.set_tcp_nodelay(true);
    let link = Link {
        client,
        subscribe: Arc::new(Notify::new()),
        published: Arc::default(),
    };
    Ok((link, events))
}

impl Link {
    /// Polls the connection for ever: hands messages on, connects again after a loss.
    pub async fn receive(&self, mut events: EventLoop, incoming: mpsc::Sender<Incoming>) {
        let mut pause = RETRY_FIRST;
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => {
                    tracing::info!("Connected to the broker");
                    pause = RETRY_FIRST;
                    self.subscribe.notify_one();
                }
                Ok(Event::Incoming(Packet::SubAck(_))) => {
                    if incoming.send(Incoming::Connected).await.is_err() {
                        return;
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let payload = publish.payload.to_vec();
                    let message = Incoming::Message {
                        topic: publish.topic,
                        payload,
                    };
                    if incoming.send(message).await.is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    let cause = error.source().map(ToString::to_string);
                    tracing::warn!(%error, cause, "No connection to the broker");
                    tokio::time::sleep(pause).await;
                    pause = RETRY_LAST.min(pause.saturating_mul(2));
                }
            }
        }
    }

    /// Publishes acknowledgements until their source is gone or the observer says die.
    pub async fn publish(
        &self,
        mut acks: mpsc::Receiver<Outgoing>,
        observer: Arc<dyn Observer>,
    ) -> Result<(), CityError> {
        let filters = [Topic::UpLive, Topic::UpBulk, Topic::UpCtl, Topic::State]
            .map(|topic| SubscribeFilter::new(topic.of_every_box(), QoS::AtLeastOnce));
        loop {
            let outgoing = tokio::select! {
                biased;
                () = self.subscribe.notified() => {
                    if self.client.subscribe_many(filters.clone()).await.is_err() {
                        return Err(CityError::Ended("connection"));
                    }
                    continue;
                }
                next = acks.recv() => next,
            };
            let Some(outgoing) = outgoing else {
                return Ok(());
            };
            let payload = match outgoing.ack.encode() {
                Ok(payload) => payload,
                Err(error) => {
                    tracing::error!(%error, "An acknowledgement cannot be written");
                    continue;
                }
            };
            if observer.before(Effect::Acknowledge) == Verdict::Die {
                return Err(CityError::Ended("publisher"));
            }
            let topic = Topic::DownAck.of(&outgoing.id);
            let sent = self
                .client
                .publish(topic, QoS::AtLeastOnce, false, payload)
                .await;
            if sent.is_err() {
                return Err(CityError::Ended("connection"));
            }
            self.published.note(&outgoing);
            observer.after(Effect::Acknowledge);
        }
    }
}
