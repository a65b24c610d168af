//! The reader's security module as a state machine: commands in, replies out later, a card that people put and lift.
//!
//! No input or output and no clock: time comes in as nanoseconds.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::card_block::card_block;
use super::faults::ReaderFault;
use super::frame::{Command, CommandReceiver, reply_frame};
use super::reply_data::{base_data, portrait, sam_id};
use crate::people::Person;
use crate::seed::Seeded;

const NS_PER_MS: u64 = 1_000_000;
/// Answer time of commands that need no card.
const OTHER_MS: u64 = 5;

/// How long the card side of each command takes, in ms; the bytes on the line come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderTimes {
    /// Find card.
    pub find_ms: u64,
    /// Select card.
    pub select_ms: u64,
    /// Read base information.
    pub read_ms: u64,
}

impl Default for ReaderTimes {
    fn default() -> Self {
        Self {
            find_ms: 40,
            select_ms: 50,
            read_ms: 550,
        }
    }
}

/// What the reader knows of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// None, or none found yet.
    NoCard,
    /// Found, not selected.
    Present,
    /// Selected, may be read.
    Selected,
    /// Read; must be lifted before it is found again.
    ReadDone,
}

/// How one base read ended, for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadOutcome {
    /// The turn that the card belongs to.
    pub visit: u64,
    /// Number on the card.
    pub person: String,
    /// Nothing if the reply is whole; else the fault's name.
    pub cause: Option<String>,
}

/// What the reader does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outgoing {
    /// Bytes for the line; when the last one is out, `outcome` happened and `baud` is the speed.
    Bytes {
        /// The bytes.
        bytes: Vec<u8>,
        /// Set on the last piece of the answer to a base read.
        outcome: Option<ReadOutcome>,
        /// New speed in bits a second.
        baud: Option<u32>,
    },
    /// A base read failed without an answer.
    Unanswered(ReadOutcome),
    /// The person lifted the card during the read.
    Lifted {
        /// The turn.
        visit: u64,
        /// Number on the card.
        person: String,
    },
}

#[derive(Debug)]
struct Card {
    visit: u64,
    person: Arc<Person>,
    consumed: bool,
}

/// One reader.
#[derive(Debug)]
pub(super) struct SamReader {
    times: ReaderTimes,
    sam_id: [u8; 16],
    receiver: CommandReceiver,
    state: CardState,
    card: Option<Card>,
    running: Option<(u64, Command)>,
    lift_at_ns: Option<u64>,
    leaving: VecDeque<(u64, Outgoing)>,
    next_faults: VecDeque<ReaderFault>,
    silent_commands: u32,
    self_test_failed: bool,
    not_authorized: bool,
    seeded: Seeded,
    commands_heard: u64,
}

impl SamReader {
    /// A reader without a card. `ordinal` is the last part of its serial number.
    pub(super) fn new(times: ReaderTimes, ordinal: u32, seeded: Seeded) -> Self {
        Self {
            times,
            sam_id: sam_id(ordinal),
            receiver: CommandReceiver::default(),
            state: CardState::NoCard,
            card: None,
            running: None,
            lift_at_ns: None,
            leaving: VecDeque::new(),
            next_faults: VecDeque::new(),
            silent_commands: 0,
            self_test_failed: false,
            not_authorized: false,
            seeded,
            commands_heard: 0,
        }
    }

    /// A card is put on the reader. False if another one lies there.
    pub(super) fn put(&mut self, visit: u64, person: Arc<Person>) -> bool {
        if self.card.is_some() {
            return false;
        }
        self.card = Some(Card {
            visit,
            person,
            consumed: false,
        });
        true
    }

    /// The card is lifted; gives its turn and number.
    pub(super) fn lift(&mut self) -> Option<(u64, String)> {
        let card = self.card.take()?;
        Some((card.visit, card.person.number.clone()))
    }

    /// Turn and number of the card on the reader.
    pub(super) fn card(&self) -> Option<(u64, &str)> {
        self.card
            .as_ref()
            .map(|card| (card.visit, card.person.number.as_str()))
    }

    /// What the reader knows of the card.
    pub(super) fn state(&self) -> CardState {
        self.state
    }

    /// Commands understood since the start.
    pub(super) fn commands_heard(&self) -> u64 {
        self.commands_heard
    }

    /// Arms a fault. `WrongBaud` is a matter of the line and is ignored here.
    pub(super) fn arm(&mut self, fault: ReaderFault) {
        match fault {
            ReaderFault::Silence { commands } => self.silent_commands = commands,
            ReaderFault::SelfTestFailed { on } => self.self_test_failed = on,
            ReaderFault::NotAuthorized { on } => self.not_authorized = on,
            ReaderFault::WrongBaud { .. } => {}
            ReaderFault::NoiseBefore
            | ReaderFault::NoiseInside
            | ReaderFault::NoiseAfter
            | ReaderFault::FourAa
            | ReaderFault::BadChecksum
            | ReaderFault::LengthLie
            | ReaderFault::HalfFrame { .. }
            | ReaderFault::Chunks { .. }
            | ReaderFault::Doubled
            | ReaderFault::Status { .. }
            | ReaderFault::LiftDuringRead => self.next_faults.push_back(fault),
        }
    }

