//! A Hikvision terminal: its HTTP, its library, its events and its stubbornness.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use super::hik_http::serve;
use super::hik_state::{Event, Inner, Quirks, Shared, notice};
use super::login::Guard;
use crate::error::SimError;

/// Events that a slow listener may be behind.
const STREAM_MAX: usize = 64;

/// One terminal, served until it is dropped.
#[derive(Debug)]
pub struct HikTerminal {
    shared: Shared,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for HikTerminal {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl HikTerminal {
    /// Serves on a free loopback port.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(user: &str, password: &str, quirks: Quirks) -> Result<Self, SimError> {
        Self::start_at("127.0.0.1:0", user, password, quirks).await
    }

    /// Serves at an address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn start_at(
        address: &str,
        user: &str,
        password: &str,
        quirks: Quirks,
    ) -> Result<Self, SimError> {
        let failed = |source| SimError::Listen {
            address: address.to_owned(),
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Shared {
            inner: Arc::new(Mutex::new(Inner {
                guard: Guard::new(user, password),
                quirks,
                people: BTreeMap::new(),
                events: Vec::new(),
                asks: false,
                requests: 0,
            })),
            stream: broadcast::Sender::new(STREAM_MAX),
            answers: Arc::default(),
        };
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let server = tokio::spawn(async move {
            // It ends with its task.
            let _ended = axum::serve(listener, app).await;
        });
        Ok(Self {
            shared,
            address,
            server,
        })
    }

    /// Its address, as `http://127.0.0.1:40000`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its address without the scheme.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A face that it knows stands before it: the number of its event. It is told on the stream if
    /// anybody listens, and kept for history.
    pub fn recognize(&self, person: &str) -> u64 {
        let text = {
            let mut inner = self.shared.inner();
            let serial = inner.events.last().map_or(7_674, |one| one.serial) + 1;
            let event = Event {
                serial,
                at_ms: inner.now_ms(),
                person: person.to_owned(),
            };
            inner.events.push(event.clone());
            (serial, inner.asks, notice(&event, inner.asks))
        };
        self.shared.say(text.2);
        text.0
    }

    /// Tells an event again, word for word.
    pub fn repeat(&self, serial: u64) {
        let text = {
            let inner = self.shared.inner();
            let event = inner.events.iter().find(|one| one.serial == serial);
            event.map(|event| notice(event, inner.asks))
        };
        if let Some(text) = text {
            self.shared.say(text);
        }
    }

    /// Somebody passed while nobody could be told: only history knows.
    pub fn pass_unheard(&self, person: &str) -> u64 {
        let mut inner = self.shared.inner();
        let serial = inner.events.last().map_or(7_674, |one| one.serial) + 1;
        let at_ms = inner.now_ms();
        inner.events.push(Event {
            serial,
            at_ms,
            person: person.to_owned(),
        });
        serial
    }

    /// Somebody puts a person in at the terminal itself.
    pub fn put_by_hand(&self, person: &str) {
        let picture = Some(b"by hand".to_vec());
        self.shared
            .inner()
            .people
            .insert(person.to_owned(), picture);
    }

    /// Who is in its library.
    pub fn people(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        self.shared.inner().people.clone()
    }

    /// What it was answered to an event, in order.
    pub fn answers(&self, serial: u64) -> Vec<bool> {
        let answers = self.shared.answers.borrow();
        answers.get(&serial).cloned().unwrap_or_default()
    }

    /// Whether it asks the box before it opens.
    pub fn asks(&self) -> bool {
        self.shared.inner().asks
    }

    /// How many wrong passwords it has heard, and how many requests in all.
    pub fn logins(&self) -> (u32, u32) {
        let inner = self.shared.inner();
        (inner.guard.wrong(), inner.requests)
    }

    /// How many listen to its stream.
    pub fn listeners(&self) -> usize {
        self.shared.stream.receiver_count()
    }
}
