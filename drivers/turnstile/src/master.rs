//! What is said when.

use crate::desk::{Desk, HandlesGone, PendingOpen};
use crate::event::{BoardFacts, OpenRefusal, TurnstileEvent};
use crate::greeting::{Greeting, judge};
use crate::handle::TurnstileCommands;
use crate::history::History;
use crate::line::{Heard, Line};
use crate::outbox::{LaneGone, Outbox};
use crate::settings::{POLL_MS, TRIES, TurnstileSettings};
use drivers_link::{BoxedLink, Jitter, LinkError, LinkOpener, Reconnect};
use firmware_protocol::{
    BoardUid, FrameFault, GateState, Inputs, MAJOR, MINOR, OpenResult, Reply, Request, Status,
};
use firmware_protocol::{Fault, Mode};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// Pause between two Hellos to a silent board.
const HELLO_PAUSE: Duration = Duration::from_millis(500);

/// Pause between two Hellos to a board that the lane cannot work with.
const STRANGER_PAUSE: Duration = Duration::from_secs(5);

/// A board that is silent for so long gets its link opened anew: a serial server may have
/// forgotten the connection. Long enough that the link counts as healthy and reopens at once.
const REOPEN_AFTER: Duration = Duration::from_mins(1);

/// Why a conversation stops.
#[derive(Debug)]
enum Stop {
    /// The lane or all handles have gone.
    Ended,
    /// The link itself failed.
    Broken(String),
    /// The board does not answer.
    Silent,
    /// The board asks for Hello.
    Session,
}

impl From<LaneGone> for Stop {
    fn from(_: LaneGone) -> Self {
        Self::Ended
    }
}

impl From<HandlesGone> for Stop {
    fn from(_: HandlesGone) -> Self {
        Self::Ended
    }
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<FrameFault> for Stop {
    fn from(fault: FrameFault) -> Self {
        Self::Broken(fault.to_string())
    }
}

/// Runs the driver of one gate until the lane drops the receiver of `events` or every handle.
pub async fn run(
    settings: TurnstileSettings,
    opener: Arc<dyn LinkOpener>,
    jitter: Jitter,
    commands: TurnstileCommands,
    events: mpsc::Sender<TurnstileEvent>,
) {
    let mut reconnect = Reconnect::new(opener, settings.link.clone(), jitter);
    let mut master = Master::new(settings, commands, events);
    while let Ok(link) = master.connect(&mut reconnect).await {
        let why = match master.serve(link).await {
            Stop::Ended => return,
            Stop::Broken(why) => why,
            Stop::Silent | Stop::Session => "the board does not answer".to_owned(),
        };
        reconnect.lost(&why);
        if master.say_lost(&why).await.is_err() {
            return;
        }
    }
}

struct Master {
    settings: TurnstileSettings,
    desk: Desk,
    outbox: Outbox,
    mode: Mode,
    /// The board as last greeted.
    board: Option<BoardFacts>,
    history: Option<History>,
    online: bool,
    lost_said: bool,
    stranger: Option<BoardUid>,
    version_said: bool,
    shown: Option<(GateState, Inputs)>,
}

impl Master {
    fn new(
        settings: TurnstileSettings,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) -> Self {
        Self {
            mode: settings.mode,
            settings,
            desk: Desk::new(commands),
            outbox: Outbox::new(events),
            board: None,
            history: None,
            online: false,
            lost_said: false,
            stranger: None,
            version_said: false,
            shown: None,
        }
    }

    /// Opens the link, however long it takes; refuses open commands meanwhile.
    async fn connect(&mut self, reconnect: &mut Reconnect) -> Result<BoxedLink, Stop> {
        loop {
            let outcome = {
                let opening = reconnect.next_link();
                tokio::pin!(opening);
                loop {
                    tokio::select! {
                        biased;
                        waited = self.desk.wait() => {
                            waited?;
                            self.refuse_all().await?;
                        }
                        outcome = &mut opening => break outcome,
                    }
                }
            };
            match outcome {
                Ok(link) => return Ok(link),
                Err(error) => self.say_lost(&error.to_string()).await?,
            }
        }
    }

