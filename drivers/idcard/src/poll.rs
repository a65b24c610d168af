//! Find, select, read, wait for removal: a state machine without a clock.
//!
//! One command is in flight at a time. Every step gets the time and one input, and returns what
//! the shell must do; [`Poll::due_at_ms`] says when it wants to be stepped without input.

use crate::base_read::BaseRead;
use crate::card_text::CardText;
use crate::command::{Command, SAM_ID_BYTES, SamId};
use crate::event::{CardRead, ReadFailure, ReaderEvent};
use crate::frame::ReplyFrame;
use crate::layout::Field;
use crate::masked::Masked;
use crate::poll_turn::{PollEffect, PollInput, PollSettings};
use crate::portrait::Portrait;
use crate::status::{SamStatus, StatusClass};

/// How often a command is sent again after noise, and a card tried again after a failed read.
const RETRIES_MAX: u8 = 3;
/// How many commands in a row may go unanswered before the link is opened anew.
const SILENCES_MAX: u8 = 3;
/// Within this time a card that was out of sight for one look only counts as put down again, ms.
const SECOND_PRESENTATION_MS: u64 = 3_000;
/// A reader that loses sight of a lying card for one look sees it again within so many intervals
/// between two finds. After longer nobody can say what lay there meanwhile.
const FLICKER_INTERVALS: u64 = 3;
/// How many polls in a row must find no card before it counts as removed.
const MISSES_REMOVED: u8 = 2;
/// The shortest interval between two finds that is accepted.
const FIND_INTERVAL_MS_MIN: u64 = 10;
/// After so many finds in a row that were answered with neither a card nor none, the lane is told.
const SENSELESS_MAX: u8 = 10;
/// A reply with at least this `LEN` to a base read is a card, not a refusal.
const CARD_LEN_MIN: u16 = 68;

#[derive(Debug, Clone, Copy)]
enum Step {
    Closed,
    Asked {
        command: Command,
        resends: u8,
        sent_at_ms: u64,
        arriving: bool,
    },
    Pausing,
    FatalPause,
}

#[derive(Debug, Clone, Copy)]
enum Card {
    None,
    /// Found, and not read yet.
    Trying {
        failures: u8,
        misses: u8,
        /// Found again after a single look that found nothing: how long it was out of sight, ms.
        doubtful: Option<u64>,
    },
    /// Read or given up; nothing more is said of it until it is gone.
    Done {
        misses: u8,
    },
}

/// One reader's state.
#[derive(Debug)]
pub struct Poll {
    settings: PollSettings,
    step: Step,
    card: Card,
    due_at_ms: u64,
    found_at_ms: u64,
    /// When a look found a card last.
    seen_at_ms: u64,
    silences: u8,
    /// Finds in a row whose answer told nothing about cards.
    senseless: u8,
    reset_tried: bool,
    identity: Option<SamId>,
    last_read: Option<(Masked, u64)>,
}

type Effects = Vec<PollEffect>;

impl Poll {
    /// A reader without a link.
    pub fn new(settings: PollSettings) -> Self {
        Self {
            step: Step::Closed,
            card: Card::None,
            due_at_ms: u64::MAX,
            found_at_ms: 0,
            seen_at_ms: 0,
            silences: 0,
            senseless: 0,
            reset_tried: false,
            identity: None,
            last_read: None,
            settings,
        }
    }

    /// When to step with [`PollInput::Due`]; `u64::MAX` for never.
    pub const fn due_at_ms(&self) -> u64 {
        self.due_at_ms
    }

    /// Advances the machine. `now_ms` counts from any fixed moment and never goes back.
    pub fn step(&mut self, now_ms: u64, input: PollInput) -> Effects {
        let mut out = Effects::new();
        match input {
            PollInput::Opened => self.opened(now_ms, &mut out),
            PollInput::Lost => self.close(),
            PollInput::Arriving { len } => self.arriving(now_ms, len, &mut out),
            PollInput::Reply(reply) => self.replied(now_ms, &reply, &mut out),
            PollInput::Due if now_ms >= self.due_at_ms => self.due(now_ms, &mut out),
            PollInput::Due => {}
        }
        out
    }

    fn opened(&mut self, now_ms: u64, out: &mut Effects) {
        self.silences = 0;
        // A card already reported stays reported while the link was gone, also where it was being
        // read again in doubt; a half-read one starts anew.
        match self.card {
            Card::Trying { doubtful: None, .. } => self.card = Card::None,
            Card::Trying {
                doubtful: Some(_), ..
            } => self.card = Card::Done { misses: 1 },
            Card::None | Card::Done { .. } => {}
        }
        self.ask(now_ms, Command::SamId, out);
    }

