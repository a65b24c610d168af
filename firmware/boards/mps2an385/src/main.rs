//! The gate board on Arm's MPS2 (AN385), which has a boot loader and takes updates. It exists for
//! tests in QEMU: two lamps stand for the relays, nobody walks through its gate.
#![no_std]
#![no_main]

use core::cell::RefCell;
use cortex_m::peripheral::SCB;
use firmware_logic::memory::Memory;
use firmware_logic::{Board, Pins, RelayWiring};
use firmware_protocol::ResetCause;
use gate_common::{ArmWatchdog, answer, identify, keep_settings, slots, start_clock, uptime_ms};
use gate_layout::MPS2AN385;
use mps2an385::{CLOCK_HZ, Flash, KIND, Pin, SerialLine, WATCHDOG};

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = SerialLine::new(115_200);
    let flash = RefCell::new(Flash::new());
    let slots = slots(&flash, &MPS2AN385, KIND);
    let mut memory = Memory::open(slots.memory);
    let identity = identify(
        slots.factory,
        &mut memory,
        slots.version,
        ResetCause::Unknown,
    );
    let kept = memory.settings();
    let watchdog = ArmWatchdog::start(WATCHDOG, CLOCK_HZ);
    let settings = kept.unwrap_or_default();
    let mut board = Board::with_updates(pins(), watchdog, identity, settings, slots.updates);
    if kept.is_some() {
        board.settings_were_kept();
    }
    if let Some(core) = cortex_m::Peripherals::take() {
        start_clock(core.SYST, CLOCK_HZ);
    }
    mps2an385::unmask();
    loop {
        answer(&mut board, &mut line);
        keep_settings(&mut board, &mut memory);
        // No wires are there for a card number.
        board.take_bit();
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(uptime_ms());
        if board.wants_restart() {
            SCB::sys_reset();
        }
        cortex_m::asm::wfi();
    }
}

fn pins() -> Pins<Pin, Pin> {
    Pins {
        beam_outer: Pin::button(0),
        beam_inner: Pin::button(1),
        tamper: Pin::button(2),
        fire: Pin::button(3),
        open_in: Pin::lamp(0),
        open_out: Pin::lamp(1),
        lamp_green: Pin::unseen(0),
        lamp_red: Pin::unseen(1),
        buzzer: Pin::unseen(2),
        wiring: RelayWiring::PulledOpens,
    }
}
