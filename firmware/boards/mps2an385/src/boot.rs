//! The boot loader on Arm's MPS2 (AN385).
#![no_std]
#![no_main]

use gate_common::{ArmWatchdog, boot};
use gate_layout::MPS2AN385;
use mps2an385::{CLOCK_HZ, Flash, KIND, WATCHDOG};

#[cortex_m_rt::entry]
fn main() -> ! {
    boot(Flash::new(), &MPS2AN385, KIND, || {
        ArmWatchdog::start(WATCHDOG, CLOCK_HZ);
    })
}
