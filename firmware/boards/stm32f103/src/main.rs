//! The gate board on ST's STM32F103C8 and its relatives (GD32F103, APM32F103). It builds; it has not
//! met silicon.
//!
//! Outputs: PB0 entry relay, PB1 exit relay, PB12 green, PB13 red, PB14 buzzer, PA8 RS-485 driver
//! enable, PB8 and PB9 Wiegand output D0 and D1. Contacts to ground: PA0 outer beam, PA1 inner beam,
//! PA4 cabinet, PA5 fire. Wiegand inputs: PB6 and PB7 street side D0 and D1, PC8 and PC9 site side on
//! chips that have them. USART1 on PA9 and PA10: the line to the box.
//!
//! One loop does everything in turn; interrupts only queue bytes and pulses, and count milliseconds.
#![no_std]
#![no_main]

mod chip;

use chip::{Contact, Flash, Watchdog};
use core::cell::RefCell;
use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SCB, SYST, syst::SystClkSource};
use critical_section::Mutex;
use firmware_logic::memory::{Factory, Memory};
use firmware_logic::{Board, Identity, Pins, Pulse, RelayWiring};
use firmware_protocol::Direction;
use heapless::Deque;
use stm32f1xx_hal::gpio::{Edge, ErasedPin, ExtiPin, Output};
use stm32f1xx_hal::pac::{self, USART1, interrupt};
use stm32f1xx_hal::prelude::*;
use stm32f1xx_hal::rcc;
use stm32f1xx_hal::serial::{self, Rx, Tx};
use stm32f1xx_hal::watchdog::IndependentWatchdog;

const CLOCK_HZ: u32 = 72_000_000;
/// From the last feeding to the reset, in ms.
const WATCHDOG_MS: u32 = 800;
/// Bytes that may come before the loop takes them: 10 ms at full speed.
const BYTES_MAX: usize = 128;
/// Pulses that may come before the loop takes them.
const PULSES_MAX: usize = 40;
/// Length of a pulse on the Wiegand output, in µs.
const PULSE_US: u32 = 50;

static UPTIME_MS: AtomicU32 = AtomicU32::new(0);
static PULSES: Mutex<RefCell<Deque<Pulse, PULSES_MAX>>> = Mutex::new(RefCell::new(Deque::new()));
static BYTES: Mutex<RefCell<Deque<u8, BYTES_MAX>>> = Mutex::new(RefCell::new(Deque::new()));
static RECEIVER: Mutex<RefCell<Option<Rx<USART1>>>> = Mutex::new(RefCell::new(None));

type Coil = ErasedPin<Output>;

