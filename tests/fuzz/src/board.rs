//! The gate board's program in front of a box that says anything, with pulses and beams besides.

use core::convert::Infallible;
use std::cell::Cell;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use firmware_logic::{Board, Identity, Pins, Pulse, RelayWiring, Watchdog};
use firmware_protocol::{BoardUid, Direction, FRAME_BYTES_MAX, ResetCause, Settings};

use crate::cursor::Cursor;
use crate::gates::framed;

const ADDRESS: u8 = 1;
/// The board tells its answer in so many pieces at most.
const PIECES_MAX: usize = FRAME_BYTES_MAX;

/// A pin whose other end is held here.
#[derive(Clone, Default)]
struct Pin(Rc<Cell<bool>>);

impl ErrorType for Pin {
    type Error = Infallible;
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.get())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.get())
    }
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set(true);
        Ok(())
    }
}

struct Dog;

impl Watchdog for Dog {
    fn feed(&mut self) {}
}

pub(crate) struct Rig {
    board: Board<Pin, Pin, Dog>,
    beams: [Pin; 2],
    fire: Pin,
    relays: [Pin; 2],
    now_ms: u32,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let [outer, inner, fire, open_in, open_out] = [(); 5].map(|()| Pin::default());
        let pins = Pins {
            beam_outer: outer.clone(),
            beam_inner: inner.clone(),
            fire: fire.clone(),
            tamper: Pin::default(),
            open_in: open_in.clone(),
            open_out: open_out.clone(),
            lamp_green: Pin::default(),
            lamp_red: Pin::default(),
            buzzer: Pin::default(),
            wiring: RelayWiring::PulledOpens,
        };
        let identity = Identity {
            address: ADDRESS,
            uid: BoardUid([1; 8]),
            session: 9,
            firmware: [1, 0, 0],
            reset_cause: ResetCause::PowerOn,
        };
        Self {
            board: Board::new(pins, Dog, identity, Settings::default()),
            beams: [outer, inner],
            fire,
            relays: [open_in, open_out],
            now_ms: 0,
        }
    }

    /// What the board says to this, with the beams and the fire contact as `levels` says, some time
    /// after the last.
    pub(crate) fn reply(&mut self, request: &[u8], levels: u8) -> Vec<u8> {
        self.set(levels);
        self.now_ms = self.now_ms.wrapping_add(FIRE_TICK_MS);
        self.board.tick(self.now_ms);
        self.board.receive(request);
        self.said()
    }

    fn set(&mut self, levels: u8) {
        for (at, pin) in self.beams.iter().enumerate() {
            pin.0.set(levels >> at & 1 == 1);
        }
        self.fire.0.set(levels & 0x0C == 0x0C);
    }

    /// Takes the answer off the board.
    fn said(&mut self) -> Vec<u8> {
        let (mut said, mut out) = (Vec::new(), [0; 16]);
        for _ in 0..PIECES_MAX {
            let used = self.board.transmit(&mut out);
            if used == 0 {
                return said;
            }
            said.extend(out.iter().take(used));
        }
        unreachable!("the board speaks for ever")
    }

    fn step(&mut self, input: &mut Cursor<'_>) -> bool {
        match input.byte() % 6 {
            0 => {
                let number = input.byte();
                let frame = framed(ADDRESS, number, input.piece());
                self.board.receive(&frame);
                !self.said().is_empty()
            }
            1 => {
                self.board.receive(input.piece());
                !self.said().is_empty()
            }
            2 => {
                let reader = [Direction::In, Direction::Out];
                let what = input.byte();
                for reader in reader.into_iter().skip(usize::from(what & 1)) {
                    self.board.pulse(Pulse {
                        reader,
                        one: what & 2 == 2,
                        at_ms: self.now_ms,
                    });
                }
                false
            }
            3 => {
                let levels = input.byte();
                self.set(levels);
                false
            }
            _ => {
                self.now_ms = self.now_ms.wrapping_add(u32::from(input.short()));
                self.board.tick(self.now_ms);
                self.board.take_bit();
                if self.board.take_unkept().is_some() {
                    self.board.kept(true);
                }
                false
            }
        }
    }

    /// Whatever came before: fire, held for as long as any debouncing may take, frees both ways.
    fn fire_frees(&mut self) {
        self.fire.0.set(true);
        for _ in 0..FIRE_TICKS {
            self.now_ms = self.now_ms.wrapping_add(FIRE_TICK_MS);
            self.board.tick(self.now_ms);
        }
        assert!(
            self.relays.iter().all(|relay| relay.0.get()),
            "fire traps somebody"
        );
    }
}

const FIRE_TICKS: u32 = 40;
const FIRE_TICK_MS: u32 = 50;

/// Greeting, question, opening, beams, time.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seed = Vec::new();
    for (number, body) in [(1, &[0_u8, 1, 4][..]), (2, &[1, 9, 0]), (3, &[2, 0, 7])] {
        let length = u8::try_from(body.len()).unwrap_or(0);
        seed.extend([0, number, length]);
        seed.extend(body);
    }
    for levels in [1, 3, 2, 0] {
        seed.extend([3, levels, 4, 200, 0]);
    }
    vec![seed]
}

/// The board answers or is silent, never stops, and frees the gate in a fire.
pub(crate) fn run(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let mut rig = Rig::new();
    let mut understood = false;
    while !input.is_empty() {
        understood |= rig.step(&mut input);
    }
    rig.fire_frees();
    understood
}