    fn close(&mut self) {
        self.step = Step::Closed;
        self.due_at_ms = u64::MAX;
    }

    fn arriving(&mut self, now_ms: u64, len: u16, out: &mut Effects) {
        if let Step::Asked {
            command, arriving, ..
        } = &mut self.step
            && !*arriving
        {
            *arriving = true;
            self.due_at_ms = now_ms + self.settings.body_timeout_ms;
            if *command == Command::ReadBase && len >= CARD_LEN_MIN {
                out.push(PollEffect::Emit(ReaderEvent::Arriving));
            }
        }
    }

    fn due(&mut self, now_ms: u64, out: &mut Effects) {
        match self.step {
            Step::Closed => self.due_at_ms = u64::MAX,
            Step::Pausing => self.ask(now_ms, Command::Find, out),
            Step::FatalPause => {
                self.reset_tried = false;
                self.ask(now_ms, Command::SamId, out);
            }
            Step::Asked { command, .. } => self.timed_out(now_ms, command, out),
        }
    }

    fn timed_out(&mut self, now_ms: u64, command: Command, out: &mut Effects) {
        self.silences += 1;
        if self.silences >= SILENCES_MAX {
            self.reconnect("the reader does not answer", out);
            return;
        }
        match command {
            Command::Reset | Command::SamStatus | Command::SamId | Command::Find => {
                self.ask(now_ms, command, out);
            }
            Command::Select | Command::ReadBase | Command::ReadBaseAndFingerprint => {
                self.attempt_failed(now_ms, None, out);
            }
            Command::ReadNewAddress => self.pause(now_ms),
        }
    }

    fn replied(&mut self, now_ms: u64, reply: &ReplyFrame, out: &mut Effects) {
        let Step::Asked {
            command,
            resends,
            sent_at_ms,
            arriving,
        } = &mut self.step
        else {
            return;
        };
        let (command, resends) = (*command, *resends);
        if !command.may_be_answered_by(reply) {
            *arriving = false;
            self.due_at_ms = *sent_at_ms + self.settings.timeout_ms(command);
            return;
        }
        self.silences = 0;
        let status = SamStatus::from_code(reply.sw3);
        match status.class() {
            StatusClass::Fatal => self.fatal(now_ms, status, out),
            StatusClass::ResetThenFatal if self.reset_tried => self.fatal(now_ms, status, out),
            StatusClass::ResetThenFatal => {
                self.reset_tried = true;
                self.ask(now_ms, Command::Reset, out);
            }
            StatusClass::Resend if resends < RETRIES_MAX => {
                self.ask(now_ms, command, out);
                if let Step::Asked { resends: count, .. } = &mut self.step {
                    *count = resends + 1;
                }
            }
            StatusClass::Ok
            | StatusClass::CardFound
            | StatusClass::Idle
            | StatusClass::Transient
            | StatusClass::Resend
            | StatusClass::WrongCard
            | StatusClass::NoSuchItem => self.answered(now_ms, command, reply, out),
        }
    }

    fn answered(&mut self, now_ms: u64, command: Command, reply: &ReplyFrame, out: &mut Effects) {
        let status = SamStatus::from_code(reply.sw3);
        match command {
            Command::SamId => self.identified(now_ms, &reply.data, out),
            Command::Reset if status == SamStatus::Ok => {
                self.ask(now_ms, Command::SamStatus, out);
            }
            Command::SamStatus if status == SamStatus::Ok => self.ask(now_ms, Command::SamId, out),
            Command::Reset | Command::SamStatus => self.fatal(now_ms, status, out),
            Command::Find => self.looked(now_ms, status, out),
            Command::Select | Command::ReadBase | Command::ReadBaseAndFingerprint => {
                match status.class() {
                    StatusClass::Ok if command == Command::Select => {
                        self.ask(now_ms, Command::ReadBase, out);
                    }
                    StatusClass::Ok => self.base_read(now_ms, &reply.data, out),
                    StatusClass::Idle => self.missed(now_ms, out),
                    StatusClass::WrongCard => {
                        self.give_up(now_ms, ReadFailure::WrongCard, out);
                    }
                    StatusClass::CardFound
                    | StatusClass::Transient
                    | StatusClass::Resend
                    | StatusClass::NoSuchItem
                    | StatusClass::ResetThenFatal
                    | StatusClass::Fatal => self.attempt_failed(now_ms, Some(status), out),
                }
            }
            Command::ReadNewAddress => {
                if status == SamStatus::Ok
                    && let Some(address) = utf16_text(&reply.data)
                {
                    out.push(PollEffect::Emit(ReaderEvent::NewAddress { address }));
                }
                self.pause(now_ms);
            }
        }
    }

