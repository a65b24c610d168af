//! Small days by hand: each counter is zero where all is well, and counts where it is not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod day;
mod epochs;

use day::{Day, LI, STRANGER, ZHANG};
use tests_verdict::{Verdict, journal, judge};

#[test]
fn a_day_without_fault() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.visit(20_000, (LI, 2));
    day.visit(30_000, (ZHANG, 1));
    day.card(40_000, STRANGER);
    day.presented(40_003, None, "denied");
    let verdict = day.judged();
    assert_eq!(
        verdict,
        Verdict {
            presentations: 4,
            granted: 3,
            denied: 1,
            opened: 3,
            walks: 3,
            city_records: 10,
            chain_ok: true,
            ok: true,
            ..Verdict::default()
        }
    );
}

#[test]
fn a_card_or_a_walk_without_record_is_lost() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.card(20_000, LI);
    let verdict = day.judged();
    assert_eq!(
        (verdict.lost, verdict.duplicated, verdict.ok),
        (1, 0, false)
    );
    day.walk(30_000, LI);
    assert_eq!(day.judged().lost, 2);
    day.card(40_000, STRANGER);
    assert_eq!(day.judged().lost, 3);
}

#[test]
fn a_record_without_act_is_a_double() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.presented(10_010, Some(1), "granted");
    let verdict = day.judged();
    assert_eq!(
        (verdict.lost, verdict.duplicated, verdict.ok),
        (0, 1, false)
    );
    day.passed(50_000, 1, 99);
    assert_eq!(day.judged().duplicated, 2);
    // The same event of the board once more.
    day.passed(12_001, 1, 10);
    assert_eq!(day.judged().duplicated, 3);
}

#[test]
fn a_lost_and_a_doubled_record_of_one_worker_do_not_cancel() {
    let mut day = Day::new();
    day.card(10_000, ZHANG);
    day.presented(10_005, Some(1), "granted");
    day.presented(10_006, Some(1), "granted");
    day.card(60_000, ZHANG);
    let verdict = day.judged();
    assert_eq!((verdict.lost, verdict.duplicated), (1, 1));
}

#[test]
fn records_in_another_order_than_people_acted() {
    let mut day = Day::new();
    day.card(10_000, ZHANG);
    day.card(20_000, ZHANG);
    day.presented(20_005, Some(1), "denied");
    day.presented(10_005, Some(1), "denied");
    let verdict = day.judged();
    assert_eq!(
        (verdict.lost, verdict.duplicated, verdict.out_of_order),
        (0, 0, 1)
    );
    assert!(!verdict.ok);
}

#[test]
fn a_passage_on_the_wrong_worker() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.card(20_000, LI);
    day.presented(20_005, Some(2), "granted");
    day.arm(20_010);
    day.walk(22_000, LI);
    day.passed(22_001, 1, 77);
    let verdict = day.judged();
    assert_eq!(
        (verdict.wrong_person, verdict.lost, verdict.ok),
        (1, 0, false)
    );
}

#[test]
fn an_arm_that_opens_without_a_record() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.arm(12_500);
    let verdict = day.judged();
    assert_eq!(
        (verdict.opened, verdict.opened_without_record, verdict.ok),
        (2, 1, false)
    );
    // A denied presentation allows nothing.
    day.card(20_000, LI);
    day.presented(20_005, Some(2), "denied");
    day.arm(20_010);
    assert_eq!(day.judged().opened_without_record, 2);
    // Before its record is no better than without.
    day.card(30_000, LI);
    day.arm(30_001);
    day.presented(31_000, Some(2), "granted");
    assert_eq!(day.judged().opened_without_record, 3);
}

