//! Gate, pins and line together.
//!
//! The main loop gives received bytes to [`Board::receive`], sends what [`Board::transmit`] gives
//! out, and ends with [`Board::tick`], which alone feeds the watchdog: a loop that hangs anywhere
//! is reset.

use crate::gate::Gate;
use crate::levels::Outputs;
use crate::pins::Pins;
use crate::readers::Readers;
use crate::wiegand::{Encoder, Pulse};
use embedded_hal::digital::{InputPin, OutputPin};
use firmware_protocol::{
    BoardUid, Direction, EventKind, FRAME_BYTES_MAX, Fault, Frame, Hello, MAJOR, MINOR,
    MINOR_OF_CARDS, Receiver, Reply, Request, ResetCause, Settings, SettingsOrigin, Statistics,
    encode_frame,
};
use firmware_update::{NoUpdates, Updates};

/// The chip's watchdog (embedded-hal 1.0 has no trait for it).
pub trait Watchdog {
    /// Starts its time anew.
    fn feed(&mut self);
}

/// Who this board is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Address on the line. A box that is wired to one board uses 1.
    pub address: u8,
    /// Factory number.
    pub uid: BoardUid,
    /// Boot session: another number after every restart.
    pub session: u32,
    /// Firmware version: major, minor, patch.
    pub firmware: [u8; 3],
    /// Why the board started.
    pub reset_cause: ResetCause,
}

/// The last request, so that a repeated one is answered and not carried out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastRequest {
    number: u8,
    checksum: u32,
}

/// What the board made of a request.
enum Outcome {
    /// Of a box that speaks our version in our session.
    Answered(Reply),
    /// Refused before it was looked at.
    Refused(Fault),
}

/// Polls in a row, none with a failed pin, after which a new image has proved itself: the board runs,
/// reads and drives its pins, and hears its box.
const PROOF_POLLS: u8 = 20;

/// How long a new image may take for that, in ms; then the board restarts, and the old one is back.
const TRIAL_MS: u32 = 60_000;

/// One board.
#[derive(Debug)]
pub struct Board<I, O, W, U = NoUpdates> {
    identity: Identity,
    pins: Pins<I, O>,
    watchdog: W,
    gate: Gate,
    driven: Option<Outputs>,
    pin_fault: bool,
    now_ms: u32,
    readers: Readers,
    sender: Encoder,
    unkept: Option<Settings>,
    updates: U,
    sound_polls: u8,
    counted: Statistics,
    receiver: Receiver<Request>,
    /// The box's minor, once it has said Hello.
    greeted: Option<u8>,
    last_request: Option<LastRequest>,
    last_heard: bool,
    answer: [u8; FRAME_BYTES_MAX],
    answer_bytes: usize,
    sent_bytes: usize,
}

impl<I: InputPin, O: OutputPin, W: Watchdog> Board<I, O, W> {
    /// A board without a boot loader that just started. It drives its outputs at once: closed.
    pub fn new(pins: Pins<I, O>, watchdog: W, identity: Identity, settings: Settings) -> Self {
        Self::with_updates(pins, watchdog, identity, settings, NoUpdates)
    }
}

impl<I: InputPin, O: OutputPin, W: Watchdog, U: Updates> Board<I, O, W, U> {
    /// A board that just started. It drives its outputs at once: closed.
    pub fn with_updates(
        pins: Pins<I, O>,
        watchdog: W,
        identity: Identity,
        settings: Settings,
        updates: U,
    ) -> Self {
        let mut board = Self {
            identity,
            pins,
            watchdog,
            gate: Gate::new(settings),
            driven: None,
            pin_fault: false,
            now_ms: 0,
            readers: Readers::default(),
            sender: Encoder::default(),
            unkept: None,
            updates,
            sound_polls: 0,
            counted: Statistics::default(),
            receiver: Receiver::new(),
            greeted: None,
            last_request: None,
            last_heard: false,
            answer: [0; FRAME_BYTES_MAX],
            answer_bytes: 0,
            sent_bytes: 0,
        };
        board.drive();
        board
    }

