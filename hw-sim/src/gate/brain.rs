//! A lane's board: the firmware's logic in this process, or its image on a chip in QEMU.

use super::board::SimBoard;
use super::chip_board::ChipBoard;
use super::world::{Levels, Relays};
use crate::direction::Direction;
use crate::error::SimError;

/// Either.
#[derive(Debug)]
pub(super) enum Brain {
    /// The logic, compiled for this machine.
    Native(Box<SimBoard>),
    /// The image that would be flashed.
    Chip(Box<ChipBoard>),
}

impl Brain {
    /// Runs the program once, or tells the chip what the beams do.
    pub(super) fn tick(&mut self, now_ms: u64, beams: Levels) {
        match self {
            Self::Native(board) => board.tick(now_ms, beams),
            Self::Chip(board) => board.tick(beams),
        }
    }

    /// Bytes from the box in, an answer (or what the chip has said meanwhile) out.
    pub(super) fn exchange(&mut self, received: &[u8]) -> Vec<u8> {
        match self {
            Self::Native(_) if received.is_empty() => Vec::new(),
            Self::Native(board) => board.exchange(received),
            Self::Chip(board) => board.exchange(received),
        }
    }

    /// Waits for something that the board does by itself. Cancel-safe.
    pub(super) async fn stirs(&mut self) {
        match self {
            // It moves with the lane's own clock.
            Self::Native(_) => std::future::pending().await,
            Self::Chip(board) => board.stirs().await,
        }
    }

    /// Everything in memory is gone, contacts are as they were.
    pub(super) fn reset(&mut self, now_ms: u64) -> Result<(), SimError> {
        match self {
            Self::Native(board) => {
                board.reset(now_ms);
                Ok(())
            }
            Self::Chip(board) => board.power_cycle(),
        }
    }

    /// What the relays do.
    pub(super) fn relays(&self) -> Relays {
        match self {
            Self::Native(board) => board.relays(),
            Self::Chip(board) => board.relays(),
        }
    }

    /// The fire contact.
    pub(super) fn set_fire(&mut self, on: bool) {
        match self {
            Self::Native(board) => board.set_fire(on),
            Self::Chip(board) => board.set_fire(on),
        }
    }

    /// The cabinet contact.
    pub(super) fn set_tamper(&mut self, on: bool) {
        match self {
            Self::Native(board) => board.set_tamper(on),
            Self::Chip(board) => board.set_tamper(on),
        }
    }

    /// A telegram on the wires of a Wiegand reader.
    pub(super) fn telegram(&mut self, now_ms: u64, reader: Direction, bits: &[bool]) {
        match self {
            Self::Native(board) => board.telegram(now_ms, reader, bits),
            Self::Chip(board) => board.telegram(reader, bits),
        }
    }

    /// Fire and cabinet contacts.
    pub(super) fn contacts(&self) -> (bool, bool) {
        match self {
            Self::Native(board) => board.contacts(),
            Self::Chip(board) => board.contacts(),
        }
    }
}
