//! The verdict: every act has its record, every record its act, in the same order.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::journal::{Act, Direction, Line};
use crate::ledger::{Ledger, Record};
use crate::pairing::{At, pair};

/// A record of a card lies at most so far from the moment at which the box had the card.
const CARD_SLACK_MS: i64 = 3_000;
/// A record of a passage lies at most so far from the moment at which the person was through.
const WALK_SLACK_MS: i64 = 5_000;
/// An arm opens at most so long after the record that allowed it.
const OPEN_WITHIN_MS: i64 = 10_000;
/// Two clocks of one machine, read by two programs.
const CLOCK_SLACK_MS: i64 = 250;
/// A board frees its arm so long after its link is gone, and locks it so long after it is back.
const LINK_GRACE_MS: i64 = 5_000;

/// What came out. Only the counters that say so must be zero.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Verdict {
    /// Cards that the readers delivered (journal).
    pub presentations: u64,
    /// Presentations granted (city).
    pub granted: u64,
    /// Presentations denied (city).
    pub denied: u64,
    /// Presentations that repeat another (city).
    pub repeated: u64,
    /// Times that an arm opened (journal).
    pub opened: u64,
    /// Of these, freed by fire, by a lost link, by a restart, or outside the judged time.
    pub opened_unasked: u64,
    /// People who walked through (journal).
    pub walks: u64,
    /// Records that the city holds.
    pub city_records: u64,
    /// Of these, parked.
    pub parked: u64,
    /// Acts without a record. Must be 0.
    pub lost: u64,
    /// Records without an act. Must be 0.
    pub duplicated: u64,
    /// Records that stand in another order than people acted. Must be 0.
    pub out_of_order: u64,
    /// Passages booked on another worker than the one who walked. Must be 0.
    pub wrong_person: u64,
    /// Openings that no record allowed. Must be 0.
    pub opened_without_record: u64,
    /// Workers whose seal the city's key does not open. Must be 0.
    pub sealed_shut: u64,
    /// Whether all hashes are right and no seq is missing. Must be true.
    pub chain_ok: bool,
    /// Whether all that must be so is so.
    pub ok: bool,
}

/// Who presents or walks, as far as it can be told from both sides.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Who {
    /// A worker number.
    Worker(u32),
    /// Somebody whom the roster does not know.
    Stranger,
}

type Key = (String, Direction, Who);

/// Acts and records of one group.
type Sides = (Vec<At>, Vec<At>);

/// Compares what people did with what the city holds.
pub fn judge(lines: &[Line], ledger: &Ledger) -> Verdict {
    let mut verdict = Verdict {
        city_records: ledger.rows,
        parked: ledger.parked,
        sealed_shut: ledger.sealed_shut,
        chain_ok: ledger.chain_ok,
        ..Verdict::default()
    };
    judge_cards(lines, ledger, &mut verdict);
    judge_unreadable(lines, ledger, &mut verdict);
    judge_walks(lines, ledger, &mut verdict);
    judge_openings(lines, ledger, &mut verdict);
    let zeros = [
        verdict.lost,
        verdict.duplicated,
        verdict.out_of_order,
        verdict.wrong_person,
        verdict.opened_without_record,
        verdict.sealed_shut,
        ledger.unreadable,
    ];
    verdict.ok = verdict.chain_ok && zeros.iter().all(|count| *count == 0);
    verdict
}

