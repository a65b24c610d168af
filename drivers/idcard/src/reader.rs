//! One reader, for ever: the state machine over a link.

use std::sync::Arc;
use std::time::Duration;

use drivers_link::{
    BoxedLink, FrameTrace, Jitter, LinkAddress, LinkCause, LinkError, LinkOpener, Reconnect,
    discard_input, read_some, send,
};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until, timeout};

use crate::command::Command;
use crate::event::ReaderEvent;
use crate::frame::{FrameDecoder, ReplyFrame};
use crate::poll::Poll;
use crate::poll_turn::{PollEffect, PollInput, PollSettings};

/// How long the system may take to accept the ten bytes of a command.
const SEND_TIMEOUT_MS: u64 = 1_000;
const READ_BUFFER_BYTES: usize = 4_096;
/// The longest sleep; the machine's "never" is far beyond what a timer accepts.
const SLEEP_MS_MAX: u64 = 3_600_000;

/// What one reader needs to know.
#[derive(Clone)]
pub struct ReaderSettings {
    /// Where it is plugged in.
    pub address: LinkAddress,
    /// Its times.
    pub poll: PollSettings,
    /// Randomness for the pauses between attempts to open the link.
    pub jitter: Jitter,
}

impl std::fmt::Debug for ReaderSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReaderSettings")
            .field("address", &self.address)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

/// Runs one reader until nobody listens to `events` any more.
///
/// Opens the link, checks who answers, and reports what is presented; a link that is lost is
/// opened again with growing pauses. When `events` is full the reader is not polled further, so no
/// event is dropped. The future may be dropped at any time.
pub async fn run(
    settings: ReaderSettings,
    opener: Arc<dyn LinkOpener>,
    events: mpsc::Sender<ReaderEvent>,
) {
    let mut reconnect = Reconnect::new(opener, settings.address, settings.jitter);
    let mut reader = Reader {
        poll: Poll::new(settings.poll),
        decoder: FrameDecoder::new(),
        trace: FrameTrace::new(),
        started_at: Instant::now(),
        events: events.clone(),
    };
    let mut told = None;
    loop {
        let attempt = tokio::select! {
            attempt = reconnect.next_link() => attempt,
            () = events.closed() => return,
        };
        let (cause, why) = match attempt {
            Ok(mut link) => {
                let Ended::Lost(cause, why) = reader.session(&mut link).await else {
                    return;
                };
                drop(link);
                reader.log_trace();
                reconnect.lost(&why);
                told = None;
                (cause, why)
            }
            Err(error) => (error.cause(), error.to_string()),
        };
        if told.as_ref() != Some(&why) {
            let event = ReaderEvent::Offline {
                cause,
                why: why.clone(),
            };
            if events.send(event).await.is_err() {
                return;
            }
            told = Some(why);
        }
    }
}

/// Why a session with a link ended.
enum Ended {
    /// The link is gone or must be opened anew.
    Lost(LinkCause, String),
    /// Nobody listens any more.
    Unheard,
}

impl From<LinkError> for Ended {
    fn from(error: LinkError) -> Self {
        Self::Lost(error.cause(), error.to_string())
    }
}

/// What carrying out effects led to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// A command was sent; what had arrived before is void.
    Sent,
    /// None was.
    Nothing,
}

struct Reader {
    poll: Poll,
    decoder: FrameDecoder<ReplyFrame>,
    trace: FrameTrace,
    started_at: Instant,
    events: mpsc::Sender<ReaderEvent>,
}

