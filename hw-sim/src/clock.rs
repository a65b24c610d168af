//! The only reader of the system clocks in this crate.

use rustix::time::{ClockId, Timespec, clock_gettime};

const NS_PER_S: u64 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// `CLOCK_MONOTONIC` in nanoseconds: comparable between processes of one machine and one boot.
pub(crate) fn mono_ns() -> u64 {
    total_ns(clock_gettime(ClockId::Monotonic))
}

/// Unix time in milliseconds, by the machine's wall clock.
pub(crate) fn wall_ms() -> i64 {
    let now = total_ns(clock_gettime(ClockId::Realtime));
    i64::try_from(now / NS_PER_MS).unwrap_or(i64::MAX)
}

fn total_ns(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(NS_PER_S).saturating_add(rest)
}
