//! One JSON object out of what the parts found, and what it lacks.

use serde_json::{Map, Value};
use tests::Result;

use crate::part::{Facts, Part};

/// Numbers that must be 0; each part adds its own.
pub(crate) const ZEROS: &[&str] = &[
    "lost",
    "duplicated",
    "reordered",
    "opened_without_record",
    "trapped",
    "undetected_edits",
    "fuzz_crashes",
];

/// What the line of a whole run has besides.
const COUNTS: &[&str] = &[
    "seeds",
    "happenings",
    "crash_points",
    "power_cut_points",
    "kills",
    "fuzz_execs",
    "fuzz_targets",
];

/// How one part ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Which.
    pub(crate) part: &'static Part,
    /// What it found.
    pub(crate) outcome: Result<Facts>,
}

/// What is asked of the line.
#[derive(Debug)]
pub(crate) struct Line {
    is_whole: bool,
    kills_asked: u64,
}

impl Line {
    /// `is_whole` where all parts run; fewer kills than usual may be asked for.
    pub(crate) fn new(is_whole: bool, kills_asked: u64) -> Self {
        Self {
            is_whole,
            kills_asked,
        }
    }

    /// The line, and every reason why it is no proof.
    pub(crate) fn of(&self, outcomes: Vec<Outcome>) -> (Value, Vec<String>) {
        let (mut line, mut faults) = (Map::new(), Vec::new());
        for Outcome { part, outcome } in outcomes {
            match outcome {
                Ok(facts) => {
                    faults.extend(self.shortfalls(part, &facts));
                    faults.extend(join(&mut line, part, facts));
                }
                Err(error) => faults.push(format!("{} failed: {error}", part.name)),
            }
        }
        let missing = |name: &&&str| self.is_whole && !line.contains_key(**name);
        let missing = ZEROS.iter().chain(COUNTS).filter(missing);
        faults.extend(missing.map(|name| format!("nothing tells {name}")));
        let not_zero = |name: &&str| line.get(*name).filter(|found| **found != 0);
        let not_zero = ZEROS
            .iter()
            .filter_map(|name| Some((name, not_zero(name)?)));
        faults.extend(not_zero.map(|(name, found)| format!("{name} is {found}")));
        let not_true = line.iter().filter(|(_, found)| **found == false);
        faults.extend(not_true.map(|(name, _)| format!("{name} is false")));
        (Value::Object(line), faults)
    }

    fn shortfalls(&self, part: &Part, facts: &Facts) -> Vec<String> {
        let floors = part.floors.iter().filter_map(|(name, floor)| {
            let floor = if *name == "kills" {
                self.kills_asked.min(*floor)
            } else {
                *floor
            };
            let found = facts.get(*name).and_then(Value::as_u64);
            (found.is_none_or(|found| found < floor))
                .then(|| format!("{name} is {found:?}, at least {floor} is asked"))
        });
        let zeros = part.zeros.iter().filter(|name| !facts.contains_key(**name));
        let zeros = zeros.map(|name| format!("{} does not tell {name}", part.name));
        floors.chain(zeros).collect()
    }
}

/// Adds a part's facts to the line.
fn join(line: &mut Facts, part: &Part, facts: Facts) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, found) in facts {
        let before = line.get(&name);
        let joined = match (ZEROS.contains(&name.as_str()), before) {
            (true, before) => {
                let before = before.and_then(Value::as_u64).unwrap_or(0);
                found.as_u64().map(|found| Value::from(before + found))
            }
            (false, None) => Some(found),
            // A judge's own verdict: true only where all say so.
            (false, Some(Value::Bool(before))) => {
                found.as_bool().map(|found| Value::Bool(*before && found))
            }
            (false, Some(_)) => None,
        };
        match joined {
            Some(joined) => drop(line.insert(name, joined)),
            None => faults.push(format!("{} tells {name} in another way", part.name)),
        }
    }
    faults
}

#[cfg(test)]
mod tests_of_the_line {
    use serde_json::json;

    use super::*;

    const ONE: Part = Part {
        name: "one",
        share: 1,
        floors: &[("kills", 200)],
        zeros: &["lost"],
        run: |_| Ok(Facts::new()),
    };

    fn line(is_whole: bool, found: &[Value]) -> (Value, Vec<String>) {
        let outcome = |found: &Value| Outcome {
            part: &ONE,
            outcome: Ok(found.as_object().unwrap().clone()),
        };
        Line::new(is_whole, 200).of(found.iter().map(outcome).collect())
    }

    #[test]
    fn a_part_that_did_enough_and_found_nothing_is_a_proof() {
        let (line, faults) = line(false, &[json!({"kills": 200, "lost": 0, "ok": true})]);
        assert_eq!(line, json!({"kills": 200, "lost": 0, "ok": true}));
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn too_little_something_lost_nothing_told_and_no_are_none() {
        let cases = [
            (json!({"kills": 199, "lost": 0}), "kills is Some(199)"),
            (json!({"kills": 200, "lost": 1}), "lost is 1"),
            (json!({"kills": 200}), "one does not tell lost"),
            (json!({"kills": 200, "lost": 0, "ok": false}), "ok is false"),
            (json!({"kills": 200, "lost": "0"}), "one tells lost"),
        ];
        for (found, fault) in cases {
            let (_, faults) = line(false, &[found]);
            assert!(faults.iter().any(|one| one.contains(fault)), "{faults:?}");
        }
    }

    #[test]
    fn what_must_be_zero_is_added_up_and_missing_parts_fail_a_whole_run() {
        let parts = [json!({"kills": 200, "lost": 1}), json!({"lost": 2})];
        let (found, _) = line(false, &parts);
        assert_eq!(found["lost"], 3);
        let (_, faults) = line(true, &[json!({"kills": 200, "lost": 0})]);
        assert!(
            faults.contains(&"nothing tells seeds".to_owned()),
            "{faults:?}"
        );
        assert!(faults.contains(&"nothing tells trapped".to_owned()));
    }
}
