//! What is said when.

use std::collections::VecDeque;
use std::mem::replace;
use std::sync::Arc;
use std::time::Duration;

use drivers_link::{BoxedLink, LinkCause, LinkOpener, Reconnect};
use drivers_turnstile::{
    BoardFacts, BoardReport, BoardUid, Command, Direction, EventKey, EventKind, HOLD_MS_MAX,
    OPEN_WAIT_MS_MAX, OpenRefusal, ResetCause, TurnstileCommands, TurnstileEvent, UpdateFailure,
    UpdateProgress,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::settings::{OpenBy, RelaySettings};
use crate::watch::Watch;
use crate::wire::{Fault, Wire};

/// Pause between two readings of the inputs. A gate's report of a passage lasts 100 ms and more.
const POLL: Duration = Duration::from_millis(50);
/// The same while the line is held free for an opening: still less than a report lasts.
const POLL_HELD_MAX: Duration = Duration::from_millis(80);
/// Pause between two signs of life where no input is wired.
const PROOF: Duration = Duration::from_secs(1);
/// Pause between two greetings of a silent board.
const GREETING_PAUSE: Duration = Duration::from_millis(500);
/// A board that is silent for so long gets its link opened anew.
const REOPEN_AFTER: Duration = Duration::from_mins(1);
/// Faults in a row that a board is forgiven.
const FAULTS_MAX: u8 = 3;
/// Tries to switch a coil off when the driver ends.
const LAST_TRIES: u8 = 3;
/// Questions whether a relay is on, after an opening without an answer.
const READ_BACKS: u8 = 2;
/// Events that wait for the lane at most; beyond, inputs are not read.
const WAITING_MAX: usize = 32;

/// Why the driver stops talking.
enum Stop {
    /// The lane or all handles have gone.
    Ended,
    /// The link is of no use any more.
    Lost(LinkCause, String),
}

/// An open command that waits for the line.
struct Asked {
    token: u32,
    direction: Direction,
    at: Instant,
}

/// A relay that is on, or timed by the board.
struct Pulse {
    relay: u16,
    until: Instant,
}

/// Runs the driver of one gate until the lane drops the receiver of `events` or every handle.
///
/// An opening is sent once. Where its answer is lost, the relay is read back: if it is on, the
/// gate has opened; otherwise nobody knows, and the lane hears [`OpenRefusal::Unanswered`]. It
/// lets the person present again, which is a new opening with a record of its own.
///
/// Such a board keeps no events: what it reports while the box is away is lost.
pub async fn run(
    settings: RelaySettings,
    opener: Arc<dyn LinkOpener>,
    commands: TurnstileCommands,
    events: mpsc::Sender<TurnstileEvent>,
) {
    let mut reconnect = Reconnect::new(opener, settings.address.clone(), settings.jitter.clone());
    let mut master = Master::new(settings, commands, events);
    while let Some(link) = master.connect(&mut reconnect).await {
        let mut wire = Wire::new(link, master.settings.unit);
        match master.serve(&mut wire).await {
            Stop::Ended => return master.close(&mut wire).await,
            Stop::Lost(cause, why) => {
                reconnect.lost(&why);
                master.lost(cause, &why);
            }
        }
    }
}

/// Commands that wait.
#[derive(Default)]
struct Desk {
    asked: VecDeque<Asked>,
    held_until: Option<Instant>,
}

impl Desk {
    /// Such a board has no lamp and no modes, and keeps no events that could be acknowledged.
    fn sort(&mut self, command: Command) {
        match command {
            Command::Open { token, direction } => self.asked.push_back(Asked {
                token,
                direction,
                at: Instant::now(),
            }),
            Command::Hold { ms } => {
                let hold = Duration::from_millis(ms.min(HOLD_MS_MAX).into());
                self.held_until = Some(Instant::now() + hold);
            }
            Command::Update { progress, .. } => {
                progress.send_replace(UpdateProgress::Failed(UpdateFailure::Unsupported));
            }
            Command::Acknowledge(_) | Command::SetMode(_) | Command::Signal(_) => {}
        }
    }
}

struct Master {
    settings: RelaySettings,
    commands: TurnstileCommands,
    events: mpsc::Sender<TurnstileEvent>,
    waiting: VecDeque<TurnstileEvent>,
    watch: Watch,
    desk: Desk,
    pulse: Option<Pulse>,
    polled_at: Instant,
    last_event: u16,
    faults: u8,
    online: bool,
    told_lost: bool,
}

impl Master {
    fn new(
        settings: RelaySettings,
        commands: TurnstileCommands,
        events: mpsc::Sender<TurnstileEvent>,
    ) -> Self {
        Self {
            watch: Watch::new(settings.map, settings.pass_timeout_ms),
            settings,
            commands,
            events,
            waiting: VecDeque::new(),
            desk: Desk::default(),
            pulse: None,
            polled_at: Instant::now(),
            last_event: 0,
            faults: 0,
            online: false,
            told_lost: false,
        }
    }

    /// Opens the link, as often as it takes. `None` when nobody is left to work for.
    async fn connect(&mut self, reconnect: &mut Reconnect) -> Option<BoxedLink> {
        loop {
            let outcome = {
                let opening = reconnect.next_link();
                tokio::pin!(opening);
                loop {
                    self.refuse_all();
                    tokio::select! {
                        biased;
                        command = self.commands.recv() => self.desk.sort(command?),
                        sent = self.events.reserve(), if !self.waiting.is_empty() => {
                            deliver(&mut self.waiting, sent.ok()?);
                        }
                        outcome = &mut opening => break outcome,
                    }
                }
            };
            match outcome {
                Ok(link) => return Some(link),
                Err(error) => self.lost(error.cause(), &error.to_string()),
            }
        }
    }

    /// Works with an open link until it is of no use.
    async fn serve(&mut self, wire: &mut Wire) -> Stop {
        let mut silent_since = Instant::now();
        loop {
            let fault = match self.greet(wire).await {
                Ok(()) => match self.talk(wire).await {
                    Ok(stop) => return stop,
                    Err(fault) => {
                        silent_since = Instant::now();
                        fault
                    }
                },
                Err(fault) => fault,
            };
            let broken = matches!(fault, Fault::Broken(..));
            let (cause, why) = told(fault);
            if broken || silent_since.elapsed() > REOPEN_AFTER {
                return Stop::Lost(cause, why);
            }
            self.lost(cause, &why);
            if self.pause(GREETING_PAUSE).await.is_none() {
                return Stop::Ended;
            }
        }
    }

    /// Makes sure that the board is there, that nothing stands open, and how the inputs are.
    async fn greet(&mut self, wire: &mut Wire) -> Result<(), Fault> {
        let map = self.settings.map;
        if map.open_by == OpenBy::Coil {
            for relay in [map.open_in, map.open_out] {
                wire.set_coil(relay, false).await?;
            }
        }
        self.pulse = None;
        self.look(wire).await?;
        self.faults = 0;
        self.told_lost = false;
        if !replace(&mut self.online, true) {
            tracing::info!(unit = self.settings.unit, "Relay board answers");
            self.waiting.push_back(TurnstileEvent::LinkBack(BoardFacts {
                uid: uid(self.settings.unit),
                boot: self.settings.session,
                firmware: [0; 3],
                reset_cause: ResetCause::Unknown,
            }));
        }
        Ok(())
    }

    /// Leaves no coil behind that nobody will switch off; it takes less than a second.
    async fn close(&mut self, wire: &mut Wire) {
        let Some(Pulse { relay, .. }) = self.pulse.take() else {
            return;
        };
        if self.settings.map.open_by == OpenBy::Flash {
            return;
        }
        for _ in 0..LAST_TRIES {
            match wire.set_coil(relay, false).await {
                Ok(()) => return,
                Err(fault) => tracing::warn!(?fault, relay, "A relay may have stayed on"),
            }
        }
    }

    /// Reads what is wired; without inputs, any answer is a sign of life.
    async fn look(&mut self, wire: &mut Wire) -> Result<(), Fault> {
        self.polled_at = Instant::now();
        let Some((first, count)) = self.watch.span() else {
            return wire.coil(self.settings.map.open_in).await.map(|_| ());
        };
        let inputs = match wire.inputs(first, count).await {
            Ok(inputs) => inputs,
            Err(fault) => {
                self.watch.blinked();
                return Err(fault);
            }
        };
        for kind in self.watch.read(&inputs) {
            self.report(kind);
        }
        Ok(())
    }

    /// Obeys and reads until the board is lost or nobody is left.
    async fn talk(&mut self, wire: &mut Wire) -> Result<Stop, Fault> {
        loop {
            let spoken = self.turn(wire).await;
            match spoken {
                Ok(true) => self.faults = 0,
                Ok(false) => {}
                Err(fault @ Fault::Broken(..)) => return Err(fault),
                Err(fault) => {
                    self.faults = self.faults.saturating_add(1);
                    if self.faults >= FAULTS_MAX {
                        return Err(fault);
                    }
                }
            }
            if self.rest().await.is_none() {
                return Ok(Stop::Ended);
            }
        }
    }

    /// One sentence where one is due: closing before opening, opening before looking. Whether the
    /// board answered.
    async fn turn(&mut self, wire: &mut Wire) -> Result<bool, Fault> {
        let now = Instant::now();
        if let Some(pulse) = self.pulse.take_if(|pulse| pulse.until <= now)
            && self.settings.map.open_by == OpenBy::Coil
        {
            if let Err(fault) = wire.set_coil(pulse.relay, false).await {
                // Still due: switching off twice does no harm.
                self.pulse = Some(pulse);
                return Err(fault);
            }
            return Ok(true);
        }
        if let Some(asked) = self.desk.asked.pop_front() {
            return self.open(wire, asked).await;
        }
        if self.look_due().is_none_or(|due| due > now) {
            return Ok(false);
        }
        self.look(wire).await?;
        // Only now: who came in the last moment has been seen.
        if let Some(kind) = self.watch.overdue(now) {
            self.report(kind);
        }
        Ok(true)
    }

    async fn open(&mut self, wire: &mut Wire, asked: Asked) -> Result<bool, Fault> {
        let relay = match asked.direction {
            Direction::In => self.settings.map.open_in,
            Direction::Out => self.settings.map.open_out,
        };
        if asked.at.elapsed() > Duration::from_millis(OPEN_WAIT_MS_MAX) {
            self.refused(&asked, OpenRefusal::Late);
            return Ok(false);
        }
        if self.pulse.is_some() {
            self.refused(&asked, OpenRefusal::Busy);
            return Ok(false);
        }
        self.desk.held_until = None;
        let sent = match self.settings.map.open_by {
            OpenBy::Coil => wire.set_coil(relay, true).await,
            OpenBy::Flash => wire.flash(relay, tenths(self.settings.pulse_ms)).await,
        };
        if let Err(Fault::Refused(code)) = sent {
            tracing::warn!(code, "Relay board refuses to open");
            self.refused(&asked, OpenRefusal::Unsupported);
            return Ok(true);
        }
        let pulse = Duration::from_millis(self.settings.pulse_ms.into());
        let until = Instant::now() + pulse;
        self.pulse = Some(Pulse { relay, until });
        self.watch
            .opened(asked.token, asked.direction, Instant::now());
        let fault = match sent {
            Ok(()) => {
                self.opened(&asked);
                return Ok(true);
            }
            Err(fault) => fault,
        };
        for _ in 0..READ_BACKS {
            if let Ok(true) = wire.coil(relay).await {
                self.opened(&asked);
                return Ok(true);
            }
        }
        tracing::warn!(?fault, "An opening is unanswered and is not repeated");
        self.refused(&asked, OpenRefusal::Unanswered);
        Err(fault)
    }

    fn opened(&mut self, asked: &Asked) {
        self.waiting.push_back(TurnstileEvent::Opened {
            token: asked.token,
            direction: asked.direction,
            duplicate: false,
        });
    }

    fn refused(&mut self, asked: &Asked, why: OpenRefusal) {
        self.waiting.push_back(TurnstileEvent::OpenRefused {
            token: asked.token,
            direction: asked.direction,
            why,
        });
    }

    fn report(&mut self, kind: EventKind) {
        self.last_event = self.last_event.checked_add(1).unwrap_or(1);
        self.waiting
            .push_back(TurnstileEvent::Reported(BoardReport {
                key: EventKey {
                    uid: uid(self.settings.unit),
                    boot: self.settings.session,
                    seq: self.last_event,
                },
                age_ms: 0,
                kind,
            }));
    }

    fn lost(&mut self, cause: LinkCause, why: &str) {
        self.online = false;
        self.faults = 0;
        self.watch.forget();
        self.refuse_all();
        if !replace(&mut self.told_lost, true) {
            tracing::warn!(why, "Relay board lost");
            self.waiting.push_back(TurnstileEvent::LinkLost {
                cause,
                why: why.to_owned(),
            });
        }
    }

    /// Nobody waits for a gate that cannot move.
    fn refuse_all(&mut self) {
        while let Some(asked) = self.desk.asked.pop_front() {
            self.refused(&asked, OpenRefusal::Offline);
        }
    }

    /// When to look next; never while the lane takes no events.
    fn look_due(&self) -> Option<Instant> {
        if self.waiting.len() >= WAITING_MAX {
            return None;
        }
        let held = |due: Instant| self.desk.held_until.map_or(due, |held| due.max(held));
        let due = if self.watch.span().is_some() {
            held(self.polled_at + POLL).min(self.polled_at + POLL_HELD_MAX)
        } else {
            held(self.polled_at + PROOF)
        };
        let end = self.watch.deadline().filter(|end| *end > self.polled_at);
        Some(end.map_or(due, |end| due.min(end)))
    }

    /// Waits for the next thing to do. `None` when nobody is left to work for.
    async fn rest(&mut self) -> Option<()> {
        if !self.desk.asked.is_empty() {
            return Some(());
        }
        let pulse = self.pulse.as_ref().map(|pulse| pulse.until);
        let next = [self.look_due(), pulse].into_iter().flatten().min();
        self.wait(next.unwrap_or_else(|| Instant::now() + PROOF))
            .await
    }

    /// Lets time pass without a board to talk to.
    async fn pause(&mut self, pause: Duration) -> Option<()> {
        let until = Instant::now() + pause;
        while Instant::now() < until {
            self.refuse_all();
            self.wait(until).await?;
        }
        Some(())
    }

    /// Until `until`, or the next command, or the lane takes an event.
    async fn wait(&mut self, until: Instant) -> Option<()> {
        tokio::select! {
            biased;
            command = self.commands.recv() => self.desk.sort(command?),
            sent = self.events.reserve(), if !self.waiting.is_empty() => {
                deliver(&mut self.waiting, sent.ok()?);
            }
            () = sleep_until(until) => {}
        }
        Some(())
    }
}

fn deliver(waiting: &mut VecDeque<TurnstileEvent>, permit: mpsc::Permit<'_, TurnstileEvent>) {
    if let Some(event) = waiting.pop_front() {
        permit.send(event);
    }
}

/// What a lost board is told as.
pub(crate) fn told(fault: Fault) -> (LinkCause, String) {
    match fault {
        Fault::Silent => (
            LinkCause::Silent,
            "the relay board does not answer".to_owned(),
        ),
        Fault::Garbled(what) => (
            LinkCause::Broken,
            format!("no reply of the relay board: {what}"),
        ),
        Fault::Refused(code) => (
            LinkCause::Refused,
            format!("the relay board refuses with exception {code}"),
        ),
        Fault::Broken(cause, why) => (cause, why),
    }
}

/// Such a board has no factory number: its address stands for it.
fn uid(unit: u8) -> BoardUid {
    let mut uid = *b"modbus\0\0";
    if let Some(last) = uid.last_mut() {
        *last = unit;
    }
    BoardUid(uid)
}

/// A pulse in tenths of a second, at least one.
fn tenths(pulse_ms: u32) -> u16 {
    u16::try_from(pulse_ms.div_ceil(100))
        .unwrap_or(u16::MAX)
        .max(1)
}
