//! The ledger fails or does not answer: entries stay closed, exits open, and the count is kept.

use edge_domain::*;

use crate::fixtures::*;

fn emergency(effects: &[LaneEffect]) -> &EmergencyRecord {
    match only_act(effects) {
        Act::Emergency(record) => record,
        other => panic!("no emergency record: {other:?}"),
    }
}

#[test]
fn entry_stays_closed_and_the_screen_says_why() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(ZHANG));
    let failed = gate.fail(&asked);
    assert_eq!(
        (openings(&failed), title(&failed).as_str()),
        (vec![], "设备无法记录")
    );
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(
        presentation(&again).result,
        PresentationResult::Granted,
        "no repetition"
    );
}

#[test]
fn denied_entry_shows_its_own_reason() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(WANG));
    let failed = gate.fail(&asked);
    assert_eq!(
        (openings(&failed), title(&failed).as_str()),
        (vec![], "未完成三级教育")
    );
}

#[test]
fn exits_open_are_counted_and_recorded_when_the_ledger_works_again() {
    let mut gate = Gate::without_beams();
    for number in [ZHANG, LI, OLD] {
        let asked = gate.present(Direction::Out, card(number));
        let failed = gate.fail(&asked);
        assert_eq!(openings(&failed).len(), 1, "{number}");
        assert_eq!(records(&failed).len(), 0);
        gate.now_ms += 100;
    }
    let tried = gate.wake_after(1_000);
    let record = emergency(&tried);
    assert_eq!((record.direction, record.openings), (Direction::Out, 3));
    assert_eq!(
        (record.from_ms, record.to_ms),
        (MORNING_MS, MORNING_MS + 200)
    );
    let failed = gate.fail(&tried);
    assert_eq!(records(&failed).len(), 0, "not asked again at once");
    let asked = gate.present(Direction::Out, card(WANG));
    gate.fail(&asked);
    let tried = gate.wake_after(1_000);
    assert_eq!(emergency(&tried).openings, 4);
    gate.commit(&tried);
    assert_eq!(gate.wake_after(60_000), []);
}

#[test]
fn any_commit_that_works_brings_the_count_at_once() {
    let mut gate = Gate::without_beams();
    let first = gate.present(Direction::Out, card(ZHANG));
    let second = gate.present(Direction::Out, card(LI));
    gate.fail(&first);
    let (_, answer) = gate.commit(&second);
    assert_eq!(emergency(&answer).openings, 1);
}

#[test]
fn who_waits_too_long_for_the_passage_before_is_not_counted_as_let_out() {
    let mut gate = Gate::with_beams();
    let first = gate.present(Direction::Out, card(ZHANG));
    let second = gate.present(Direction::Out, card(LI));
    assert_eq!(openings(&gate.fail(&first)).len(), 1);
    assert_eq!(openings(&gate.fail(&second)).len(), 0, "waits");
    let unrecorded = gate.lane.unrecorded(moment(0));
    assert_eq!(unrecorded.len(), 1, "so it would be recorded at an end now");
    let tried = gate.wake_after(1_000);
    assert_eq!(emergency(&tried).openings, 1);
    gate.commit(&tried);
    // The first never passes: the second is told to present again, and nothing opened for him.
    let given_up = gate.wake_after(2_000);
    assert_eq!(openings(&given_up), []);
    assert_eq!(gate_event(&given_up).event, GateEvent::OpenRefused);
    assert_eq!(gate.lane.unrecorded(moment(0)), []);
}

#[test]
fn counted_emergency_mode_lets_admitted_workers_in_and_nobody_else() {
    let mut gate = Gate::without_beams();
    gate.site.policy.emergency_entry = EmergencyMode::Counted;
    let asked = gate.present(Direction::In, card(ZHANG));
    assert_eq!(openings(&gate.fail(&asked)).len(), 1);
    for number in [WANG, OLD] {
        let asked = gate.present(Direction::In, card(number));
        assert_eq!(openings(&gate.fail(&asked)), []);
    }
    let tried = gate.wake_after(1_000);
    assert_eq!(
        (emergency(&tried).direction, emergency(&tried).openings),
        (Direction::In, 1)
    );
}

