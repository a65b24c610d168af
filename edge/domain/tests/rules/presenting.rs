//! From a presentation to an open gate: durable first, one body at a time, repetitions open nothing.

use edge_domain::*;

use crate::fixtures::*;

#[test]
fn gate_opens_only_after_the_record_is_durable() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(ZHANG));
    assert_eq!(openings(&asked), []);
    assert!(shown(&asked).is_empty());
    let record = presentation(&asked);
    assert_eq!(record.worker, Some(WorkerId(1)));
    assert_eq!(record.result, PresentationResult::Granted);
    assert_eq!(
        (record.by.code(), record.document),
        ("005", Some(DocumentKind::Resident))
    );
    assert_eq!(
        (record.counted, record.person_tag, record.policy),
        (false, None, 1)
    );
    let (seq, granted) = gate.commit(&asked);
    assert_eq!(openings(&granted), [(token(seq), Direction::In)]);
    assert_eq!(title(&granted), "张三 请通行");
}

#[test]
fn denied_entry_is_recorded_and_stays_closed() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(WANG));
    let record = presentation(&asked);
    assert_eq!(record.result, PresentationResult::Denied);
    assert_eq!(record.reason, Some(Denial::TrainingMissing));
    assert_eq!(record.worker, Some(WorkerId(3)));
    let (_, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer), []);
    assert_eq!(title(&answer), "未完成三级教育");
}

#[test]
fn denied_worker_leaves_with_the_reason_on_record() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::Out, card(WANG));
    let record = presentation(&asked);
    assert_eq!(record.result, PresentationResult::Granted);
    assert_eq!(record.reason, Some(Denial::TrainingMissing));
    let (seq, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer), [(token(seq), Direction::Out)]);
}

#[test]
fn stranger_is_recorded_by_tag_and_gets_out() {
    let mut gate = Gate::with_beams();
    let inward = gate.present(Direction::In, card(OLD));
    let record = presentation(&inward);
    assert_eq!(record.reason, Some(Denial::NotOnRoster));
    assert_eq!(
        (record.worker, record.person_tag),
        (None, Some(PersonTag([7; 8])))
    );
    let (_, answer) = gate.commit(&inward);
    assert_eq!(openings(&answer), []);
    let outward = gate.present(Direction::Out, card(OLD));
    let (_, answer) = gate.commit(&outward);
    assert_eq!(openings(&answer).len(), 1);
}

#[test]
fn unreadable_card_is_closed_in_and_open_out() {
    let unreadable = || Credential::Unreadable {
        why: UnreadableCard::Removed,
    };
    let mut gate = Gate::with_beams();
    let inward = gate.present(Direction::In, unreadable());
    assert_eq!(presentation(&inward).reason, Some(Denial::UnreadableCard));
    let (_, answer) = gate.commit(&inward);
    assert_eq!(
        (openings(&answer), title(&answer).as_str()),
        (vec![], "读卡失败")
    );
    let outward = gate.present(Direction::Out, unreadable());
    let (_, answer) = gate.commit(&outward);
    assert_eq!(openings(&answer).len(), 1);
}

#[test]
fn second_presentation_within_three_seconds_is_recorded_and_opens_nothing_more() {
    let mut gate = Gate::with_beams();
    let (first, _) = gate.enter(ZHANG);
    gate.now_ms += 2_999;
    let again = gate.present(Direction::In, card(ZHANG));
    let record = presentation(&again);
    assert_eq!(record.result, PresentationResult::Repeated);
    assert_eq!((record.of, record.counted), (Some(first), false));
    let (_, answer) = gate.commit(&again);
    assert_eq!(
        (openings(&answer), title(&answer).as_str()),
        (vec![], "张三 请勿重复刷卡")
    );
}

#[test]
fn repeat_window_ends_three_seconds_after_the_first() {
    let mut gate = Gate::without_beams();
    gate.enter(ZHANG);
    gate.now_ms += 2_000;
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
    gate.commit(&again);
    gate.now_ms += 1_000;
    let later = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&later).result, PresentationResult::Granted);
}

#[test]
fn who_presents_again_while_the_gate_is_open_for_him_opens_it_once() {
    let mut gate = Gate::with_beams();
    let (first, opened) = gate.enter(ZHANG);
    let (token, direction) = openings(&opened)[0];
    gate.now_ms += 5_000;
    let again = gate.present(direction, card(ZHANG));
    let record = presentation(&again);
    assert_eq!(
        (record.result, record.of),
        (PresentationResult::Repeated, Some(first))
    );
    assert_eq!(openings(&gate.commit(&again).1), []);
    let walked = gate.report(GateReport::Passed {
        direction,
        token: Some(token),
        event: event(1),
    });
    assert_eq!(openings(&walked), [], "nothing is left for the next one");
    gate.commit(&walked);
    let later = gate.present(direction, card(ZHANG));
    assert_eq!(presentation(&later).result, PresentationResult::Granted);
}

