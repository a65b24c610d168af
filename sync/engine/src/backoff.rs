//! Waits that grow: before the next connection, and before the next epoch that begins because of a
//! fork. Connections have full jitter, so that a thousand boxes that lost the same broker do not come
//! back in the same second.

use crate::settings::PastFork;

/// Shortest wait, ms.
pub const DELAY_MS_MIN: u64 = 250;
/// Bound of the first wait, ms; doubles with every failure.
pub const FIRST_MS: u64 = 1_000;
/// Bound of every later wait, ms.
pub const DELAY_MS_MAX: u64 = 120_000;
/// A connection that held so long counts as stable and resets the wait, ms.
pub const STABLE_MS: u64 = 60_000;

/// Longest pause between two epochs that begin because of a fork, ms: a day.
pub const FORK_PAUSE_MS_MAX: u64 = 86_400_000;
/// So long after such a pause without a fork, and the next pause is the shortest again, ms: a day.
pub const FORK_PEACE_MS: u64 = 86_400_000;

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

/// When the next epoch may begin because of a fork: a city that has lost its mind, or lies, must not
/// fill the disk with what is carried over again and again.
#[derive(Debug, Clone, Default)]
pub(crate) struct ForkGuard {
    last: Option<PastFork>,
    /// The pause of the epoch that is being begun, ms.
    granted_ms: u64,
    /// That a fork has to wait was told already.
    is_told: bool,
}

impl ForkGuard {
    pub(crate) fn new(last: Option<PastFork>) -> Self {
        Self {
            last,
            granted_ms: 0,
            is_told: last.is_some_and(|last| last.is_told),
        }
    }

    /// How long until a fork may have another epoch, ms; `None` where it may now.
    pub(crate) fn left_ms(&self, now_ms: u64) -> Option<u64> {
        let left = self.last?.until_ms().saturating_sub(signed(now_ms));
        u64::try_from(left).ok().filter(|left| *left > 0)
    }

    /// A fork has to wait. Gives true where that is news.
    pub(crate) fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }

    /// City and box agree. Gives true where that is news.
    pub(crate) fn agree(&mut self) -> bool {
        std::mem::replace(&mut self.is_told, false)
    }

    /// An epoch is to begin now: gives the pause after it, ms. `first_ms`: the shortest one.
    pub(crate) fn grant(&mut self, first_ms: u64, now_ms: u64) -> u64 {
        let peace = |last: &PastFork| {
            let since = signed(now_ms).saturating_sub(last.until_ms());
            since >= signed(FORK_PEACE_MS)
        };
        self.granted_ms = match self.last.filter(|last| !peace(last)) {
            None => first_ms,
            Some(last) => {
                let twice = last.pause_ms.saturating_mul(2);
                twice.max(first_ms).min(FORK_PAUSE_MS_MAX)
            }
        };
        self.granted_ms
    }

    /// The epoch has begun.
    pub(crate) fn begun(&mut self, now_ms: u64) {
        self.is_told = false;
        self.last = Some(PastFork {
            at_ms: signed(now_ms),
            pause_ms: self.granted_ms,
            is_told: false,
        });
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_between_forks_doubles_to_a_day_and_ends_after_a_day_of_peace() {
        let mut guard = ForkGuard::default();
        let (mut now_ms, mut pauses) = (1_000, Vec::new());
        for _ in 0..10 {
            assert_eq!(guard.left_ms(now_ms), None);
            let pause_ms = guard.grant(600_000, now_ms);
            guard.begun(now_ms);
            assert_eq!(guard.left_ms(now_ms), Some(pause_ms));
            assert_eq!(guard.left_ms(now_ms + pause_ms - 1), Some(1));
            assert!(guard.tell() && !guard.tell());
            pauses.push(pause_ms / 60_000);
            // As late as may be without peace.
            now_ms += pause_ms + FORK_PEACE_MS - 1;
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]);
        assert_eq!(guard.grant(600_000, now_ms + 1), 600_000);
    }

    #[test]
    fn a_fork_before_this_boot_counts() {
        let guard = ForkGuard::new(Some(PastFork {
            at_ms: -400_000,
            pause_ms: 600_000,
            is_told: true,
        }));
        assert_eq!(guard.left_ms(0), Some(200_000));
        assert_eq!(guard.left_ms(200_000), None);
    }

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
