//! What is said when.

use crate::desk::{Desk, PendingOpen};
use crate::event::{BoardFacts, OpenRefusal, TurnstileEvent};
use crate::greeting::{Greeting, judge};
use crate::handle::TurnstileCommands;
use crate::history::History;
use crate::line::{Heard, Line};
use crate::settings::{POLL_MS, STATISTICS_MS, TRIES, TurnstileSettings};
use crate::stop::Stop;
use crate::teller::Teller;
use crate::update::Update;
use drivers_link::{BoxedLink, LinkCause, LinkOpener, Reconnect};
use firmware_protocol::{Fault, MAJOR, MINOR, Mode, OpenResult, Reply, Request, Status};
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

/// The log's word for a board that says nothing.
const SILENT: &str = "the board does not answer";

/// Runs the driver of one gate until the lane drops the receiver of `events` or every handle.
pub async fn run(
    settings: TurnstileSettings,
    opener: Arc<dyn LinkOpener>,
    commands: TurnstileCommands,
    events: mpsc::Sender<TurnstileEvent>,
) {
    let mut reconnect = Reconnect::new(opener, settings.address.clone(), settings.jitter.clone());
    let mut master = Master::new(settings, commands, events);
    while let Ok(link) = master.connect(&mut reconnect).await {
        let (cause, why) = match master.serve(link).await {
            Stop::Ended => return,
            Stop::Broken(cause, why) => (cause, why),
            Stop::Silent | Stop::Session => (LinkCause::Silent, SILENT.to_owned()),
        };
        reconnect.lost(&why);
        if master.say_lost(cause, &why).await.is_err() {
            return;
        }
    }
}