    /// Works with an open link until it ends.
    async fn serve(&mut self, opened: BoxedLink) -> Stop {
        let mut line = Line::new(opened, self.settings.address);
        loop {
            if let Err(stop) = self.greet(&mut line).await {
                return stop;
            }
            match self.talk(&mut line).await {
                Stop::Session => {}
                Stop::Silent => {
                    if self.say_lost("the board does not answer").await.is_err() {
                        return Stop::Ended;
                    }
                }
                stop @ (Stop::Ended | Stop::Broken(_)) => return stop,
            }
        }
    }

    /// Says Hello until a board answers that the lane can work with.
    async fn greet(&mut self, line: &mut Line) -> Result<(), Stop> {
        let began_at = Instant::now();
        let mut silent_tries = 0_u8;
        while began_at.elapsed() < REOPEN_AFTER {
            let hello = line.prepare(&Request::Hello {
                major: MAJOR,
                minor: MINOR,
            })?;
            let pause = match line.exchange(&hello).await? {
                Heard::Reply(reply) => match self.welcome(line, &reply).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => STRANGER_PAUSE,
                    // It restarted or fell silent between two sentences: begin anew.
                    Err(Stop::Session | Stop::Silent) => Duration::from_millis(POLL_MS),
                    Err(stop) => return Err(stop),
                },
                Heard::Nothing => {
                    silent_tries = silent_tries.saturating_add(1);
                    if silent_tries < TRIES {
                        Duration::ZERO
                    } else {
                        self.say_lost("the board does not answer").await?;
                        HELLO_PAUSE
                    }
                }
            };
            self.pause(line, pause).await?;
        }
        Err(Stop::Silent)
    }

    /// Lets time pass without a board to talk to.
    async fn pause(&mut self, line: &mut Line, pause: Duration) -> Result<(), Stop> {
        let until = Instant::now() + pause;
        loop {
            self.desk.collect()?;
            if self.lost_said {
                self.refuse_all().await?;
            }
            if Instant::now() >= until {
                return Ok(());
            }
            tokio::select! {
                biased;
                waited = self.desk.wait() => waited?,
                listened = line.listen() => listened?,
                delivered = self.outbox.deliver_one(), if !self.outbox.is_empty() => delivered?,
                () = sleep_until(until) => {}
            }
        }
    }

    /// Judges the answer to Hello and sets the board up. False: the lane cannot work with it.
    async fn welcome(&mut self, line: &mut Line, reply: &Reply) -> Result<bool, Stop> {
        let seen = self.board.map(|board| board.uid);
        let facts = match judge(reply, self.settings.uid, seen) {
            Greeting::Known(facts) => facts,
            Greeting::Replaced { was, facts } => {
                self.say_changed(was, facts.uid, true).await?;
                facts
            }
            Greeting::Foreign { was, now } => {
                self.say_changed(was, now, false).await?;
                self.say_lost("another board answers").await?;
                return Ok(false);
            }
            Greeting::OtherVersion { board } => {
                if !std::mem::replace(&mut self.version_said, true) {
                    tracing::error!(?board, driver = MAJOR, "Gate board speaks another version");
                    let event = TurnstileEvent::VersionMismatch {
                        board,
                        driver: MAJOR,
                    };
                    self.outbox.put(event).await?;
                }
                self.say_lost("the board speaks another version").await?;
                return Ok(false);
            }
            Greeting::Odd => return Err(Stop::Session),
        };
        self.set_up(line).await?;
        self.accept(facts).await?;
        Ok(true)
    }

    async fn set_up(&mut self, line: &mut Line) -> Result<(), Stop> {
        self.desk.collect()?;
        self.mode = self.desk.mode.take().unwrap_or(self.mode);
        for request in [
            Request::Configure(self.settings.board),
            Request::SetMode(self.mode),
        ] {
            self.tell(line, &request).await?;
        }
        Ok(())
    }

