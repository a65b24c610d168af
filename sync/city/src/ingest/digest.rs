//! Digests: what a box had on a day, against what the city has of it now; where they differ, smaller
//! parts are asked for until the record is found.

use sync_wire::ack::DigestAnswer;
use sync_wire::checkpoint::COVERED_MAX;
use sync_wire::ctl::{Digest, PARTS_MAX, Part};
use sync_wire::merkle::{self, RootOf};
use sync_wire::{Hash, chain};

use super::batch::{Batch, Name};
use super::notary::set;
use super::write::raise;
use crate::alarm;
use crate::db::{Sql, Tx};
use crate::error::CityError;

const RECORDS: Sql = Sql {
    step: "read records",
    text: "SELECT seq, body, hash FROM record WHERE box = ?1 AND epoch = ?2
             AND seq BETWEEN ?3 AND ?4 ORDER BY seq",
};
/// Records that are read at a time.
const STEP: u64 = 1_000;

/// Compares, answers, and raises an alarm for each record that is found.
pub(super) fn compare(batch: &mut Batch<'_>, tx: &mut Tx<'_>) -> Result<(), CityError> {
    let mut alarms = Vec::new();
    for (id, digest) in std::mem::take(&mut batch.digests) {
        let name = (id, digest.epoch.as_str());
        let Some(chain) = batch.chains.get(&name).filter(|chain| !chain.is_barred) else {
            continue;
        };
        let through = chain.runs.through();
        let records: u64 = digest.parts.iter().map(length).sum();
        let is_here = digest.parts.iter().all(|part| part.to <= through);
        if digest.parts.is_empty() || !is_here || records > COVERED_MAX {
            continue;
        }
        let answer = answer(tx, name, digest)?;
        for seq in &answer.differs {
            tracing::error!(id, seq, "A record is not what the box has");
            alarms.push((id, alarm::differs((name.1, *seq))));
        }
        if let Some(chain) = batch.chains.get_mut(&name) {
            chain.reply.due = true;
            chain.reply.digest = Some(Box::new(answer));
        }
    }
    raise(tx, &alarms, batch.now)
}

fn length(part: &Part) -> u64 {
    part.to.saturating_sub(part.from).saturating_add(1)
}

fn answer(tx: &mut Tx<'_>, name: Name<'_>, digest: &Digest) -> Result<DigestAnswer, CityError> {
    let mut other = Vec::new();
    for part in &digest.parts {
        if root(tx, name, part)? != Some(part.root) {
            other.push(part);
        }
    }
    let (found, larger): (Vec<&Part>, Vec<&Part>) =
        other.iter().copied().partition(|part| part.from == part.to);
    Ok(DigestAnswer {
        number: digest.number,
        same: other.is_empty(),
        ask: smaller(&larger),
        differs: found.iter().map(|part| part.from).collect(),
    })
}

/// Cuts each of these into as many as fit; the first half of a list that is too long.
fn smaller(parts: &[&Part]) -> Vec<(u64, u64)> {
    let parts = parts
        .get(..parts.len().min(PARTS_MAX / 2))
        .unwrap_or_default();
    let pieces = PARTS_MAX.checked_div(parts.len()).unwrap_or(0);
    let pieces = u64::try_from(pieces).unwrap_or(2);
    let cut = |part: &&Part| {
        let step = length(part).div_ceil(pieces).max(1);
        let (from, to) = (part.from, part.to);
        let ends = move |first: u64| (first, to.min(first.saturating_add(step - 1)));
        let firsts = (0..pieces).map(move |piece| from.saturating_add(piece.saturating_mul(step)));
        firsts.take_while(move |first| *first <= to).map(ends)
    };
    parts.iter().flat_map(cut).collect()
}

/// The root over the city's records as they stand now: each hash computed anew, from the stored one
/// before it and the stored body. `None` where one is not there.
fn root(tx: &mut Tx<'_>, name: Name<'_>, part: &Part) -> Result<Option<Hash>, CityError> {
    let mut tree = RootOf::default();
    let mut before = match part.from {
        1 => Some(chain::genesis(name.0, name.1)),
        _ => None,
    };
    let mut from = part.from.saturating_sub(1).max(1);
    let mut next = part.from;
    while from <= part.to {
        let to = part.to.min(from.saturating_add(STEP - 1));
        for row in tx.rows(RECORDS, &set(name, [from.into(), to.into()]))? {
            let (seq, body) = (row.count(0)?, row.bytes(1)?);
            if let Some(before) = before.filter(|_| seq == next) {
                tree.push(merkle::leaf(seq, &chain::next(&before, &body)));
                next += 1;
            }
            before = Some(Hash::from_bytes(row.hash(2)?));
        }
        from = to.saturating_add(1);
    }
    Ok(tree.finish().filter(|_| next > part.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(from: u64, to: u64) -> Part {
        let root = Hash::from_bytes([0; 32]);
        Part { from, to, root }
    }

    #[test]
    fn parts_are_cut_without_a_hole_into_at_most_64() {
        for (from, to) in [(1, 2), (5, 68), (5, 69), (1, 64), (7, 65_542)] {
            let cut = smaller(&[&part(from, to)]);
            assert!((2..=64).contains(&cut.len()), "{cut:?}");
            assert_eq!((cut[0].0, cut[cut.len() - 1].1), (from, to));
            assert!(cut.windows(2).all(|two| two[0].1 + 1 == two[1].0));
            assert!(cut.iter().all(|(from, to)| from <= to));
        }
        let many: Vec<Part> = (0..40).map(|at| part(at * 10 + 1, at * 10 + 10)).collect();
        let cut = smaller(&many.iter().collect::<Vec<_>>());
        assert_eq!(cut.len(), 64, "the first 32, in two each");
        assert_eq!(smaller(&[]), []);
    }
}
