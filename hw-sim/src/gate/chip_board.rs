//! The firmware's real image as a lane's board: the same outside as the native one, with QEMU inside.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use super::board::uid_of;
use super::world::{Levels, Relays};
use crate::direction::Direction;
use crate::error::SimError;
use crate::mcu::{Chip, ChipLine, Contact, Machine, Output};

/// A board on a chip in QEMU.
#[derive(Debug)]
pub(super) struct ChipBoard {
    chip: Chip,
    power: Power,
    /// Bytes that the chip has said and the line has not carried yet.
    said: Vec<u8>,
    wanted: [(Contact, bool); 4],
    /// Levels as the chip was given them.
    given: [Option<bool>; 4],
}

/// What goes with the power.
#[derive(Debug)]
struct Power {
    machine: Machine,
    line: ChipLine,
    outputs: watch::Receiver<u8>,
    gone: bool,
}

impl Power {
    fn on(chip: &Chip) -> Result<Self, SimError> {
        let mut machine = Machine::start(chip)?;
        let outputs = machine.outputs();
        let line = machine.take_line().ok_or_else(|| SimError::Stopped {
            device: "the chip's line".to_owned(),
        })?;
        Ok(Self {
            machine,
            line,
            outputs,
            gone: false,
        })
    }
}

impl ChipBoard {
    /// A board that just got power, for the first time of so many.
    pub(super) fn start(image: &Arc<Path>, ordinal: u32, power_ons: u32) -> Result<Self, SimError> {
        let chip = Chip {
            image: Arc::clone(image),
            uid: uid_of(ordinal),
            address: 1,
            power_ons,
            settings: None,
            hurries: false,
        };
        Ok(Self {
            power: Power::on(&chip)?,
            chip,
            said: Vec::new(),
            wanted: [
                (Contact::BeamOuter, false),
                (Contact::BeamInner, false),
                (Contact::Fire, false),
                (Contact::Tamper, false),
            ],
            given: [None; 4],
        })
    }

    /// Takes the power away and gives it again: everything in memory is gone, contacts are as they were.
    pub(super) fn power_cycle(&mut self) -> Result<(), SimError> {
        self.chip.power_ons = self.chip.power_ons.wrapping_add(1);
        self.power = Power::on(&self.chip)?;
        self.said.clear();
        self.given = [None; 4];
        self.give();
        Ok(())
    }

    /// Tells the chip what the beams do.
    pub(super) fn tick(&mut self, beams: Levels) {
        self.want(Contact::BeamOuter, beams.outer);
        self.want(Contact::BeamInner, beams.inner);
        self.give();
    }

    /// Bytes from the box in, what the chip has said meanwhile out.
    pub(super) fn exchange(&mut self, received: &[u8]) -> Vec<u8> {
        if !received.is_empty() {
            self.power.line.try_send(received.to_vec());
        }
        std::mem::take(&mut self.said)
    }

    /// Waits until the chip says something or moves an output. Cancel-safe.
    pub(super) async fn stirs(&mut self) {
        if self.power.gone {
            return std::future::pending().await;
        }
        tokio::select! {
            bytes = self.power.line.receive() => match bytes {
                Some(bytes) => self.said.extend(bytes),
                None => self.power.gone = true,
            },
            changed = self.power.outputs.changed() => self.power.gone |= changed.is_err(),
        }
    }

    /// What the relays do.
    pub(super) fn relays(&self) -> Relays {
        let outputs = *self.power.outputs.borrow();
        Relays {
            open_in: Output::OpenIn.is_on(outputs),
            open_out: Output::OpenOut.is_on(outputs),
        }
    }

    /// The fire contact.
    pub(super) fn set_fire(&mut self, on: bool) {
        self.want(Contact::Fire, on);
        self.give();
    }

    /// The cabinet contact.
    pub(super) fn set_tamper(&mut self, on: bool) {
        self.want(Contact::Tamper, on);
        self.give();
    }

    /// A telegram on the wires of a Wiegand reader; lost if the chip has too much to do.
    pub(super) fn telegram(&self, reader: Direction, bits: &[bool]) {
        let reader = match reader {
            Direction::In => 0,
            Direction::Out => 1,
        };
        self.power.machine.try_telegram(reader, bits);
    }

    /// Fire and cabinet contacts.
    pub(super) fn contacts(&self) -> (bool, bool) {
        let [_, _, (_, fire), (_, tamper)] = self.wanted;
        (fire, tamper)
    }

    fn want(&mut self, contact: Contact, active: bool) {
        for (named, level) in &mut self.wanted {
            if *named == contact {
                *level = active;
            }
        }
    }

    /// Hands over what changed; what finds no room goes with the next tick.
    fn give(&mut self) {
        for ((contact, active), given) in self.wanted.iter().zip(&mut self.given) {
            if *given != Some(*active) && self.power.machine.try_set(*contact, *active) {
                *given = Some(*active);
            }
        }
    }
}
