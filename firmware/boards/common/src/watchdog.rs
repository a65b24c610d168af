//! Arm's watchdog (SP805 and its kin): an interrupt at the first time-out, a reset at the second.

use crate::registers::Registers;
use firmware_logic::Watchdog;

/// From the last feeding to the reset, in ms, on every board. Longer than a program needs from its
/// boot loader to its first feeding.
pub const WATCHDOG_MS: u32 = 800;

const LOAD: usize = 0x00;
const CONTROL: usize = 0x08;
const CLEAR: usize = 0x0C;
const LOCK: usize = 0xC00;
const KEY: u32 = 0x1ACC_E551;

/// The watchdog, running. Its interrupt is taken by nobody but the handler of faults.
#[derive(Debug)]
pub struct ArmWatchdog(Registers);

impl ArmWatchdog {
    /// Starts it on a clock of so many Hz.
    pub fn start(registers: Registers, clock_hz: u32) -> Self {
        let watchdog = Self(registers);
        watchdog.unlocked(|registers| {
            registers.write(LOAD, clock_hz / 1000 * WATCHDOG_MS / 2);
            registers.write(CONTROL, 0b11);
            registers.write(CLEAR, 1);
        });
        watchdog
    }

    fn unlocked(&self, act: impl FnOnce(Registers)) {
        self.0.write(LOCK, KEY);
        act(self.0);
        self.0.write(LOCK, 0);
    }
}

impl Watchdog for ArmWatchdog {
    fn feed(&mut self) {
        self.unlocked(|registers| registers.write(CLEAR, 1));
    }
}
