//! Who is inside, and the roster's lookup.

use edge_domain::*;
use jiff::civil::date;

use crate::fixtures::*;

fn passed(worker: Option<u32>, direction: Direction, counted: bool) -> Record {
    Record {
        at: moment(0),
        act: Act::Passage(PassageRecord {
            lane: lane_id(),
            direction,
            outcome: PassageOutcome::Passed,
            presentation: None,
            worker: worker.map(WorkerId),
            visit: None,
            counted,
            moved: false,
            board: None,
        }),
    }
}

#[test]
fn only_counted_records_move_people() {
    let mut presence = Presence::new();
    presence.apply(&passed(Some(1), Direction::In, false));
    presence.apply(&passed(None, Direction::In, true));
    assert_eq!(presence.inside_count(), 0);
    presence.apply(&passed(Some(1), Direction::In, true));
    presence.apply(&passed(Some(2), Direction::In, true));
    presence.apply(&passed(Some(1), Direction::In, true));
    assert_eq!(presence.inside_count(), 2);
    presence.apply(&passed(Some(2), Direction::Out, true));
    presence.apply(&passed(Some(2), Direction::Out, true));
    assert_eq!(
        presence.inside().collect::<Vec<_>>(),
        [(WorkerId(1), MORNING_MS)]
    );
    assert_eq!(presence.inside_count(), 1);
}

#[test]
fn nobody_without_history_breaks_anti_passback() {
    let mut presence = Presence::new();
    let breaks = |presence: &Presence, direction, now_ms| {
        let now = Moment {
            wall_ms: now_ms,
            ..moment(0)
        };
        presence.breaks_anti_passback(WorkerId(1), direction, &now, 1_000)
    };
    assert_eq!(breaks(&presence, Direction::In, 0), None);
    assert_eq!(breaks(&presence, Direction::Out, 0), None);
    presence.movement(WorkerId(1), came_in(70_000));
    let sure = Some(Repeat::Sure);
    assert_eq!(breaks(&presence, Direction::In, 71_000), sure);
    assert_eq!(breaks(&presence, Direction::In, 71_001), None);
    assert_eq!(breaks(&presence, Direction::Out, 71_000), None);
    // Another lane's moment may be written down first; further ahead, a clock was wrong.
    assert_eq!(breaks(&presence, Direction::In, 10_000), sure);
    let unsure = Some(Repeat::Unsure);
    assert_eq!(breaks(&presence, Direction::In, 9_999), unsure);
}

#[test]
fn a_repeat_is_unsure_where_a_clock_was_unset() {
    let mut presence = Presence::new();
    let unset = Moment {
        quality: ClockQuality::Unset,
        ..moment(1_000)
    };
    let repeat = |presence: &Presence, now: &Moment| {
        presence.breaks_anti_passback(WorkerId(1), Direction::In, now, 60_000)
    };
    let mut entry = passed(Some(1), Direction::In, true);
    presence.apply(&entry);
    assert_eq!(repeat(&presence, &moment(1_000)), Some(Repeat::Sure));
    assert_eq!(repeat(&presence, &unset), Some(Repeat::Unsure));
    entry.at.quality = ClockQuality::Unset;
    presence.apply(&entry);
    assert_eq!(repeat(&presence, &moment(1_000)), Some(Repeat::Unsure));
}

#[test]
fn roster_finds_by_number_and_prefers_the_running_engagement() {
    let gone = |worker| WorkerStanding {
        left_on: Some(date(2026, 5, 1)),
        ..standing(worker, LI)
    };
    let roster = Roster::from_standings(vec![
        gone(9),
        standing(4, LI),
        gone(2),
        standing(7, ZHANG),
        standing(5, ZHANG),
    ]);
    let find = |number: &str| roster.find(&IdNumber::parse(number).unwrap());
    assert_eq!(find(LI).map(|one| one.worker), Some(WorkerId(4)));
    assert_eq!(find(ZHANG).map(|one| one.worker), Some(WorkerId(7)));
    assert_eq!(find(WANG), None);
    assert_eq!(
        roster.worker(WorkerId(9)).map(|one| one.worker),
        Some(WorkerId(9))
    );
    assert_eq!(roster.worker(WorkerId(1)), None);
    assert_eq!((roster.len(), roster.is_empty()), (5, false));
}
