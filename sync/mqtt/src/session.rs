//! One turn after the other: inputs to the engine, its actions to the world.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use sync_engine::{Action, Engine, Fork, Input, Link, Now, OurHashes, Survey};
use sync_wire::down::{DOWN_BYTES_MAX, Series};
use sync_wire::message::Tier;
use sync_wire::{Ack, Presence, State, Topic, VERSION, WireError};
use tokio::sync::watch;

use crate::begin::start;
use crate::door::Door;
use crate::ledger::{Ledger, LedgerError};
use crate::notary::Notary;
use crate::pipe::{Arrival, Order, Pipe};
use crate::renewal::Renewal;
use crate::settings::{Inbound, MqttSettings, Outbound, Surroundings};
use crate::status::{Refusals, SyncStatus};
use crate::tls::Believed;
use crate::trouble::{
    NO_ROOM, NotTaken, OTHER_TOPIC, TOO_LONG, Trouble, explain, explain_files, explain_refusal,
    explain_stuck, explain_unread, is_too_long, no_room,
};

/// The loop turns at least this often, so that its turns prove that it lives.
const TURN_MS_MAX: u64 = 10_000;
/// The cursor is written down at most this often: it costs a commit, and a hello finds it again.
const CURSOR_MS: u64 = 2_000;
/// That there is no room is told at most this often, ms.
const NO_ROOM_MS: u64 = 1_000;
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

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
        engine = start(&settings, &ledger, &status) => engine,
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
        cursors: BTreeMap::new(),
        cursors_due_ms: None,
        notary: Notary::default(),
        certificates: Renewal::default(),
        refusals: Refusals::default(),
        refused_by_engine: 0,
        no_room_ms: None,
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

/// What the city has of an epoch: without a hole, and beyond.
type Cursor = (u64, Vec<(u64, u64)>);

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
    /// What is to be written down, by epoch, and when.
    cursors: BTreeMap<String, Cursor>,
    cursors_due_ms: Option<u64>,
    notary: Notary,
    certificates: Renewal,
    /// Messages of the city that did not get as far as the engine, and those that it refused.
    refusals: Refusals,
    /// How many of them the engine had refused when it was asked last.
    refused_by_engine: u64,
    /// When the city was told last that there is no room, monotonic ms.
    no_room_ms: Option<u64>,
}

