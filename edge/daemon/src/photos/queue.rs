//! Which picture goes to the city, and when: one after the other, the oldest first, with pauses that
//! grow where it does not work.

use std::collections::BTreeMap;

use edge_store::PhotoDue;

/// Largest photo that the city takes, bytes (section 21 of the protocol).
pub(super) const PHOTO_BYTES_MAX: u64 = 50 * 1024;
/// Pause after a picture that did not get there: the first, doubling to the longest, the later half
/// of each at random, ms.
const PAUSE_FIRST_MS: u64 = 10_000;
const PAUSE_MAX_MS: u64 = 15 * 60_000;
/// From so many failures in a row on somebody is told: the city's start takes a moment.
const FAILURES_TOLD: u32 = 3;

/// What to do next with a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errand {
    pub(super) photo: PhotoDue,
    /// The last try broke off: the city is asked first whether it has the picture.
    pub(super) ask_first: bool,
}

/// How an errand ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The city has it.
    There,
    /// The city will never take it, or it is not there any more.
    Never(String),
    /// It may work later; why, in Chinese.
    Later(String),
}

/// What is known of pictures on their way. What the city has is in the ledger's file, not here.
#[derive(Debug, Default)]
pub(super) struct Queue {
    under_way: Option<String>,
    /// The last one that was begun and of which the city has not said anything.
    in_doubt: Option<String>,
    /// Not brought again before the next start, with the reason.
    never: BTreeMap<String, String>,
    failures: u32,
    /// Until then nothing is tried, ms on the monotonic clock.
    rest_until_ms: u64,
    problem: Option<String>,
}

impl Queue {
    /// The next picture of those that are due, oldest first; none while one is under way, during a
    /// pause, and while records wait (`records_first`).
    pub(super) fn next(
        &mut self,
        due: &[PhotoDue],
        (now_ms, records_first): (u64, bool),
    ) -> Option<Errand> {
        self.never
            .retain(|name, _| due.iter().any(|one| one.sha256 == *name));
        for one in due {
            if one.bytes > PHOTO_BYTES_MAX && !self.never.contains_key(&one.sha256) {
                let why = format!(
                    "照片有 {} 字节，平台至多收 {PHOTO_BYTES_MAX} 字节",
                    one.bytes
                );
                self.never.insert(one.sha256.clone(), why);
            }
        }
        if self.under_way.is_some() || records_first || now_ms < self.rest_until_ms {
            return None;
        }
        let photo = due
            .iter()
            .find(|one| !self.never.contains_key(&one.sha256))?;
        self.under_way = Some(photo.sha256.clone());
        Some(Errand {
            photo: photo.clone(),
            ask_first: self.in_doubt.as_ref() == Some(&photo.sha256),
        })
    }

    /// The errand is over; `dice` spreads the pauses of many boxes.
    pub(super) fn ended(&mut self, end: End, (now_ms, dice): (u64, u32)) {
        let Some(name) = self.under_way.take() else {
            return;
        };
        self.in_doubt = None;
        match end {
            End::There => {
                self.failures = 0;
                self.problem = None;
            }
            End::Never(why) => {
                self.never.insert(name, why);
            }
            End::Later(why) => {
                self.rest_until_ms = now_ms.saturating_add(pause_ms(self.failures, dice));
                self.failures = self.failures.saturating_add(1);
                self.problem = Some(why);
                self.in_doubt = Some(name);
            }
        }
    }

    /// Of those that are due: how many wait, and how many the city never takes.
    pub(super) fn count(&self, due: &[PhotoDue]) -> (u64, u64) {
        let refused = due
            .iter()
            .filter(|one| self.never.contains_key(&one.sha256));
        let refused = u64::try_from(refused.count()).unwrap_or(u64::MAX);
        let all = u64::try_from(due.len()).unwrap_or(u64::MAX);
        (all.saturating_sub(refused), refused)
    }

    /// Why it did not work the last time.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// What somebody must be told: it fails again and again, or the city never takes a picture.
    pub(super) fn trouble(&self) -> Option<&str> {
        let failing = self.problem().filter(|_| self.failures >= FAILURES_TOLD);
        failing.or_else(|| self.never.values().next().map(String::as_str))
    }