    /// Says that the settings given to [`Board::new`] were read from the board's memory.
    pub fn settings_were_kept(&mut self) {
        self.counted.settings = SettingsOrigin::Kept;
    }

    /// Takes a pulse of a Wiegand reader.
    pub fn pulse(&mut self, pulse: Pulse) {
        if let Some(kind) = self.readers.pulse(pulse) {
            self.tell_card(kind);
        }
    }

    /// The bit that the Wiegand output shall send now: a pulse on one of its two wires.
    pub fn take_bit(&mut self) -> Option<bool> {
        self.sender.due(self.now_ms)
    }

    /// Settings that the box has given and the memory does not hold yet. The main loop writes them
    /// and tells [`Board::kept`].
    pub fn take_unkept(&mut self) -> Option<Settings> {
        self.unkept.take()
    }

    /// Whether the memory holds the settings now.
    pub fn kept(&mut self, kept: bool) {
        self.counted.settings = if kept {
            SettingsOrigin::Kept
        } else {
            SettingsOrigin::NotKept
        };
    }

    /// Whether the main loop shall reset the chip: an image waits for the boot loader and the box has
    /// its answer, or the image on trial has not proved itself in time.
    pub fn wants_restart(&self) -> bool {
        let overdue = self.updates.is_trial() && self.now_ms >= TRIAL_MS;
        overdue || self.updates.is_staged() && self.sent_bytes >= self.answer_bytes
    }

    fn tell_card(&mut self, kind: EventKind) {
        if self.greeted.is_some_and(|minor| minor >= MINOR_OF_CARDS) {
            self.gate.card(kind);
        }
    }

    /// Reads the pins, applies the rules, drives the pins, and at the very end feeds the watchdog.
    /// `now_ms` is the board's uptime in ms and may wrap.
    pub fn tick(&mut self, now_ms: u32) {
        self.now_ms = now_ms;
        for reader in [Direction::In, Direction::Out] {
            if let Some(kind) = self.readers.step(reader, now_ms) {
                self.tell_card(kind);
            }
        }
        let (levels, fault) = self.pins.read();
        self.pin_fault |= fault;
        self.gate.tick(now_ms, levels);
        self.drive();
        if self.sound_polls >= PROOF_POLLS && self.updates.is_trial() {
            self.updates.confirm();
        }
        self.watchdog.feed();
    }

