//! The gate board on Arm's MPS2 (AN385), which has a boot loader and takes updates. It exists for
//! tests in QEMU: two lamps stand for the relays, nobody walks through its gate.
#![no_std]
#![no_main]

use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SCB, syst::SystClkSource};
use embedded_storage::nor_flash::ReadNorFlash;
use firmware_logic::memory::{Factory, Memory};
use firmware_logic::{Board, Identity, Pins, RelayWiring};
use firmware_protocol::ResetCause;
use firmware_update::{BoardKind, Running, Updater, Updates, Window, header};
use mps2an385::{
    ACTIVE, CLOCK_HZ, FACTORY, Flash, JOURNAL, KIND, Line, MEMORY, Part, Pin, STAGED, Watchdog,
};

/// From the last feeding to the reset, in ms.
const WATCHDOG_MS: u32 = 800;

static UPTIME_MS: AtomicU32 = AtomicU32::new(0);

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut line = Line::new(115_200);
    let flash = RefCell::new(Flash::new());
    let part = |(from, bytes): Part| Window::new(&flash, from, bytes);
    let mut factory = [0; 20];
    part(FACTORY).read(0, &mut factory).ok();
    let factory = Factory::read(&factory);
    let mut memory = Memory::open(part(MEMORY));
    let running = Running {
        kind: BoardKind::named(KIND),
        version: header(&mut part(ACTIVE)).map_or([0; 3], |it| it.version),
        room: ACTIVE.1,
    };
    let warm = mps2an385::warm_starts();
    let identity = Identity {
        address: factory.address,
        uid: factory.uid,
        session: memory.begin_session(warm),
        firmware: running.version,
        reset_cause: if warm.is_power_on() {
            ResetCause::PowerOn
        } else {
            ResetCause::Unknown
        },
    };
    let kept = memory.settings();
    let updates = Updater::new(part(STAGED), part(JOURNAL), running);
    let watchdog = Watchdog::start(WATCHDOG_MS);
    let mut board = Board::with_updates(
        pins(),
        watchdog,
        identity,
        kept.unwrap_or_default(),
        updates,
    );
    if kept.is_some() {
        board.settings_were_kept();
    }
    start_clock();
    mps2an385::unmask();
    loop {
        while let Some(byte) = line.receive() {
            board.receive(&[byte]);
        }
        speak(&mut board, &mut line);
        if let Some(settings) = board.take_unkept() {
            board.kept(memory.keep_settings(settings));
        }
        // No wires are there for a card number.
        board.take_bit();
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(UPTIME_MS.load(Ordering::Relaxed));
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

/// Hands over as much of an answer as the line takes.
fn speak<U: Updates>(board: &mut Board<Pin, Pin, Watchdog, U>, line: &mut Line) {
    let mut byte = [0];
    while line.has_room() {
        if board.transmit(&mut byte) == 0 {
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

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    SCB::sys_reset()
}
