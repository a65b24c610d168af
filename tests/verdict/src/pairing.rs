//! Pairs what happened with what was recorded, both in the order of time.

/// One side of a pair: when it happened, and which one it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct At {
    /// Unix ms.
    pub at: i64,
    /// Index in the caller's list.
    pub index: usize,
}

/// The outcome of a pairing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pairing {
    /// Indexes of an act and its record.
    pub pairs: Vec<(usize, usize)>,
    /// Acts without a record.
    pub acts_alone: Vec<usize>,
    /// Records without an act.
    pub records_alone: Vec<usize>,
}

/// Pairs acts with records that lie at most `slack_ms` apart, earliest with earliest.
///
/// Within the slack, pairs keep the order of time on both sides, so the number of unpaired ones is
/// the smallest that is possible.
pub fn pair(mut acts: Vec<At>, mut records: Vec<At>, slack_ms: i64) -> Pairing {
    acts.sort_by_key(|one| (one.at, one.index));
    records.sort_by_key(|one| (one.at, one.index));
    let mut result = Pairing::default();
    let mut acts = acts.into_iter().peekable();
    let mut records = records.into_iter().peekable();
    loop {
        match (acts.peek().copied(), records.peek().copied()) {
            (Some(act), Some(record)) => {
                let apart = record.at.saturating_sub(act.at);
                if apart.saturating_abs() <= slack_ms {
                    result.pairs.push((act.index, record.index));
                    acts.next();
                    records.next();
                } else if apart > 0 {
                    result.acts_alone.push(act.index);
                    acts.next();
                } else {
                    result.records_alone.push(record.index);
                    records.next();
                }
            }
            (Some(act), None) => {
                result.acts_alone.push(act.index);
                acts.next();
            }
            (None, Some(record)) => {
                result.records_alone.push(record.index);
                records.next();
            }
            (None, None) => return result,
        }
    }
}

/// Pairs those that lie within `close_ms` first, and what remains within `slack_ms`: an act without
/// a record does not take the record of the next one.
pub fn pair_close_first(acts: &[At], records: &[At], close_ms: i64, slack_ms: i64) -> Pairing {
    let close = pair(acts.to_vec(), records.to_vec(), close_ms);
    let left = |all: &[At], alone: &[usize]| {
        let left = all.iter().filter(|one| alone.contains(&one.index));
        left.copied().collect::<Vec<_>>()
    };
    let far = pair(
        left(acts, &close.acts_alone),
        left(records, &close.records_alone),
        slack_ms,
    );
    Pairing {
        pairs: close.pairs.into_iter().chain(far.pairs).collect(),
        ..far
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(times: &[i64]) -> Vec<At> {
        times
            .iter()
            .enumerate()
            .map(|(index, &at)| At { at, index })
            .collect()
    }

    #[test]
    fn pairs_in_the_order_of_time() {
        let result = pair(at(&[1_000, 5_000]), at(&[5_020, 1_010]), 100);
        assert_eq!(result.pairs, [(0, 1), (1, 0)]);
        assert!(result.acts_alone.is_empty() && result.records_alone.is_empty());
    }

    #[test]
    fn a_lost_one_does_not_take_the_record_of_the_next() {
        let result = pair_close_first(
            &at(&[1_000, 3_000, 9_000]),
            &at(&[3_010, 9_900]),
            300,
            5_000,
        );
        assert_eq!(result.pairs, [(1, 0), (2, 1)]);
        assert_eq!(result.acts_alone, [0]);
        assert!(result.records_alone.is_empty());
    }

    #[test]
    fn a_lost_and_a_doubled_one_do_not_cancel() {
        let result = pair(at(&[1_000, 60_000]), at(&[1_000, 1_005]), 100);
        assert_eq!(result.pairs, [(0, 0)]);
        assert_eq!(result.acts_alone, [1]);
        assert_eq!(result.records_alone, [1]);
    }
}