struct Master {
    settings: TurnstileSettings,
    desk: Desk,
    teller: Teller,
    mode: Mode,
    /// The board as last greeted.
    board: Option<BoardFacts>,
    history: Option<History>,
    /// When the board's counters are due; never for a board that does not know the question.
    counters_due_at: Option<Instant>,
    /// A poll was answered since the last piece of an update: the gate comes first.
    update_due: bool,
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
            teller: Teller::new(events),
            board: None,
            history: None,
            counters_due_at: None,
            update_due: false,
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
                        delivered = self.teller.outbox.deliver_one(),
                            if !self.teller.outbox.is_empty() => delivered?,
                        outcome = &mut opening => break outcome,
                    }
                }
            };
            match outcome {
                Ok(link) => return Ok(link),
                Err(error) => self.say_lost(error.cause(), &error.to_string()).await?,
            }
        }
    }

    /// Works with an open link until it ends.
    async fn serve(&mut self, opened: BoxedLink) -> Stop {
        let mut line = Line::new(opened, self.settings.board_address);
        loop {
            if let Err(stop) = self.greet(&mut line).await {
                return stop;
            }
            match self.talk(&mut line).await {
                Stop::Session => {}
                Stop::Silent => {
                    if self.say_lost(LinkCause::Silent, SILENT).await.is_err() {
                        return Stop::Ended;
                    }
                }
                stop @ (Stop::Ended | Stop::Broken(..)) => return stop,
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
                        self.say_lost(LinkCause::Silent, SILENT).await?;
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
            if self.teller.is_lost() {
                self.refuse_all().await?;
            }
            if Instant::now() >= until {
                return Ok(());
            }
            tokio::select! {
                biased;
                waited = self.desk.wait() => waited?,
                listened = line.listen() => listened?,
                delivered = self.teller.outbox.deliver_one(), if !self.teller.outbox.is_empty() => delivered?,
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
                self.teller.changed(was, facts.uid, true).await?;
                facts
            }
            Greeting::Foreign { was, now } => {
                self.teller.changed(was, now, false).await?;
                self.say_lost(LinkCause::WrongDevice, "another board answers")
                    .await?;
                return Ok(false);
            }
            Greeting::OtherVersion { board } => {
                self.teller.other_version(board).await?;
                self.say_lost(LinkCause::WrongDevice, "the board speaks another version")
                    .await?;
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
            Request::Configure(self.settings.tuning),
            Request::SetMode(self.mode),
        ] {
            self.tell(line, &request).await?;
        }
        Ok(())
    }

    async fn accept(&mut self, facts: BoardFacts) -> Result<(), Stop> {
        if !self
            .history
            .as_ref()
            .is_some_and(|it| it.is_of(facts.uid, facts.boot))
        {
            let written = self.settings.written_through;
            self.history = Some(History::new(facts.uid, facts.boot, written));
        }
        if let Some(update) = &mut self.desk.update {
            update.greeted();
        }
        let before = self.board.replace(facts);
        Ok(self.teller.back(facts, before).await?)
    }

    /// Polls and obeys until something stops it.
    async fn talk(&mut self, line: &mut Line) -> Stop {
        self.counters_due_at = Some(Instant::now() + Duration::from_millis(STATISTICS_MS));
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
        self.teller.outbox.deliver_ready()?;
        if let Some(mode) = self.desk.mode.take() {
            self.mode = mode;
            return self.tell(line, &Request::SetMode(mode)).await;
        }
        if let Some(signal) = self.desk.signal.take() {
            return self.tell(line, &Request::Signal(signal)).await;
        }
        if self.counters_due_at.is_some_and(|at| at <= Instant::now())
            && self.desk.held_until.is_none()
        {
            return self.ask_counters(line).await;
        }
        if self.update_due && self.desk.held_until.is_none() {
            return self.update(line).await;
        }
        let due_at = self.poll_due_at(line);
        tokio::select! {
            biased;
            waited = self.desk.wait() => waited?,
            listened = line.listen() => listened?,
            delivered = self.teller.outbox.deliver_one(), if !self.teller.outbox.is_empty() => delivered?,
            () = sleep_until(due_at) => return self.poll(line).await,
        }
        Ok(())
    }

    /// When the line must be used next. Holding it may not make the board miss its box.
    fn poll_due_at(&self, line: &Line) -> Instant {
        let due_at = line.last_used_at() + Duration::from_millis(POLL_MS);
        let patience = Duration::from_millis(self.settings.tuning.link_timeout_ms.into()) / 2;
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
            return Ok(self.teller.refused(open, OpenRefusal::Late).await?);
        }
        let asked = self.ask(line, &Request::Open { direction, token }).await;
        self.desk.held_until = None;
        let (reply, tries) = match asked {
            Ok(answer) => answer,
            Err(stop) => {
                self.teller.refused(open, OpenRefusal::Unanswered).await?;
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
                    return Ok(self.teller.outbox.put(event).await?);
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
                    self.teller.refused(open, OpenRefusal::Restarted).await?;
                }
                return Err(Stop::Session);
            }
            Reply::Hello(_)
            | Reply::Status(_)
            | Reply::Done
            | Reply::Error(_)
            | Reply::Statistics(_)
            | Reply::Update(_)
            | Reply::UpdateRefused(_) => OpenRefusal::Unsupported,
        };
        Ok(self.teller.refused(open, refusal).await?)
    }

    async fn tell(&mut self, line: &mut Line, request: &Request) -> Result<(), Stop> {
        match self.ask(line, request).await?.0 {
            Reply::Error(Fault::Session) => Err(Stop::Session),
            Reply::Error(fault) => {
                tracing::warn!(?fault, "Gate board refused a command");
                Ok(())
            }
            Reply::Hello(_)
            | Reply::Status(_)
            | Reply::Open { .. }
            | Reply::Done
            | Reply::Statistics(_)
            | Reply::Update(_)
            | Reply::UpdateRefused(_) => Ok(()),
        }
    }

    /// Asks what the board has counted. A board of minor 0 does not know the question; it is asked
    /// again only after the next Hello.
    async fn ask_counters(&mut self, line: &mut Line) -> Result<(), Stop> {
        self.counters_due_at = None;
        match self.ask(line, &Request::AskStatistics).await?.0 {
            Reply::Statistics(counted) => {
                self.teller.counted(counted);
                self.counters_due_at = Some(Instant::now() + Duration::from_millis(STATISTICS_MS));
                Ok(())
            }
            Reply::Error(Fault::Session) => Err(Stop::Session),
            Reply::Hello(_)
            | Reply::Status(_)
            | Reply::Open { .. }
            | Reply::Done
            | Reply::Update(_)
            | Reply::UpdateRefused(_)
            | Reply::Error(_) => Ok(()),
        }
    }

    /// One sentence of an update, if there is one.
    async fn update(&mut self, line: &mut Line) -> Result<(), Stop> {
        self.update_due = false;
        self.desk.update.take_if(|update| update.is_abandoned());
        let Some(request) = self.desk.update.as_ref().map(Update::next) else {
            return Ok(());
        };
        let reply = self.ask(line, &request).await?.0;
        if reply == Reply::Error(Fault::Session) {
            return Err(Stop::Session);
        }
        let firmware = self.board.map_or([0; 3], |board| board.firmware);
        self.desk
            .update
            .take_if(|update| update.answered(&reply, firmware));
        Ok(())
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
                Heard::Reply(Reply::Status(status)) => {
                    self.update_due = true;
                    return self.take(&status).await;
                }
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
        if let Some(history) = &mut self.history
            && self.teller.outbox.is_empty()
        {
            let news = history.take(status);
            self.teller.news(news, status).await?;
        }
        Ok(())
    }

    async fn say_lost(&mut self, cause: LinkCause, why: &str) -> Result<(), Stop> {
        self.teller.lost(cause, why).await?;
        self.refuse_all().await
    }

    /// Without a board: nobody waits for an arm that cannot move, no signal is shown late.
    async fn refuse_all(&mut self) -> Result<(), Stop> {
        self.desk.signal = None;
        while let Some(open) = self.desk.opens.pop_front() {
            self.teller.refused(open, OpenRefusal::Offline).await?;
        }
        Ok(())
    }
}
