//! The watch, reading by reading.

use edge_domain::ClockQuality::{Holdover, Synced, Unset};

use crate::clock::ClockChange;
use crate::clock::watch::{Anchor, ClockWatch, Floor, PROOF_AGE_MS_MAX, Reading};

const HOUR_MS: i64 = 3_600_000;
/// The release.
const HARD_MS: i64 = 1_793_462_400_000;
/// The ledger's last sign of life, three weeks later.
const LIFE_MS: i64 = HARD_MS + 21 * 24 * HOUR_MS;
/// Now: the box was off for a night.
const NOW_MS: i64 = LIFE_MS + 12 * HOUR_MS;
/// 2080-01-01, the time of an RTC that was set wrongly.
const WRONG_MS: i64 = 3_471_292_800_000;

fn watch(life_ms: i64) -> ClockWatch {
    ClockWatch::new(floor(life_ms))
}

fn floor(life_ms: i64) -> Floor {
    Floor {
        hard: Anchor {
            wall_ms: HARD_MS,
            mono_ms: 0,
        },
        life: Some(Anchor {
            wall_ms: life_ms,
            mono_ms: 0,
        }),
        was_unset: false,
    }
}

fn reading(wall_ms: i64, mono_ms: u64) -> Reading {
    Reading {
        wall_ms,
        mono_ms,
        marked_at: None,
    }
}

fn marked(wall_ms: i64, mono_ms: u64, marked_at: i64) -> Reading {
    Reading {
        marked_at: Some(marked_at),
        ..reading(wall_ms, mono_ms)
    }
}

#[test]
fn a_dead_rtc_is_unset_and_the_floor_rises_with_the_boot_clock() {
    let mut watch = watch(LIFE_MS);
    let (before, after) = (LIFE_MS + 10, LIFE_MS + 10);
    let change = Some(ClockChange::Unset { before, after });
    assert_eq!(watch.judge(reading(0, 10)), (after, Unset, change));
    let later = watch.judge(reading(HOUR_MS, 3_600_010));
    assert_eq!(later, (after + HOUR_MS, Unset, None));
}

#[test]
fn an_unset_clock_that_passes_the_floor_unproved_stays_unset() {
    let mut watch = watch(LIFE_MS);
    watch.judge(reading(0, 10));
    // Somebody set it by hand: that is written and told, and still nobody vouches for it.
    let (before, after) = (LIFE_MS + 1_010, NOW_MS);
    let change = Some(ClockChange::Jumped { before, after });
    assert_eq!(watch.judge(reading(NOW_MS, 1_010)), (after, Unset, change));
    let day_later = watch.judge(reading(NOW_MS + 24 * HOUR_MS, 86_401_010));
    assert_eq!(day_later, (NOW_MS + 24 * HOUR_MS, Unset, None));
}

#[test]
fn a_start_in_a_boot_that_was_unset_is_unset_until_a_proof() {
    let was_unset = Floor {
        was_unset: true,
        ..floor(LIFE_MS)
    };
    let mut watch = ClockWatch::new(was_unset);
    assert_eq!(watch.judge(reading(NOW_MS, 10)).1, Unset);
    // While the box did not run, the network set the clock: what was written before is corrected.
    let mut watch = ClockWatch::new(was_unset);
    let (before, after) = (LIFE_MS + 10, NOW_MS);
    let change = Some(ClockChange::Synced { before, after });
    assert_eq!(
        watch.judge(marked(NOW_MS, 10, NOW_MS - 5)),
        (after, Synced, change)
    );
}

#[test]
fn the_network_sets_the_clock_and_the_record_corrects_what_was_written() {
    let mut watch = watch(LIFE_MS);
    watch.judge(reading(0, 10));
    let (before, after) = (LIFE_MS + 1_010, NOW_MS);
    let change = Some(ClockChange::Synced { before, after });
    assert_eq!(
        watch.judge(marked(NOW_MS, 1_010, NOW_MS)),
        (after, Synced, change)
    );
}

#[test]
fn a_ledger_from_the_future_yields_to_the_network() {
    let mut watch = watch(WRONG_MS);
    assert_eq!(watch.judge(reading(NOW_MS, 10)).1, Unset);
    let (before, after) = (WRONG_MS + 1_010, NOW_MS + 1_000);
    let change = Some(ClockChange::Synced { before, after });
    assert_eq!(
        watch.judge(marked(after, 1_010, after)),
        (after, Synced, change)
    );
    // And the ledger's time does not come back when the proof is old.
    let old = watch.judge(marked(after + 7 * HOUR_MS, 25_201_010, after));
    assert_eq!(old, (after + 7 * HOUR_MS, Holdover, None));
}