impl Reader {
    async fn session(&mut self, link: &mut BoxedLink) -> Ended {
        let ended = self.talk(link).await;
        self.poll.step(self.now_ms(), PollInput::Lost);
        self.decoder.clear();
        match ended {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn talk(&mut self, link: &mut BoxedLink) -> Result<std::convert::Infallible, Ended> {
        let mut buffer = vec![0; READ_BUFFER_BYTES];
        self.step(link, PollInput::Opened).await?;
        loop {
            let due_in_ms = self.poll.due_at_ms().saturating_sub(self.now_ms());
            let due_at = Instant::now() + Duration::from_millis(due_in_ms.min(SLEEP_MS_MAX));
            // What has arrived goes before a deadline that passed meanwhile: a box that was held up
            // finds both, and the reader was not late.
            tokio::select! {
                biased;
                () = self.events.closed() => return Err(Ended::Unheard),
                read = read_some(link, &mut buffer) => {
                    let count = read?;
                    self.received(link, buffer.get(..count).unwrap_or_default()).await?;
                }
                () = sleep_until(due_at) => self.silence(link).await?,
            }
        }
    }

    async fn received(&mut self, link: &mut BoxedLink, bytes: &[u8]) -> Result<(), Ended> {
        let replies = self.decoder.feed(bytes);
        if self.replied(link, replies).await? == Carried::Nothing
            && let Some(len) = self.decoder.arriving_len()
        {
            self.step(link, PollInput::Arriving { len }).await?;
        }
        Ok(())
    }

    /// The line has been silent for as long as the machine waits: a frame that began is none, but
    /// what was taken for its inside may hold a whole one.
    async fn silence(&mut self, link: &mut BoxedLink) -> Result<(), Ended> {
        let replies = self.decoder.give_up();
        if self.replied(link, replies).await? == Carried::Nothing {
            self.step(link, PollInput::Due).await?;
        }
        Ok(())
    }

    async fn replied(
        &mut self,
        link: &mut BoxedLink,
        replies: Vec<ReplyFrame>,
    ) -> Result<Carried, Ended> {
        let now_ms = self.now_ms();
        let dropped = self.decoder.take_dropped();
        if dropped > 0 {
            self.trace.dropped(now_ms, dropped);
        }
        for reply in replies {
            self.trace
                .received(now_ms, &reply.head(), reply.frame_bytes());
            // Once a command is out, further replies answer an older one.
            if self.step(link, PollInput::Reply(reply)).await? == Carried::Sent {
                return Ok(Carried::Sent);
            }
        }
        Ok(Carried::Nothing)
    }

    async fn step(&mut self, link: &mut BoxedLink, input: PollInput) -> Result<Carried, Ended> {
        let mut carried = Carried::Nothing;
        for effect in self.poll.step(self.now_ms(), input) {
            match effect {
                PollEffect::Emit(event) => self.emit(event).await?,
                PollEffect::Send(command) => {
                    self.send(link, command).await?;
                    carried = Carried::Sent;
                }
                PollEffect::Reconnect { why } => {
                    return Err(Ended::Lost(LinkCause::Silent, why.to_owned()));
                }
            }
        }
        Ok(carried)
    }

    /// A lane that has room is told without yielding.
    async fn emit(&self, event: ReaderEvent) -> Result<(), Ended> {
        match self.events.try_send(event) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(event)) => {
                self.events.send(event).await.map_err(|_| Ended::Unheard)
            }
            Err(TrySendError::Closed(_)) => Err(Ended::Unheard),
        }
    }

    async fn send(&mut self, link: &mut BoxedLink, command: Command) -> Result<(), Ended> {
        let stale = self.decoder.clear() + discard_input(link).await?;
        let now_ms = self.now_ms();
        if stale > 0 {
            self.trace.dropped(now_ms, stale);
        }
        let frame = command.encode();
        self.trace.sent(now_ms, &frame, frame.len());
        let limit = Duration::from_millis(SEND_TIMEOUT_MS);
        match timeout(limit, send(link, &frame)).await {
            Ok(sent) => Ok(sent?),
            Err(_) => Err(Ended::Lost(
                LinkCause::Silent,
                "the line takes no bytes".to_owned(),
            )),
        }
    }

    fn log_trace(&self) {
        for entry in self.trace.entries() {
            tracing::debug!(frame = %entry, "Frame before the link was lost");
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