    /// Nothing is due any more: what failed is over.
    pub(super) fn rest(&mut self) {
        *self = Self::default();
    }
}

fn pause_ms(failures: u32, dice: u32) -> u64 {
    let doubled = PAUSE_FIRST_MS.saturating_mul(1 << failures.min(16));
    let whole = doubled.min(PAUSE_MAX_MS);
    let half = whole / 2;
    half + u64::from(dice) % (half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(name: &str, bytes: u64) -> PhotoDue {
        PhotoDue {
            sha256: name.to_owned(),
            bytes,
            worker: 7,
            record: 41,
        }
    }

    fn name(errand: Option<Errand>) -> Option<(String, bool)> {
        errand.map(|one| (one.photo.sha256, one.ask_first))
    }

    fn new(name: &str) -> (String, bool) {
        (name.to_owned(), false)
    }

    #[test]
    fn one_after_the_other_and_records_first() {
        let mut queue = Queue::default();
        let both = [due("a", 100), due("b", PHOTO_BYTES_MAX)];
        assert_eq!(queue.next(&[], (0, false)), None);
        assert_eq!(queue.next(&both, (0, true)), None, "records wait");
        assert_eq!(name(queue.next(&both, (0, false))), Some(new("a")));
        assert_eq!(queue.next(&both, (0, false)), None, "one is under way");
        queue.ended(End::There, (5, 0));
        // The ledger's file knows what the city has.
        assert_eq!(name(queue.next(&both[1..], (5, false))), Some(new("b")));
        assert_eq!((queue.problem(), queue.trouble()), (None, None));
    }

    #[test]
    fn what_is_too_large_or_refused_stays_here_and_keeps_no_other_back() {
        let mut queue = Queue::default();
        let all = [
            due("large", PHOTO_BYTES_MAX + 1),
            due("odd", 9),
            due("good", 9),
        ];
        assert_eq!(name(queue.next(&all, (0, false))), Some(new("odd")));
        queue.ended(End::Never("不是完整的 JPEG".to_owned()), (0, 0));
        assert_eq!(name(queue.next(&all, (0, false))), Some(new("good")));
        queue.ended(End::There, (0, 0));
        assert_eq!(queue.next(&all[..2], (1 << 40, false)), None);
        assert_eq!(queue.count(&all[..2]), (0, 2));
        assert!(queue.trouble().is_some());
        // Deleted after its time: nobody needs to be told any more.
        assert_eq!(queue.next(&[], (0, false)), None);
        assert_eq!(queue.trouble(), None);
    }

    #[test]
    fn pauses_grow_to_their_longest_and_end_with_the_first_that_works() {
        let mut queue = Queue::default();
        let one = [due("a", 100)];
        let mut now_ms = 0;
        let mut pauses = Vec::new();
        for failures in 0..12 {
            let errand = queue.next(&one, (now_ms, false)).unwrap();
            assert_eq!(errand.ask_first, failures > 0, "a try that broke off");
            queue.ended(End::Later("连不上".to_owned()), (now_ms, 0));
            assert_eq!(queue.trouble().is_some(), failures >= 2, "{failures}");
            assert_eq!(queue.next(&one, (now_ms, false)), None);
            let pause = queue.rest_until_ms - now_ms;
            pauses.push(pause);
            now_ms += pause;
        }
        assert!(pauses.is_sorted(), "{pauses:?}");
        assert_eq!(
            (pauses[0], pauses[11]),
            (PAUSE_FIRST_MS / 2, PAUSE_MAX_MS / 2)
        );
        for dice in [1, 77_777, u32::MAX] {
            assert!((PAUSE_MAX_MS / 2..=PAUSE_MAX_MS).contains(&pause_ms(60, dice)));
        }
        queue.next(&one, (now_ms, false)).unwrap();
        queue.ended(End::There, (now_ms, 0));
        assert_eq!((queue.problem(), queue.trouble()), (None, None));
        let next = [due("b", 100)];
        assert_eq!(name(queue.next(&next, (now_ms, false))), Some(new("b")));
    }
}