#[test]
fn a_ledger_from_the_future_yields_to_the_city_and_to_a_proof_at_the_start() {
    let mut at_start = watch(WRONG_MS);
    let (before, after) = (WRONG_MS + 2 * HOUR_MS, NOW_MS);
    let healed = Some(ClockChange::Synced { before, after });
    assert_eq!(
        at_start.judge(marked(NOW_MS, 7_200_000, NOW_MS - HOUR_MS)),
        (after, Synced, healed)
    );
    let mut watch = watch(WRONG_MS);
    watch.judge(reading(NOW_MS, 10));
    // The city contradicts what is written, and bears out what the machine shows.
    watch.prove(reading(NOW_MS + 40, 50), NOW_MS + 900);
    let now = watch.judge(reading(NOW_MS + 60, 70));
    assert_eq!((now.0, now.1), (NOW_MS + 60, Synced));
}

#[test]
fn no_proof_outweighs_release_and_certificate() {
    let mut watch = watch(LIFE_MS);
    let before_release = HARD_MS - HOUR_MS;
    watch.prove(reading(before_release, 5), before_release);
    let judged = watch.judge(marked(before_release, 10, before_release));
    assert_eq!((judged.0, judged.1), (LIFE_MS + 10, Unset));
}

#[test]
fn an_old_mark_and_one_of_a_time_to_come_prove_nothing() {
    for age_ms in [-1, 6 * HOUR_MS + 1] {
        let judged = watch(LIFE_MS).judge(marked(NOW_MS, 22_000_000, NOW_MS - age_ms));
        assert_eq!(judged, (NOW_MS, Holdover, None), "{age_ms}");
    }
    let judged = watch(LIFE_MS).judge(marked(NOW_MS, 22_000_000, NOW_MS - 6 * HOUR_MS));
    assert_eq!(judged.1, Synced);
}

#[test]
fn a_mark_is_believed_for_some_hours_and_no_longer_once_the_clock_was_set_by_hand() {
    let mut watch = watch(LIFE_MS);
    assert_eq!(watch.judge(marked(NOW_MS, 1_000, NOW_MS)).1, Synced);
    let hour_later = marked(NOW_MS + HOUR_MS, 3_601_000, NOW_MS);
    assert_eq!(watch.judge(hour_later).1, Synced);
    let ahead = marked(NOW_MS + 3 * HOUR_MS, 3_602_000, NOW_MS);
    assert_eq!(watch.judge(ahead).1, Holdover);
    let (before, after) = (NOW_MS + 3 * HOUR_MS + 1_000, NOW_MS + HOUR_MS + 3_000);
    let change = Some(ClockChange::Synced { before, after });
    assert_eq!(
        watch.judge(marked(after, 3_603_000, after)),
        (after, Synced, change)
    );
    let behind = marked(NOW_MS, 3_604_000, after);
    let (wall_ms, quality, change) = watch.judge(behind);
    assert_eq!((wall_ms, quality), (after + 1_000, Unset));
    let (before, after) = (wall_ms, wall_ms);
    assert_eq!(change, Some(ClockChange::Unset { before, after }));
}

#[test]
fn a_jump_back_across_midnight_is_seen() {
    let mut watch = watch(LIFE_MS);
    let tomorrow = NOW_MS + 24 * HOUR_MS;
    watch.judge(reading(tomorrow, 10));
    let (before, after) = (tomorrow + 1_000, NOW_MS);
    let change = Some(ClockChange::Jumped { before, after });
    assert_eq!(
        watch.judge(reading(NOW_MS, 1_010)),
        (after, Holdover, change)
    );
}

#[test]
fn steady_time_changes_nothing_and_drift_below_the_limit_is_no_jump() {
    let mut watch = watch(LIFE_MS);
    assert_eq!(watch.judge(reading(NOW_MS, 10)).2, None);
    assert_eq!(watch.judge(reading(NOW_MS + 2_900, 1_010)).2, None);
}

#[test]
fn a_clock_just_below_the_floor_is_believed() {
    let judged = watch(LIFE_MS).judge(reading(LIFE_MS - 4_990, 10));
    assert_eq!(judged, (LIFE_MS - 4_990, Holdover, None));
    let judged = watch(LIFE_MS).judge(reading(LIFE_MS - 4_991, 10));
    assert_eq!((judged.0, judged.1), (LIFE_MS + 10, Unset));
}

#[test]
fn the_city_proves_a_clock_until_the_proof_is_old_or_contradicted() {
    let mut watch = watch(LIFE_MS);
    watch.prove(reading(NOW_MS, 1_000), NOW_MS + 40);
    assert_eq!(watch.judge(reading(NOW_MS, 1_000)).1, Synced);
    let age_ms = i64::try_from(PROOF_AGE_MS_MAX).unwrap();
    let last = reading(NOW_MS + age_ms, 1_000 + PROOF_AGE_MS_MAX);
    assert_eq!(watch.judge(last).1, Synced);
    let old = reading(NOW_MS + age_ms + 1, 1_001 + PROOF_AGE_MS_MAX);
    assert_eq!(watch.judge(old).1, Holdover);
    watch.prove(old, old.wall_ms);
    assert_eq!(watch.judge(old).1, Synced);
    watch.prove(old, old.wall_ms + 60_000);
    assert_eq!(watch.judge(old).1, Holdover);
}