#[test]
fn opening_by_hand_follows_the_same_rule() {
    for (direction, opened) in [(Direction::In, 0), (Direction::Out, 1)] {
        let mut gate = Gate::without_beams();
        let operator = "liu".to_owned();
        let reason = "测试".to_owned();
        let asked = gate.step(LaneInput::Override {
            direction,
            operator,
            reason,
        });
        assert_eq!(openings(&gate.fail(&asked)).len(), opened);
    }
}

#[test]
fn exit_does_not_wait_for_a_silent_ledger() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::Out, card(ZHANG));
    assert_eq!(openings(&gate.wake_after(1_999)), []);
    let overdue = gate.wake_after(1);
    assert_eq!(openings(&overdue).len(), 1);
    let (_, late) = gate.commit(&asked);
    assert_eq!(openings(&late), [], "opened once");
}

#[test]
fn late_permission_of_an_entry_opens_nothing_and_is_recorded() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(ZHANG));
    let overdue = gate.wake_after(2_000);
    assert_eq!(
        (openings(&overdue), title(&overdue).as_str()),
        (vec![], "设备无法记录")
    );
    let (seq, late) = gate.commit(&asked);
    assert_eq!(openings(&late), []);
    let record = gate_event(&late);
    assert_eq!(
        (record.event, record.presentation),
        (GateEvent::OpenRefused, Some(seq))
    );
}

#[test]
fn passage_of_an_emergency_exit_counts_for_its_worker() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::Out, card(ZHANG));
    let failed = gate.fail(&asked);
    let (token, direction) = openings(&failed)[0];
    gate.now_ms += 1_500;
    let report = GateReport::Passed {
        direction,
        token: Some(token),
        event: event(1),
    };
    let walked = gate.report(report);
    let passages: Vec<&PassageRecord> = records(&walked)
        .iter()
        .filter_map(|(_, record)| match &record.act {
            Act::Passage(passage) => Some(passage),
            _ => None,
        })
        .collect();
    assert_eq!(passages.len(), 1);
    assert_eq!(
        (passages[0].worker, passages[0].counted),
        (Some(WorkerId(1)), true)
    );
    assert_eq!(passages[0].presentation, None);
}

#[test]
fn failed_event_is_tried_again_before_the_next_and_acknowledged_late() {
    let mut gate = Gate::with_beams();
    let first = gate.report(GateReport::Held { event: event(1) });
    gate.report(GateReport::HeldCleared { event: event(2) });
    assert_eq!(gate.fail(&first), []);
    let retried = gate.wake_after(1_000);
    assert_eq!(gate_event(&retried).event, GateEvent::Held);
    let (_, answer) = gate.commit(&retried);
    assert!(answer.contains(&LaneEffect::Acknowledge { event: event(1) }));
    assert_eq!(gate_event(&answer).event, GateEvent::HeldCleared);
}

#[test]
fn ledger_that_never_answers_is_bounded_and_traps_nobody() {
    let mut gate = Gate::without_beams();
    let mut opened = 0;
    let mut asked = 0;
    for _ in 0..200 {
        let effects = gate.present(Direction::Out, card(ZHANG));
        asked += records(&effects).len();
        opened += openings(&effects).len();
        opened += openings(&gate.wake_after(3_000)).len();
    }
    assert_eq!(opened, 200);
    assert!(asked <= 66, "{asked} records are with the ledger");
}

