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

mod hal;

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SCB, syst::SystClkSource};
use critical_section::Mutex;
use embedded_hal::digital::OutputPin;
use firmware_logic::memory::{Factory, Memory};
use firmware_logic::{Board, Identity, Pins, Pulse, RelayWiring};
use firmware_protocol::{Direction, ResetCause};
use hal::{CLOCK_HZ, Line, PORT_A, PORT_B, PORT_E, Pin, Watchdog};
use heapless::Deque;

/// From the last feeding to the reset, in ms.
const WATCHDOG_MS: u32 = 800;
/// Pulses that may come before the loop takes them: 40 ms of both readers at their fastest.
const PULSES_MAX: usize = 80;
/// Length of a pulse on the Wiegand output, in µs.
const PULSE_US: u32 = 50;

static UPTIME_MS: AtomicU32 = AtomicU32::new(0);
static PULSES: Mutex<RefCell<Deque<Pulse, PULSES_MAX>>> = Mutex::new(RefCell::new(Deque::new()));

#[cortex_m_rt::entry]
fn main() -> ! {
    let cause = hal::start();
    PORT_A.outputs(0xFF);
    PORT_B.inputs(0x0F);
    PORT_E.inputs(0x0F);
    PORT_E.interrupt_falling(0x0F);
    let mut card_wires = [PORT_A.pin(6), PORT_A.pin(7)];
    for wire in &mut card_wires {
        let Ok(()) = wire.set_high();
    }
    let mut line = Line::new(115_200, PORT_A.pin(5));
    let mut memory = Memory::open(hal::Flash::new());
    let warm = hal::warm_starts();
    let factory = Factory::read(&hal::factory_page());
    let identity = Identity {
        address: factory.address,
        uid: factory.uid,
        session: memory.begin_session(warm),
        firmware: [0, 1, 0],
        reset_cause: if cause == ResetCause::Unknown && warm.is_power_on() {
            ResetCause::PowerOn
        } else {
            cause
        },
    };
    let kept = memory.settings();
    let watchdog = Watchdog::start(WATCHDOG_MS);
    let mut board = Board::new(pins(), watchdog, identity, kept.unwrap_or_default());
    if kept.is_some() {
        board.settings_were_kept();
    }
    start_clock();
    hal::unmask();
    loop {
        while let Some(pulse) = critical_section::with(|cs| PULSES.borrow_ref_mut(cs).pop_front()) {
            board.pulse(pulse);
        }
        while let Some(byte) = line.receive() {
            board.receive(&[byte]);
        }
        speak(&mut board, &mut line);
        if let Some(settings) = board.take_unkept() {
            board.kept(memory.keep_settings(settings));
        }
        if let Some(one) = board.take_bit() {
            let [zero_wire, one_wire] = &mut card_wires;
            let wire = if one { one_wire } else { zero_wire };
            let Ok(()) = wire.set_low();
            cortex_m::asm::delay(CLOCK_HZ / 1_000_000 * PULSE_US);
            let Ok(()) = wire.set_high();
        }
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(UPTIME_MS.load(Ordering::Relaxed));
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

/// Hands over as much of an answer as the FIFO takes; the loop comes again within a millisecond,
/// which is before it has run empty.
fn speak(board: &mut Board<Pin, Pin, Watchdog>, line: &mut Line) {
    let mut byte = [0];
    while line.has_room() {
        if board.transmit(&mut byte) == 0 {
            line.finish();
            return;
        }
        line.send(byte[0]);
    }
}

fn start_clock() {
    if let Some(mut core) = cortex_m::Peripherals::take() {
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(CLOCK_HZ / 1000 - 1);
        core.SYST.clear_current();
        core.SYST.enable_counter();
        core.SYST.enable_interrupt();
    }
}

#[cortex_m_rt::exception]
fn SysTick() {
    UPTIME_MS.store(
        UPTIME_MS.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

/// A falling edge on a Wiegand wire is a bit.
fn on_card_edges(wires: u32) {
    let at_ms = UPTIME_MS.load(Ordering::Relaxed);
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

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    SCB::sys_reset()
}
