//! What a terminal has told before, by its own numbers.

use std::collections::{BTreeSet, VecDeque};

/// Numbers remembered at most: days of a busy terminal.
const KNOWN_MAX: usize = 4_096;

/// How a number stands to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Novelty {
    /// Told before.
    Repeated,
    /// Greater than the one before: it may be of now.
    Next,
    /// New, and smaller than one before: late, or a terminal that counts from the beginning again.
    Older,
}

/// The numbers of one terminal.
#[derive(Debug, Default)]
pub(crate) struct Known {
    order: VecDeque<u64>,
    numbers: BTreeSet<u64>,
}

impl Known {
    /// The numbers that the ledger has, oldest first.
    pub(crate) fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut known = Self::default();
        for number in numbers {
            known.take(number);
        }
        known
    }

    /// Takes a number out again: told once more, it is new.
    pub(crate) fn forget(&mut self, number: u64) {
        if self.numbers.remove(&number) {
            self.order.retain(|one| *one != number);
        }
    }

    /// Whether it was taken in.
    pub(crate) fn has(&self, number: u64) -> bool {
        self.numbers.contains(&number)
    }

    /// The number before the next one.
    pub(crate) fn last(&self) -> Option<u64> {
        self.order.back().copied()
    }

    /// Takes a number in. After a terminal's counter began anew its first event counts as late,
    /// and those after it as they should.
    pub(crate) fn take(&mut self, number: u64) -> Novelty {
        let last = self.last();
        if !self.numbers.insert(number) {
            return Novelty::Repeated;
        }
        self.order.push_back(number);
        if self.order.len() > KNOWN_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
        if last.is_none_or(|last| number > last) {
            Novelty::Next
        } else {
            Novelty::Older
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Novelty};

    #[test]
    fn a_number_is_new_once_also_after_a_restart() {
        let mut known = Known::of([7, 8]);
        assert_eq!(known.take(8), Novelty::Repeated);
        assert_eq!(known.take(9), Novelty::Next);
        assert_eq!(known.take(9), Novelty::Repeated);
        assert_eq!(known.take(5), Novelty::Older);
    }

    #[test]
    fn a_counter_that_begins_anew_is_late_once() {
        let mut known = Known::of([7_000]);
        assert_eq!(known.take(1), Novelty::Older);
        assert_eq!(known.take(2), Novelty::Next);
    }
}
