//! Looking for the last record that box and city have alike, after a fork.
//!
//! The city holds every record of 1 to `through` and of each range. Chains that agree at one
//! number agree at all before it, so the first of these parts whose end is not the box's own holds
//! the place of the fork, and marks within it narrow it down.

use sync_wire::ctl::MARKS_MAX;
use sync_wire::{Ack, Hash, Mark};

use crate::input::OurHashes;

/// A part of the epoch that the city holds whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: u64,
    to: u64,
    head: Hash,
}

/// What came of looking at all parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// All of it is the box's own.
    Whole,
    /// The city holds nothing, and not even its beginning is this epoch's.
    Foreign,
    /// Some of it is not.
    Fork(Search),
}

/// The search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Search {
    /// Parts of the city that are the box's own.
    held: Vec<(u64, u64)>,
    /// First record of the part in question.
    from: u64,
    /// Everything of the part up to here is alike; `from - 1` where nothing is known to be.
    floor: u64,
    /// Nothing beyond this is.
    high: u64,
    marks: Vec<u64>,
}

impl Search {
    /// Compares what the city says to hold with the box's own hashes. `last` is the box's last.
    pub(crate) fn begin(ack: &Ack, ours: &OurHashes, last: u64) -> Agreement {
        let is_ours = |seq, head| seq <= last && ours.get(&seq) == Some(&head);
        if ack.through == 0 && !is_ours(0, ack.head) {
            return Agreement::Foreign;
        }
        let first = Part {
            from: 1,
            to: ack.through,
            head: ack.head,
        };
        let beyond = ack.ranges.iter().map(|range| Part {
            from: range.from,
            to: range.to,
            head: range.head,
        });
        let mut parts: Vec<Part> = std::iter::once(first)
            .chain(beyond)
            .filter(|part| part.from <= part.to)
            .collect();
        parts.sort_by_key(|part| part.from);
        let mut held = Vec::new();
        for part in parts {
            if is_ours(part.to, part.head) {
                held.push((part.from, part.to));
                continue;
            }
            let floor = part.from.saturating_sub(1);
            return Agreement::Fork(Self {
                held,
                from: part.from,
                floor,
                // The end itself is known to differ, if the box has it at all.
                high: part.to.saturating_sub(1).min(last).max(floor),
                marks: Vec::new(),
            });
        }
        Agreement::Whole
    }

    /// The numbers to ask about next, ascending; none where the place is found.
    pub(crate) fn marks(&mut self) -> &[u64] {
        let open = self.high.saturating_sub(self.floor);
        let marks = u64::try_from(MARKS_MAX).unwrap_or(1).min(open);
        self.marks = (1..=marks)
            .map(|mark| self.floor.saturating_add(open.saturating_mul(mark) / marks))
            .collect();
        &self.marks
    }

    /// The marks with the box's own hashes; `None` where one is missing.
    pub(crate) fn with_hashes(&self, ours: &OurHashes) -> Option<Vec<Mark>> {
        let mark = |seq: &u64| {
            let (seq, hash) = (*seq, *ours.get(seq)?);
            Some(Mark { seq, hash })
        };
        self.marks.iter().map(mark).collect()
    }

    /// The city's answer: the highest mark that it has alike, or 0. Gives false for an answer that
    /// is none of the marks.
    pub(crate) fn answer(&mut self, same: u64) -> bool {
        let place = self.marks.iter().position(|mark| *mark == same);
        let next = match (place, same) {
            (Some(place), _) => place.saturating_add(1),
            (None, 0) => 0,
            (None, _) => return false,
        };
        if place.is_some() {
            self.floor = same;
        }
        if let Some(next) = self.marks.get(next) {
            self.high = next.saturating_sub(1);
        }
        true
    }