#[test]
fn who_presents_again_after_his_opening_ran_out_is_let_out() {
    let (direction, event) = (Direction::Out, event(1));
    for told in [true, false] {
        let mut gate = Gate::with_beams();
        let asked = gate.present(direction, card(ZHANG));
        let (_, opened) = gate.commit(&asked);
        let token = openings(&opened).first().map(|one| one.0);
        if told {
            gate.now_ms += 3_500;
            let timed_out = GateReport::TimedOut {
                direction,
                token,
                event,
            };
            let answer = gate.report(timed_out);
            gate.commit(&answer);
        } else {
            // The board's report never came.
            gate.now_ms += 8_000;
        }
        let again = gate.present(direction, card(ZHANG));
        assert_eq!(openings(&gate.commit(&again).1).len(), 1, "{told}");
    }
}

#[test]
fn another_person_or_direction_is_no_repetition() {
    let mut gate = Gate::without_beams();
    gate.enter(ZHANG);
    let other = gate.present(Direction::In, card(LI));
    assert_eq!(presentation(&other).result, PresentationResult::Granted);
    gate.commit(&other);
    let outward = gate.present(Direction::Out, card(ZHANG));
    assert_eq!(presentation(&outward).result, PresentationResult::Granted);
}

#[test]
fn repetition_before_the_first_is_durable_opens_once() {
    let mut gate = Gate::with_beams();
    let first = gate.present(Direction::In, card(ZHANG));
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
    assert_eq!(presentation(&again).of, None);
    let (_, opened) = gate.commit(&first);
    let (_, nothing) = gate.commit(&again);
    assert_eq!((openings(&opened).len(), openings(&nothing).len()), (1, 0));
}

#[test]
fn repeated_denial_shows_its_reason_again() {
    let mut gate = Gate::with_beams();
    gate.enter(WANG);
    let again = gate.present(Direction::In, card(WANG));
    let (_, answer) = gate.commit(&again);
    assert_eq!(title(&answer), "未完成三级教育");
}

#[test]
fn unreadable_card_repeats_on_the_way_in_only() {
    let unreadable = || Credential::Unreadable {
        why: UnreadableCard::ReadFailed,
    };
    let mut gate = Gate::without_beams();
    let first = gate.present(Direction::In, unreadable());
    gate.commit(&first);
    let again = gate.present(Direction::In, unreadable());
    assert_eq!(presentation(&again).result, PresentationResult::Repeated);
    gate.commit(&again);
    for _ in 0..2 {
        let outward = gate.present(Direction::Out, unreadable());
        let (_, answer) = gate.commit(&outward);
        assert_eq!(openings(&answer).len(), 1);
    }
}

#[test]
fn lane_without_beams_counts_on_grant_and_opens_at_once() {
    let mut gate = Gate::without_beams();
    for number in [ZHANG, LI] {
        let asked = gate.present(Direction::In, card(number));
        assert!(presentation(&asked).counted);
        let (_, answer) = gate.commit(&asked);
        assert_eq!(openings(&answer).len(), 1);
    }
    let denied = gate.present(Direction::In, card(WANG));
    assert!(!presentation(&denied).counted);
    let stranger = gate.present(Direction::Out, card(OLD));
    assert!(
        !presentation(&stranger).counted,
        "nobody is counted who is not on the roster"
    );
}

#[test]
fn second_person_waits_for_the_passage_of_the_first() {
    let mut gate = Gate::with_beams();
    let (first, _) = gate.enter(ZHANG);
    let (second, answer) = gate.enter(LI);
    assert_eq!(
        (openings(&answer), title(&answer).as_str()),
        (vec![], "张三 请稍候")
    );
    let passed = GateReport::Passed {
        direction: Direction::In,
        token: Some(token(first)),
        event: event(1),
    };
    let answer = gate.report(passed);
    assert_eq!(openings(&answer), [(token(second), Direction::In)]);
    assert_eq!(title(&answer), "张三 请通行");
}

#[test]
fn second_person_goes_when_the_first_never_walks() {
    let mut gate = Gate::with_beams();
    let (first, _) = gate.enter(ZHANG);
    let (second, _) = gate.enter(LI);
    let timed_out = GateReport::TimedOut {
        direction: Direction::In,
        token: Some(token(first)),
        event: event(1),
    };
    assert_eq!(
        openings(&gate.report(timed_out)),
        [(token(second), Direction::In)]
    );
}

#[test]
fn second_person_goes_when_no_report_comes_at_all() {
    let mut gate = Gate::with_beams();
    gate.enter(ZHANG);
    gate.wake_after(5_500);
    let (second, _) = gate.enter(LI);
    assert_eq!(openings(&gate.wake_after(2_499)), []);
    assert_eq!(
        openings(&gate.wake_after(1)),
        [(token(second), Direction::In)]
    );
}

