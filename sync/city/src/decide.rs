//! What to do with a range of records. Pure: facts in, a decision out.

use std::collections::BTreeMap;

use sync_wire::chain;
use sync_wire::{Hash, Kind, ParkCode, Record, WireError};

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

/// What to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// Store these (none, if all are there already) and acknowledge.
    Store(Vec<Accepted>),
    /// Store nothing of it, raise an alarm, answer with what the table holds.
    Refuse {
        /// Why.
        code: RefusalCode,
        /// Where.
        seq: u64,
    },
}

/// A record that is new here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Accepted {
    /// Its place.
    pub seq: u64,
    /// Its hash, recomputed.
    pub hash: Hash,
    /// What it says; or why it is parked, with the Chinese sentence.
    pub meaning: Result<Record, ParkCode>,
}

/// Why a range was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefusalCode {
    /// The bodies do not give the hash in the header.
    BrokenChain,
    /// Another record stands at that place, or another one before or after it.
    Fork,
}

impl RefusalCode {
    /// Code for machines.
    pub fn code(self) -> &'static str {
        match self {
            Self::BrokenChain => "broken_chain",
            Self::Fork => "fork",
        }
    }

    /// Sentence for people.
    pub fn message(self) -> &'static str {
        match self {
            Self::BrokenChain => "记录内容与哈希链不符，未入库；可能在传输中损坏或被改动",
            Self::Fork => "同一序号出现两份不同记录，未覆盖原记录；盒子的数据可能被恢复或复制过",
        }
    }
}

/// Decides about a range: recomputes its hashes, compares them with what is held.
pub fn decide(claim: Claim<'_>, held: &Held) -> Decision {
    let before = if claim.from == 1 {
        Some(chain::genesis(claim.id, claim.epoch))
    } else {
        held.before
    };
    if before.is_some_and(|known| known != claim.prev) {
        let code = if claim.from == 1 {
            RefusalCode::BrokenChain
        } else {
            RefusalCode::Fork
        };
        return Decision::Refuse {
            code,
            seq: claim.from,
        };
    }
    let mut hash = claim.prev;
    let mut fresh = Vec::new();
    let mut fork = None;
    for (seq, body) in (claim.from..).zip(claim.bodies) {
        hash = chain::next(&hash, body);
        match held.within.get(&seq) {
            Some(known) if *known == hash => {}
            Some(_) => fork = fork.or(Some(seq)),
            None => fresh.push(Accepted {
                seq,
                hash,
                meaning: understand(claim, body),
            }),
        }
    }
    if hash != claim.head {
        return Decision::Refuse {
            code: RefusalCode::BrokenChain,
            seq: claim.from,
        };
    }
    if let Some((body, known)) = &held.after
        && chain::next(&hash, body) != *known
    {
        let after = u64::try_from(claim.bodies.len())
            .unwrap_or(0)
            .saturating_add(claim.from);
        fork = fork.or(Some(after));
    }
    match fork {
        Some(seq) => Decision::Refuse {
            code: RefusalCode::Fork,
            seq,
        },
        None => Decision::Store(fresh),
    }
}

