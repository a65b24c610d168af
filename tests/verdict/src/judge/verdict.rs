//! Every act has its record, every record its act, in the same order.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::{Act, Direction, Line};
use crate::ledger::{Ledger, Record};
use crate::pairing::{At, pair};

/// A record of a card lies at most so far from the moment at which the box had the card.
pub(super) const CARD_SLACK_MS: i64 = 3_000;
/// Before a camera the box may look twice before it decides.
const LOOKS_MS: i64 = 8_000;
/// Two clocks of one machine, read by two programs.
pub(super) const CLOCK_SLACK_MS: i64 = 250;
/// A board frees its arm so long after its link is gone, and locks it so long after it is back.
pub(super) const LINK_GRACE_MS: i64 = 5_000;

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
    /// Of these, under way while the board's processor was reset: it cannot know of them.
    pub walks_unseen: u64,
    /// Records that the city holds.
    pub city_records: u64,
    /// Of these, parked.
    pub parked: u64,
    /// Of these, carried over from an epoch that forked.
    pub carried: u64,
    /// Acts that stand in several records and that the city does not count once. Must be 0.
    pub miscounted: u64,
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
    /// Times that a worker with an enrolled face stood before a camera without a card (journal).
    pub face_presentations: u64,
    /// Of these, let through by the face (city).
    pub face_granted: u64,
    /// Times that a stranger, or a fraud, stood before a camera without a card (journal).
    pub face_impostor_attempts: u64,
    /// Let through by a face that was not there. Must be 0.
    pub face_wrongly_granted: u64,
    /// Cards of somebody else than the one before the camera that were refused for it.
    pub card_face_mismatch_kept_out: u64,
    /// Whether all hashes are right and no seq is missing. Must be true.
    pub chain_ok: bool,
    /// Whether all that must be so is so.
    pub ok: bool,
}

/// Who presents or walks, as far as it can be told from both sides.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Who {
    /// An ID number.
    Person(String),
    /// A worker number that nobody has.
    Unknown(u32),
    /// Somebody whom the roster does not know.
    Stranger,
}

pub(super) type Key = (String, Direction, Who);

/// Acts and records of one group.
pub(super) type Sides = (Vec<At>, Vec<At>);

/// Compares what people did with what the city holds.
pub fn judge(lines: &[Line], ledger: &Ledger) -> Verdict {
    let mut verdict = Verdict {
        city_records: ledger.rows,
        parked: ledger.parked,
        carried: ledger.carried,
        miscounted: ledger.miscounted,
        sealed_shut: ledger.sealed_shut,
        chain_ok: ledger.chain_ok,
        ..Verdict::default()
    };
    judge_cards(lines, ledger, &mut verdict);
    judge_unreadable(lines, ledger, &mut verdict);
    super::walks::judge_walks(lines, ledger, &mut verdict);
    super::openings::judge_openings(lines, ledger, &mut verdict);
    super::faces::judge_faces(lines, ledger, &mut verdict);
    let zeros = [
        verdict.lost,
        verdict.duplicated,
        verdict.out_of_order,
        verdict.wrong_person,
        verdict.opened_without_record,
        verdict.face_wrongly_granted,
        verdict.sealed_shut,
        verdict.miscounted,
        ledger.unreadable,
    ];
    verdict.ok = verdict.chain_ok && zeros.iter().all(|count| *count == 0);
    verdict
}

/// Every card that a reader delivered is one presentation record of that worker at that lane.
pub(super) fn judge_cards(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
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
        if is_unreadable(record) || super::faces::is_by_face(record) {
            continue;
        }
        let Some((lane, direction)) = place_of(record) else {
            continue;
        };
        let who = recorded(ledger, record);
        let group = groups.entry((lane, direction, who)).or_default();
        group.1.push(At {
            at: record.body.at,
            index,
        });
    }
    let looks = |lane: &String| {
        lines
            .iter()
            .any(|line| line.act == "face_shown" && line.lane.as_ref() == Some(lane))
    };
    for ((lane, _, who), (acts, records)) in groups {
        let slack_ms = CARD_SLACK_MS + if looks(&lane) { LOOKS_MS } else { 0 };
        let pairing = pair(acts, records, slack_ms);
        verdict.lost += count(&pairing.acts_alone);
        verdict.duplicated += count(&pairing.records_alone);
        if who != Who::Stranger {
            verdict.out_of_order += disordered(&pairing.pairs, ledger);
        }
    }
}

/// A record of an unreadable card needs a failed read at that lane; one act may fail many times
/// before the box gives up, so only records without any failed read are counted.
pub(super) fn judge_unreadable(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
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

pub(super) fn is_unreadable(record: &Record) -> bool {
    record.body.kind == "presentation"
        && record.body.worker.is_none()
        && record
            .body
            .reason
            .as_ref()
            .and_then(|reason| reason.as_str())
            == Some("unreadable_card")
}

pub(super) fn place_of(record: &Record) -> Option<(String, Direction)> {
    Some((record.body.lane.clone()?, record.body.direction?))
}

pub(super) fn who(ledger: &Ledger, act: &Act) -> Who {
    let known = act.person.as_ref();
    known
        .filter(|number| ledger.knows(&act.lane, number))
        .map_or(Who::Stranger, |number| Who::Person(number.clone()))
}

/// Whom a record names.
pub(super) fn recorded(ledger: &Ledger, record: &Record) -> Who {
    let Some(worker) = record.body.worker else {
        return Who::Stranger;
    };
    let person = ledger.person(&record.epoch, worker);
    person.map_or(Who::Unknown(worker), |number| {
        Who::Person(number.to_owned())
    })
}

/// Pairs come in the order of the acts; each record that stands before its predecessor counts.
pub(super) fn disordered(pairs: &[(usize, usize)], ledger: &Ledger) -> u64 {
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

pub(super) fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