    async fn accept(&mut self, facts: BoardFacts) -> Result<(), Stop> {
        self.stranger = None;
        self.version_said = false;
        let before = self.board.replace(facts);
        let known = self
            .history
            .as_ref()
            .is_some_and(|it| it.is_of(facts.uid, facts.boot));
        if !known {
            let written = self.settings.written_through;
            self.history = Some(History::new(facts.uid, facts.boot, written));
        }
        self.lost_said = false;
        if !std::mem::replace(&mut self.online, true) {
            tracing::info!(uid = %facts.uid, boot = facts.boot, "Gate board answers");
            self.outbox.put(TurnstileEvent::LinkBack(facts)).await?;
        }
        if before.is_some_and(|it| it.uid == facts.uid && it.boot != facts.boot) {
            tracing::warn!(uid = %facts.uid, cause = ?facts.reset_cause, "Gate board restarted");
            self.outbox.put(TurnstileEvent::Restarted(facts)).await?;
        }
        Ok(())
    }

    /// Polls and obeys until something stops it.
    async fn talk(&mut self, line: &mut Line) -> Stop {
        loop {
            if let Err(stop) = self.turn(line).await {
                return stop;
            }
        }
    }

    /// One sentence, or one wait. An open command goes before all else.
    async fn turn(&mut self, line: &mut Line) -> Result<(), Stop> {
        self.desk.collect()?;
        if let Some(open) = self.desk.opens.pop_front() {
            return self.open(line, open).await;
        }
        self.outbox.deliver_ready()?;
        if let Some(mode) = self.desk.mode.take() {
            self.mode = mode;
            return self.tell(line, &Request::SetMode(mode)).await;
        }
        if let Some(signal) = self.desk.signal.take() {
            return self.tell(line, &Request::Signal(signal)).await;
        }
        let due_at = self.poll_due_at(line);
        tokio::select! {
            biased;
            waited = self.desk.wait() => waited?,
            listened = line.listen() => listened?,
            delivered = self.outbox.deliver_one(), if !self.outbox.is_empty() => delivered?,
            () = sleep_until(due_at) => return self.poll(line).await,
        }
        Ok(())
    }

    /// When the line must be used next. Holding it may not make the board miss its box.
    fn poll_due_at(&self, line: &Line) -> Instant {
        let due_at = line.last_used_at() + Duration::from_millis(POLL_MS);
        let patience = Duration::from_millis(self.settings.board.link_timeout_ms.into()) / 2;
        match self.desk.held_until {
            Some(until) => due_at.max(until.min(line.last_used_at() + patience)),
            None => due_at,
        }
    }

    async fn open(&mut self, line: &mut Line, open: PendingOpen) -> Result<(), Stop> {
        let PendingOpen {
            token, direction, ..
        } = open;
        if open.is_late() {
            return self.refuse(open, OpenRefusal::Late).await;
        }
        let asked = self.ask(line, &Request::Open { direction, token }).await;
        self.desk.held_until = None;
        let (reply, tries) = match asked {
            Ok(answer) => answer,
            Err(stop) => {
                self.refuse(open, OpenRefusal::Unanswered).await?;
                return Err(stop);
            }
        };
        let refusal = match reply {
            Reply::Open { result, .. } => match result {
                OpenResult::Accepted | OpenResult::Duplicate => {
                    // Duplicate to a repeated command only says that the first one arrived.
                    let duplicate = result == OpenResult::Duplicate && tries == 1;
                    let event = TurnstileEvent::Opened {
                        token,
                        direction,
                        duplicate,
                    };
                    return Ok(self.outbox.put(event).await?);
                }
                OpenResult::Busy => OpenRefusal::Busy,
                OpenResult::Locked => OpenRefusal::Locked,
                OpenResult::Fire => OpenRefusal::Fire,
            },
            Reply::Error(Fault::Session) => {
                if tries == 1 {
                    // Nothing was carried out, neither now nor before: try again after Hello.
                    self.desk.opens.push_front(open);
                } else {
                    self.refuse(open, OpenRefusal::Restarted).await?;
                }
                return Err(Stop::Session);
            }
            Reply::Hello(_) | Reply::Status(_) | Reply::Done | Reply::Error(_) => {
                OpenRefusal::Unsupported
            }
        };
        self.refuse(open, refusal).await
    }

    async fn tell(&mut self, line: &mut Line, request: &Request) -> Result<(), Stop> {
        match self.ask(line, request).await?.0 {
            Reply::Error(Fault::Session) => Err(Stop::Session),
            Reply::Error(fault) => {
                tracing::warn!(?fault, "Gate board refused a command");
                Ok(())
            }
            Reply::Hello(_) | Reply::Status(_) | Reply::Open { .. } | Reply::Done => Ok(()),
        }
    }

