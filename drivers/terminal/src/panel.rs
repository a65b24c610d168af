//! Panels of the `mqtt/face` family: box and panel meet at a broker on the box or beside it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::timeout;

use crate::error::TerminalFault;
use crate::event::Report;
use crate::library::{Step, Stepped};
use crate::line::{FaceTerminal, Facts, Heard};
use crate::panel_bytes::{self as bytes, Message};
use crate::settings::{Local, Login};

/// Longest message: a report with a picture.
const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Messages that wait at most.
const QUEUE_MAX: usize = 32;
/// Longest wait for a command's answer: a panel stores a face in a second or two.
const ACK_MAX: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Commands that wait for their answer, by message number.
type Waiting = Rc<RefCell<BTreeMap<String, oneshot::Sender<(String, Value)>>>>;

/// One panel.
pub(crate) struct Panel {
    host: String,
    port: u16,
    /// Its own number.
    name: String,
    login: Option<Login>,
    /// Tells this run's message numbers from those of an earlier one.
    run: u32,
    last: Rc<Cell<u64>>,
    waiting: Waiting,
    talk: Option<Talk>,
}

/// One connection.
struct Talk {
    client: AsyncClient,
    heard: mpsc::Receiver<Result<Heard, TerminalFault>>,
    first: Option<Heard>,
    pump: JoinHandle<()>,
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

impl Panel {
    pub(crate) fn new(
        (host, port): (String, u16),
        panel: String,
        login: Option<Login>,
        run: u32,
    ) -> Self {
        Self {
            host,
            port,
            name: panel,
            login,
            run,
            last: Rc::default(),
            waiting: Waiting::default(),
            talk: None,
        }
    }

    fn options(&self) -> MqttOptions {
        let name = format!("menwei-{}", self.name);
        let mut options = MqttOptions::new(name, &self.host, self.port);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_max_packet_size(MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
        if let Some(login) = &self.login {
            options.set_credentials(&login.user, &login.password);
        }
        options
    }

    fn client(&self) -> Option<AsyncClient> {
        self.talk.as_ref().map(|talk| talk.client.clone())
    }

    fn publish(&self, payload: Vec<u8>) -> Local<Result<(), TerminalFault>> {
        let (client, topic) = (self.client(), bytes::down_topic(&self.name));
        Box::pin(async move { publish(client, topic, payload).await })
    }
}

async fn publish(
    client: Option<AsyncClient>,
    topic: String,
    payload: Vec<u8>,
) -> Result<(), TerminalFault> {
    let client = client.ok_or_else(|| TerminalFault::NoLink("no broker".to_owned()))?;
    client
        .publish(topic, QoS::AtLeastOnce, false, payload)
        .await
        .map_err(|error| TerminalFault::NoLink(error.to_string()))
}

impl FaceTerminal for Panel {
    /// Panels send a sign of life every 30 s.
    const SILENCE_MS: u64 = 95_000;

    async fn open(&mut self) -> Result<Facts, TerminalFault> {
        self.talk = None;
        self.waiting.borrow_mut().clear();
        let (client, events) = AsyncClient::new(self.options(), QUEUE_MAX);
        let (sender, heard) = mpsc::channel(QUEUE_MAX);
        for topic in bytes::up_topics(&self.name) {
            client
                .subscribe(topic, QoS::AtLeastOnce)
                .await
                .map_err(|error| TerminalFault::NoLink(error.to_string()))?;
        }
        let pump = pump(events, self.name.clone(), Rc::clone(&self.waiting), sender);
        let mut talk = Talk {
            client,
            heard,
            first: None,
            pump: spawn_local(pump),
        };
        // A panel that is there answers at once; one that is not is heard of when it comes.
        let hello = bytes::command("menwei-hello", &Step::List, &[]);
        publish(
            Some(talk.client.clone()),
            bytes::down_topic(&self.name),
            hello,
        )
        .await?;
        let first = talk.heard.recv().await;
        let first = first.unwrap_or_else(|| Err(TerminalFault::NoLink("no broker".to_owned())))?;
        let clock_ms = match &first {
            Heard::Alive(clock_ms) => *clock_ms,
            Heard::Face(_) | Heard::Gone => None,
        };
        talk.first = Some(first);
        self.talk = Some(talk);
        Ok(Facts {
            serial: Some(self.name.clone()),
            clock_ms,
        })
    }