/// The box's line: its transmitter and the driver enable of RS-485.
struct Line {
    sender: Tx<USART1>,
    enable: Coil,
    sending: bool,
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Both exist once, at the start; without them there is nothing to do but start again.
    let (Some(core), Some(chip)) = (cortex_m::Peripherals::take(), pac::Peripherals::take()) else {
        SCB::sys_reset()
    };
    let cause = chip::reset_cause(&chip.RCC);
    let mut flash = chip.FLASH.constrain();
    let clocks = rcc::Config::hse(8.MHz()).sysclk(72.MHz()).pclk1(36.MHz());
    let mut rcc = chip.RCC.freeze(clocks, &mut flash.acr);
    let mut afio = chip.AFIO.constrain(&mut rcc);
    let mut exti = chip.EXTI;
    let (mut a, mut b, mut c) = (
        chip.GPIOA.split(&mut rcc),
        chip.GPIOB.split(&mut rcc),
        chip.GPIOC.split(&mut rcc),
    );
    let pins = Pins {
        beam_outer: Contact(a.pa0.into_pull_up_input(&mut a.crl).erase()),
        beam_inner: Contact(a.pa1.into_pull_up_input(&mut a.crl).erase()),
        tamper: Contact(a.pa4.into_pull_up_input(&mut a.crl).erase()),
        fire: Contact(a.pa5.into_pull_up_input(&mut a.crl).erase()),
        open_in: b.pb0.into_push_pull_output(&mut b.crl).erase(),
        open_out: b.pb1.into_push_pull_output(&mut b.crl).erase(),
        lamp_green: b.pb12.into_push_pull_output(&mut b.crh).erase(),
        lamp_red: b.pb13.into_push_pull_output(&mut b.crh).erase(),
        buzzer: b.pb14.into_push_pull_output(&mut b.crh).erase(),
        wiring: RelayWiring::PulledOpens,
    };
    macro_rules! wake_at_falling {
        ($($pin:expr),*) => {$(
            let mut pin = $pin;
            pin.make_interrupt_source(&mut afio);
            pin.trigger_on_edge(&mut exti, Edge::Falling);
            pin.enable_interrupt(&mut exti);
        )*};
    }
    wake_at_falling!(
        b.pb6.into_pull_up_input(&mut b.crl),
        b.pb7.into_pull_up_input(&mut b.crl),
        c.pc8.into_pull_up_input(&mut c.crh),
        c.pc9.into_pull_up_input(&mut c.crh)
    );
    let mut card_wires: [Coil; 2] = [
        b.pb8.into_push_pull_output(&mut b.crh).erase(),
        b.pb9.into_push_pull_output(&mut b.crh).erase(),
    ];
    card_wires.iter_mut().for_each(Coil::set_high);
    let mut enable = a.pa8.into_push_pull_output(&mut a.crh).erase();
    enable.set_low();
    let wires = (a.pa9.into_alternate_push_pull(&mut a.crh), a.pa10);
    let config = serial::Config::default().baudrate(115_200.bps());
    let (sender, mut receiver) = chip.USART1.serial(wires, config, &mut rcc).split();
    receiver.listen();
    critical_section::with(|cs| RECEIVER.borrow_ref_mut(cs).replace(receiver));
    let mut line = Line {
        sender,
        enable,
        sending: false,
    };
    let flash = Flash::new(&mut flash);
    let factory = Factory::read(&flash.factory_page());
    let mut memory = Memory::open(flash);
    let identity = Identity {
        address: factory.address,
        uid: factory.uid,
        session: memory.begin_session(chip::warm_starts()),
        firmware: [0, 1, 0],
        reset_cause: cause,
    };
    let kept = memory.settings();
    let mut watchdog = IndependentWatchdog::new(chip.IWDG);
    watchdog.start(WATCHDOG_MS.millis());
    let mut board = Board::new(pins, Watchdog(watchdog), identity, kept.unwrap_or_default());
    if kept.is_some() {
        board.settings_were_kept();
    }
    start_clock(core.SYST);
    chip::unmask();
    loop {
        while let Some(pulse) = critical_section::with(|cs| PULSES.borrow_ref_mut(cs).pop_front()) {
            board.pulse(pulse);
        }
        while let Some(byte) = critical_section::with(|cs| BYTES.borrow_ref_mut(cs).pop_front()) {
            board.receive(&[byte]);
        }
        line.speak(&mut board);
        if let Some(settings) = board.take_unkept() {
            board.kept(memory.keep_settings(settings));
        }
        if let Some(one) = board.take_bit() {
            let [zero_wire, one_wire] = &mut card_wires;
            let wire = if one { one_wire } else { zero_wire };
            wire.set_low();
            cortex_m::asm::delay(CLOCK_HZ / 1_000_000 * PULSE_US);
            wire.set_high();
        }
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(UPTIME_MS.load(Ordering::Relaxed));
        if !line.sending {
            cortex_m::asm::wfi();
        }
    }
}

impl Line {
    /// Gives a byte of an answer to the transmitter when that has room; one per turn of the loop,
    /// which does not sleep meanwhile.
    fn speak(&mut self, board: &mut Board<Contact, Coil, Watchdog>) {
        if self.sending && !self.sender.is_tx_empty() {
            return;
        }
        let mut byte = [0];
        if board.transmit(&mut byte) == 0 {
            if self.sending {
                // At most one byte's time: 87 µs.
                while self.sender.flush().is_err() {}
                self.enable.set_low();
                self.sending = false;
            }
            return;
        }
        self.enable.set_high();
        self.sending = true;
        let [byte] = byte;
        // The register is empty, so the byte is taken at once.
        self.sender.write_u8(byte).ok();
    }
}

fn start_clock(mut clock: SYST) {
    clock.set_clock_source(SystClkSource::Core);
    clock.set_reload(CLOCK_HZ / 1000 - 1);
    clock.clear_current();
    clock.enable_counter();
    clock.enable_interrupt();
}

#[cortex_m_rt::exception]
fn SysTick() {
    let next = UPTIME_MS.load(Ordering::Relaxed).wrapping_add(1);
    UPTIME_MS.store(next, Ordering::Relaxed);
}

#[interrupt]
fn USART1() {
    critical_section::with(|cs| {
        if let Some(receiver) = RECEIVER.borrow_ref_mut(cs).as_mut()
            && let Ok(byte) = receiver.read()
        {
            // Without room the byte is lost, and the frame's checksum tells it.
            BYTES.borrow_ref_mut(cs).push_back(byte).ok();
        }
    });
}

#[interrupt]
fn EXTI9_5() {
    let wires = chip::take_card_edges();
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
