//! The loop of one lane, and the only place where a lane's effects happen.

use std::rc::Rc;
use std::time::Duration;

use drivers_idcard::{CardText, ReaderEvent};
use drivers_terminal::TerminalNews;
use drivers_turnstile::{
    BoardUid, EventKey, TurnstileEvent, TurnstileHandle, UpdateFailure, UpdateProgress,
};
use edge_domain::{
    BoardEvent, Camera, Credential, Direction, Display, FaceEvidence, Lane, LaneEffect, LaneInput,
    LookId, Record, SiteView, WorkerId,
};
use edge_web::{GateShow, OwnCard};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use crate::advice::advice;
use crate::lane::board_door::BoardUpdate;
use crate::lane::camera_lamps::camera_news;
use crate::lane::commits::{Commits, Done};
use crate::lane::face_line::{FaceNews, FaceOrder, LookOrder, camera};
use crate::lane::face_pictures::KeepOrder;
use crate::lane::input;
use crate::lane::lamps::{DeviceNames, gate_news, reader_news};
use crate::lane::numbers::ledger_key;
use crate::lane::site::GateSite;
use crate::lane::terminals::{Stepped, Terminals};

/// How long the gate's line is kept idle for a card whose text is arriving, ms. At 115200 baud the
/// rest of a reply takes 112 ms.
const HOLD_MS: u32 = 300;
/// A card on a board's reader that is older is not presented: its holder has gone, or tried again.
const CARD_AGE_MS_MAX: u32 = 2_000;
/// The camera's answer sets out so long before the lane stops waiting for it, at most a quarter of
/// the wait, ms: what was seen and is not certain is told at the end only, and must not come too late.
const ANSWER_MS: u64 = 200;
const DAY_MS: i64 = 86_400_000;

/// What reaches a lane.
#[derive(Debug)]
pub(super) enum LaneNews {
    /// From a reader, by its place in the settings.
    Reader(usize, ReaderEvent),
    /// From the gate board.
    Gate(TurnstileEvent),
    /// From the line to the cameras.
    Face(FaceNews),
    /// From a face terminal, by its place in the settings.
    Terminal(usize, TerminalNews),
    /// A new firmware for the gate board.
    Update(BoardUpdate),
}

/// One lane with its devices.
pub(super) struct LaneTask {
    pub(super) lane: Lane,
    pub(super) site: Rc<GateSite>,
    pub(super) names: DeviceNames,
    /// Of each reader; `None` is one for the worker's own view.
    pub(super) directions: Vec<Option<Direction>>,
    /// Byte order of the board's readers, see [`crate::config::GateConfig`].
    pub(super) cards_reversed: (bool, bool),
    pub(super) gate: Option<TurnstileHandle>,
    pub(super) commits: Commits,
    pub(super) wake_at_ms: Option<u64>,
    /// Where cameras are asked; none at a box without faces.
    pub(super) faces: Option<mpsc::Sender<FaceOrder>>,
    pub(super) terminals: Terminals,
    /// What the lane's screen shows.
    pub(super) screen: watch::Sender<GateShow>,
    /// Whose card opens his own view.
    pub(super) own: watch::Sender<Option<OwnCard>>,
}

impl LaneTask {
    /// Runs until the site stops or the devices' senders are gone; gives what no ledger has.
    pub(super) async fn run(mut self, mut news: mpsc::Receiver<LaneNews>) -> Vec<Record> {
        let stop = self.site.stop.clone();
        for (direction, _) in self.names.cameras.clone() {
            let camera = Camera::Down;
            self.feed(LaneInput::Camera { direction, camera });
        }
        loop {
            let wake = wake_in(self.wake_at_ms, self.site.clock.now().mono_ms);
            tokio::select! {
                biased;
                done = self.commits.next() => self.settle(done),
                item = news.recv() => match item {
                    Some(item) => self.take(item),
                    None => return self.unrecorded(),
                },
                () = stop.cancelled() => return self.unrecorded(),
                () = wake => {
                    self.wake_at_ms = None;
                    self.feed(LaneInput::Wake);
                }
            }
        }
    }