#[test]
fn an_arm_that_frees_itself_needs_no_record() {
    let mut day = Day::new();
    day.line(10_000, r#""act":"fire","lane":"east","on":true"#);
    day.arm(10_050);
    day.line(20_000, r#""act":"fire","lane":"east","on":false"#);
    day.line(30_000, r#""act":"unplugged","device":"east""#);
    day.arm(33_000);
    day.line(40_000, r#""act":"plugged","device":"east""#);
    day.line(60_000, r#""act":"board_restarted","lane":"east""#);
    day.arm(60_100);
    let verdict = day.judged();
    assert_eq!((verdict.opened, verdict.opened_unasked), (3, 3));
    assert_eq!((verdict.opened_without_record, verdict.ok), (0, true));
    day.arm(70_000);
    assert_eq!(day.judged().opened_without_record, 1);
}

#[test]
fn a_board_that_missed_the_box_says_so_and_only_then_is_excused() {
    let mut day = Day::new();
    let freed = r#""act":"arm_opened","lane":"east","direction":"out","commanded":false"#;
    let told = r#""kind":"gate","lane":"east","event":"link_lost","board":{"boot":1,"seq":1}"#;
    day.line(60_000, freed);
    assert_eq!(day.judged().opened_without_record, 1);
    day.record(59_000, r#""kind":"gate","lane":"east","event":"link_lost""#);
    assert_eq!(day.judged().opened_without_record, 1, "the box's word only");
    day.record(59_000, told);
    let verdict = day.judged();
    assert_eq!(
        (verdict.opened_without_record, verdict.opened_unasked),
        (0, 1)
    );
    day.line(61_000, freed);
    assert_eq!(day.judged().opened_without_record, 1, "once for each time");
    day.line(
        62_000,
        r#""act":"arm_opened","lane":"east","direction":"in","commanded":true"#,
    );
    assert_eq!(
        day.judged().opened_without_record,
        2,
        "the box asked for it"
    );
}

#[test]
fn an_emergency_allows_as_many_openings_as_it_counted() {
    let mut day = Day::new();
    day.arm(20_000);
    day.arm(25_000);
    day.record(
        60_000,
        r#""kind":"emergency","lane":"east","direction":"in","openings":2,"from":20000,"to":25000"#,
    );
    assert!(day.judged().ok);
    day.arm(26_000);
    assert_eq!(day.judged().opened_without_record, 1);
}

#[test]
fn a_tailgater_is_a_passage_of_his_own() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.line(
        12_300,
        &format!(r#""act":"tailgated","lane":"east","direction":"in","person":"{LI}""#),
    );
    assert_eq!(day.judged().lost, 1);
    // His record may stand before that of whom he followed, and names that one.
    day.record(
        11_990,
        r#""kind":"passage","lane":"east","direction":"in","outcome":"tailgated","worker":1,"counted":false,"board":{"boot":1,"seq":900}"#,
    );
    let verdict = day.judged();
    assert_eq!(
        (verdict.walks, verdict.wrong_person, verdict.ok),
        (2, 0, true)
    );
}

#[test]
fn a_board_that_is_reset_cannot_know_who_walks() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    day.line(20_000, r#""act":"board_restarted","lane":"east""#);
    day.walk(20_400, LI);
    let verdict = day.judged();
    assert_eq!(
        (verdict.walks, verdict.walks_unseen, verdict.ok),
        (2, 1, true)
    );
}

#[test]
fn an_unreadable_card_needs_a_failed_read() {
    let mut day = Day::new();
    let unreadable = r#""kind":"presentation","lane":"east","direction":"in","by":"005","result":"denied","reason":"unreadable_card","counted":false,"policy":1"#;
    day.line(
        10_000,
        &format!(
            r#""act":"read_failed","visit":1,"reader":"r","lane":"east","direction":"in","person":"{ZHANG}","cause":"status_41""#
        ),
    );
    day.record(10_200, unreadable);
    assert!(day.judged().ok);
    day.record(90_000, unreadable);
    assert_eq!(day.judged().duplicated, 1);
}

#[test]
fn a_changed_a_missing_and_a_swapped_row_break_the_chain() {
    let mut day = Day::new();
    day.visit(10_000, (ZHANG, 1));
    assert!(day.ledger(|_| {}).chain_ok);
    let damage = [
        "UPDATE record SET body = CAST(replace(CAST(body AS TEXT), 'granted', 'denied_') AS BLOB)",
        "DELETE FROM record WHERE seq = 2",
        "UPDATE record SET hash = zeroblob(32) WHERE seq = 5",
        "UPDATE record SET seq = CASE seq WHEN 4 THEN 95 ELSE 94 END WHERE seq IN (4, 5)",
    ];
    for sql in damage {
        let ledger = day.ledger(|conn| conn.execute_batch(sql).unwrap());
        assert!(!ledger.chain_ok, "{sql}");
        assert!(!judge(&journal::parse(&day.journal).unwrap(), &ledger).ok);
    }
}

#[test]
fn a_seal_for_somebody_else_is_counted() {
    let mut day = Day::new();
    day.record(
        0,
        r#""kind":"worker","worker":3,"sealed":"AAAA","wraps":[]"#,
    );
    let verdict = day.judged();
    assert_eq!((verdict.sealed_shut, verdict.ok), (1, false));
    // Worker 1's data under the number of worker 2 does not open either.
    let stolen = day.bodies[1].1.replace(r#""worker":1"#, r#""worker":9"#);
    day.bodies
        .push((i64::try_from(day.bodies.len()).unwrap() + 1, stolen));
    assert_eq!(day.judged().sealed_shut, 2);
}

#[test]
fn a_journal_with_a_hole_gives_no_verdict() {
    let mut day = Day::new();
    day.lines += 1;
    day.arm(10);
    assert!(journal::parse(&day.journal).is_err());
    assert!(journal::parse("{\"n\":1}\n").is_err());
}

#[test]
fn a_face_opens_for_whom_it_is_and_once() {
    let face = |person: &str, showing: &str| {
        format!(
            r#""act":"face_shown","lane":"east","direction":"in",{person}"shot":"x","showing":"{showing}""#
        )
    };
    let zhang = format!(r#""person":"{ZHANG}","#);
    let gone = r#""act":"face_gone","lane":"east","direction":"in""#;
    let by_face = r#""kind":"presentation","lane":"east","direction":"in","by":"001","worker":1,"result":"granted","counted":false,"policy":1"#;
    let day = |who: &str, showing: &str, records: i64| {
        let mut day = Day::new();
        day.line(10_000, &face(who, showing));
        for extra in 0..records {
            day.record(11_000 + extra, by_face);
        }
        day.line(12_000, gone);
        let found = day.judged();
        let seen = [found.face_presentations, found.face_impostor_attempts];
        (
            seen,
            found.face_granted,
            found.face_wrongly_granted,
            found.ok,
        )
    };
    assert_eq!(day(&zhang, "alive", 0), ([1, 0], 0, 0, true));
    assert_eq!(day(&zhang, "alive", 1), ([1, 0], 1, 0, true));
    assert_eq!(day(&zhang, "alive", 2), ([1, 0], 1, 1, false));
    assert_eq!(day(&zhang, "still", 1), ([0, 1], 0, 1, false));
    assert_eq!(day("", "alive", 1), ([0, 1], 0, 1, false));
    let mut mismatch = Day::new();
    mismatch.line(10_000, &face("", "alive"));
    mismatch.card(10_500, ZHANG);
    let refused = by_face.replace("001", "005").replace("granted", "denied");
    mismatch.record(11_000, &format!(r#"{refused},"reason":"face_differs""#));
    mismatch.line(12_000, gone);
    let found = mismatch.judged();
    assert!(found.ok && found.face_impostor_attempts == 0);
    assert_eq!(found.card_face_mismatch_kept_out, 1);
}
