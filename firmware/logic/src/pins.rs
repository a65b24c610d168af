//! The gate's pins over embedded-hal.

use crate::levels::{Levels, Outputs};
use embedded_hal::digital::{InputPin, OutputPin};

/// How the open relays are wired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RelayWiring {
    /// A pulled relay opens.
    #[default]
    PulledOpens,
    /// A released relay opens, so that a gate without power is free.
    ReleasedOpens,
}

/// Pins of one gate. Inputs are high for a broken beam or a closed contact; outputs are high for
/// on. The board file inverts where the hardware is the other way round.
#[derive(Debug)]
pub struct Pins<I, O> {
    /// Beam on the street side.
    pub beam_outer: I,
    /// Beam on the site side.
    pub beam_inner: I,
    /// Fire contact. It is also wired in series with the relay coils; this is the second line.
    pub fire: I,
    /// Cabinet contact.
    pub tamper: I,
    /// Relay of the entry.
    pub open_in: O,
    /// Relay of the exit.
    pub open_out: O,
    /// Green lamp.
    pub lamp_green: O,
    /// Red lamp.
    pub lamp_red: O,
    /// Buzzer.
    pub buzzer: O,
    /// Wiring of both relays.
    pub wiring: RelayWiring,
}

impl<I: InputPin, O: OutputPin> Pins<I, O> {
    /// Reads all inputs. A pin that cannot be read counts as active; the flag says that there was
    /// one.
    pub(crate) fn read(&mut self) -> (Levels, bool) {
        let mut fault = false;
        let mut level = |pin: &mut I| {
            pin.is_high().unwrap_or_else(|_| {
                fault = true;
                true
            })
        };
        let levels = Levels {
            beam_outer: level(&mut self.beam_outer),
            beam_inner: level(&mut self.beam_inner),
            fire: level(&mut self.fire),
            tamper: level(&mut self.tamper),
        };
        (levels, fault)
    }

    /// Drives the outputs that differ from `before`, relays first. False if a pin failed.
    pub(crate) fn write(&mut self, outputs: Outputs, before: Option<Outputs>) -> bool {
        let inverted = self.wiring == RelayWiring::ReleasedOpens;
        let mut driven = true;
        let mut set = |pin: &mut O, of: fn(&Outputs) -> bool, inverted: bool| {
            let level = of(&outputs);
            if before.as_ref().map(of) != Some(level) {
                driven &= pin.set_state((level != inverted).into()).is_ok();
            }
        };
        set(&mut self.open_in, |all| all.open_in, inverted);
        set(&mut self.open_out, |all| all.open_out, inverted);
        set(&mut self.lamp_green, |all| all.lamp_green, false);
        set(&mut self.lamp_red, |all| all.lamp_red, false);
        set(&mut self.buzzer, |all| all.buzzer, false);
        driven
    }
}
