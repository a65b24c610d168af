//! The gate board on TI's LM3S6965, the chip that `qemu-system-arm -M lm3s6965evb` models.
//!
//! Port A, outputs: 0 entry relay, 1 exit relay, 2 green, 3 red, 4 buzzer, 5 RS-485 driver enable,
//! 6 and 7 Wiegand output D0 and D1. Port B, inputs, high is active: 0 outer beam, 1 inner beam,
//! 2 cabinet, 3 fire. Port E, Wiegand inputs, idle high: 0 and 1 street side D0 and D1, 2 and 3 site
//! side. UART0: the line to the box.
//!
//! One loop does everything in turn; interrupts only queue pulses, count milliseconds and wake it.
#![no_std]
#![no_main]

mod chip;

use chip::{CLOCK_HZ, PORT_A, PORT_B, PORT_E, Pin, SerialLine};
use firmware_logic::memory::{Factory, Memory};
use firmware_logic::{Board, Pins, RelayWiring};
use gate_common::{
    ArmWatchdog, Wires, answer, hand_over_cards, identify, keep_settings, send_card, start_clock,
    uptime_ms,
};

#[cortex_m_rt::entry]
fn main() -> ! {
    let cause = chip::start();
    PORT_A.outputs(0xFF);
    PORT_B.inputs(0x0F);
    PORT_E.inputs(0x0F);
    PORT_E.interrupt_falling(0x0F);
    let mut card_wires = Wires::new(PORT_A.pin(6), PORT_A.pin(7), CLOCK_HZ);
    let mut line = SerialLine::new(115_200, PORT_A.pin(5));
    let mut memory = Memory::open(chip::Flash::new());
    let factory = Factory::read(&chip::factory_page());
    let identity = identify(factory, &mut memory, [0, 1, 0], cause);
    let kept = memory.settings();
    let watchdog = ArmWatchdog::start(chip::WATCHDOG, CLOCK_HZ);
    let mut board = Board::new(pins(), watchdog, identity, kept.unwrap_or_default());
    if kept.is_some() {
        board.settings_were_kept();
    }
    if let Some(core) = cortex_m::Peripherals::take() {
        start_clock(core.SYST, CLOCK_HZ);
    }
    chip::unmask();
    loop {
        hand_over_cards(&mut board);
        answer(&mut board, &mut line);
        keep_settings(&mut board, &mut memory);
        send_card(&mut board, &mut card_wires);
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(uptime_ms());
        line.listen();
        cortex_m::asm::wfi();
    }
}

fn pins() -> Pins<Pin, Pin> {
    Pins {
        beam_outer: PORT_B.pin(0),
        beam_inner: PORT_B.pin(1),
        tamper: PORT_B.pin(2),
        fire: PORT_B.pin(3),
        open_in: PORT_A.pin(0),
        open_out: PORT_A.pin(1),
        lamp_green: PORT_A.pin(2),
        lamp_red: PORT_A.pin(3),
        buzzer: PORT_A.pin(4),
        wiring: RelayWiring::PulledOpens,
    }
}