    /// Sends a request up to [`TRIES`] times under one number; says how often it took.
    async fn ask(&self, line: &mut Line, request: &Request) -> Result<(Reply, u8), Stop> {
        let prepared = line.prepare(request)?;
        for tries in 1..=TRIES {
            if let Heard::Reply(reply) = line.exchange(&prepared).await? {
                return Ok((reply, tries));
            }
        }
        Err(Stop::Silent)
    }

    async fn poll(&mut self, line: &mut Line) -> Result<(), Stop> {
        if self
            .desk
            .held_until
            .is_some_and(|until| until <= Instant::now())
        {
            self.desk.held_until = None;
        }
        let request = {
            let Some(history) = &mut self.history else {
                return Err(Stop::Session);
            };
            for key in self.desk.written.drain(..) {
                history.written(key);
            }
            Request::Poll {
                session: history.boot(),
                ack: history.acknowledged(),
            }
        };
        let prepared = line.prepare(&request)?;
        for tries in 1..=TRIES {
            match line.exchange(&prepared).await? {
                Heard::Reply(Reply::Status(status)) => return self.take(&status).await,
                Heard::Reply(Reply::Error(Fault::Session)) => return Err(Stop::Session),
                Heard::Reply(_) => return Ok(()),
                Heard::Nothing => {}
            }
            // The next poll asks the same; a person at the gate comes first.
            self.desk.collect()?;
            if tries < TRIES && !self.desk.opens.is_empty() {
                return Ok(());
            }
        }
        Err(Stop::Silent)
    }

    /// Tells what a status brought. While the lane is behind, events stay in the board.
    async fn take(&mut self, status: &Status) -> Result<(), Stop> {
        if !self.outbox.is_empty() {
            return Ok(());
        }
        let Some(history) = &mut self.history else {
            return Ok(());
        };
        let news = history.take(status);
        if news.lost > 0 {
            tracing::warn!(count = news.lost, "Gate board had no room for events");
            self.outbox
                .put(TurnstileEvent::EventsLost { count: news.lost })
                .await?;
        }
        for report in news.reports {
            self.outbox.put(TurnstileEvent::Reported(report)).await?;
        }
        // Beams change all day long; they are not a state.
        let beams = Inputs::BEAM_OUTER | Inputs::BEAM_INNER;
        let shown = (status.state, Inputs(status.inputs.0 & !beams));
        if self.shown.replace(shown) != Some(shown) {
            let (state, inputs) = shown;
            self.outbox
                .put(TurnstileEvent::StateChanged { state, inputs })
                .await?;
        }
        Ok(())
    }

    async fn say_lost(&mut self, why: &str) -> Result<(), Stop> {
        self.online = false;
        self.shown = None;
        if !std::mem::replace(&mut self.lost_said, true) {
            tracing::warn!(why, "Gate board lost");
            self.outbox
                .put(TurnstileEvent::LinkLost {
                    why: why.to_owned(),
                })
                .await?;
        }
        self.refuse_all().await
    }

    async fn say_changed(
        &mut self,
        was: BoardUid,
        now: BoardUid,
        accepted: bool,
    ) -> Result<(), Stop> {
        if self.stranger.replace(now) != Some(now) {
            tracing::error!(%was, %now, accepted, "Another gate board answers");
            self.outbox
                .put(TurnstileEvent::IdentityChanged { was, now, accepted })
                .await?;
        }
        Ok(())
    }

    async fn refuse(&mut self, open: PendingOpen, why: OpenRefusal) -> Result<(), Stop> {
        let PendingOpen {
            token, direction, ..
        } = open;
        Ok(self
            .outbox
            .put(TurnstileEvent::OpenRefused {
                token,
                direction,
                why,
            })
            .await?)
    }

    /// Without a board: nobody waits for an arm that cannot move, no signal is shown late.
    async fn refuse_all(&mut self) -> Result<(), Stop> {
        self.desk.signal = None;
        while let Some(open) = self.desk.opens.pop_front() {
            self.refuse(open, OpenRefusal::Offline).await?;
        }
        Ok(())
    }
}