/// Every card that a reader delivered is one presentation record of that worker at that lane.
fn judge_cards(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let acts: Vec<Act> = lines
        .iter()
        .filter_map(|line| line.as_act(&["read_ok"]))
        .collect();
    verdict.presentations = count(&acts);
    let mut groups: BTreeMap<Key, Sides> = BTreeMap::new();
    for (index, act) in acts.iter().enumerate() {
        let key = (act.lane.clone(), act.direction, who(ledger, act));
        groups
            .entry(key)
            .or_default()
            .0
            .push(At { at: act.at, index });
    }
    for (index, record) in ledger.records.iter().enumerate() {
        if record.body.kind != "presentation" {
            continue;
        }
        match record.body.result.as_deref() {
            Some("granted") => verdict.granted += 1,
            Some("denied") => verdict.denied += 1,
            _ => verdict.repeated += 1,
        }
        if is_unreadable(record) {
            continue;
        }
        let Some((lane, direction)) = place_of(record) else {
            continue;
        };
        let who = record.body.worker.map_or(Who::Stranger, Who::Worker);
        let group = groups.entry((lane, direction, who)).or_default();
        group.1.push(At {
            at: record.body.at,
            index,
        });
    }
    for ((_, _, who), (acts, records)) in groups {
        let pairing = pair(acts, records, CARD_SLACK_MS);
        verdict.lost += count(&pairing.acts_alone);
        verdict.duplicated += count(&pairing.records_alone);
        if who != Who::Stranger {
            verdict.out_of_order += disordered(&pairing.pairs, ledger);
        }
    }
}

/// A record of an unreadable card needs a failed read at that lane; one act may fail many times
/// before the box gives up, so only records without any failed read are counted.
fn judge_unreadable(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let failed: Vec<Act> = lines
        .iter()
        .filter_map(|line| line.as_act(&["read_failed"]))
        .collect();
    for record in ledger.records.iter().filter(|record| is_unreadable(record)) {
        let explained = failed.iter().any(|act| {
            record.body.lane.as_ref() == Some(&act.lane)
                && record.body.direction == Some(act.direction)
                && record.body.at.abs_diff(act.at) <= CARD_SLACK_MS.unsigned_abs()
        });
        verdict.duplicated += u64::from(!explained);
    }
}

/// Everybody who broke both beams is one passage record, on the right worker.
fn judge_walks(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    const WALKS: [&str; 3] = ["walked_through", "tailgated", "intruded"];
    const OUTCOMES: [&str; 3] = ["passed", "tailgated", "intruded"];
    let gated: BTreeSet<&str> = lines
        .iter()
        .filter(|line| line.act == "arm_opened")
        .filter_map(|line| line.lane.as_deref())
        .collect();
    let acts: Vec<Act> = lines
        .iter()
        .filter_map(|line| line.as_act(&WALKS))
        .filter(|act| gated.contains(act.lane.as_str()))
        .collect();
    verdict.walks = count(&acts);
    let mut groups: BTreeMap<(String, Direction), Sides> = BTreeMap::new();
    for (index, act) in acts.iter().enumerate() {
        let key = (act.lane.clone(), act.direction);
        groups
            .entry(key)
            .or_default()
            .0
            .push(At { at: act.at, index });
    }
    let mut board_events = BTreeSet::new();
    for (index, record) in ledger.records.iter().enumerate() {
        let walked = record
            .body
            .outcome
            .as_deref()
            .is_some_and(|one| OUTCOMES.contains(&one));
        if record.body.kind != "passage" || !walked {
            continue;
        }
        let Some(key) = place_of(record) else {
            continue;
        };
        let twice = record
            .body
            .board
            .is_some_and(|event| !board_events.insert((key.0.clone(), event)));
        if twice {
            verdict.duplicated += 1;
        } else {
            groups.entry(key).or_default().1.push(At {
                at: record.body.at,
                index,
            });
        }
    }
    for (acts_here, records) in groups.into_values() {
        let pairing = pair(acts_here, records, WALK_SLACK_MS);
        verdict.lost += count(&pairing.acts_alone);
        verdict.duplicated += count(&pairing.records_alone);
        verdict.wrong_person += wrong_people(&pairing.pairs, &acts, ledger);
        verdict.out_of_order += disordered_by_person(&pairing.pairs, &acts, ledger);
    }
}