#[test]
fn who_waited_too_long_presents_again_and_leaves_no_opening_behind() {
    let mut gate = Gate::with_beams();
    let (first, _) = gate.enter(ZHANG);
    let (second, _) = gate.enter(LI);
    assert_eq!(gate.wake_after(2_999), []);
    let late = gate.wake_after(1);
    assert_eq!(
        (openings(&late), title(&late).as_str()),
        (vec![], "张三 请重新刷卡")
    );
    let record = gate_event(&late);
    assert_eq!(
        (record.event, record.presentation),
        (GateEvent::OpenRefused, Some(second))
    );
    gate.commit(&late);
    let timed_out = GateReport::TimedOut {
        direction: Direction::In,
        token: Some(token(first)),
        event: event(1),
    };
    let effects = gate.report(timed_out);
    assert_eq!(openings(&effects), [], "nobody may be standing there");
    gate.commit(&effects);
    let (third, answer) = gate.enter(LI);
    assert_eq!(openings(&answer), [(token(third), Direction::In)]);
}

#[test]
fn who_has_gone_gets_no_opening_when_the_gate_is_freed() {
    let mut gate = Gate::with_beams();
    gate.enter(ZHANG);
    gate.enter(LI);
    gate.now_ms += 3_000;
    assert_eq!(openings(&gate.report(GateReport::LinkLost)), []);
}

#[test]
fn full_queue_asks_entries_to_wait_and_lets_exits_through() {
    let mut gate = Gate::with_beams();
    // A policy without anti-passback or papers: strangers would be denied before the queue.
    let numbers = [
        ZHANG,
        LI,
        SIXTEEN,
        OLD,
        "349901197506150043",
        "349901200002290055",
    ];
    let standings = (1..)
        .zip(numbers)
        .map(|(worker, number)| standing(worker, number));
    gate.site.roster = Roster::from_standings(standings.collect());
    for number in numbers.iter().take(5) {
        let asked = gate.present(Direction::In, card(number));
        assert_eq!(presentation(&asked).result, PresentationResult::Granted);
        gate.commit(&asked);
    }
    let full = gate.present(Direction::In, card(numbers[5]));
    assert_eq!(presentation(&full).reason, Some(Denial::LaneBusy));
    let (_, answer) = gate.commit(&full);
    assert_eq!(
        (openings(&answer), title(&answer).as_str()),
        (vec![], "前面有人")
    );
    let again = gate.present(Direction::In, card(numbers[5]));
    assert_eq!(
        presentation(&again).reason,
        Some(Denial::LaneBusy),
        "busy is no repetition"
    );
    let outward = gate.present(Direction::Out, card(numbers[5]));
    let (_, answer) = gate.commit(&outward);
    assert_eq!(openings(&answer).len(), 1);
}

#[test]
fn opening_by_hand_is_recorded_first() {
    let mut gate = Gate::with_beams();
    let asked = gate.step(LaneInput::Override {
        direction: Direction::In,
        operator: "liu".to_owned(),
        reason: "送餐".to_owned(),
    });
    assert_eq!(openings(&asked), []);
    let Act::Override(record) = only_act(&asked) else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (record.operator.as_str(), record.reason.as_str()),
        ("liu", "送餐")
    );
    let (seq, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer), [(token(seq), Direction::In)]);
    assert_eq!(title(&answer), "请通行");
}

#[test]
fn answer_to_no_ticket_raises_an_alarm_and_opens_nothing() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(ZHANG));
    let ticket = only_ticket(&asked);
    gate.commit(&asked);
    for input in [
        LaneInput::Recorded { ticket, seq: 101 },
        LaneInput::Recorded {
            ticket: Ticket(9_999),
            seq: 102,
        },
        LaneInput::RecordFailed {
            ticket: Ticket(9_999),
        },
    ] {
        let answer = gate.step(input);
        assert!(
            matches!(answer.as_slice(), [LaneEffect::Alarm { .. }]),
            "{answer:?}"
        );
    }
}

#[test]
fn timers_name_the_next_deadline_and_are_not_asked_twice() {
    let mut gate = Gate::with_beams();
    let wakes = |effects: &[LaneEffect]| -> Vec<u64> {
        effects
            .iter()
            .filter_map(|effect| match effect {
                LaneEffect::WakeAt { mono_ms, .. } => Some(*mono_ms),
                _ => None,
            })
            .collect()
    };
    let input = LaneInput::Presented {
        direction: Direction::In,
        credential: card(ZHANG),
        person_tag: None,
    };
    let asked = gate.step_all(input);
    assert_eq!(wakes(&asked), [1_002_000]);
    let ticket = only_ticket(&asked);
    let opened = gate.step_all(LaneInput::Recorded { ticket, seq: 1 });
    assert_eq!(wakes(&opened), [1_008_000]);
    gate.now_ms += 10;
    assert_eq!(
        wakes(&gate.step_all(LaneInput::Gate(GateReport::Opened { token: 1 }))),
        []
    );
    assert_eq!(
        wakes(&gate.step_all(LaneInput::Wake)),
        [1_008_000],
        "an early wake asks again"
    );
}
