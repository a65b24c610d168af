//! The chip as seen from its pins.

use std::path::Path;
use std::sync::Arc;

use firmware_protocol::{BoardUid, Settings};

use super::port::Wire;

/// A chip before it gets power.
#[derive(Debug, Clone)]
pub struct Chip {
    /// The firmware's image: an ELF file.
    pub image: Arc<Path>,
    /// Factory number.
    pub uid: BoardUid,
    /// Address on the line.
    pub address: u8,
    /// How often power came before. The chip counts that itself, but QEMU's flash keeps nothing.
    pub power_ons: u32,
    /// Settings in its memory.
    pub settings: Option<Settings>,
    /// Whether its clock leaps over the time in which its program sleeps: minutes pass in seconds.
    pub hurries: bool,
}

/// An input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// Beam on the street side.
    BeamOuter,
    /// Beam on the site side.
    BeamInner,
    /// Cabinet.
    Tamper,
    /// Fire.
    Fire,
}

impl Contact {
    pub(super) fn wire(self) -> Wire {
        Wire::Contact(match self {
            Self::BeamOuter => 0,
            Self::BeamInner => 1,
            Self::Tamper => 2,
            Self::Fire => 3,
        })
    }
}

/// An output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Entry relay.
    OpenIn,
    /// Exit relay.
    OpenOut,
    /// Green lamp.
    Green,
    /// Red lamp.
    Red,
    /// Buzzer.
    Buzzer,
    /// Driver enable of the line.
    LineEnable,
    /// Wiegand output, zeros.
    CardZero,
    /// Wiegand output, ones.
    CardOne,
}

/// An output's number.
pub type Pin = u8;

impl Output {
    /// Its pin.
    #[must_use]
    pub const fn pin(self) -> Pin {
        match self {
            Self::OpenIn => 0,
            Self::OpenOut => 1,
            Self::Green => 2,
            Self::Red => 3,
            Self::Buzzer => 4,
            Self::LineEnable => 5,
            Self::CardZero => 6,
            Self::CardOne => 7,
        }
    }

    /// Whether it is on among these.
    #[must_use]
    pub const fn is_on(self, outputs: u8) -> bool {
        outputs >> self.pin() & 1 == 1
    }
}

/// A change of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// Which.
    pub pin: Pin,
    /// Its level now.
    pub high: bool,
    /// `CLOCK_MONOTONIC` in ns.
    pub mono_ns: u64,
}