/// Every opening of an arm needs a record that allowed it, each record allows one.
fn judge_openings(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let mut allowed: Vec<&Record> = ledger
        .records
        .iter()
        .filter(|r| allows_opening(r))
        .collect();
    let box_began = ledger
        .records
        .iter()
        .map(|record| record.body.at)
        .min()
        .unwrap_or(i64::MAX);
    let ended = lines
        .iter()
        .rfind(|line| line.act == "play_ended")
        .map_or(i64::MAX, |l| l.wall_ms);
    for line in lines {
        let Some(act) = line.as_act(&["arm_opened"]) else {
            continue;
        };
        verdict.opened += 1;
        let found = allowed.iter().position(|record| {
            let since = act.at.saturating_sub(record.body.at);
            record.body.lane.as_ref() == Some(&act.lane)
                && record.body.direction == Some(act.direction)
                && (-CLOCK_SLACK_MS..=OPEN_WITHIN_MS).contains(&since)
        });
        if let Some(index) = found {
            allowed.remove(index);
        } else if act.at < box_began || act.at > ended || freed_itself(lines, &act) {
            verdict.opened_unasked += 1;
        } else {
            verdict.opened_without_record += 1;
        }
    }
}

/// Whether the board opened on its own: fire, lost link, restart.
fn freed_itself(lines: &[Line], opening: &Act) -> bool {
    let here = |line: &Line| line.lane.as_ref() == Some(&opening.lane);
    let before: Vec<&Line> = lines
        .iter()
        .filter(|l| l.wall_ms <= opening.at.saturating_add(CLOCK_SLACK_MS))
        .collect();
    let since = |line: &Line| opening.at.saturating_sub(line.wall_ms);
    let fire = before
        .iter()
        .rev()
        .find(|line| line.act == "fire" && here(line))
        .is_some_and(|line| line.on == Some(true));
    let restarted = before
        .iter()
        .any(|line| line.act == "board_restarted" && here(line) && since(line) <= LINK_GRACE_MS);
    let unplugged = before
        .iter()
        .rev()
        .find(|line| {
            matches!(line.act.as_str(), "unplugged" | "plugged")
                && line.device.as_ref() == Some(&opening.lane)
        })
        .is_some_and(|line| line.act == "unplugged" || since(line) <= LINK_GRACE_MS);
    let box_down = before
        .iter()
        .rev()
        .find(|line| {
            line.act == "mark"
                && line
                    .name
                    .as_deref()
                    .is_some_and(|name| name.starts_with("box_"))
        })
        .is_some_and(|line| line.phase.as_deref() == Some("begin") || since(line) <= LINK_GRACE_MS);
    fire || restarted || unplugged || box_down
}

fn allows_opening(record: &Record) -> bool {
    match record.body.kind.as_str() {
        "presentation" => record.body.result.as_deref() == Some("granted"),
        "override" => true,
        _ => false,
    }
}

fn is_unreadable(record: &Record) -> bool {
    record.body.kind == "presentation"
        && record.body.worker.is_none()
        && record
            .body
            .reason
            .as_ref()
            .and_then(|reason| reason.as_str())
            == Some("unreadable_card")
}

fn place_of(record: &Record) -> Option<(String, Direction)> {
    Some((record.body.lane.clone()?, record.body.direction?))
}

fn who(ledger: &Ledger, act: &Act) -> Who {
    act.person
        .as_ref()
        .and_then(|number| ledger.workers.get(number))
        .and_then(|names| names.first())
        .map_or(Who::Stranger, |(_, worker)| Who::Worker(*worker))
}

/// Pairs come in the order of the acts; each record that stands before its predecessor counts.
fn disordered(pairs: &[(usize, usize)], ledger: &Ledger) -> u64 {
    let places: Vec<usize> = pairs
        .iter()
        .filter_map(|(_, r)| ledger.records.get(*r))
        .map(|r| r.place)
        .collect();
    count(
        &places
            .windows(2)
            .filter(|two| two.first() > two.last())
            .collect::<Vec<_>>(),
    )
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
        match (who(ledger, act), record.body.worker) {
            (Who::Worker(walked), Some(booked)) => walked != booked,
            (Who::Stranger, Some(_)) => act.person.is_some(),
            (_, None) => false,
        }
    });
    count(&wrong.collect::<Vec<_>>())
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
