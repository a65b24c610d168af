//! Wiegand wires.

use crate::clock::uptime_ms;
use core::cell::RefCell;
use critical_section::Mutex;
use embedded_hal::digital::{InputPin, OutputPin};
use firmware_logic::{Board, Pulse, Watchdog};
use firmware_protocol::Direction;
use firmware_update::Updates;
use heapless::Deque;

/// Pulses that may come before the loop takes them: 40 ms of both readers at their fastest.
const PULSES_MAX: usize = 80;
/// Length of a pulse on the output, in µs.
const PULSE_US: u32 = 50;

static PULSES: Mutex<RefCell<Deque<Pulse, PULSES_MAX>>> = Mutex::new(RefCell::new(Deque::new()));

/// Takes falling edges, each a bit: D0 and D1 of the street side, D0 and D1 of the site side, lowest
/// first. For the interrupt of these wires.
pub fn on_card_edges(wires: u32) {
    let at_ms = uptime_ms();
    critical_section::with(|cs| {
        let mut pulses = PULSES.borrow_ref_mut(cs);
        for wire in 0..4_u8 {
            if wires & 1 << wire != 0 {
                let reader = if wire < 2 {
                    Direction::In
                } else {
                    Direction::Out
                };
                let one = wire % 2 == 1;
                // Without room the bit is lost, and the telegram's length or parity tells it.
                pulses.push_back(Pulse { reader, one, at_ms }).ok();
            }
        }
    });
}

/// Gives the board what its readers have sent.
pub fn hand_over_cards<I: InputPin, O: OutputPin, W: Watchdog, U: Updates>(
    board: &mut Board<I, O, W, U>,
) {
    while let Some(pulse) = critical_section::with(|cs| PULSES.borrow_ref_mut(cs).pop_front()) {
        board.pulse(pulse);
    }
}

/// The Wiegand output: its wires for zeros and for ones, idle high.
#[derive(Debug)]
pub struct Wires<O> {
    zeros: O,
    ones: O,
    core_mhz: u32,
}

impl<O: OutputPin> Wires<O> {
    /// Idles both wires.
    pub fn new(zeros: O, ones: O, core_hz: u32) -> Self {
        let mut wires = Self {
            zeros,
            ones,
            core_mhz: core_hz / 1_000_000,
        };
        // A wire that cannot be driven sends nothing.
        wires.zeros.set_high().ok();
        wires.ones.set_high().ok();
        wires
    }
}

/// Sends the bit that is due, if one is.
pub fn send_card<I: InputPin, O: OutputPin, W: Watchdog, U: Updates>(
    board: &mut Board<I, O, W, U>,
    wires: &mut Wires<O>,
) {
    if let Some(one) = board.take_bit() {
        let wire = if one {
            &mut wires.ones
        } else {
            &mut wires.zeros
        };
        wire.set_low().ok();
        cortex_m::asm::delay(wires.core_mhz * PULSE_US);
        wire.set_high().ok();
    }
}