    fn unrecorded(&self) -> Vec<Record> {
        self.lane.unrecorded(self.site.clock.now())
    }

    fn take(&mut self, news: LaneNews) {
        match news {
            LaneNews::Reader(index, event) => self.reader(index, event),
            LaneNews::Gate(event) => self.gate(&event),
            LaneNews::Face(news) => self.face(news),
            LaneNews::Terminal(terminal, news) => self.terminal(terminal, &news),
            LaneNews::Update(update) => self.update(update),
        }
    }

    /// Not while somebody passes: whoever was let in shall find the gate open.
    fn update(&self, BoardUpdate { image, progress }: BoardUpdate) {
        if self.lane.awaits_passage() {
            progress.send_replace(UpdateProgress::Failed(UpdateFailure::Occupied));
            return;
        }
        let given = self.gate.as_ref().map(|gate| gate.update(image, progress));
        if let Some(Err(error)) = given {
            tracing::error!(%error, "The update was not taken");
        }
    }

    fn reader(&mut self, index: usize, event: ReaderEvent) {
        if let Some(news) = reader_news(&self.names, index, &event) {
            self.site.tell(news);
        }
        let direction = match self.directions.get(index).copied() {
            Some(Some(direction)) => direction,
            Some(None) => return self.own_card(&event),
            None => return,
        };
        match event {
            ReaderEvent::Arriving => self.get_ready(),
            ReaderEvent::Card(card) => self.card(direction, &card.text),
            ReaderEvent::ReadFailed { failure } => {
                let credential = input::unreadable(failure);
                self.feed(LaneInput::Presented {
                    direction,
                    credential,
                    person_tag: None,
                });
            }
            ReaderEvent::Online { .. }
            | ReaderEvent::Offline { .. }
            | ReaderEvent::NewAddress { .. }
            | ReaderEvent::Removed
            | ReaderEvent::IdentityChanged { .. }
            | ReaderEvent::Senseless { .. }
            | ReaderEvent::Fatal { .. } => {}
        }
    }

    /// A card on the reader for the worker's own view: it opens nothing and counts for nothing.
    fn own_card(&self, event: &ReaderEvent) {
        let card = if let ReaderEvent::Card(card) = event {
            self.own_view(&card.text)
        } else if matches!(event, ReaderEvent::ReadFailed { .. }) {
            OwnCard::Unreadable
        } else {
            return;
        };
        self.own.send_replace(Some(card));
    }

    fn own_view(&self, text: &CardText) -> OwnCard {
        let Credential::IdCard(document) = input::credential(text) else {
            return OwnCard::Unreadable;
        };
        let roster = self.site.roster.borrow();
        let holder = roster.find(&document.number);
        holder.map_or(OwnCard::Stranger, |one| OwnCard::Worker {
            worker: one.worker,
            at: Instant::now(),
        })
    }

    /// A grant is near: keeps the ledger awake and the gate's line free for the open command. Not
    /// while somebody is passing: the grant will wait for the report of that, over the same line.
    fn get_ready(&self) {
        if self.lane.awaits_passage() {
            return;
        }
        self.commits.expect();
        if let Some(Err(error)) = self.gate.as_ref().map(|gate| gate.hold(HOLD_MS)) {
            tracing::warn!(%error, "The gate's line is not kept idle");
        }
    }

    fn card(&mut self, direction: Direction, text: &CardText) {
        let credential = input::credential(text);
        let person_tag = match &credential {
            Credential::IdCard(document) => {
                self.site.came(&self.names.lane, &credential);
                Some(self.site.tagger.tag(&document.number))
            }
            Credential::IcCard(_) | Credential::Face { .. } | Credential::Unreadable { .. } => None,
        };
        self.feed(LaneInput::Presented {
            direction,
            credential,
            person_tag,
        });
    }