    /// The last common record that the city is known to hold, and the parts up to it that it holds,
    /// ascending.
    pub(crate) fn result(&self) -> (u64, Vec<(u64, u64)>) {
        let mut held = self.held.clone();
        if self.floor >= self.from {
            held.push((self.from, self.floor));
        }
        let common = held.last().map_or(0, |(_, to)| *to);
        (common, held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sync_wire::{AckRange, Head, VERSION};

    use super::*;

    fn hash(seq: u64, ours: bool) -> Hash {
        let mut bytes = [u8::from(ours); 32];
        bytes[..8].copy_from_slice(&seq.to_be_bytes());
        Hash::from_bytes(bytes)
    }

    /// The city holds `parts`; up to `fork` its chain is the box's.
    fn ack(parts: &[(u64, u64)], fork: u64) -> Ack {
        let head = |seq| hash(seq, seq <= fork);
        let (through, ranges) = match parts.split_first() {
            Some(((1, to), ranges)) => (*to, ranges),
            _ => (0, parts),
        };
        Ack {
            v: VERSION,
            epoch: "00112233aabbccdd".to_owned(),
            through,
            head: head(through),
            ranges: ranges
                .iter()
                .map(|&(from, to)| AckRange {
                    from,
                    to,
                    head: head(to),
                })
                .collect(),
            parked: Vec::new(),
            hello: Some(1),
            compare: None,
            countersign: Vec::new(),
            digest: None,
            greet: false,
            retry_after_ms: None,
            bulk_rate: None,
            now: 0,
        }
    }

    fn ours(ack: &Ack, last: u64) -> OurHashes {
        crate::Engine::numbers_to_check(ack)
            .into_iter()
            .filter(|seq| *seq <= last)
            .map(|seq| (seq, hash(seq, true)))
            .collect()
    }

    /// The last common record, what the city holds up to it, and the number of questions.
    type Found = (u64, Vec<(u64, u64)>, u32);

    /// Plays the search against a city.
    fn find(parts: &[(u64, u64)], fork: u64, last: u64) -> Option<Found> {
        let ack = ack(parts, fork);
        let Agreement::Fork(mut search) = Search::begin(&ack, &ours(&ack, last), last) else {
            return None;
        };
        for questions in 0.. {
            let marks = search.marks().to_vec();
            if marks.is_empty() {
                let (common, held) = search.result();
                return Some((common, held, questions));
            }
            assert!(marks.len() <= MARKS_MAX && marks.is_sorted());
            let holds = |seq| parts.iter().any(|(from, to)| (*from..=*to).contains(&seq));
            let alike = |seq: &&u64| **seq <= fork && holds(**seq);
            let same = marks.iter().rev().find(alike).copied();
            assert!(search.answer(same.unwrap_or(0)));
        }
        None
    }

    #[test]
    fn worked_searches() {
        // The city has more of the same: the box's file went back.
        assert_eq!(find(&[(1, 100)], 100, 60), Some((60, vec![(1, 60)], 1)));
        // Another continuation, of a quarter of a million: three questions.
        let (common, held, questions) = find(&[(1, 250_000)], 123_456, 250_000).unwrap();
        assert_eq!((common, held, questions), (123_456, vec![(1, 123_456)], 3));
        // Nothing but the beginning in common.
        assert_eq!(find(&[(1, 9)], 0, 9), Some((0, vec![], 1)));
        // The place lies in a range beyond a hole.
        assert_eq!(
            find(&[(1, 10), (20, 40)], 30, 50),
            Some((30, vec![(1, 10), (20, 30)], 1))
        );
        // All of that range is other: the city holds nothing of the hole before it.
        assert_eq!(
            find(&[(1, 10), (20, 40)], 15, 50),
            Some((10, vec![(1, 10)], 1))
        );
        // A range beyond all that the box has.
        assert_eq!(
            find(&[(1, 10), (90, 95)], 95, 50),
            Some((10, vec![(1, 10)], 0))
        );
        assert_eq!(find(&[(1, 10)], 10, 50), None);
    }

    #[test]
    fn an_answer_must_be_one_of_the_marks() {
        let ack = ack(&[(1, 1_000)], 5);
        let Agreement::Fork(mut search) = Search::begin(&ack, &ours(&ack, 1_000), 1_000) else {
            panic!("no fork");
        };
        let marks = search.marks().to_vec();
        assert!(!search.answer(marks[0] + 1));
        assert!(!search.answer(5_000));
        assert_eq!(search.marks(), marks);
    }

    #[test]
    fn a_city_without_a_record_and_with_another_beginning_is_foreign() {
        let mut empty = ack(&[], 0);
        let start = Head::genesis("box-demo", "00112233aabbccdd").hash;
        let ours: OurHashes = [(0, start)].into();
        empty.head = start;
        assert_eq!(Search::begin(&empty, &ours, 9), Agreement::Whole);
        empty.head = hash(7, true);
        assert_eq!(Search::begin(&empty, &ours, 9), Agreement::Foreign);
    }

    proptest! {
        #[test]
        fn the_place_is_found(cuts in proptest::collection::btree_set(1_u64..3_000, 1..12), fork in 0_u64..3_000, last in 1_u64..3_000) {
            let cuts: Vec<u64> = std::iter::once(1).chain(cuts.into_iter().filter(|cut| *cut > 1)).collect();
            let parts: Vec<(u64, u64)> = cuts.chunks(2).filter_map(|pair| Some((pair[0], *pair.get(1)? - 1))).filter(|(from, to)| from <= to).collect();
            let common_of = |seq: u64| seq <= fork && seq <= last && parts.iter().any(|(from, to)| (*from..=*to).contains(&seq));
            let expected = (1..=last).filter(|seq| common_of(*seq)).collect::<Vec<u64>>();
            match find(&parts, fork, last) {
                Some((common, held, questions)) => {
                    prop_assert_eq!(common, expected.last().copied().unwrap_or(0));
                    let found: Vec<u64> = held.iter().flat_map(|(from, to)| *from..=*to).collect();
                    prop_assert_eq!(found, expected);
                    prop_assert!(questions <= 2);
                }
                None => prop_assert!(parts.iter().all(|(_, to)| *to <= fork.min(last))),
            }
        }
    }
}