    async fn hear(&mut self) -> Result<Heard, TerminalFault> {
        let gone = || TerminalFault::NoLink("no broker".to_owned());
        let talk = self.talk.as_mut().ok_or_else(gone)?;
        if let Some(first) = talk.first.take() {
            return Ok(first);
        }
        talk.heard.recv().await.unwrap_or_else(|| Err(gone()))
    }

    /// A panel does not ask: it decides by its library, and its relay is not wired.
    fn answer(&self, _seq: u64, _opens: bool) -> Local<Result<(), TerminalFault>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn written(&self, seq: u64) -> Local<Result<(), TerminalFault>> {
        self.publish(bytes::push_ack(&self.name, seq))
    }

    /// It sends by itself what was not acknowledged (`ResumefromBreakpoint`).
    fn history(&self, _after: u64) -> Local<Result<Vec<Report>, TerminalFault>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn library(
        &self,
        step: Step,
        picture: Local<Option<Vec<u8>>>,
    ) -> Local<Result<Stepped, TerminalFault>> {
        self.last.set(self.last.get().saturating_add(1));
        let id = format!("{:08x}-{}", self.run, self.last.get());
        let (client, topic) = (self.client(), bytes::down_topic(&self.name));
        let waiting = Rc::clone(&self.waiting);
        Box::pin(async move {
            let picture = match &step {
                Step::Put(_) => picture.await,
                Step::List | Step::Remove(_) => Some(Vec::new()),
            };
            let Some(picture) = picture else {
                return Ok(Stepped::Failed);
            };
            let command = bytes::command(&id, &step, &picture);
            let (sender, answer) = oneshot::channel();
            waiting.borrow_mut().insert(id.clone(), sender);
            publish(client, topic, command).await?;
            let answer = timeout(ACK_MAX, answer).await;
            waiting.borrow_mut().remove(&id);
            Ok(match answer {
                Ok(Ok((code, info))) => bytes::stepped(&step, &code, &info),
                // No answer, or one to a connection that is gone.
                Ok(Err(_)) | Err(_) => Stepped::Failed,
            })
        })
    }
}

/// Turns the broker's packets into what is heard, until the connection ends.
async fn pump(
    mut events: EventLoop,
    panel: String,
    waiting: Waiting,
    sender: mpsc::Sender<Result<Heard, TerminalFault>>,
) {
    loop {
        let heard = match events.poll().await {
            Ok(Event::Incoming(Packet::Publish(packet))) => {
                match bytes::message(&panel, &packet.topic, &packet.payload) {
                    Some(Message::Heard(heard)) => Ok(heard),
                    Some(Message::Ack { id, code, info }) => {
                        let asked = waiting.borrow_mut().remove(&id);
                        let told = asked.map(|asked| asked.send((code, info)));
                        if !matches!(told, Some(Ok(()))) {
                            tracing::debug!(id, "An answer that nobody waits for");
                        }
                        Ok(Heard::Alive(None))
                    }
                    None => {
                        tracing::debug!(topic = packet.topic, "A message of no panel of ours");
                        continue;
                    }
                }
            }
            Ok(_) => continue,
            Err(error) => Err(fault(&error)),
        };
        let over = heard.is_err();
        if sender.send(heard).await.is_err() || over {
            return;
        }
    }
}

fn fault(error: &ConnectionError) -> TerminalFault {
    let refused = matches!(
        error,
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized
        )
    );
    if refused {
        TerminalFault::Refused { locked_s: None }
    } else {
        TerminalFault::NoLink(error.to_string())
    }
}
