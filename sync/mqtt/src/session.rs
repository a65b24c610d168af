//! One turn after the other: inputs to the engine, its actions to the world.

use std::future::Future;
use std::time::Duration;

use sync_engine::{Action, Engine, Input, Link, OurHashes, Start};
use sync_wire::{Ack, Presence, State, Topic, VERSION};
use tokio::sync::watch;

use crate::ledger::{Ledger, LedgerError};
use crate::pipe::{Arrival, Order, Pipe};
use crate::settings::{MqttSettings, Surroundings};
use crate::status::{SyncLink, SyncStatus};
use crate::tls::transport;
use crate::trouble::{Trouble, explain, explain_files};

/// The loop turns at least this often, so that its turns prove that it lives.
const TURN_MS_MAX: u64 = 10_000;
/// The cursor is written down at most this often: it costs a commit, and a hello finds it again.
const CURSOR_MS: u64 = 2_000;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// Wait before the ledger is asked again where it starts.
const START_RETRY: Duration = Duration::from_secs(5);

/// Carries the ledger to the city until `shutdown` is ready. Needs a runtime with time and IO.
pub async fn run<L: Ledger>(
    settings: MqttSettings,
    ledger: L,
    surroundings: Surroundings,
    status: watch::Sender<SyncStatus>,
    shutdown: impl Future<Output = ()>,
) {
    tokio::pin!(shutdown);
    let engine = tokio::select! {
        engine = start(&settings, &ledger) => engine,
        () = &mut shutdown => return,
    };
    let pipe = Pipe::start(&settings);
    let heads = ledger.head();
    let mut session = Session {
        settings,
        ledger,
        surroundings,
        status,
        engine,
        pipe,
        heads,
        greeted: false,
        cursor: None,
    };
    session.act().await;
    loop {
        tokio::select! {
            () = session.turn() => {}
            () = &mut shutdown => break,
        }
    }
    session.say_goodbye().await;
}

async fn start<L: Ledger>(settings: &MqttSettings, ledger: &L) -> Engine {
    loop {
        match ledger.cursor().await {
            Ok((through, ranges)) => {
                let head = *ledger.head().borrow();
                let roster_version = settings.roster_version;
                let start = Start {
                    head,
                    through,
                    ranges,
                    roster_version,
                };
                return Engine::new(settings.identity.clone(), settings.engine.clone(), &start);
            }
            Err(error) => {
                tracing::error!(error, "cannot read the cursor");
                tokio::time::sleep(START_RETRY).await;
            }
        }
    }
}

struct Session<L> {
    settings: MqttSettings,
    ledger: L,
    surroundings: Surroundings,
    status: watch::Sender<SyncStatus>,
    engine: Engine,
    pipe: Pipe,
    heads: watch::Receiver<sync_wire::Head>,
    /// The broker has accepted the present connection.
    greeted: bool,
    /// What is to be written down, and when.
    cursor: Option<UnsavedCursor>,
}

struct UnsavedCursor {
    due_ms: u64,
    through: u64,
    ranges: Vec<(u64, u64)>,
}

impl<L: Ledger> Session<L> {
    /// Waits for one thing and deals with it. Dropping it between two turns loses nothing; dropped
    /// within one, the engine is asked anew by the next hello.
    async fn turn(&mut self) {
        let now = (self.surroundings.now)();
        let engine_ms = self.engine.poll_timeout().map(|(at, _)| at);
        let cursor_ms = self.cursor.as_ref().map(|cursor| cursor.due_ms);
        let next_ms = engine_ms.into_iter().chain(cursor_ms).min();
        let timeout_ms = next_ms.map_or(TURN_MS_MAX, |at| {
            at.saturating_sub(now.mono_ms).min(TURN_MS_MAX)
        });
        let input = tokio::select! {
            arrival = self.pipe.arrivals.recv() => match arrival {
                Some(arrival) => self.understand(arrival).await,
                None => None,
            },
            changed = self.heads.changed() => match changed {
                Ok(()) => Some(Input::Head(*self.heads.borrow_and_update())),
                // The ledger is closing; what is left is to wait for the shutdown.
                Err(_closed) => {
                    tokio::time::sleep(Duration::from_millis(timeout_ms)).await;
                    None
                }
            },
            () = tokio::time::sleep(Duration::from_millis(timeout_ms)) => None,
        };
        let now = (self.surroundings.now)();
        self.engine.handle(now, input.unwrap_or(Input::Tick));
        self.act().await;
        if self
            .cursor
            .as_ref()
            .is_some_and(|cursor| cursor.due_ms <= now.mono_ms)
        {
            self.save_cursor().await;
        }
    }

    async fn save_cursor(&mut self) {
        let Some(cursor) = self.cursor.take() else {
            return;
        };
        if let Err(error) = self.ledger.save_cursor(cursor.through, cursor.ranges).await {
            tracing::error!(error, "cannot write down the cursor");
        }
    }

    async fn understand(&mut self, arrival: Arrival) -> Option<Input> {
        match arrival {
            Arrival::Connected => {
                self.greeted = true;
                Some(Input::Connected)
            }
            Arrival::Broken(error) => {
                let trouble = explain(&error, self.settings.tls.is_some(), self.greeted);
                self.greeted = false;
                self.report(trouble);
                Some(Input::Disconnected {
                    jitter: (self.surroundings.jitter)(),
                })
            }
            Arrival::Message { topic, payload } => self.read(&topic, &payload).await,
        }
    }

