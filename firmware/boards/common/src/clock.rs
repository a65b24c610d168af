//! Milliseconds since the start, counted by the core's own timer, whose interrupt also wakes the loop.

use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::peripheral::{SYST, syst::SystClkSource};

static UPTIME_MS: AtomicU32 = AtomicU32::new(0);

/// Begins to count on a core clock of so many Hz.
pub fn start_clock(mut timer: SYST, core_hz: u32) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(core_hz / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Milliseconds since the start; wraps.
pub fn uptime_ms() -> u32 {
    UPTIME_MS.load(Ordering::Relaxed)
}

#[cortex_m_rt::exception]
fn SysTick() {
    UPTIME_MS.store(uptime_ms().wrapping_add(1), Ordering::Relaxed);
}