#[test]
fn reports_beyond_the_bound_are_counted_as_lost() {
    let mut gate = Gate::with_beams();
    let mut last = gate.report(GateReport::Held { event: event(1) });
    for seq in 2..=300 {
        gate.report(GateReport::Held { event: event(seq) });
    }
    let mut overflow = Vec::new();
    let mut acknowledged = 0;
    for _ in 0..400 {
        let (_, next) = gate.commit(&last);
        let is_acknowledge =
            |effect: &&LaneEffect| matches!(effect, LaneEffect::Acknowledge { .. });
        acknowledged += next.iter().filter(is_acknowledge).count();
        if records(&next).is_empty() {
            break;
        }
        overflow.extend(gate_event(&next).count);
        last = next;
    }
    assert_eq!((overflow, acknowledged), (vec![44], 300));
}

/// A board that tells the six oldest of the events that it still has, each of them once.
struct Ring {
    waiting: Vec<GateReport>,
    told: Vec<BoardEvent>,
}

impl Ring {
    fn new(waiting: Vec<GateReport>) -> Self {
        let told = Vec::new();
        Self { waiting, told }
    }

    /// Tells the lane until nothing new can be seen; the ledger refuses every record meanwhile.
    fn tell(&mut self, gate: &mut Gate) {
        while let Some(report) = self.next() {
            let effects = gate.report(report);
            self.forget(&effects);
            if !records(&effects).is_empty() {
                let failed = gate.fail(&effects);
                self.forget(&failed);
            }
        }
    }

    fn next(&mut self) -> Option<GateReport> {
        let seen = self.waiting.iter().take(6);
        let mut new = seen.filter(|report| !self.told.contains(&of(report)));
        let report = *new.next()?;
        self.told.push(of(&report));
        Some(report)
    }

    fn forget(&mut self, effects: &[LaneEffect]) {
        for effect in effects {
            if let LaneEffect::Acknowledge { event } = effect {
                assert_eq!(of(&self.waiting.remove(0)), *event, "in order");
            }
        }
    }
}

fn of(report: &GateReport) -> BoardEvent {
    match report {
        GateReport::Passed { event, .. } | GateReport::Unrecorded { event } => *event,
        other => panic!("{other:?}"),
    }
}

fn passed(seq: u16) -> GateReport {
    GateReport::Passed {
        direction: Direction::Out,
        token: None,
        event: event(seq),
    }
}

fn card_read(seq: u16) -> GateReport {
    GateReport::Unrecorded { event: event(seq) }
}

fn stamps(acts: &[Act]) -> Vec<u16> {
    let stamp = |act: &Act| match act {
        Act::Passage(passage) => passage.board.map(|board| board.seq),
        _ => None,
    };
    acts.iter().filter_map(stamp).collect()
}

#[test]
fn the_lane_hears_its_board_however_long_the_ledger_fails() {
    let mut gate = Gate::with_beams();
    let mut reports: Vec<GateReport> = (1..=8).map(passed).collect();
    reports.extend([card_read(9), passed(10), card_read(11)]);
    let mut ring = Ring::new(reports);
    ring.tell(&mut gate);
    assert_eq!(ring.told.len(), 11, "the last card is heard, too");
    assert_eq!(ring.waiting.len(), 4, "the newest stay in the board");
    let held: Vec<Act> = gate
        .lane
        .unrecorded(moment(0))
        .into_iter()
        .map(|one| one.act)
        .collect();
    assert_eq!(stamps(&held), [1, 2, 3, 4, 5, 6, 7]);

    let mut acts = Vec::new();
    let mut effects = gate.wake_after(1_000);
    while !records(&effects).is_empty() {
        acts.push(only_act(&effects).clone());
        let (_, answer) = gate.commit(&effects);
        ring.forget(&answer);
        effects = answer;
    }
    assert_eq!(
        stamps(&acts),
        [1, 2, 3, 4, 5, 6, 7, 8, 10],
        "each once, in order"
    );
    assert_eq!(ring.waiting, []);
    assert_eq!(gate.lane.unrecorded(moment(0)), []);
}

