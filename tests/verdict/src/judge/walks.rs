//! People who cross a lane, and passage records.

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::{
    CLOCK_SLACK_MS, LINK_GRACE_MS, Sides, Verdict, Who, count, disordered, place_of, recorded, who,
};
use crate::journal::{Act, Direction, Line};
use crate::ledger::Ledger;
use crate::pairing::{At, pair, pair_close_first};

/// A record of a passage lies at most so far from the moment at which the person was through.
const WALK_SLACK_MS: i64 = 5_000;
/// As a rule it lies as near as this: the record tells when the board saw the passage.
const WALK_CLOSE_MS: i64 = 300;

/// Where somebody crossed, and how; `None` for any way of crossing.
type Crossing = (String, Direction, Option<&'static str>);

/// How somebody crosses: the journal's word, the record's word.
const HOW: [(&str, &str); 3] = [
    ("walked_through", "passed"),
    ("tailgated", "tailgated"),
    ("intruded", "intruded"),
];

/// Everybody who broke both beams is one passage record, on the right worker.
pub(super) fn judge_walks(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let gated: BTreeSet<&str> = lines
        .iter()
        .filter(|line| line.act == "arm_opened")
        .filter_map(|line| line.lane.as_deref())
        .collect();
    let (acts, mut groups) = crossings(lines, &gated);
    verdict.walks = count(&acts);
    verdict.duplicated += add_passages(ledger, &mut groups);
    // First like with like; what remains may have been taken for another way of crossing.
    let mut rest: BTreeMap<Crossing, Sides> = BTreeMap::new();
    for ((lane, direction, how), (acts_here, records)) in groups {
        let pairing = pair_close_first(&acts_here, &records, WALK_CLOSE_MS, WALK_SLACK_MS);
        if how == Some("passed") {
            verdict.wrong_person += wrong_people(&pairing.pairs, &acts, ledger);
        }
        verdict.out_of_order += disordered_by_person(&pairing.pairs, &acts, ledger);
        let rest = rest.entry((lane, direction, None)).or_default();
        rest.0.extend(
            acts_here
                .iter()
                .filter(|one| pairing.acts_alone.contains(&one.index)),
        );
        rest.1.extend(
            records
                .iter()
                .filter(|one| pairing.records_alone.contains(&one.index)),
        );
    }
    for (acts_here, records) in rest.into_values() {
        let pairing = pair(acts_here, records, WALK_SLACK_MS);
        let alone = pairing
            .acts_alone
            .iter()
            .filter_map(|index| acts.get(*index));
        let (unseen, lost): (Vec<_>, Vec<_>) =
            alone.partition(|act| board_was_restarting(lines, act));
        verdict.walks_unseen += count(&unseen);
        verdict.lost += count(&lost);
        verdict.duplicated += count(&pairing.records_alone);
    }
}

/// Everybody who crossed a lane that has a gate.
fn crossings(lines: &[Line], gated: &BTreeSet<&str>) -> (Vec<Act>, BTreeMap<Crossing, Sides>) {
    let mut acts: Vec<Act> = Vec::new();
    let mut groups: BTreeMap<Crossing, Sides> = BTreeMap::new();
    for line in lines {
        let crossed = HOW
            .iter()
            .find_map(|how| Some((how.1, line.as_act(&[how.0])?)));
        let Some((how, act)) = crossed else { continue };
        if gated.contains(act.lane.as_str()) {
            let key = (act.lane.clone(), act.direction, Some(how));
            groups.entry(key).or_default().0.push(At {
                at: act.at,
                index: acts.len(),
            });
            acts.push(act);
        }
    }
    (acts, groups)
}

/// Adds the records; returns how many name an event of a board for the second time.
fn add_passages(ledger: &Ledger, groups: &mut BTreeMap<Crossing, Sides>) -> u64 {
    let mut twice = 0;
    let mut board_events = BTreeSet::new();
    for (index, record) in ledger.records.iter().enumerate() {
        let how = HOW
            .iter()
            .find(|how| record.body.outcome.as_deref() == Some(how.1));
        let (Some(how), Some((lane, direction))) = (how, place_of(record)) else {
            continue;
        };
        if record
            .body
            .board
            .clone()
            .is_some_and(|event| !board_events.insert((lane.clone(), event)))
        {
            twice += 1;
            continue;
        }
        let key = (lane, direction, Some(how.1));
        groups.entry(key).or_default().1.push(At {
            at: record.body.at,
            index,
        });
    }
    twice
}

/// A board that is reset forgets who stands between its beams; nobody behind it can know.
fn board_was_restarting(lines: &[Line], walk: &Act) -> bool {
    lines.iter().any(|line| {
        let since = walk.at.saturating_sub(line.wall_ms);
        line.act == "board_restarted"
            && line.lane.as_ref() == Some(&walk.lane)
            && (-CLOCK_SLACK_MS..=LINK_GRACE_MS).contains(&since)
    })
}

fn disordered_by_person(pairs: &[(usize, usize)], acts: &[Act], ledger: &Ledger) -> u64 {
    let mut by_person: BTreeMap<Option<&String>, Vec<(usize, usize)>> = BTreeMap::new();
    for two in pairs {
        let person = acts.get(two.0).and_then(|act| act.person.as_ref());
        by_person.entry(person).or_default().push(*two);
    }
    by_person.remove(&None);
    by_person
        .values()
        .map(|pairs| disordered(pairs, ledger))
        .sum()
}

fn wrong_people(pairs: &[(usize, usize)], acts: &[Act], ledger: &Ledger) -> u64 {
    let wrong = pairs.iter().filter(|(act, record)| {
        let (Some(act), Some(record)) = (acts.get(*act), ledger.records.get(*record)) else {
            return false;
        };
        match (who(ledger, act), recorded(ledger, record)) {
            (_, Who::Stranger) => false,
            (Who::Stranger, _) => act.person.is_some(),
            (walked, booked) => walked != booked,
        }
    });
    count(&wrong.collect::<Vec<_>>())
}
