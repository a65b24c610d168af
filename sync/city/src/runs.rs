//! Which records of an epoch are stored, as unbroken runs. Pure.

/// An unbroken run of stored seqs, both ends included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// First seq of the run.
    pub first: u64,
    /// Last seq of the run.
    pub last: u64,
}

/// The runs of one epoch, ascending, with holes between them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Runs(Vec<Span>);

/// What must change in the table so that it says what the runs say.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RunsChange {
    /// Runs to take away, by their first seq.
    pub gone: Vec<u64>,
    /// Runs that are new or end elsewhere.
    pub set: Vec<Span>,
}

impl Runs {
    /// From rows of the table, in any order.
    pub fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable_by_key(|span| span.first);
        Self(spans)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The last stored seq.
    pub fn last(&self) -> Option<u64> {
        self.0.last().map(|span| span.last)
    }

    /// The holes before and between the runs, ascending.
    pub fn gaps(&self) -> Vec<Span> {
        let (mut end, mut gaps) = (0_u64, Vec::new());
        for Span { first, last } in &self.0 {
            if first.saturating_sub(end) > 1 {
                gaps.push(Span {
                    first: end.saturating_add(1),
                    last: first.saturating_sub(1),
                });
            }
            end = *last;
        }
        gaps
    }

    /// How many holes there are, and how many records are missing in them.
    pub fn missing(&self) -> (usize, u64) {
        let gaps = self.gaps();
        let sizes = gaps.iter();
        let missing = sizes.map(|gap| gap.last.saturating_sub(gap.first).saturating_add(1));
        (gaps.len(), missing.sum())
    }

    /// Whether a record is stored.
    pub fn holds(&self, seq: u64) -> bool {
        self.touches(Span {
            first: seq,
            last: seq,
        })
    }

    /// Whether any record of a range is stored.
    pub fn touches(&self, range: Span) -> bool {
        self.0
            .iter()
            .any(|span| span.first <= range.last && range.first <= span.last)
    }

    /// Everything from 1 to here is stored; 0 where 1 is missing.
    pub fn through(&self) -> u64 {
        self.0
            .first()
            .filter(|span| span.first == 1)
            .map_or(0, |span| span.last)
    }

    /// The runs beyond a hole, ascending.
    pub fn beyond(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        self.0.iter().copied().filter(|span| span.first > 1)
    }

    /// Adds a range; runs that touch or overlap become one.
    pub fn add(&mut self, new: Span) {
        let mut whole = new;
        let (low, high) = (new.first.saturating_sub(1), new.last.saturating_add(1));
        self.0.retain(|span| {
            let joins = span.first <= high && low <= span.last;
            if joins {
                whole.first = whole.first.min(span.first);
                whole.last = whole.last.max(span.last);
            }
            !joins
        });
        let at = self.0.partition_point(|span| span.first < whole.first);
        self.0.insert(at, whole);
    }

    /// What became of `before`.
    pub fn change_from(&self, before: &Self) -> RunsChange {
        let gone = before
            .0
            .iter()
            .filter(|old| !self.0.iter().any(|span| span.first == old.first));
        let set = self.0.iter().filter(|span| !before.0.contains(span));
        RunsChange {
            gone: gone.map(|span| span.first).collect(),
            set: set.copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span((first, last): (u64, u64)) -> Span {
        Span { first, last }
    }

    fn runs(all: &[(u64, u64)]) -> Runs {
        Runs::new(all.iter().copied().map(span).collect())
    }

    #[test]
    fn runs_that_touch_become_one() {
        for (have, add, want) in [
            (vec![], (4, 5), vec![(4, 5)]),
            (vec![(1, 3)], (4, 5), vec![(1, 5)]),
            (vec![(1, 3), (6, 9)], (4, 5), vec![(1, 9)]),
            (vec![(1, 3)], (2, 2), vec![(1, 3)]),
            (vec![(1, 3), (9, 9)], (5, 6), vec![(1, 3), (5, 6), (9, 9)]),
            (vec![(2, 3), (5, 6), (8, 9)], (1, 20), vec![(1, 20)]),
        ] {
            let mut all = runs(&have);
            all.add(span(add));
            assert_eq!(all, runs(&want), "{have:?} and {add:?}");
        }
    }

    #[test]
    fn through_ends_at_the_first_hole() {
        assert_eq!(runs(&[]).through(), 0);
        assert_eq!(runs(&[(2, 9)]).through(), 0);
        assert_eq!(runs(&[(2, 9)]).gaps(), [span((1, 1))]);
        assert_eq!(runs(&[(1, 4), (7, 9)]).gaps(), [span((5, 6))]);
        let both = runs(&[(1, 4), (6, 9)]);
        assert_eq!(both.through(), 4);
        assert_eq!(both.beyond().collect::<Vec<_>>(), [span((6, 9))]);
        assert!(both.holds(4) && !both.holds(5) && both.holds(6));
        assert!(both.touches(span((5, 6))) && !both.touches(span((5, 5))));
    }

    #[test]
    fn the_table_learns_only_what_changed() {
        let before = runs(&[(1, 3), (6, 9), (12, 12)]);
        let mut after = before.clone();
        after.add(span((4, 5)));
        let change = after.change_from(&before);
        assert_eq!((change.gone, change.set), (vec![6], vec![span((1, 9))]));
        assert_eq!(after.change_from(&after), RunsChange::default());
    }
}
