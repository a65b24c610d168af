//! What is wired where.

use std::fmt;

use drivers_link::{Jitter, LinkAddress};

/// Highest address of a Modbus device; 1 is the usual one.
pub const UNIT_MAX: u8 = 247;

/// How a relay is closed for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenBy {
    /// The board times the pulse by itself: function 05 to `0x0200` + relay with the length in
    /// tenths of a second. A box that dies meanwhile leaves nothing open.
    Flash,
    /// The box switches the coil on and off again. A box that dies in between leaves it on until
    /// it is back: the first thing said on a link is that all opening coils are off.
    Coil,
}

/// The board's relays and inputs, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayMap {
    /// How a relay is pulsed.
    pub open_by: OpenBy,
    /// Relay that opens the way in.
    pub open_in: u16,
    /// Relay that opens the way out; may be the same one.
    pub open_out: u16,
    /// Inputs on which the gate reports that somebody has passed: the way in, the way out. May be
    /// the same one; `None` where the gate reports nothing.
    pub passed: Option<(u16, u16)>,
    /// Input of the fire alarm.
    pub fire: Option<u16>,
    /// Whether an input at rest reads as 1 (contacts that open to report).
    pub inverted: bool,
}

/// Settings of one gate's driver.
#[derive(Clone)]
pub struct RelaySettings {
    /// Where the board is.
    pub address: LinkAddress,
    /// Its Modbus address, 1 to [`UNIT_MAX`].
    pub unit: u8,
    /// What is wired where.
    pub map: RelayMap,
    /// Length of an opening pulse, ms; a board counts tenths of a second.
    pub pulse_ms: u32,
    /// How long an opening waits for the person, ms.
    pub pass_timeout_ms: u32,
    /// Names this run of the driver: such a board counts no sessions and numbers no events, so
    /// events are numbered here. Any number that is unlikely to come again.
    pub session: u32,
    /// Randomness for the pauses between attempts to open the link.
    pub jitter: Jitter,
}

impl fmt::Debug for RelaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelaySettings")
            .field("address", &self.address)
            .field("unit", &self.unit)
            .field("map", &self.map)
            .field("pulse_ms", &self.pulse_ms)
            .field("pass_timeout_ms", &self.pass_timeout_ms)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