/// A record that the city cannot use is kept all the same: it is parked, and counts as stored.
fn understand(claim: Claim<'_>, body: &[u8]) -> Result<Record, ParkCode> {
    match Record::from_body(body) {
        Ok(Record {
            kind: Kind::EpochBegan(began),
            ..
        }) if began.r#box != claim.id || began.epoch != claim.epoch => Err(ParkCode::BadField),
        Ok(record) => Ok(record),
        Err(WireError::UnknownKind { .. }) => Err(ParkCode::UnknownKind),
        Err(WireError::BadField(_)) => Err(ParkCode::BadField),
        Err(_) => Err(ParkCode::BadBody),
    }
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

    fn fork(seq: u64) -> Decision {
        Decision::Refuse {
            code: RefusalCode::Fork,
            seq,
        }
    }

    #[test]
    fn a_first_range_is_stored() {
        let (bodies, hashes) = chain_of(3);
        let Decision::Store(new) = decide(claim(&bodies, &hashes, (1, 3)), &Held::default()) else {
            panic!("refused")
        };
        assert_eq!(new.iter().map(|r| r.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(new[2].hash, hashes[3]);
        assert!(new.iter().all(|r| r.meaning.is_ok()));
    }

    #[test]
    fn a_range_after_a_hole_is_stored() {
        let (bodies, hashes) = chain_of(5);
        let decision = decide(claim(&bodies, &hashes, (4, 5)), &Held::default());
        assert!(matches!(decision, Decision::Store(new) if new.len() == 2));
    }

    #[test]
    fn what_is_held_is_not_stored_again() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            within: BTreeMap::from([(1, hashes[1]), (2, hashes[2])]),
            ..Held::default()
        };
        let Decision::Store(new) = decide(claim(&bodies, &hashes, (1, 3)), &held) else {
            panic!("refused")
        };
        assert_eq!(new.iter().map(|r| r.seq).collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn another_record_at_the_same_place_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            within: BTreeMap::from([(2, Hash::from_bytes([7; 32]))]),
            ..Held::default()
        };
        assert_eq!(decide(claim(&bodies, &hashes, (1, 3)), &held), fork(2));
    }

    #[test]
    fn another_record_before_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let held = Held {
            before: Some(Hash::from_bytes([7; 32])),
            ..Held::default()
        };
        assert_eq!(decide(claim(&bodies, &hashes, (2, 3)), &held), fork(2));
    }

    #[test]
    fn another_record_after_is_a_fork() {
        let (bodies, hashes) = chain_of(3);
        let good = Held {
            after: Some((bodies[2].clone(), hashes[3])),
            ..Held::default()
        };
        assert!(matches!(
            decide(claim(&bodies, &hashes, (1, 2)), &good),
            Decision::Store(_)
        ));
        let other = Held {
            after: Some((body(99), hashes[3])),
            ..Held::default()
        };
        assert_eq!(decide(claim(&bodies, &hashes, (1, 2)), &other), fork(3));
    }

    #[test]
    fn a_changed_body_and_a_wrong_genesis_break_the_chain() {
        let broken = Decision::Refuse {
            code: RefusalCode::BrokenChain,
            seq: 1,
        };
        let (mut bodies, hashes) = chain_of(3);
        bodies[1] = body(99);
        assert_eq!(
            decide(claim(&bodies, &hashes, (1, 3)), &Held::default()),
            broken
        );
        let (bodies, mut hashes) = chain_of(3);
        hashes[0] = Hash::from_bytes([0; 32]);
        assert_eq!(
            decide(claim(&bodies, &hashes, (1, 3)), &Held::default()),
            broken
        );
    }

    #[test]
    fn what_nobody_understands_is_parked_with_its_reason() {
        let bodies = [
            b"rubbish".to_vec(),
            br#"{"at":1,"boot":1,"mono":1,"clock":"synced","kind":"moon_landing"}"#.to_vec(),
            br#"{"at":1,"boot":1,"mono":1,"clock":"synced","kind":"exit"}"#.to_vec(),
        ];
        let mut head = chain::genesis("a", EPOCH);
        let prev = head;
        for body in &bodies {
            head = chain::next(&head, body);
        }
        let claim = Claim {
            id: "a",
            epoch: EPOCH,
            from: 1,
            prev,
            head,
            bodies: &bodies,
        };
        let Decision::Store(new) = decide(claim, &Held::default()) else {
            panic!("refused")
        };
        let codes: Vec<_> = new.iter().map(|r| r.meaning.clone().unwrap_err()).collect();
        assert_eq!(
            codes,
            [ParkCode::BadBody, ParkCode::UnknownKind, ParkCode::BadField]
        );
    }
}