    /// The cable was pulled: the reader loses its power and everything but the card lying on it.
    pub(super) fn power_lost(&mut self) {
        self.receiver.clear();
        self.state = CardState::NoCard;
        self.running = None;
        self.lift_at_ns = None;
        self.leaving.clear();
        if let Some(card) = &mut self.card {
            card.consumed = false;
        }
    }

    /// Takes bytes from the line. A command that comes while another one runs is lost, as on a real reader.
    pub(super) fn receive(&mut self, now_ns: u64, bytes: &[u8]) {
        self.receiver.push(bytes);
        while let Some(received) = self.receiver.next_command() {
            if self.running.is_some() {
                continue;
            }
            if self.silent_commands > 0 {
                self.silent_commands = self.silent_commands.saturating_sub(1);
                self.note_silence(now_ns, received.ok());
                continue;
            }
            match received {
                Ok(command) => self.start(now_ns, command),
                Err(fault) => self.leave(now_ns, plain(reply_frame(fault.status(), &[]))),
            }
        }
    }

    /// When the reader wants to be asked again.
    pub(super) fn next_ns(&self) -> Option<u64> {
        let running = self.running.map(|(at, _)| at);
        let leaving = self.leaving.front().map(|(at, _)| *at);
        [running, leaving, self.lift_at_ns]
            .into_iter()
            .flatten()
            .min()
    }

    /// Everything that happens up to `now_ns`, in order.
    pub(super) fn poll(&mut self, now_ns: u64) -> Vec<Outgoing> {
        let mut happened = Vec::new();
        if self.lift_at_ns.is_some_and(|at| at <= now_ns) {
            self.lift_at_ns = None;
            let lifted = self.lift();
            happened.extend(lifted.map(|(visit, person)| Outgoing::Lifted { visit, person }));
        }
        if let Some((at, command)) = self.running.filter(|(at, _)| *at <= now_ns) {
            self.running = None;
            self.finish(at, command);
        }
        while self.leaving.front().is_some_and(|(at, _)| *at <= now_ns) {
            happened.extend(self.leaving.pop_front().map(|(_, outgoing)| outgoing));
        }
        happened
    }

    fn start(&mut self, now_ns: u64, command: Command) {
        self.commands_heard = self.commands_heard.saturating_add(1);
        let ms = match command {
            Command::FindCard => self.times.find_ms,
            Command::SelectCard => self.times.select_ms,
            Command::ReadBase | Command::ReadBaseWithFingerprint => self.times.read_ms,
            Command::Reset
            | Command::Status
            | Command::SamId
            | Command::ReadNewAddress
            | Command::SetBaud(_)
            | Command::SetRadioBytesMax => OTHER_MS,
        };
        let reads = matches!(
            command,
            Command::ReadBase | Command::ReadBaseWithFingerprint
        );
        if reads
            && self.state == CardState::Selected
            && self.next_faults.front() == Some(&ReaderFault::LiftDuringRead)
        {
            self.next_faults.pop_front();
            self.lift_at_ns = Some(now_ns.saturating_add((ms / 2).saturating_mul(NS_PER_MS)));
        }
        self.running = Some((now_ns.saturating_add(ms.saturating_mul(NS_PER_MS)), command));
    }

    fn note_silence(&mut self, now_ns: u64, command: Option<Command>) {
        let reads = matches!(
            command,
            Some(Command::ReadBase | Command::ReadBaseWithFingerprint)
        );
        if reads && self.state == CardState::Selected {
            let outcome = self.outcome(Some("silence".to_owned()));
            self.state = CardState::NoCard;
            self.leaving
                .extend(outcome.map(|outcome| (now_ns, Outgoing::Unanswered(outcome))));
        }
    }

    fn finish(&mut self, at_ns: u64, command: Command) {
        let card_command = !matches!(command, Command::Reset | Command::Status | Command::SamId);
        if self.self_test_failed && command != Command::Reset {
            return self.refuse(at_ns, command, 0x60);
        }
        if self.not_authorized && card_command {
            return self.refuse(at_ns, command, 0x66);
        }
        match command {
            Command::Reset => {
                self.state = CardState::NoCard;
                self.leave(at_ns, plain(reply_frame(0x90, &[])));
            }
            Command::Status | Command::SetRadioBytesMax => {
                self.leave(at_ns, plain(reply_frame(0x90, &[])));
            }
            Command::SamId => self.leave(at_ns, plain(reply_frame(0x90, &self.sam_id))),
            Command::SetBaud(baud) => {
                let bytes = reply_frame(0x90, &[]);
                self.leave(
                    at_ns,
                    Outgoing::Bytes {
                        bytes,
                        outcome: None,
                        baud: Some(baud),
                    },
                );
            }
            Command::FindCard => self.find(at_ns),
            Command::SelectCard => self.select(at_ns),
            Command::ReadBase => self.read(at_ns, false),
            Command::ReadBaseWithFingerprint => self.read(at_ns, true),
            Command::ReadNewAddress => {
                // 91: the card has no new address; right after a base read no second select is needed.
                let there = self.state == CardState::ReadDone && self.card.is_some();
                self.leave(
                    at_ns,
                    plain(reply_frame(if there { 0x91 } else { 0x21 }, &[])),
                );
            }
        }
    }