    fn identified(&mut self, now_ms: u64, data: &[u8], out: &mut Effects) {
        let Some(&bytes) = data.first_chunk::<SAM_ID_BYTES>() else {
            self.reconnect("the reader does not tell its identity", out);
            return;
        };
        let now = SamId::from_bytes(bytes);
        if let Some(was) = self.identity.replace(now).filter(|was| *was != now) {
            self.card = Card::None;
            out.push(PollEffect::Emit(ReaderEvent::IdentityChanged { was, now }));
        }
        self.senseless = 0;
        out.push(PollEffect::Emit(ReaderEvent::Online { sam_id: now }));
        self.ask(now_ms, Command::Find, out);
    }

    fn looked(&mut self, now_ms: u64, status: SamStatus, out: &mut Effects) {
        self.reset_tried = false;
        self.weigh(status, out);
        let unseen_ms = now_ms.saturating_sub(self.seen_at_ms);
        if status.class() == StatusClass::CardFound {
            self.seen_at_ms = now_ms;
        }
        match (status.class(), &mut self.card) {
            // A queue is fast: one look that found nothing may be all that stands between two
            // cards. What is read now tells whether it was another act or a reader that flickers.
            (StatusClass::CardFound, Card::Done { misses: 1.. }) => {
                self.card = Card::Trying {
                    failures: 0,
                    misses: 0,
                    doubtful: Some(unseen_ms),
                };
                self.ask(now_ms, Command::Select, out);
            }
            (StatusClass::CardFound | StatusClass::WrongCard, Card::Done { misses }) => {
                *misses = 0;
                self.pause(now_ms);
            }
            (StatusClass::CardFound, Card::Trying { misses, .. }) => {
                *misses = 0;
                self.ask(now_ms, Command::Select, out);
            }
            (StatusClass::CardFound, Card::None) => {
                self.card = Card::Trying {
                    failures: 0,
                    misses: 0,
                    doubtful: None,
                };
                self.ask(now_ms, Command::Select, out);
            }
            (StatusClass::Idle, _) => self.missed(now_ms, out),
            (StatusClass::WrongCard, Card::None | Card::Trying { .. }) => {
                self.give_up(now_ms, ReadFailure::WrongCard, out);
            }
            (
                StatusClass::Ok
                | StatusClass::Transient
                | StatusClass::Resend
                | StatusClass::NoSuchItem
                | StatusClass::ResetThenFatal
                | StatusClass::Fatal,
                _,
            ) => self.pause(now_ms),
        }
    }

    /// Whether the answer to a find makes sense: a reader that answers and finds no card for ever
    /// must not pass for one that works.
    fn weigh(&mut self, status: SamStatus, out: &mut Effects) {
        match status.class() {
            StatusClass::CardFound | StatusClass::Idle | StatusClass::WrongCard => {
                if std::mem::take(&mut self.senseless) >= SENSELESS_MAX
                    && let Some(sam_id) = self.identity
                {
                    out.push(PollEffect::Emit(ReaderEvent::Online { sam_id }));
                }
            }
            StatusClass::Ok
            | StatusClass::Transient
            | StatusClass::Resend
            | StatusClass::NoSuchItem
            | StatusClass::ResetThenFatal
            | StatusClass::Fatal => {
                self.senseless = self.senseless.saturating_add(1);
                if self.senseless == SENSELESS_MAX {
                    out.push(PollEffect::Emit(ReaderEvent::Senseless { status }));
                }
            }
        }
    }

    fn missed(&mut self, now_ms: u64, out: &mut Effects) {
        let (misses, was_tried) = match &mut self.card {
            Card::None => return self.pause(now_ms),
            Card::Trying { misses, .. } => (misses, true),
            Card::Done { misses } => (misses, false),
        };
        *misses += 1;
        if *misses >= MISSES_REMOVED {
            self.end_of_the_card_before(out);
            self.card = Card::None;
            if was_tried {
                let failure = ReadFailure::PulledAway;
                out.push(PollEffect::Emit(ReaderEvent::ReadFailed { failure }));
            }
            out.push(PollEffect::Emit(ReaderEvent::Removed));
        }
        self.pause(now_ms);
    }

