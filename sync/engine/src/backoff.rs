//! How long to wait before the next connection: full jitter, so that a thousand boxes that lost
//! the same broker do not come back in the same second.

/// Shortest wait, ms.
pub const DELAY_MS_MIN: u64 = 250;
/// Bound of the first wait, ms; doubles with every failure.
pub const FIRST_MS: u64 = 1_000;
/// Bound of every later wait, ms.
pub const DELAY_MS_MAX: u64 = 120_000;
/// A connection that held so long counts as stable and resets the wait, ms.
pub const STABLE_MS: u64 = 60_000;

/// Counts failures since the last stable connection.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait, ms: `jitter` (uniform over all of `u32`) as a share of the bound.
    pub fn next_delay_ms(&mut self, jitter: u32) -> u64 {
        let factor = 1_u64.checked_shl(self.failures.min(16)).unwrap_or(u64::MAX);
        let bound = FIRST_MS.saturating_mul(factor).min(DELAY_MS_MAX);
        self.failures = self.failures.saturating_add(1);
        (bound.saturating_mul(u64::from(jitter)) / u64::from(u32::MAX)).max(DELAY_MS_MIN)
    }

    /// Starts again at the shortest bound.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_to_two_minutes() {
        let mut backoff = Backoff::default();
        let bounds: Vec<u64> = (0..9).map(|_| backoff.next_delay_ms(u32::MAX)).collect();
        assert_eq!(
            bounds,
            [
                1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 120_000, 120_000
            ]
        );
        assert_eq!(backoff.next_delay_ms(u32::MAX / 2), 59_999);
        assert_eq!(backoff.next_delay_ms(0), DELAY_MS_MIN);
        backoff.reset();
        assert_eq!(backoff.next_delay_ms(u32::MAX), 1_000);
    }
}