/// What a clock shows at the start, without any proof, and what is made of it.
#[test]
fn at_the_start_a_clock_is_believed_only_where_it_is_possible() {
    // 2028-02-29 12:00 and 2028-02-29 23:59:59.999 at the site.
    let (leap_day, leap_midnight) = (1_835_409_600_000, 1_835_452_799_999);
    let day_ms = 24 * HOUR_MS;
    for (what, shown, written, quality) in [
        ("the epoch of Unix", 0, LIFE_MS + 10, Unset),
        ("before it", -day_ms, LIFE_MS + 10, Unset),
        (
            "2000, an RTC without its battery",
            946_684_800_000,
            LIFE_MS + 10,
            Unset,
        ),
        (
            "the day before the release",
            HARD_MS - day_ms,
            LIFE_MS + 10,
            Unset,
        ),
        (
            "a month end before the last record",
            LIFE_MS - 20 * day_ms,
            LIFE_MS + 10,
            Unset,
        ),
        (
            "an hour before the last record",
            LIFE_MS - HOUR_MS,
            LIFE_MS + 10,
            Unset,
        ),
        ("now", NOW_MS, NOW_MS, Holdover),
        ("a leap day", leap_day, leap_day, Holdover),
        ("its last moment", leap_midnight, leap_midnight, Holdover),
        (
            "ten years ahead: possible, and not proved",
            NOW_MS + 3_653 * day_ms,
            NOW_MS + 3_653 * day_ms,
            Holdover,
        ),
    ] {
        let judged = watch(LIFE_MS).judge(reading(shown, 10));
        assert_eq!((judged.0, judged.1), (written, quality), "{what}");
    }
}

/// A clock that runs well and is then set wrongly: each step is a change with both times, and none
/// of them is called proved.
#[test]
fn a_clock_that_is_set_wrongly_says_so_and_a_proof_says_when_it_is_right_again() {
    let day_ms = 24 * HOUR_MS;
    for (what, by_ms) in [
        ("ten years ahead", 3_653 * day_ms),
        ("over midnight", 5 * HOUR_MS),
        ("over the month end", 12 * day_ms),
        ("back over midnight", -11 * HOUR_MS),
    ] {
        let mut watch = watch(LIFE_MS);
        assert_eq!(watch.judge(marked(NOW_MS, 10, NOW_MS)).1, Synced, "{what}");
        let (before, after) = (NOW_MS + 1_000, NOW_MS + 1_000 + by_ms);
        let (written, quality, change) = watch.judge(marked(after, 1_010, NOW_MS));
        assert_ne!(quality, Synced, "{what}");
        let kept = if by_ms < 0 { before } else { after };
        assert_eq!(
            written, kept,
            "{what}: a clock never takes time back by itself"
        );
        assert!(change.is_some(), "{what}: nothing says that it changed");
        let right = NOW_MS + 2_000;
        let (written_again, quality, change) = watch.judge(marked(right, 2_010, right));
        let told = ClockChange::Synced {
            before: written + 1_000,
            after: right,
        };
        assert_eq!(
            (written_again, quality, change),
            (right, Synced, Some(told)),
            "{what}"
        );
    }
}

/// A crystal that is a second an hour slow: wall clock and boot clock run on it together, so only the
/// city's time tells. The proof ends with its age, nothing is called a jump, and the city bears nothing
/// out until the clock is set.
#[test]
fn slow_drift_is_no_jump_and_ends_the_proof() {
    let mut watch = watch(LIFE_MS);
    assert_eq!(watch.judge(marked(NOW_MS, 0, NOW_MS)).1, Synced);
    let mut seen = Vec::new();
    for (hour, mono_ms) in (1_i64..).zip((1_u64..=48).map(|hour| hour * 3_599_000)) {
        let shown = NOW_MS + hour * (HOUR_MS - 1_000);
        let (written, quality, change) = watch.judge(marked(shown, mono_ms, NOW_MS));
        assert_eq!((written, change), (shown, None), "hour {hour}");
        seen.push(quality);
    }
    assert_eq!(seen.first(), Some(&Synced));
    assert_eq!(seen.last(), Some(&Holdover));
    assert!(seen.is_sorted_by_key(|quality| *quality == Holdover));
    let last = reading(NOW_MS + 48 * (HOUR_MS - 1_000), 48 * 3_599_000);
    watch.prove(last, NOW_MS + 48 * HOUR_MS);
    assert_eq!(watch.judge(last).1, Holdover);
}