impl<L: Ledger> Session<L> {
    /// Waits for one thing and deals with it. Dropping it between two turns loses nothing; dropped
    /// within one, the engine is asked anew by the next hello.
    async fn turn(&mut self) {
        let now = (self.surroundings.now)();
        let engine_ms = self.engine.poll_timeout().map(|(at, _)| at);
        let next_ms = engine_ms
            .into_iter()
            .chain(self.cursors_due_ms)
            .chain(self.certificates.due_ms())
            .chain(self.notary.due_ms())
            .min();
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
            Some(said) = self.surroundings.outbox.recv() => Some(match said {
                Outbound::Report(report) => Input::Report(report),
                Outbound::RosterApplied(version) => Input::RosterApplied { version },
            }),
            () = tokio::time::sleep(Duration::from_millis(timeout_ms)) => None,
        };
        let now = (self.surroundings.now)();
        self.engine.handle(now, input.unwrap_or(Input::Tick));
        self.act().await;
        self.notarize(now).await;
        self.look_at_certificates(now.mono_ms);
        if self.cursors_due_ms.is_some_and(|due| due <= now.mono_ms) {
            self.save_cursors().await;
        }
    }

    /// Certificates that have been replaced, and that belong together, are used at once.
    fn look_at_certificates(&mut self, now_ms: u64) {
        if !self.certificates.is_due(&self.settings, now_ms) {
            return;
        }
        tracing::info!("the certificates were replaced, connecting anew");
        if self.pipe.disconnect().is_err() {
            self.start_anew();
        }
    }

    /// Keeps what the city signed, and compares with it once a day.
    async fn notarize(&mut self, now: Now) {
        if self.notary.due_ms().is_some_and(|due| due <= now.mono_ms)
            && let Some(why) = self.notary.keep(&self.ledger).await
        {
            self.refuse(why);
        }
        let status = self.engine.status();
        let is_quiet = status.link == Link::Online && status.backlog == 0;
        let about = (now, self.settings.identity.box_name.as_str());
        let told = self.notary.tell(&self.ledger, about, is_quiet).await;
        if let Some(action) = told
            && let Err(error) = self.carry_out(action).await
        {
            tracing::error!(error, "cannot tell a digest");
        }
    }

    async fn save_cursors(&mut self) {
        self.cursors_due_ms = None;
        for (epoch, (through, ranges)) in std::mem::take(&mut self.cursors) {
            if let Err(error) = self.ledger.save_cursor(&epoch, through, ranges).await {
                tracing::error!(error, epoch, "cannot write down the cursor");
            }
        }
    }

    async fn understand(&mut self, arrival: Arrival) -> Option<Input> {
        match arrival {
            Arrival::Connected => {
                self.greeted = true;
                Some(Input::Connected)
            }
            Arrival::Broken(error) => {
                if is_too_long(&error) {
                    self.refuse(TOO_LONG);
                }
                let trouble = explain(&error, self.settings.tls.is_some(), self.greeted);
                self.greeted = false;
                self.notary.disconnected((self.surroundings.now)());
                self.report(trouble);
                Some(Input::Disconnected {
                    jitter: (self.surroundings.jitter)(),
                })
            }
            Arrival::Message { topic, payload } => self.read(&topic, payload).await,
        }
    }

    async fn read(&mut self, topic: &str, payload: Vec<u8>) -> Option<Input> {
        let name = self.settings.identity.box_name.as_str();
        let ours = Topic::parse(topic).ok().filter(|(of, _)| *of == name);
        match ours.map(|(_, kind)| kind) {
            Some(Topic::DownAck) => self.read_ack(&payload).await,
            Some(Topic::DownCmd) => self.hand_on(Series::Command, payload),
            Some(Topic::DownRoster) => self.hand_on(Series::Roster, payload),
            Some(_) | None => {
                self.refuse(OTHER_TOPIC);
                tracing::warn!(topic, "message on a topic that is not read here");
                None
            }
        }
    }

    async fn read_ack(&mut self, payload: &[u8]) -> Option<Input> {
        let unread = |error: &WireError| {
            tracing::warn!(%error, "unreadable acknowledgement");
            self.refuse(explain_unread(error));
        };
        let ack = Ack::decode(payload).inspect_err(unread).ok()?;
        let now = (self.surroundings.now)();
        self.notary.hear(&self.ledger, now, &ack).await;
        let ours = if self.engine.knows(&ack.epoch) {
            let seqs = Engine::numbers_to_check(&ack);
            self.ledger.hashes(&ack.epoch, &seqs).await
        } else {
            Ok(OurHashes::new())
        };
        match ours {
            Ok(ours) => Some(Input::Ack { ack, ours }),
            Err(error) => {
                tracing::error!(error, "cannot read hashes of the ledger");
                None
            }
        }
    }

    fn hand_on(&mut self, series: Series, mut payload: Vec<u8>) -> Option<Input> {
        // What is too long says so by its first bytes, too: no more of it waits in memory.
        payload.truncate(DOWN_BYTES_MAX.saturating_add(1));
        payload.shrink_to_fit();
        let inbound = Inbound { series, payload };
        if self.surroundings.inbox.try_send(inbound).is_ok() {
            return None;
        }
        self.refuse(NO_ROOM);
        tracing::warn!(
            ?series,
            "no room for a message of the city, it sends it again"
        );
        let now = (self.surroundings.now)();
        // One for all of a second: answers to a flood must not become one.
        if self
            .no_room_ms
            .is_some_and(|at| now.mono_ms < at.saturating_add(NO_ROOM_MS))
        {
            return None;
        }
        self.no_room_ms = Some(now.mono_ms);
        let identity = &self.settings.identity;
        Some(Input::Report(no_room(
            &identity.box_name,
            series,
            now.wall_ms,
        )))
    }

    fn refuse(&mut self, why: NotTaken) {
        self.refusals.add(why, 1);
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
                // Far fewer messages wait for an answer than the pipe has room for: a full pipe
                // is a broken one.
                if self.pipe.publish(topic, payload, retain).is_err() {
                    self.start_anew();
                }
            }
            Action::Read {
                epoch,
                tier,
                from,
                records_max,
                bytes_max,
            } => {
                let limits = (records_max, bytes_max);
                self.read_page((epoch, tier), from, limits).await;
            }
            Action::Hashes { epoch, seqs } => {
                let ours = self.ledger.hashes(&epoch, &seqs).await?;
                self.answer(Input::Hashes { epoch, ours });
            }
            Action::LookForOlder => {
                let older = self.ledger.older().await?;
                self.answer(Input::Older(older));
            }
            Action::Survey => {
                let survey = self.ledger.survey().await.unwrap_or_else(|error| {
                    tracing::error!(error, "cannot look what waits");
                    Survey::default()
                });
                self.answer(Input::Survey(survey));
            }
            Action::CarryOver(fork) => self.carry_over(fork).await?,
            Action::SaveCursor {
                epoch,
                through,
                ranges,
            } => {
                let now_ms = (self.surroundings.now)().mono_ms;
                let due = &mut self.cursors_due_ms;
                due.get_or_insert(now_ms.saturating_add(CURSOR_MS));
                self.cursors.insert(epoch, (through, ranges));
            }
            Action::SaveParked {
                epoch,
                parked,
                nothing_else_in,
            } => {
                let keep = self.ledger.keep_parked(&epoch, (parked, nothing_else_in));
                keep.await?;
            }
            Action::Alarm(alarm) => {
                tracing::error!(?alarm, "sync alarm");
                self.ledger.raise(alarm).await?;
            }
        }
        Ok(())
    }

    async fn read_page(&mut self, (epoch, tier): (String, Tier), from: u64, limits: (u64, usize)) {
        let page = self.ledger.page(&epoch, from, limits).await;
        self.answer(match page {
            Ok(page) => Input::Records {
                epoch,
                tier,
                from,
                prev: page.prev,
                records: page.records,
            },
            Err(error) => {
                tracing::error!(error, epoch, from, "cannot read records");
                Input::ReadFailed { epoch, tier }
            }
        });
    }

    fn answer(&mut self, input: Input) {
        self.engine.handle((self.surroundings.now)(), input);
    }

    async fn carry_over(&mut self, fork: Fork) -> Result<(), LedgerError> {
        let epoch = fork.epoch.clone();
        // What was known of the forked epoch goes with it.
        self.cursors.remove(&epoch);
        let current = self.ledger.carry_over(fork).await?;
        self.heads = self.ledger.head();
        self.answer(Input::CarriedOver { epoch, current });
        let head = *self.heads.borrow_and_update();
        self.answer(Input::Head(head));
        Ok(())
    }

    fn connect(&mut self) {
        self.greeted = false;
        let now = (self.surroundings.now)();
        self.certificates = Renewal::begin(&self.settings, now.mono_ms);
        let door = match Door::of(&self.settings, Believed::of(now)) {
            Ok(door) => door,
            Err(error) => return self.give_up(explain_files(&error)),
        };
        let Some(will) = self.state(Presence::Offline) else {
            return;
        };
        let will_topic = Topic::State.of(&self.settings.identity.box_name);
        if !self.pipe.connect(Order {
            door,
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

    /// Drops the connection and everything in it.
    fn start_anew(&mut self) {
        self.pipe = Pipe::start(&self.settings);
        self.greeted = false;
        self.give_up(explain_stuck());
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
            epoch: self.engine.epoch().to_owned(),
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

    fn show(&mut self) {
        let engine = self.engine.status();
        let news = engine.refused.saturating_sub(self.refused_by_engine);
        self.refused_by_engine = engine.refused;
        if let Some(why) = engine.last_refusal.filter(|_| news > 0) {
            self.refusals.add(explain_refusal(why), news);
        }
        let refusals = &self.refusals;
        self.status
            .send_modify(|status| status.take(&engine, refusals));
    }

    async fn say_goodbye(&mut self) {
        self.save_cursors().await;
        self.notary.keep(&self.ledger).await;
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
