//! Sets of record numbers, kept as few inclusive ranges.

use std::collections::BTreeMap;

/// A set of numbers as disjoint, non-adjacent inclusive ranges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RangeSet {
    by_from: BTreeMap<u64, u64>,
}

impl RangeSet {
    /// A set of these ranges; reversed ones are left out.
    pub fn from_pairs(pairs: &[(u64, u64)]) -> Self {
        let mut set = Self::default();
        for (from, to) in pairs {
            set.insert(*from, *to);
        }
        set
    }

    /// The ranges in ascending order.
    pub fn pairs(&self) -> Vec<(u64, u64)> {
        self.by_from.iter().map(|(from, to)| (*from, *to)).collect()
    }

    /// Number of ranges.
    pub fn len(&self) -> usize {
        self.by_from.len()
    }

    /// Whether it has no number at all.
    pub fn is_empty(&self) -> bool {
        self.by_from.is_empty()
    }

    /// Number of numbers.
    pub fn count(&self) -> u64 {
        self.by_from.iter().map(|(from, to)| to - from + 1).sum()
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.by_from.clear();
    }

    /// Adds `from..=to`.
    pub fn insert(&mut self, from: u64, to: u64) {
        if to < from {
            return;
        }
        let (mut low, mut high) = (from, to);
        let reach = to.saturating_add(1);
        let touching: Vec<u64> = self
            .by_from
            .range(..=reach)
            .rev()
            .take_while(|(_, end)| end.saturating_add(1) >= from)
            .map(|(start, _)| *start)
            .collect();
        for start in touching {
            if let Some(end) = self.by_from.remove(&start) {
                low = low.min(start);
                high = high.max(end);
            }
        }
        self.by_from.insert(low, high);
    }

    /// Removes `from..=to`.
    pub fn remove(&mut self, from: u64, to: u64) {
        let cut: Vec<(u64, u64)> = self
            .by_from
            .range(..=to)
            .rev()
            .take_while(|(_, end)| **end >= from)
            .map(|(start, end)| (*start, *end))
            .collect();
        for (start, end) in cut {
            self.by_from.remove(&start);
            if start < from {
                self.by_from.insert(start, from - 1);
            }
            if end > to {
                self.by_from.insert(to + 1, end);
            }
        }
    }

    /// Whether all of `from..=to` is in it.
    pub fn covers(&self, from: u64, to: u64) -> bool {
        self.by_from
            .range(..=from)
            .next_back()
            .is_some_and(|(_, end)| *end >= to)
    }

    /// If a range begins at `next`, takes it out and gives its end.
    pub fn take_from(&mut self, next: u64) -> Option<u64> {
        self.by_from.remove(&next)
    }

    /// The lowest run of numbers within `low..=high` that is not in the set.
    pub fn first_gap(&self, low: u64, high: u64) -> Option<(u64, u64)> {
        let start = match self.by_from.range(..=low).next_back() {
            Some((_, end)) if *end >= low => end.checked_add(1)?,
            Some(_) | None => low,
        };
        if start > high {
            return None;
        }
        let end = self
            .by_from
            .range(start..)
            .next()
            .map_or(high, |(from, _)| high.min(from - 1));
        Some((start, end))
    }

    /// The highest run of numbers within `low..=high` that is not in the set.
    pub fn last_gap(&self, low: u64, high: u64) -> Option<(u64, u64)> {
        let end = match self.by_from.range(..=high).next_back() {
            Some((from, to)) if *to >= high => from.checked_sub(1)?,
            Some(_) | None => high,
        };
        if end < low {
            return None;
        }
        let start = self
            .by_from
            .range(..=end)
            .next_back()
            .map_or(low, |(_, to)| low.max(to + 1));
        Some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn model_gap(model: &BTreeSet<u64>, numbers: impl Iterator<Item = u64>) -> Vec<u64> {
        let free = numbers.skip_while(|number| model.contains(number));
        free.take_while(|number| !model.contains(number)).collect()
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(steps in proptest::collection::vec((any::<bool>(), 1_u64..60, 0_u64..12), 0..40)) {
            let mut set = RangeSet::default();
            let mut model = BTreeSet::new();
            for (add, from, span) in steps {
                let to = from + span;
                if add { set.insert(from, to) } else { set.remove(from, to) }
                for number in from..=to {
                    if add { model.insert(number); } else { model.remove(&number); }
                }
                prop_assert_eq!(set.count(), u64::try_from(model.len()).unwrap());
                for pair in set.pairs().windows(2) {
                    prop_assert!(pair[0].1 + 1 < pair[1].0);
                }
                prop_assert_eq!(set.covers(from, to), (from..=to).all(|number| model.contains(&number)));
                let gap = model_gap(&model, 5..=70);
                prop_assert_eq!(set.first_gap(5, 70), gap.first().map(|first| (*first, *gap.last().unwrap())));
                let gap = model_gap(&model, (5..=50).rev());
                prop_assert_eq!(set.last_gap(5, 50), gap.first().map(|first| (*gap.last().unwrap(), *first)));
            }
        }
    }
}