    fn base_read(&mut self, now_ms: u64, data: &[u8], out: &mut Effects) {
        // The checksum held, so lengths that do not add up are a reader's slip: try once more.
        let Ok(base) = BaseRead::parse(data) else {
            return self.attempt_failed(now_ms, Some(SamStatus::Ok), out);
        };
        match CardText::decode(base.text) {
            Ok(text) if self.flickers(now_ms, &text) => {
                self.card = Card::Done { misses: 0 };
                self.pause(now_ms);
            }
            Ok(text) => {
                self.end_of_the_card_before(out);
                self.last_read = Some((Masked::new(text.reveal(Field::Number)), now_ms));
                let portrait = Portrait::from_bytes(base.portrait);
                let card = Box::new(CardRead { text, portrait });
                out.push(PollEffect::Emit(ReaderEvent::Card(card)));
                self.card = Card::Done { misses: 0 };
                if self.settings.reads_new_address {
                    self.ask(now_ms, Command::ReadNewAddress, out);
                } else {
                    self.pause(now_ms);
                }
            }
            Err(error) => self.give_up(now_ms, ReadFailure::Unreadable { error }, out),
        }
    }

    /// Whether this is the card that has been lying there all the while, on a reader that loses
    /// sight of it now and then: the same number, long after it was read, and out of sight for one
    /// look only. Sooner it is taken for a second presentation, which opens nothing more. A box
    /// that was held up and looked rarely takes it for one too: else who lifts the card and tries
    /// again would not be heard.
    fn flickers(&self, now_ms: u64, text: &CardText) -> bool {
        let Card::Trying {
            doubtful: Some(unseen_ms),
            ..
        } = self.card
        else {
            return false;
        };
        let flicker_ms = self.find_interval_ms().saturating_mul(FLICKER_INTERVALS);
        unseen_ms <= flicker_ms
            && self.last_read.as_ref().is_some_and(|(number, at_ms)| {
                number.reveal() == text.reveal(Field::Number)
                    && now_ms.saturating_sub(*at_ms) > SECOND_PRESENTATION_MS
            })
    }

    fn end_of_the_card_before(&mut self, out: &mut Effects) {
        if let Card::Trying {
            doubtful: Some(_), ..
        } = self.card
        {
            out.push(PollEffect::Emit(ReaderEvent::Removed));
        }
    }

    fn attempt_failed(&mut self, now_ms: u64, status: Option<SamStatus>, out: &mut Effects) {
        if let Card::Trying { failures, .. } = &mut self.card
            && *failures < RETRIES_MAX
        {
            *failures += 1;
            self.ask(now_ms, Command::Find, out);
        } else {
            self.give_up(now_ms, ReadFailure::LiftAndTryAgain { status }, out);
        }
    }

    fn give_up(&mut self, now_ms: u64, failure: ReadFailure, out: &mut Effects) {
        self.end_of_the_card_before(out);
        self.card = Card::Done { misses: 0 };
        out.push(PollEffect::Emit(ReaderEvent::ReadFailed { failure }));
        self.pause(now_ms);
    }

    fn fatal(&mut self, now_ms: u64, status: SamStatus, out: &mut Effects) {
        out.push(PollEffect::Emit(ReaderEvent::Fatal { status }));
        self.card = Card::None;
        self.step = Step::FatalPause;
        self.due_at_ms = now_ms + self.settings.fatal_pause_ms;
    }

    fn reconnect(&mut self, why: &'static str, out: &mut Effects) {
        self.close();
        out.push(PollEffect::Reconnect { why });
    }

    fn pause(&mut self, now_ms: u64) {
        self.step = Step::Pausing;
        self.due_at_ms = now_ms.max(self.found_at_ms + self.find_interval_ms());
    }

    fn find_interval_ms(&self) -> u64 {
        self.settings.find_interval_ms.max(FIND_INTERVAL_MS_MIN)
    }

    fn ask(&mut self, now_ms: u64, command: Command, out: &mut Effects) {
        if command == Command::Find {
            self.found_at_ms = now_ms;
        }
        self.step = Step::Asked {
            command,
            resends: 0,
            sent_at_ms: now_ms,
            arriving: false,
        };
        self.due_at_ms = now_ms + self.settings.timeout_ms(command);
        out.push(PollEffect::Send(command));
    }
}

/// The new address is one text padded with spaces; half a surrogate pair makes it worthless.
fn utf16_text(data: &[u8]) -> Option<Masked> {
    let (pairs, _) = data.as_chunks();
    let units: Vec<u16> = pairs.iter().map(|&pair| u16::from_le_bytes(pair)).collect();
    let text = String::from_utf16(&units).ok()?;
    let text = text.trim_end_matches([' ', '\0']);
    (!text.is_empty()).then(|| Masked::new(text))
}
