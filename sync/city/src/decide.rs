//! What to do with a range of records. Pure: facts in, a decision out.

use std::collections::BTreeMap;

use sync_wire::Hash;
use sync_wire::chain;

/// A range of records as a message claims it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Box that sent it.
    pub id: &'a str,
    /// Epoch it belongs to.
    pub epoch: &'a str,
    /// Seq of the first body, from 1.
    pub from: u64,
    /// Hash of `from - 1` as the box has it.
    pub prev: Hash,
    /// Hash of the last body as the box has it.
    pub head: Hash,
    /// The bodies, in order.
    pub bodies: &'a [Vec<u8>],
}

/// What the table holds around that range.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Hash of `from - 1`, if stored.
    pub before: Option<Hash>,
    /// Hashes of the range's records that are stored.
    pub within: BTreeMap<u64, Hash>,
    /// Body and hash of the record after the range, if stored.
    pub after: Option<(Vec<u8>, Hash)>,
}

/// Why a range was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusalCode {
    /// The bodies do not give the hash in the header.
    BrokenChain,
    /// Another record stands at that place, or another one before or after it.
    Fork,
    /// It would leave more holes than a city keeps books of.
    TooManyHoles,
}

/// Store nothing of it, raise an alarm, answer with what the table holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// Where.
    pub seq: u64,
}

impl RefusalCode {
    /// Code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::BrokenChain => "broken_chain",
            Self::Fork => "fork",
            Self::TooManyHoles => "too_many_holes",
        }
    }

    /// Sentence for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::BrokenChain => "记录内容与哈希链不符，未入库；可能在传输中损坏或被改动",
            Self::Fork => "同一序号出现两份不同记录，未覆盖原记录；盒子的数据可能被恢复或复制过",
            Self::TooManyHoles => "记录缺号过多，未入库；等待盒子按顺序补传",
        }
    }
}

/// The hash of every record of a range, if they lead from its `prev` to its `head`.
pub fn hashes(claim: Claim<'_>) -> Result<Vec<Hash>, Refusal> {
    let broken = Refusal {
        code: RefusalCode::BrokenChain,
        seq: claim.from,
    };
    if claim.from == 1 && claim.prev != chain::genesis(claim.id, claim.epoch) {
        return Err(broken);
    }
    let mut hash = claim.prev;
    let extend = |body: &Vec<u8>| {
        hash = chain::next(&hash, body);
        hash
    };
    let all: Vec<Hash> = claim.bodies.iter().map(extend).collect();
    if all.last() == Some(&claim.head) {
        Ok(all)
    } else {
        Err(broken)
    }
}

/// Which records of a range are new here: compares its hashes with what is held.
pub fn decide(claim: Claim<'_>, hashes: &[Hash], held: &Held) -> Result<Vec<u64>, Refusal> {
    let fork = |seq| Refusal {
        code: RefusalCode::Fork,
        seq,
    };
    if held.before.is_some_and(|known| known != claim.prev) {
        return Err(fork(claim.from));
    }
    let mut fresh = Vec::with_capacity(hashes.len());
    let mut next = claim.from;
    for (seq, hash) in (claim.from..).zip(hashes) {
        match held.within.get(&seq) {
            Some(known) if known == hash => {}
            Some(_) => return Err(fork(seq)),
            None => fresh.push(seq),
        }
        next = seq.saturating_add(1);
    }
    if let Some((body, known)) = &held.after
        && chain::next(&claim.head, body) != *known
    {
        return Err(fork(next));
    }
    Ok(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: &str = "00112233aabbccdd";

    fn body(n: u64) -> Vec<u8> {
        format!(
            r#"{{"at":{n},"boot":1,"mono":{n},"clock":"synced","kind":"gap","from":1,"to":2,"cause":"powered_off"}}"#
        )
        .into_bytes()
    }

    /// Bodies and hashes 0..=n of one chain.
    fn chain_of(n: u64) -> (Vec<Vec<u8>>, Vec<Hash>) {
        let bodies: Vec<_> = (1..=n).map(body).collect();
        let mut hashes = vec![chain::genesis("a", EPOCH)];
        for body in &bodies {
            hashes.push(chain::next(hashes.last().unwrap(), body));
        }
        (bodies, hashes)
    }

    fn claim<'a>(bodies: &'a [Vec<u8>], hashes: &[Hash], (from, to): (usize, usize)) -> Claim<'a> {
        Claim {
            id: "a",
            epoch: EPOCH,
            from: u64::try_from(from).unwrap(),
            prev: hashes[from - 1],
            head: hashes[to],
            bodies: &bodies[from - 1..to],
        }
    }

    fn fork(seq: u64) -> Result<Vec<u64>, Refusal> {
        Err(Refusal {
            code: RefusalCode::Fork,
            seq,
        })
    }

    fn judge(claim: Claim<'_>, held: &Held) -> Result<Vec<u64>, Refusal> {
        decide(claim, &hashes(claim)?, held)
    }

    #[test]
    fn a_first_range_is_stored() {
        let (bodies, hashes) = chain_of(3);
        let new = judge(claim(&bodies, &hashes, (1, 3)), &Held::default());
        assert_eq!(new, Ok(vec![1, 2, 3]));
        assert_eq!(
            super::hashes(claim(&bodies, &hashes, (1, 3))),
            Ok(hashes[1..].to_vec())
        );
    }

    #[test]
    fn a_range_after_a_hole_is_stored() {
        let (bodies, hashes) = chain_of(5);
        let new = judge(claim(&bodies, &hashes, (4, 5)), &Held::default());
        assert_eq!(new, Ok(vec![4, 5]));
    }

    #[test]
    fn what_is_held_is_not_stored_again() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            within: BTreeMap::from([(1, hashes[1]), (2, hashes[2])]),
            ..Held::default()
        };
        assert_eq!(judge(claim(&bodies, &hashes, (1, 3)), &held), Ok(vec![3]));
    }

    #[test]
    fn another_record_at_the_same_place_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            within: BTreeMap::from([(2, Hash::from_bytes([7; 32]))]),
            ..Held::default()
        };
        assert_eq!(judge(claim(&bodies, &hashes, (1, 3)), &held), fork(2));
    }

    #[test]
    fn another_record_before_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            before: Some(Hash::from_bytes([7; 32])),
            ..Held::default()
        };
        assert_eq!(judge(claim(&bodies, &hashes, (2, 3)), &held), fork(2));
    }

    #[test]
    fn another_record_after_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let good = Held {
            after: Some((bodies[2].clone(), hashes[3])),
            ..Held::default()
        };
        assert!(judge(claim(&bodies, &hashes, (1, 2)), &good).is_ok());
        let other = Held {
            after: Some((body(99), hashes[3])),
            ..Held::default()
        };
        assert_eq!(judge(claim(&bodies, &hashes, (1, 2)), &other), fork(3));
    }

    #[test]
    fn a_changed_body_and_a_wrong_genesis_break_the_chain() {
        let broken = Err(Refusal {
            code: RefusalCode::BrokenChain,
            seq: 1,
        });
        let (mut bodies, hashes) = chain_of(3);
        bodies[1] = body(99);
        assert_eq!(
            judge(claim(&bodies, &hashes, (1, 3)), &Held::default()),
            broken
        );
        let (bodies, mut hashes) = chain_of(3);
        hashes[0] = Hash::from_bytes([0; 32]);
        assert_eq!(
            judge(claim(&bodies, &hashes, (1, 3)), &Held::default()),
            broken
        );
    }
}
