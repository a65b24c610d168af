//! Arms that open, and the records that allow it.

use std::collections::BTreeSet;

use super::verdict::{CLOCK_SLACK_MS, LINK_GRACE_MS, Verdict};
use crate::journal::{Act, Direction, Line};
use crate::ledger::{Ledger, Record};

/// An arm opens at most so long after the record that allowed it.
const OPEN_WITHIN_MS: i64 = 5_000;

/// A board tells by its own clock when it fell back on its own rule, and a chip that is held up
/// counts no time.
const OWN_RULE_SLACK_MS: i64 = 15_000;

/// One opening that a record allows.
struct Allowance<'a> {
    lane: &'a str,
    direction: Direction,
    from: i64,
    to: i64,
}

/// Every opening of an arm needs a record that allowed it, each record allows one; a board's own
/// needs the record of the board's word for it.
pub(super) fn judge_openings(lines: &[Line], ledger: &Ledger, verdict: &mut Verdict) {
    let mut allowed: Vec<Allowance<'_>> = ledger.records.iter().flat_map(allowances).collect();
    let mut own_rule: Vec<Allowance<'_>> = ledger.records.iter().flat_map(own_rule_of).collect();
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
    let mut cards = BTreeSet::new();
    for line in lines {
        if line.act == "card_put" || line.act == "read_ok" {
            cards.insert(line.lane.clone());
        }
        let Some(act) = line.as_act(&["arm_opened"]) else {
            continue;
        };
        verdict.opened += 1;
        // What the box did not ask for uses up no record of what it did.
        let by_itself = line.commanded == Some(false) && take(&mut own_rule, &act);
        let linking = act.at < box_began.saturating_add(LINK_GRACE_MS);
        let before_the_box = act.at < box_began || (linking && !cards.contains(&line.lane));
        if by_itself {
            verdict.opened_unasked += 1;
        } else if !take(&mut allowed, &act) {
            if before_the_box || act.at > ended || freed_itself(lines, &act) {
                verdict.opened_unasked += 1;
            } else {
                verdict.opened_without_record += 1;
            }
        }
    }
}

/// Uses up the first allowance that fits an opening.
fn take(allowances: &mut Vec<Allowance<'_>>, opening: &Act) -> bool {
    let found = allowances.iter().position(|one| {
        one.lane == opening.lane
            && one.direction == opening.direction
            && (one.from..=one.to).contains(&opening.at)
    });
    found.map(|index| allowances.remove(index)).is_some()
}

/// A board that heard nothing of the box may have freed each way once, and its record says so.
fn own_rule_of(record: &Record) -> Vec<Allowance<'_>> {
    let body = &record.body;
    let told = body.board.is_some() && body.event.as_deref() == Some("link_lost");
    let Some(lane) = body.lane.as_deref().filter(|_| told) else {
        return Vec::new();
    };
    [Direction::In, Direction::Out]
        .map(|direction| Allowance {
            lane,
            direction,
            from: body.at.saturating_sub(OWN_RULE_SLACK_MS),
            to: body.at.saturating_add(OWN_RULE_SLACK_MS),
        })
        .into()
}

fn allowances(record: &Record) -> Vec<Allowance<'_>> {
    let body = &record.body;
    let (Some(lane), Some(direction)) = (&body.lane, body.direction) else {
        return Vec::new();
    };
    let (openings, from, to) = match body.kind.as_str() {
        "presentation" if body.result.as_deref() == Some("granted") => (1, body.at, body.at),
        "override" => (1, body.at, body.at),
        "emergency" => (
            body.openings.unwrap_or(0),
            body.from.unwrap_or(body.at),
            body.to.unwrap_or(body.at),
        ),
        _ => return Vec::new(),
    };
    let (from, to) = (
        from.saturating_sub(CLOCK_SLACK_MS),
        to.saturating_add(OPEN_WITHIN_MS),
    );
    (0..openings)
        .map(|_| Allowance {
            lane,
            direction,
            from,
            to,
        })
        .collect()
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