    fn gate(&mut self, event: &TurnstileEvent) {
        if let Some(news) = gate_news(&self.names, event) {
            self.site.tell(news);
        }
        if let TurnstileEvent::Reported(report) = event
            && report.age_ms <= CARD_AGE_MS_MAX
            && let Some((direction, reading)) = input::ic_card(report, self.cards_reversed)
        {
            let credential = Credential::IcCard(reading);
            self.site.came(&self.names.lane, &credential);
            self.feed(LaneInput::Presented {
                direction,
                credential,
                person_tag: None,
            });
        }
        if let Some(report) = input::gate_report(event, self.site.tokens) {
            self.feed(LaneInput::Gate(report));
        }
    }

    fn settle(&mut self, done: Done) {
        match done {
            Done::Recorded(batch) => {
                for (ticket, record, seq) in batch {
                    self.site.committed(&record);
                    let stepped = self.feed(LaneInput::Recorded { ticket, seq });
                    self.terminals.recorded(ticket, stepped);
                }
                self.site.ledger_works();
            }
            Done::Failed(tickets, error) => {
                tracing::error!(%error, "Records not committed");
                self.site.ledger_fails(advice(&error));
                for ticket in tickets {
                    let stepped = self.feed(LaneInput::RecordFailed { ticket });
                    self.terminals.failed(ticket, stepped);
                }
            }
        }
    }

    /// What a face terminal tells of now is a face that asks to pass; what it tells of the past
    /// opens nothing.
    fn terminal(&mut self, terminal: usize, news: &TerminalNews) {
        if let Some(lamp) = self.terminals.lamp(&self.names, terminal, news) {
            self.site.tell(lamp);
        }
        let (event, is_past) = match news {
            TerminalNews::Now(event) => (event, false),
            TerminalNews::Past(event) => (event, true),
            TerminalNews::Online { .. }
            | TerminalNews::Offline(_)
            | TerminalNews::ClockOff(_)
            | TerminalNews::Library(_) => return,
        };
        if let Some(input) = self.terminals.input(terminal, event, is_past) {
            let stepped = self.feed(input);
            self.terminals.taken(terminal, event, stepped);
        }
    }

    fn feed(&mut self, input: LaneInput) -> Stepped {
        let now = self.site.clock.now();
        let effects = {
            let (roster, presence) = (self.site.roster.borrow(), self.site.presence.borrow());
            let mismatches = self.site.mismatches.borrow();
            let policy = self.site.policy.borrow();
            let view = SiteView {
                roster: &roster,
                policy: &policy,
                presence: &presence,
                mismatches: &mismatches,
            };
            self.lane.step(now, view, input)
        };
        let stepped = Stepped::of(&effects);
        for effect in effects {
            self.carry_out(effect);
        }
        stepped
    }

    /// Carries out one effect. `OpenGate` comes from the lane only after `Recorded`.
    fn carry_out(&mut self, effect: LaneEffect) {
        match effect {
            LaneEffect::Record { ticket, record } => self.commits.push(ticket, record),
            LaneEffect::OpenGate { token, direction } => self.open(token, direction),
            LaneEffect::LookAtFace {
                look,
                direction,
                worker,
                until_mono_ms,
            } => self.look(look, direction, worker, until_mono_ms),
            LaneEffect::KeepPictures { look, presentation } => self.keep(look, presentation),
            LaneEffect::Acknowledge { event } => self.acknowledge(event),
            LaneEffect::Show(display) => self.show(&display),
            LaneEffect::WakeAt { mono_ms, reason } => {
                tracing::trace!(mono_ms, reason, "Wake asked for");
                let earlier = self.wake_at_ms.is_none_or(|at| mono_ms < at);
                if earlier {
                    self.wake_at_ms = Some(mono_ms);
                }
            }
            LaneEffect::Alarm { what } => tracing::error!(what, "A rule of the lane was broken"),
        }
    }