    /// Takes bytes from the line, however they were split. An open command moves the relay before
    /// this returns.
    pub fn receive(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match self.receiver.push(*byte) {
                None => {}
                Some(Err(_)) => count(&mut self.counted.bad_frames),
                Some(Ok(frame)) if frame.address == self.identity.address => {
                    self.counted.frames = self.counted.frames.saturating_add(1);
                    self.obey(frame);
                }
                Some(Ok(_)) => {
                    self.counted.foreign_frames = self.counted.foreign_frames.saturating_add(1);
                }
            }
        }
    }

    /// Gives out bytes for the line; 0 when there is nothing (more) to say.
    pub fn transmit(&mut self, out: &mut [u8]) -> usize {
        let unsent = self
            .answer
            .get(self.sent_bytes..self.answer_bytes)
            .unwrap_or_default();
        let bytes = unsent.len().min(out.len());
        for (place, byte) in out.iter_mut().zip(unsent) {
            *place = *byte;
        }
        self.sent_bytes += bytes;
        bytes
    }

    /// The pins, for a simulator that holds their other end.
    pub fn pins_mut(&mut self) -> &mut Pins<I, O> {
        &mut self.pins
    }

    /// Ends the board and gives its parts back.
    pub fn release(self) -> (Pins<I, O>, W) {
        (self.pins, self.watchdog)
    }

    fn drive(&mut self) {
        let outputs = self.gate.outputs();
        if self.driven == Some(outputs) {
            return;
        }
        let driven = self.pins.write(outputs, self.driven);
        self.pin_fault |= !driven;
        // After a failure all pins are driven again at the next tick.
        self.driven = driven.then_some(outputs);
    }

    fn obey(&mut self, frame: Frame<Request>) {
        let this = LastRequest {
            number: frame.number,
            checksum: frame.checksum,
        };
        let greeting = matches!(frame.message, Some(Request::Hello { .. }));
        if greeting || self.last_request != Some(this) {
            self.last_request = Some(this);
            self.answer(frame);
        } else {
            count(&mut self.counted.repeated_frames);
            if self.last_heard {
                // The box did not hear the answer, but the board heard the box.
                self.gate.heard();
            }
        }
        self.sent_bytes = 0;
    }

    fn answer(&mut self, frame: Frame<Request>) {
        let outcome = match frame.message {
            Some(Request::Hello { major, minor }) => self.greet(major, minor),
            Some(request) if self.greeted.is_some() => self.handle(&request),
            Some(_) => Outcome::Refused(Fault::Session),
            None => Outcome::Refused(Fault::Message),
        };
        self.drive();
        self.last_heard = matches!(outcome, Outcome::Answered(_));
        let reply = match outcome {
            Outcome::Answered(reply) => reply,
            Outcome::Refused(fault) => Reply::Error(fault),
        };
        let encoded = encode_frame(
            self.identity.address,
            frame.number,
            &reply,
            &mut self.answer,
        );
        // No reply of this crate exceeds a frame; if one did, silence would tell the box.
        self.answer_bytes = encoded.unwrap_or(0);
    }

    /// A Hello alone does not keep the link alive: the box may find that it wants another board.
    fn greet(&mut self, major: u8, minor: u8) -> Outcome {
        if major != MAJOR {
            return Outcome::Refused(Fault::Version);
        }
        self.greeted = Some(minor);
        if minor < MINOR_OF_CARDS {
            self.gate.forget_cards();
        }
        let Identity {
            uid,
            session,
            firmware,
            reset_cause,
            ..
        } = self.identity;
        let hello = Hello {
            major: MAJOR,
            minor: MINOR,
            firmware,
            uid,
            session,
            reset_cause,
        };
        Outcome::Answered(Reply::Hello(hello))
    }

    fn handle(&mut self, request: &Request) -> Outcome {
        if matches!(request, Request::Poll { session, .. } if *session != self.identity.session) {
            return Outcome::Refused(Fault::Session);
        }
        self.gate.heard();
        Outcome::Answered(match *request {
            // Greeted before; see `answer`.
            Request::Hello { .. } => Reply::Error(Fault::Session),
            Request::Poll { ack, .. } => {
                self.gate.acknowledge(ack);
                let fault = core::mem::take(&mut self.pin_fault);
                self.sound_polls = if fault {
                    0
                } else {
                    self.sound_polls.saturating_add(1)
                };
                Reply::Status(self.gate.status(fault, self.counted.bad_frames))
            }
            Request::Open { direction, token } => Reply::Open {
                token,
                result: self.gate.open(direction, token),
            },
            Request::Configure(settings) if self.gate.configure(settings) => {
                self.unkept = Some(settings);
                Reply::Done
            }
            Request::SetMode(mode) => {
                self.gate.set_mode(mode);
                Reply::Done
            }
            Request::Signal(signal) => {
                self.gate.signal(signal);
                Reply::Done
            }
            Request::UpdateBegin { image_bytes, name } => self.updates.begin(image_bytes, name),
            Request::UpdateChunk { offset, ref data } => self.updates.chunk(offset, data),
            Request::UpdateCommit if self.gate.is_busy() => Reply::Error(Fault::Busy),
            Request::UpdateCommit => self.updates.commit(),
            Request::AskUpdate => self.updates.status(),
            Request::AskStatistics => Reply::Statistics(Statistics {
                bad_telegrams: self.readers.bad_telegrams(),
                dropped_cards: self.gate.dropped_cards(),
                ..self.counted
            }),
            Request::SendCard { .. } if self.sender.is_busy() => Reply::Error(Fault::Busy),
            Request::SendCard { bits, number } if self.sender.begin(self.now_ms, bits, number) => {
                Reply::Done
            }
            Request::Configure(_) | Request::SendCard { .. } => Reply::Error(Fault::Settings),
        })
    }
}

fn count(counter: &mut u16) {
    *counter = counter.saturating_add(1);
}
