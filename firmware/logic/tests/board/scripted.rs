//! The pins exactly as embedded-hal sees them.

use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};
use firmware_logic::{Board, Identity, Pins, RelayWiring, Watchdog};
use firmware_protocol::{BoardUid, ResetCause, Settings};

struct NoDog;

impl Watchdog for NoDog {
    fn feed(&mut self) {}
}

#[test]
fn outputs_are_set_at_the_start_and_then_only_when_they_change() {
    let low = || Transaction::get(State::Low);
    let high = || Transaction::get(State::High);
    let input = |script: &[Transaction]| Mock::new(script);
    let output = |script: &[State]| {
        let script: Vec<_> = script
            .iter()
            .map(|state| Transaction::set(*state))
            .collect();
        Mock::new(&script)
    };
    let pins = Pins {
        beam_outer: input(&[low(), low(), low()]),
        beam_inner: input(&[low(), low(), low()]),
        fire: input(&[low(), high(), high()]),
        tamper: input(&[low(), low(), low()]),
        open_in: output(&[State::Low, State::High]),
        open_out: output(&[State::Low, State::High]),
        lamp_green: output(&[State::Low, State::High]),
        lamp_red: output(&[State::High, State::Low]),
        buzzer: output(&[State::Low, State::High]),
        wiring: RelayWiring::PulledOpens,
    };
    let identity = Identity {
        address: 1,
        uid: BoardUid([0; 8]),
        session: 1,
        firmware: [0, 1, 0],
        reset_cause: ResetCause::Unknown,
    };
    let mut board = Board::new(pins, NoDog, identity, Settings::default());
    board.tick(0);
    board.tick(100);
    board.tick(110);
    let (pins, NoDog) = board.release();
    let Pins {
        beam_outer,
        beam_inner,
        fire,
        tamper,
        open_in,
        open_out,
        lamp_green,
        lamp_red,
        buzzer,
        ..
    } = pins;
    let all = [
        beam_outer, beam_inner, fire, tamper, open_in, open_out, lamp_green, lamp_red, buzzer,
    ];
    for mut pin in all {
        pin.done();
    }
}
