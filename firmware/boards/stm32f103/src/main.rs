//! The gate board on ST's STM32F103C8 and its relatives (GD32F103, APM32F103). It builds, and
//! has not met silicon.
//!
//! Outputs: PB0 entry relay, PB1 exit relay, PB12 green, PB13 red, PB14 buzzer, PA8 RS-485 driver
//! enable, PB8 and PB9 Wiegand output D0 and D1. Inputs with pull-ups, closed to ground while all
//! is well: PA0 outer beam, PA1 inner beam, PA4 cabinet, PA5 fire. Wiegand inputs: PB6 and PB7 street side D0 and D1, PC8 and PC9 site side on
//! chips that have them. USART1 on PA9 and PA10: the line to the box.
//!
//! One loop does everything in turn; interrupts only queue bytes and pulses, and count milliseconds.
#![no_std]
#![no_main]

use core::cell::RefCell;
use cortex_m::peripheral::SCB;
use critical_section::Mutex;
use firmware_logic::memory::Memory;
use firmware_logic::{Board, Pins, RelayWiring};
use gate_common::{
    Line, Wires, answer, hand_over_cards, identify, keep_settings, on_card_edges, send_card, slots,
    start_clock, uptime_ms,
};
use gate_layout::STM32F103;
use heapless::Deque;
use stm32f1xx_hal::gpio::{Edge, ErasedPin, ExtiPin, Output};
use stm32f1xx_hal::pac::{self, USART1, interrupt};
use stm32f1xx_hal::prelude::*;
use stm32f1xx_hal::rcc;
use stm32f1xx_hal::serial::{self, Rx, Tx};
use stm32f103::{Flash, KIND, Watchdog};

const CLOCK_HZ: u32 = 72_000_000;
/// Bytes that may come before the loop takes them: 10 ms at full speed.
const BYTES_MAX: usize = 128;

static BYTES: Mutex<RefCell<Deque<u8, BYTES_MAX>>> = Mutex::new(RefCell::new(Deque::new()));
static RECEIVER: Mutex<RefCell<Option<Rx<USART1>>>> = Mutex::new(RefCell::new(None));

type Coil = ErasedPin<Output>;

/// The box's line: its transmitter and the driver enable of RS-485.
struct SerialLine {
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
    let cause = stm32f103::reset_cause(&chip.RCC);
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
        beam_outer: a.pa0.into_pull_up_input(&mut a.crl).erase(),
        beam_inner: a.pa1.into_pull_up_input(&mut a.crl).erase(),
        tamper: a.pa4.into_pull_up_input(&mut a.crl).erase(),
        fire: a.pa5.into_pull_up_input(&mut a.crl).erase(),
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
    let mut card_wires: Wires<Coil> = Wires::new(
        b.pb8.into_push_pull_output(&mut b.crh).erase(),
        b.pb9.into_push_pull_output(&mut b.crh).erase(),
        CLOCK_HZ,
    );
    let mut enable = a.pa8.into_push_pull_output(&mut a.crh).erase();
    enable.set_low();
    let wires = (a.pa9.into_alternate_push_pull(&mut a.crh), a.pa10);
    let config = serial::Config::default().baudrate(115_200.bps());
    let (sender, mut receiver) = chip.USART1.serial(wires, config, &mut rcc).split();
    receiver.listen();
    critical_section::with(|cs| RECEIVER.borrow_ref_mut(cs).replace(receiver));
    let mut line = SerialLine {
        sender,
        enable,
        sending: false,
    };
    let flash = RefCell::new(Flash::new(&mut flash));
    let slots = slots(&flash, &STM32F103, KIND);
    let mut memory = Memory::open(slots.memory);
    let identity = identify(slots.factory, &mut memory, slots.version, cause);
    let kept = memory.settings();
    let watchdog = Watchdog::start(chip.IWDG);
    let settings = kept.unwrap_or_default();
    let mut board = Board::with_updates(pins, watchdog, identity, settings, slots.updates);
    if kept.is_some() {
        board.settings_were_kept();
    }
    start_clock(core.SYST, CLOCK_HZ);
    stm32f103::unmask();
    loop {
        hand_over_cards(&mut board);
        answer(&mut board, &mut line);
        keep_settings(&mut board, &mut memory);
        send_card(&mut board, &mut card_wires);
        // The end of the whole turn, and the only place that feeds the watchdog.
        board.tick(uptime_ms());
        if board.wants_restart() && !line.sending {
            SCB::sys_reset();
        }
        if !line.sending {
            cortex_m::asm::wfi();
        }
    }
}

impl Line for SerialLine {
    fn receive(&mut self) -> Option<u8> {
        critical_section::with(|cs| BYTES.borrow_ref_mut(cs).pop_front())
    }

    fn has_room(&self) -> bool {
        self.sender.is_tx_empty()
    }

    fn send(&mut self, byte: u8) {
        self.enable.set_high();
        self.sending = true;
        // The register is empty, so the byte is taken at once.
        self.sender.write_u8(byte).ok();
    }

    fn finish(&mut self) {
        if self.sending {
            // At most one byte's time: 87 µs.
            while self.sender.flush().is_err() {}
            self.enable.set_low();
            self.sending = false;
        }
    }
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
    on_card_edges(stm32f103::take_card_edges());
}