#[test]
fn what_found_no_room_while_the_ledger_failed_is_counted_although_the_board_forgot_it() {
    let mut gate = Gate::with_beams();
    let mut ring = Ring::new((1..=300).map(passed).collect());
    ring.tell(&mut gate);
    assert_eq!(ring.told.len(), 300);
    let held = gate.lane.unrecorded(moment(0));
    let Some(Act::Gate(lost)) = held.last().map(|one| &one.act) else {
        panic!("{held:?}");
    };
    assert_eq!((lost.event, lost.count), (GateEvent::EventsLost, Some(40)));
    assert_eq!(held.len(), 257);
}

/// Told to present again, for the reason that the box was too slow.
fn is_sent_back(effects: &[LaneEffect]) -> bool {
    let screens = shown(effects);
    matches!(
        screens[..],
        [Display::WaitedTooLong {
            cause: Delay::Box,
            ..
        }]
    )
}

#[test]
fn box_that_was_held_up_opens_for_nobody_who_may_have_gone() {
    for direction in [Direction::In, Direction::Out] {
        for finds_commit_done in [true, false] {
            let mut gate = Gate::with_beams();
            let asked = gate.present(direction, card(ZHANG));
            gate.now_ms += 3_001;
            let late = if finds_commit_done {
                gate.commit(&asked).1
            } else {
                let late = gate.wake_after(0);
                assert_eq!(
                    records(&late),
                    [],
                    "nothing to record before the ledger answers"
                );
                late
            };
            assert_eq!(openings(&late), [], "{direction:?} {finds_commit_done}");
            assert!(is_sent_back(&late), "{late:?}");
            let answer = if finds_commit_done {
                late
            } else {
                gate.commit(&asked).1
            };
            assert_eq!(openings(&answer), []);
            let record = gate_event(&answer);
            assert_eq!(record.event, GateEvent::OpenRefused);
            assert_eq!(record.presentation, Some(101));
            gate.commit(&answer);
            let again = gate.present(direction, card(ZHANG));
            assert_eq!(
                presentation(&again).result,
                PresentationResult::Granted,
                "no repetition"
            );
            assert_eq!(openings(&gate.commit(&again).1).len(), 1, "{direction:?}");
        }
    }
}

#[test]
fn box_that_is_late_by_a_second_still_opens() {
    let mut gate = Gate::with_beams();
    gate.present(Direction::Out, card(ZHANG));
    assert_eq!(openings(&gate.wake_after(3_000)).len(), 1);
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::In, card(ZHANG));
    gate.now_ms += 3_000;
    assert_eq!(openings(&gate.commit(&asked).1).len(), 1);
}

#[test]
fn exit_that_was_given_up_is_on_record_although_its_own_record_failed() {
    let mut gate = Gate::with_beams();
    let asked = gate.present(Direction::Out, card(ZHANG));
    gate.wake_after(3_001);
    assert_eq!(gate.fail(&asked), [], "the ledger has failed just now");
    let retried = gate.wake_after(1_000);
    let record = gate_event(&retried);
    assert_eq!(
        (record.event, record.presentation),
        (GateEvent::OpenRefused, None)
    );
}

#[test]
fn nobody_is_sent_back_twice_from_the_exit() {
    let mut gate = Gate::with_beams();
    gate.present(Direction::Out, card(ZHANG));
    gate.present(Direction::Out, card(LI));
    let late = gate.wake_after(9_000);
    assert_eq!((openings(&late).len(), shown(&late).len()), (0, 2));
    gate.present(Direction::Out, card(ZHANG));
    assert_eq!(openings(&gate.wake_after(9_000)).len(), 1, "however late");
    let in_time = gate.present(Direction::Out, card(LI));
    gate.commit(&in_time);
    gate.now_ms += 60_000;
    gate.present(Direction::Out, card(OLD));
    assert!(
        is_sent_back(&gate.wake_after(9_000)),
        "it was in time since"
    );
}
