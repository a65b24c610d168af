//! The polling task around the client library.
//!
//! The library's event loop is polled by a task of its own, which never publishes: publishing from
//! the polling task deadlocks when the request queue is full. Its own queue and retransmissions
//! are no store: whatever it drops, the engine sends again. Nor does it connect by itself: it gets
//! the near end of a line that is laid already.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ClientError, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Outgoing,
    Packet, QoS, StateError, Transport,
};
use sync_wire::message::MESSAGE_BYTES_MAX;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::door::{Door, Line};
use crate::error::Fault;
use crate::settings::MqttSettings;

/// Requests waiting for the wire; more than both windows together.
const REQUESTS_MAX: usize = 64;
/// Events waiting for the session.
const EVENTS_MAX: usize = 64;
/// Far above the number of messages that can be unacknowledged, so that the library's packet
/// numbers wrap onto one that is still in use only where the broker left its confirmation out.
const INFLIGHT_MAX: u16 = 200;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT_S: u64 = 20;
/// Topic and packet header beside a message.
const PACKET_BYTES_MAX: usize = MESSAGE_BYTES_MAX * 2;
/// What a broker without limits passes on is refused with its reason; more costs the connection.
const JUNK_BYTES_MAX: usize = 1024 * 1024;

/// What to connect with.
pub(crate) struct Order {
    pub(crate) door: Door,
    pub(crate) will_topic: String,
    pub(crate) will: Vec<u8>,
}

/// What comes out of the pipe.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// The broker accepted the connection.
    Connected,
    /// A message.
    Message { topic: String, payload: Vec<u8> },
    /// The connection is gone or did not come up.
    Broken(Fault),
}

/// The session's end of the pipe.
pub(crate) struct Pipe {
    client: AsyncClient,
    orders: mpsc::Sender<Order>,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    polling: JoinHandle<()>,
}

/// A polling task without a session would keep the box "online" for ever.
impl Drop for Pipe {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

impl Pipe {
    /// Starts the polling task; it ends when the pipe is dropped.
    pub(crate) fn start(settings: &MqttSettings) -> Self {
        let name = settings.identity.box_name.as_str().to_owned();
        let nowhere = options(&name, "");
        let (client, mut event_loop) = AsyncClient::new(nowhere, REQUESTS_MAX);
        let mut network = event_loop.network_options();
        network.set_connection_timeout(CONNECT_TIMEOUT_S);
        event_loop.set_network_options(network);
        let (orders, order_receiver) = mpsc::channel(1);
        let (arrival_sender, arrivals) = mpsc::channel(EVENTS_MAX);
        let polling = tokio::spawn(poll(name, event_loop, order_receiver, arrival_sender));
        Self {
            client,
            orders,
            arrivals,
            polling,
        }
    }

    /// Opens a connection. Gives false where one is already being opened.
    pub(crate) fn connect(&self, order: Order) -> bool {
        self.orders.try_send(order).is_ok()
    }

    pub(crate) fn subscribe(&self, filter: &str) -> Result<(), ClientError> {
        self.client.try_subscribe(filter, QoS::AtLeastOnce)
    }

    pub(crate) fn publish(
        &self,
        topic: String,
        payload: Vec<u8>,
        retain: bool,
    ) -> Result<(), ClientError> {
        self.client
            .try_publish(topic, QoS::AtLeastOnce, retain, payload)
    }

    pub(crate) fn disconnect(&self) -> Result<(), ClientError> {
        self.client.try_disconnect()
    }
}

/// A connection at a local address.
fn options(name: &str, address: &str) -> MqttOptions {
    let mut options = MqttOptions::new(name, address, 0);
    options
        .set_transport(Transport::Unix)
        .set_clean_session(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_inflight(INFLIGHT_MAX)
        .set_max_packet_size(JUNK_BYTES_MAX, PACKET_BYTES_MAX);
    options
}

async fn poll(
    name: String,
    mut event_loop: EventLoop,
    mut orders: mpsc::Receiver<Order>,
    arrivals: mpsc::Sender<Arrival>,
) {
    while let Some(order) = orders.recv().await {
        forget(&mut event_loop);
        let mut line = match order.door.open().await {
            Ok(line) => line,
            Err(error) => {
                let broken = Arrival::Broken(Fault::Door(error));
                if arrivals.send(broken).await.is_err() {
                    return;
                }
                continue;
            }
        };
        event_loop.mqtt_options = options(&name, line.address());
        let will = LastWill::new(order.will_topic, order.will, QoS::AtLeastOnce, true);
        event_loop.mqtt_options.set_last_will(will);
        loop {
            let arrival = match event_loop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => Arrival::Connected,
                Ok(Event::Incoming(Packet::Publish(publish))) => Arrival::Message {
                    topic: publish.topic,
                    payload: publish.payload.to_vec(),
                },
                // From here on the library would read no request any more.
                Ok(Event::Outgoing(Outgoing::AwaitAck(number))) => {
                    forget(&mut event_loop);
                    Arrival::Broken(Fault::Unconfirmed { number })
                }
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => continue,
                Err(error) => Arrival::Broken(why(&mut line, error).await),
            };
            let broken = matches!(arrival, Arrival::Broken(_));
            if arrivals.send(arrival).await.is_err() {
                return;
            }
            if broken {
                break;
            }
        }
    }
}

/// Whatever the last connection left behind is sent again by the engine, if at all. The library
/// itself keeps a message whose number was in use, and then takes no other on any connection.
fn forget(event_loop: &mut EventLoop) {
    event_loop.clean();
    event_loop.pending.clear();
    event_loop.state.collision = None;
}

/// Where the library hears only that its end was closed, the line knows why.
async fn why(line: &mut Line, error: ConnectionError) -> Fault {
    let closed = matches!(
        error,
        ConnectionError::Io(_)
            | ConnectionError::MqttState(StateError::Io(_) | StateError::ConnectionAborted)
    );
    if !closed {
        return Fault::Mqtt(error);
    }
    match line.fault().await {
        Some(broken) => Fault::Line(broken),
        None => Fault::Mqtt(error),
    }
}