    fn find(&mut self, at_ns: u64) {
        let found = self.card.as_ref().is_some_and(|card| !card.consumed);
        self.state = if found {
            CardState::Present
        } else {
            CardState::NoCard
        };
        let reply = if found {
            reply_frame(0x9F, &[0; 4])
        } else {
            reply_frame(0x80, &[])
        };
        self.leave(at_ns, plain(reply));
    }

    fn select(&mut self, at_ns: u64) {
        let allowed = matches!(self.state, CardState::Present | CardState::Selected);
        let (state, reply) = match (allowed, &self.card) {
            (false, _) => (self.state, reply_frame(0x21, &[])),
            (true, Some(_)) => (CardState::Selected, reply_frame(0x90, &[0; 8])),
            (true, None) => (CardState::NoCard, reply_frame(0x81, &[])),
        };
        self.state = state;
        self.leave(at_ns, plain(reply));
    }

    fn read(&mut self, at_ns: u64, with_fingerprint: bool) {
        if self.state != CardState::Selected {
            return self.leave(at_ns, plain(reply_frame(0x21, &[])));
        }
        let fault = self.next_faults.front().copied();
        if let Some(ReaderFault::Status { status }) = fault {
            self.next_faults.pop_front();
            return self.read_failed(at_ns, status);
        }
        let Some(card) = &mut self.card else {
            return self.read_failed(at_ns, 0x41);
        };
        card.consumed = true;
        self.state = CardState::ReadDone;
        let portrait = portrait(&card.person.number);
        let data = base_data(&card_block(&card.person), &portrait, with_fingerprint);
        let reply = reply_frame(0x90, &data);
        self.next_faults.pop_front();
        let cause = fault
            .filter(|fault| !fault.leaves_reply_whole(reply.len()))
            .map(|fault| fault.name().to_owned());
        if cause.is_some() {
            // The box got nothing, so it will ask again; the card answers again without being lifted.
            card.consumed = false;
        }
        let outcome = self.outcome(cause);
        self.leave_changed(at_ns, reply, fault, outcome);
    }

    /// Sends the reply as the fault leaves it; the outcome travels with the last piece.
    fn leave_changed(
        &mut self,
        at_ns: u64,
        reply: Vec<u8>,
        fault: Option<ReaderFault>,
        mut outcome: Option<ReadOutcome>,
    ) {
        let pieces = match fault {
            Some(fault) => fault.changed(reply, &mut self.seeded),
            None => vec![reply],
        };
        let mut at_ns = at_ns;
        let last = pieces.len().saturating_sub(1);
        for (place, bytes) in pieces.into_iter().enumerate() {
            let pause_ms = u64::try_from(bytes.len() / 10)
                .unwrap_or(0)
                .saturating_add(1);
            let outcome = if place == last { outcome.take() } else { None };
            self.leave(
                at_ns,
                Outgoing::Bytes {
                    bytes,
                    outcome,
                    baud: None,
                },
            );
            at_ns = at_ns.saturating_add(pause_ms.saturating_mul(NS_PER_MS));
        }
    }

    fn read_failed(&mut self, at_ns: u64, status: u8) {
        let gone = self.card.is_none();
        self.state = CardState::NoCard;
        let outcome = if gone {
            None
        } else {
            self.outcome(Some(format!("status_{status:02x}")))
        };
        let bytes = reply_frame(status, &[]);
        self.leave(
            at_ns,
            Outgoing::Bytes {
                bytes,
                outcome,
                baud: None,
            },
        );
    }

    fn refuse(&mut self, at_ns: u64, command: Command, status: u8) {
        let reads = matches!(
            command,
            Command::ReadBase | Command::ReadBaseWithFingerprint
        );
        if reads && self.state == CardState::Selected {
            return self.read_failed(at_ns, status);
        }
        self.leave(at_ns, plain(reply_frame(status, &[])));
    }

    fn outcome(&self, cause: Option<String>) -> Option<ReadOutcome> {
        let (visit, person) = self.card()?;
        Some(ReadOutcome {
            visit,
            person: person.to_owned(),
            cause,
        })
    }

    fn leave(&mut self, at_ns: u64, outgoing: Outgoing) {
        self.leaving.push_back((at_ns, outgoing));
    }
}

fn plain(bytes: Vec<u8>) -> Outgoing {
    Outgoing::Bytes {
        bytes,
        outcome: None,
        baud: None,
    }
}
