//! Slows down guessing: after a few failures a key has to wait, longer each time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Keys remembered at once; beyond it the one that failed longest ago is forgotten.
const KEYS_MAX: usize = 512;
/// The first wait.
const WAIT_FIRST: Duration = Duration::from_secs(15);
/// The longest wait: long enough to stop guessing, short enough for a clerk who mistyped.
const WAIT_MAX: Duration = Duration::from_mins(15);
/// A key that did not fail for this long starts afresh.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// Failures by key, such as a peer's address or an account's name.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    failures: u32,
    last_failure: Instant,
}

/// A key and how many failures it may have before it must wait.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// What is counted.
    pub(crate) name: String,
    /// Failures that cost nothing.
    pub(crate) free: u32,
}

impl Throttle {
    /// How long the caller still has to wait: the longest wait of its keys.
    pub(crate) fn wait(&self, keys: &[Key], now: Instant) -> Option<Duration> {
        keys.iter().filter_map(|key| self.wait_one(key, now)).max()
    }

    fn wait_one(&self, key: &Key, now: Instant) -> Option<Duration> {
        let entry = self.entries.get(&key.name)?;
        let beyond = entry.failures.checked_sub(key.free)?;
        let wait = WAIT_FIRST.saturating_mul(1 << beyond.min(10)).min(WAIT_MAX);
        wait.checked_sub(now.saturating_duration_since(entry.last_failure))
            .filter(|left| !left.is_zero())
    }

    /// Counts a failure for each key.
    ///
    /// Call it before the expensive check and [`Self::succeeded`] after it: then attempts that run
    /// at the same time cannot slip past the count.
    pub(crate) fn failed(&mut self, keys: &[Key], now: Instant) {
        for key in keys {
            let entry = self.entries.entry(key.name.clone()).or_insert(Entry {
                failures: 0,
                last_failure: now,
            });
            if now.saturating_duration_since(entry.last_failure) > FORGET_AFTER {
                entry.failures = 0;
            }
            entry.failures = entry.failures.saturating_add(1);
            entry.last_failure = now;
        }
        while self.entries.len() > KEYS_MAX {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, entry)| entry.last_failure);
            let Some(name) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            self.entries.remove(&name);
        }
    }

    /// Forgets the failures of each key.
    pub(crate) fn succeeded(&mut self, keys: &[Key]) {
        for key in keys {
            self.entries.remove(&key.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{FORGET_AFTER, KEYS_MAX, Key, Throttle, WAIT_FIRST, WAIT_MAX};

    fn key(name: &str) -> Key {
        Key {
            name: name.to_owned(),
            free: 3,
        }
    }

    #[test]
    fn waits_grow_and_end() {
        let (start, keys) = (Instant::now(), [key("peer")]);
        let mut throttle = Throttle::default();
        for _ in 0..2 {
            throttle.failed(&keys, start);
        }
        assert_eq!(throttle.wait(&keys, start), None);
        throttle.failed(&keys, start);
        assert_eq!(throttle.wait(&keys, start), Some(WAIT_FIRST));
        assert_eq!(throttle.wait(&keys, start + WAIT_FIRST), None);
        throttle.failed(&keys, start);
        assert_eq!(throttle.wait(&keys, start), Some(WAIT_FIRST * 2));
        for _ in 0..40 {
            throttle.failed(&keys, start);
        }
        assert_eq!(throttle.wait(&keys, start), Some(WAIT_MAX));
    }

    #[test]
    fn success_and_time_forgive() {
        let (start, keys) = (Instant::now(), [key("peer")]);
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.failed(&keys, start);
        }
        let later = start + FORGET_AFTER + Duration::from_secs(1);
        throttle.failed(&keys, later);
        assert_eq!(throttle.wait(&keys, later), None);
        for _ in 0..5 {
            throttle.failed(&keys, later);
        }
        throttle.succeeded(&keys);
        assert_eq!(throttle.wait(&keys, later), None);
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        for number in 0..2_000_u64 {
            throttle.failed(
                &[key(&number.to_string())],
                start + Duration::from_secs(number),
            );
        }
        assert_eq!(throttle.entries.len(), KEYS_MAX);
        assert!(throttle.entries.contains_key("1999"));
    }
}