    /// Asks the camera; where nobody can be asked, the answer at once keeps nobody waiting.
    fn look(&mut self, look: LookId, direction: Direction, worker: WorkerId, until_mono_ms: u64) {
        let now_ms = self.site.clock.now().mono_ms;
        let wait_ms = until_mono_ms.saturating_sub(now_ms);
        let order = LookOrder::new(
            &self.names.lane,
            (look, direction, worker),
            wait_ms.saturating_sub(ANSWER_MS.min(wait_ms / 4)),
        );
        let asked = self
            .faces
            .as_ref()
            .map(|faces| faces.try_send(FaceOrder::Look(order)));
        if !matches!(asked, Some(Ok(()))) {
            tracing::warn!(lane = self.names.lane, "No camera can be asked");
            let evidence = FaceEvidence::Seen(Vec::new());
            self.feed(LaneInput::Face { look, evidence });
        }
    }

    /// Keeps the pictures of a look for whoever will look into it.
    fn keep(&self, look: LookId, presentation: u64) {
        let days = self.site.policy.borrow().face.picture_days;
        let kept_ms = i64::from(days).saturating_mul(DAY_MS);
        let key = ledger_key(presentation).filter(|_| days > 0);
        let (Some(faces), Some(presentation)) = (&self.faces, key) else {
            return;
        };
        let order = FaceOrder::Keep(KeepOrder {
            lane: self.names.lane.clone(),
            look,
            presentation,
            until_ms: self.site.clock.now().wall_ms.saturating_add(kept_ms),
        });
        if faces.try_send(order).is_err() {
            tracing::warn!(presentation, "The pictures of a look are not kept");
        }
    }

    fn face(&mut self, news: FaceNews) {
        match news {
            FaceNews::Camera(direction, state) => {
                if let Some(lamp) = camera_news(&self.names, direction, &state) {
                    self.site.tell(lamp);
                }
                let camera = camera(&state);
                self.feed(LaneInput::Camera { direction, camera });
            }
            FaceNews::Seen(look, evidence) => {
                self.feed(LaneInput::Face { look, evidence });
            }
            FaceNews::Alone(direction, worker) => {
                let terminal = None;
                let credential = Credential::Face { worker, terminal };
                self.feed(LaneInput::Presented {
                    direction,
                    credential,
                    person_tag: None,
                });
            }
        }
    }

    fn open(&mut self, token: u32, direction: Direction) {
        let Some(gate) = &self.gate else { return };
        if let Err(error) = gate.open(self.site.tokens.turn(token), input::board_way(direction)) {
            tracing::error!(%error, "The open command was not taken");
            let why = edge_domain::OpenRefusal::NoLink;
            self.feed(LaneInput::Gate(edge_domain::GateReport::OpenRefused {
                token,
                why,
            }));
        }
    }

    fn acknowledge(&self, event: BoardEvent) {
        let Some(gate) = &self.gate else { return };
        let key = EventKey {
            uid: BoardUid(event.uid),
            boot: event.boot,
            seq: event.seq,
        };
        if let Err(error) = gate.acknowledge(key) {
            tracing::warn!(%error, "An event is not acknowledged, the board will tell it again");
        }
    }

    fn show(&self, display: &Display) {
        let tone = display.screen().tone;
        tracing::debug!(lane = self.names.lane, ?tone, "Shown at the gate");
        let now = Instant::now();
        self.screen
            .send_modify(|shown| *shown = shown.followed_by(display, now));
        if let Some(signal) = crate::lane::lamps::signal(tone)
            && let Some(Err(error)) = self.gate.as_ref().map(|gate| gate.signal(signal))
        {
            tracing::debug!(%error, "Lamp not shown");
        }
    }
}

async fn wake_in(wake_at_ms: Option<u64>, now_ms: u64) {
    match wake_at_ms {
        Some(at) => sleep(Duration::from_millis(at.saturating_sub(now_ms))).await,
        None => std::future::pending().await,
    }
}