    async fn read(&self, topic: &str, payload: &[u8]) -> Option<Input> {
        let known = Topic::parse(topic).ok().map(|(_, topic)| topic);
        if known != Some(Topic::DownAck) {
            tracing::warn!(topic, "message on a topic that is not read here");
            return None;
        }
        let ack = match Ack::decode(payload) {
            Ok(ack) => ack,
            Err(error) => {
                tracing::warn!(%error, "unreadable acknowledgement");
                return None;
            }
        };
        match self.our_hashes(&ack).await {
            Ok(ours) => Some(Input::Ack { ack, ours }),
            Err(error) => {
                tracing::error!(error, "cannot read hashes of the ledger");
                None
            }
        }
    }

    async fn our_hashes(&self, ack: &Ack) -> Result<OurHashes, LedgerError> {
        let mut ours = OurHashes::new();
        if ack.epoch != self.settings.identity.epoch {
            return Ok(ours);
        }
        for seq in Engine::numbers_to_check(ack) {
            if let Some(hash) = self.ledger.hash_at(seq).await? {
                ours.insert(seq, hash);
            }
        }
        Ok(ours)
    }

    async fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            if let Err(error) = self.carry_out(action).await {
                tracing::error!(error, "sync action failed");
            }
        }
        self.show();
    }

    async fn carry_out(&mut self, action: Action) -> Result<(), LedgerError> {
        match action {
            Action::Connect => self.connect(),
            Action::Subscribe => {
                let filter = sync_wire::topic::everything_down(&self.settings.identity.box_name);
                self.pipe.subscribe(&filter)?;
            }
            Action::Publish {
                topic,
                payload,
                retain,
            } => {
                let topic = topic.of(&self.settings.identity.box_name);
                self.pipe.publish(topic, payload, retain)?;
            }
            Action::Read {
                tier,
                from,
                records_max,
                bytes_max,
            } => {
                let page = self.ledger.page(from, records_max, bytes_max).await;
                let now = (self.surroundings.now)();
                let input = match page {
                    Ok(page) => Input::Records {
                        tier,
                        from,
                        prev: page.prev,
                        records: page.records,
                    },
                    Err(error) => {
                        tracing::error!(error, from, "cannot read records");
                        Input::ReadFailed { tier }
                    }
                };
                self.engine.handle(now, input);
            }
            Action::SaveCursor { through, ranges } => {
                let now_ms = (self.surroundings.now)().mono_ms;
                let fresh_due_ms = now_ms.saturating_add(CURSOR_MS);
                let due_ms = self
                    .cursor
                    .as_ref()
                    .map_or(fresh_due_ms, |cursor| cursor.due_ms);
                self.cursor = Some(UnsavedCursor {
                    due_ms,
                    through,
                    ranges,
                });
            }
            Action::SaveParked(parked) => self.ledger.show_parked(parked).await?,
            Action::Alarm(alarm) => {
                tracing::error!(?alarm, "sync alarm");
                self.ledger.raise(alarm).await?;
            }
        }
        Ok(())
    }

    fn connect(&mut self) {
        self.greeted = false;
        let transport = match transport(self.settings.tls.as_ref()) {
            Ok(transport) => transport,
            Err(error) => return self.give_up(explain_files(&error)),
        };
        let Some(will) = self.state(Presence::Offline) else {
            return;
        };
        let will_topic = Topic::State.of(&self.settings.identity.box_name);
        if !self.pipe.connect(Order {
            transport,
            will_topic,
            will,
        }) {
            let detail = "the polling task takes no order".to_owned();
            self.give_up(Trouble {
                clerk: "同步程序异常，正在重试",
                detail,
            });
        }
    }

    /// A connection that cannot even be tried counts as a failed one.
    fn give_up(&mut self, trouble: Trouble) {
        self.report(trouble);
        let jitter = (self.surroundings.jitter)();
        self.engine
            .handle((self.surroundings.now)(), Input::Disconnected { jitter });
    }

    fn state(&self, state: Presence) -> Option<Vec<u8>> {
        let identity = &self.settings.identity;
        let state = State {
            v: VERSION,
            state,
            epoch: identity.epoch.clone(),
            software: identity.software.clone(),
            since: (self.surroundings.now)().wall_ms,
        };
        state.encode().ok()
    }

    fn report(&self, trouble: Trouble) {
        tracing::warn!(detail = trouble.detail, "no connection to the city");
        self.status.send_modify(|status| {
            status.last_error = Some(trouble.clerk.to_owned());
            status.last_error_detail = Some(trouble.detail);
        });
    }

    fn show(&self) {
        let engine = self.engine.status();
        self.status.send_modify(|status| {
            status.link = match engine.link {
                Link::Offline { .. } => SyncLink::Offline,
                Link::Connecting | Link::Greeting { .. } => SyncLink::Connecting,
                Link::Online => SyncLink::Online,
                Link::Forked { .. } => SyncLink::Forked,
            };
            if status.link == SyncLink::Online {
                status.last_error = None;
                status.last_error_detail = None;
            }
            status.acked_through = engine.acked_through;
            status.backlog = engine.backlog;
            status.parked = engine.parked;
            status.skew_ms = engine.skew_ms;
            status.last_ack_at = engine.last_ack_at;
            status.turns = status.turns.wrapping_add(1);
        });
    }

    async fn say_goodbye(&mut self) {
        self.save_cursor().await;
        if !self.greeted {
            return;
        }
        let topic = Topic::State.of(&self.settings.identity.box_name);
        let Some(state) = self.state(Presence::Offline) else {
            return;
        };
        let said = self
            .pipe
            .publish(topic, state, true)
            .and_then(|()| self.pipe.disconnect());
        if said.is_err() {
            return;
        }
        let closed = async {
            while let Some(arrival) = self.pipe.arrivals.recv().await {
                if matches!(arrival, Arrival::Broken(_)) {
                    return;
                }
            }
        };
        if tokio::time::timeout(GOODBYE, closed).await.is_err() {
            tracing::warn!("the broker did not close the connection in time");
        }
    }
}
