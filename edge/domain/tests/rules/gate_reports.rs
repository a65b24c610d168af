//! What the gate reports becomes records, and is acknowledged only when they are durable.

use edge_domain::*;

use crate::fixtures::*;

fn passed(token: Option<u32>, seq: u16) -> GateReport {
    GateReport::Passed {
        direction: Direction::In,
        token,
        event: event(seq),
    }
}

fn acknowledged(effects: &[LaneEffect]) -> Vec<u16> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            LaneEffect::Acknowledge { event } => Some(event.seq),
            _ => None,
        })
        .collect()
}

#[test]
fn attendance_counts_on_passage_and_names_its_presentation() {
    let mut gate = Gate::with_beams();
    let (seq, _) = gate.enter(ZHANG);
    gate.now_ms += 1_500;
    let walked = gate.report(passed(Some(token(seq)), 1));
    let record = passage(&walked);
    assert_eq!(
        (record.presentation, record.worker),
        (Some(seq), Some(WorkerId(1)))
    );
    assert_eq!(
        (record.outcome, record.counted),
        (PassageOutcome::Passed, true)
    );
    assert_eq!(
        record.board,
        Some(BoardStamp {
            uid: Some([1; 8]),
            boot: 3,
            seq: 1
        })
    );
    assert_eq!(
        records(&walked)[0].1.at,
        moment(1_460),
        "the board saw it 40 ms earlier"
    );
    assert_eq!(acknowledged(&walked), []);
    let (_, answer) = gate.commit(&walked);
    assert_eq!(acknowledged(&answer), [1]);
}

#[test]
fn one_opening_counts_once() {
    let mut gate = Gate::with_beams();
    let (seq, _) = gate.enter(ZHANG);
    let first = gate.report(passed(Some(token(seq)), 1));
    gate.commit(&first);
    let second = gate.report(passed(Some(token(seq)), 2));
    assert!(!passage(&second).counted);
}

#[test]
fn passage_without_token_counts_for_nobody() {
    let mut gate = Gate::with_beams();
    let walked = gate.report(passed(None, 1));
    let record = passage(&walked);
    assert_eq!(
        (record.worker, record.presentation, record.counted),
        (None, None, false)
    );
}

#[test]
fn passage_of_an_override_counts_for_nobody() {
    let mut gate = Gate::with_beams();
    let asked = gate.step(LaneInput::Override {
        direction: Direction::In,
        operator: "liu".to_owned(),
        reason: "访客".to_owned(),
    });
    let (seq, _) = gate.commit(&asked);
    let walked = gate.report(passed(Some(token(seq)), 1));
    assert_eq!(
        (passage(&walked).presentation, passage(&walked).counted),
        (Some(seq), false)
    );
}

#[test]
fn other_outcomes_are_recorded_and_not_counted() {
    let direction = Direction::In;
    for (at, outcome) in (1..).zip(["timed_out", "tailgated", "reversed", "intruded"]) {
        let mut gate = Gate::with_beams();
        let (seq, _) = gate.enter(ZHANG);
        let (token, event) = (Some(token(seq)), event(at));
        let report = match outcome {
            "timed_out" => GateReport::TimedOut {
                direction,
                token,
                event,
            },
            "tailgated" => GateReport::Tailgated {
                direction,
                token,
                event,
            },
            "reversed" => GateReport::Reversed {
                direction: Direction::Out,
                token,
                event,
            },
            _ => GateReport::Intruded { direction, event },
        };
        let effects = gate.report(report);
        let record = passage(&effects);
        assert_eq!((record.outcome.code(), record.counted), (outcome, false));
        assert_eq!(record.presentation, (outcome != "intruded").then_some(seq));
        assert_eq!(acknowledged(&gate.commit(&effects).1), [at]);
    }
}

#[test]
fn opening_stays_good_after_somebody_walked_against_it() {
    let mut gate = Gate::with_beams();
    let (first, _) = gate.enter(ZHANG);
    gate.enter(LI);
    let token = Some(token(first));
    let reversed = GateReport::Reversed {
        direction: Direction::Out,
        token,
        event: event(1),
    };
    let effects = gate.report(reversed);
    assert_eq!(openings(&effects), [], "the first still has his opening");
    gate.commit(&effects);
    let walked = gate.report(passed(token, 2));
    assert!(passage(&walked).counted);
}

#[test]
fn presenting_again_after_a_time_out_is_no_repetition() {
    let mut gate = Gate::with_beams();
    let (seq, _) = gate.enter(ZHANG);
    gate.now_ms += 2_000;
    let event = event(1);
    let report = GateReport::TimedOut {
        direction: Direction::In,
        token: Some(token(seq)),
        event,
    };
    let effects = gate.report(report);
    gate.commit(&effects);
    let again = gate.present(Direction::In, card(ZHANG));
    assert_eq!(presentation(&again).result, PresentationResult::Granted);
}

#[test]
fn states_of_the_gate_are_recorded() {
    let event = event(1);
    for (report, code) in [
        (GateReport::Held { event }, "held"),
        (GateReport::HeldCleared { event }, "held_cleared"),
        (GateReport::Tamper { on: true, event }, "tamper_on"),
        (GateReport::Tamper { on: false, event }, "tamper_off"),
        (GateReport::BoxSilent { on: true, event }, "link_lost"),
        (GateReport::BoxSilent { on: false, event }, "link_back"),
        (GateReport::Fire { on: true, event }, "fire_on"),
        (GateReport::Fire { on: false, event }, "fire_off"),
    ] {
        let mut gate = Gate::with_beams();
        let effects = gate.report(report);
        assert_eq!(gate_event(&effects).event.code(), code);
        assert_eq!(gate_event(&effects).board, Some(event.stamp()));
        assert_eq!(acknowledged(&effects), []);
        assert_eq!(acknowledged(&gate.commit(&effects).1), [1], "{code}");
    }
}

#[test]
fn messages_without_number_are_recorded_too() {
    for (report, code, count) in [
        (GateReport::Restarted { boot: 4 }, "board_restarted", None),
        (GateReport::EventsLost { count: 5 }, "events_lost", Some(5)),
        (GateReport::LinkLost, "link_lost", None),
    ] {
        let mut gate = Gate::with_beams();
        let effects = gate.report(report);
        assert_eq!(
            (
                gate_event(&effects).event.code(),
                gate_event(&effects).count
            ),
            (code, count)
        );
    }
}

#[test]
fn link_is_recorded_when_it_changes_and_not_at_the_start() {
    let mut gate = Gate::with_beams();
    assert_eq!(gate.report(GateReport::LinkBack), []);
    let lost = gate.report(GateReport::LinkLost);
    gate.commit(&lost);
    assert_eq!(gate.report(GateReport::LinkLost), []);
    let back = gate.report(GateReport::LinkBack);
    assert_eq!(gate_event(&back).event, GateEvent::LinkBack);
}

#[test]
fn without_link_attendance_counts_on_grant_and_once() {
    let mut gate = Gate::with_beams();
    let lost = gate.report(GateReport::LinkLost);
    gate.commit(&lost);
    let asked = gate.present(Direction::In, card(ZHANG));
    assert!(presentation(&asked).counted);
    let (seq, answer) = gate.commit(&asked);
    assert_eq!(openings(&answer).len(), 1);
    let back = gate.report(GateReport::LinkBack);
    gate.commit(&back);
    let walked = gate.report(passed(Some(token(seq)), 1));
    assert!(!passage(&walked).counted, "the grant counted already");
}

#[test]
fn what_the_board_did_without_the_box_is_recorded_and_changes_nothing_now() {
    let mut gate = Gate::with_beams();
    for (seq, on, word) in [
        (1, true, GateEvent::LinkLost),
        (2, false, GateEvent::LinkBack),
    ] {
        let event = event(seq);
        let effects = gate.report(GateReport::BoxSilent { on, event });
        let record = gate_event(&effects);
        assert_eq!((record.event, record.board), (word, Some(event.stamp())));
        let (_, answer) = gate.commit(&effects);
        assert_eq!(answer, [LaneEffect::Acknowledge { event }]);
    }
    // The link is up as before: the second person waits for the passage of the first.
    gate.enter(ZHANG);
    let (_, answer) = gate.enter(LI);
    assert_eq!(openings(&answer), []);
}

#[test]
fn link_loss_and_fire_release_everybody_who_waits() {
    for report in [
        GateReport::LinkLost,
        GateReport::Fire {
            on: true,
            event: event(1),
        },
    ] {
        let mut gate = Gate::with_beams();
        gate.enter(ZHANG);
        let (second, _) = gate.enter(LI);
        let effects = gate.report(report);
        assert_eq!(openings(&effects), [(token(second), Direction::In)]);
    }
}

#[test]
fn fire_shows_the_way_out_and_counts_on_grant() {
    let mut gate = Gate::with_beams();
    let fire = gate.report(GateReport::Fire {
        on: true,
        event: event(1),
    });
    assert_eq!(title(&fire), "消防疏散");
    gate.commit(&fire);
    let asked = gate.present(Direction::Out, card(ZHANG));
    assert!(presentation(&asked).counted);
    gate.commit(&asked);
    let over = gate.report(GateReport::Fire {
        on: false,
        event: event(2),
    });
    gate.commit(&over);
    let asked = gate.present(Direction::In, card(LI));
    assert!(!presentation(&asked).counted);
}

#[test]
fn busy_gate_is_asked_again_with_the_same_token() {
    let mut gate = Gate::with_beams();
    let (seq, _) = gate.enter(ZHANG);
    let busy = GateReport::OpenRefused {
        token: token(seq),
        why: OpenRefusal::Busy,
    };
    assert_eq!(gate.report(busy), []);
    assert_eq!(openings(&gate.wake_after(499)), []);
    assert_eq!(openings(&gate.wake_after(1)), [(token(seq), Direction::In)]);
}

#[test]
fn nothing_opens_again_for_a_passage_that_is_over() {
    let mut gate = Gate::with_beams();
    let (seq, _) = gate.enter(ZHANG);
    let walked = gate.report(passed(Some(token(seq)), 1));
    gate.commit(&walked);
    let busy = GateReport::OpenRefused {
        token: token(seq),
        why: OpenRefusal::Busy,
    };
    let effects = gate.report(busy);
    assert_eq!(gate_event(&effects).event, GateEvent::OpenRefused);
    gate.commit(&effects);
    assert_eq!(openings(&gate.wake_after(10_000)), []);
}

#[test]
fn refused_opening_is_recorded_shown_and_may_be_presented_again() {
    for why in [OpenRefusal::Locked, OpenRefusal::NoLink, OpenRefusal::Fault] {
        let mut gate = Gate::with_beams();
        let (seq, _) = gate.enter(ZHANG);
        let effects = gate.report(GateReport::OpenRefused {
            token: token(seq),
            why,
        });
        let record = gate_event(&effects);
        assert_eq!(
            (record.event, record.presentation),
            (GateEvent::OpenRefused, Some(seq))
        );
        assert_eq!(title(&effects), "闸机未打开");
        gate.commit(&effects);
        let again = gate.present(Direction::In, card(ZHANG));
        assert_eq!(presentation(&again).result, PresentationResult::Granted);
    }
}

#[test]
fn redelivered_event_is_recorded_once_and_acknowledged_again() {
    let mut gate = Gate::with_beams();
    let effects = gate.report(passed(None, 1));
    assert_eq!(gate.report(passed(None, 1)), [], "its record is under way");
    gate.commit(&effects);
    assert_eq!(acknowledged(&gate.report(passed(None, 1))), [1]);
    assert_eq!(records(&gate.report(passed(None, 2))).len(), 1);
}

#[test]
fn event_recorded_before_a_restart_is_only_acknowledged() {
    let last_event = Some(EventMark {
        uid: None,
        boot: 3,
        seq: 5,
    });
    let memory = LaneMemory {
        last_event,
        grants: Vec::new(),
    };
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), memory));
    let old = gate.report(passed(None, 5));
    assert_eq!((acknowledged(&old), records(&old).len()), (vec![5], 0));
    assert_eq!(records(&gate.report(passed(None, 6))).len(), 1);
}

#[test]
fn event_numbers_wrap_and_a_new_boot_starts_over() {
    let last_event = Some(EventMark {
        uid: Some([1; 8]),
        boot: 3,
        seq: 65_535,
    });
    let memory = LaneMemory {
        last_event,
        grants: Vec::new(),
    };
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), memory));
    let wrapped = gate.report(passed(None, 1));
    assert_eq!(records(&wrapped).len(), 1);
    gate.commit(&wrapped);
    let event = BoardEvent {
        uid: [1; 8],
        boot: 4,
        seq: 1,
        age_ms: 0,
    };
    let reborn = gate.report(GateReport::Held { event });
    assert_eq!(records(&reborn).len(), 1);
}

#[test]
fn a_board_exchanged_while_the_box_was_off_is_not_taken_for_the_one_before() {
    let memory = |uid| LaneMemory {
        last_event: Some(EventMark {
            uid,
            boot: 3,
            seq: 5,
        }),
        grants: Vec::new(),
    };
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), memory(Some([2; 8]))));
    for seq in [1, 5] {
        let effects = gate.report(passed(None, seq));
        assert_eq!(
            (acknowledged(&effects), records(&effects).len()),
            (vec![], 1)
        );
        gate.commit(&effects);
    }
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), memory(Some([1; 8]))));
    let old = gate.report(passed(None, 5));
    assert_eq!((acknowledged(&old), records(&old).len()), (vec![5], 0));
}

#[test]
fn another_board_with_the_same_session_starts_over() {
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), LaneMemory::default()));
    let first = gate.report(passed(None, 7));
    gate.commit(&first);
    let of_the_other = |seq| GateReport::Held {
        event: BoardEvent {
            uid: [2; 8],
            ..event(seq)
        },
    };
    let held = gate.report(of_the_other(7));
    assert_eq!((acknowledged(&held), records(&held).len()), (vec![], 1));
    gate.commit(&held);
    assert_eq!(acknowledged(&gate.report(of_the_other(7))), [7]);
}

#[test]
fn passage_after_a_restart_still_finds_its_presentation() {
    let grant = RememberedGrant {
        seq: 77,
        worker: Some(WorkerId(2)),
        visit: None,
        direction: Direction::In,
        counted: false,
    };
    let memory = LaneMemory {
        last_event: None,
        grants: vec![grant],
    };
    let mut gate = Gate::new(Lane::new(settings(Sensing::Beams), memory));
    let walked = gate.report(passed(Some(77), 1));
    let record = passage(&walked);
    assert_eq!(
        (record.presentation, record.worker),
        (Some(77), Some(WorkerId(2)))
    );
    assert!(record.counted);
}

#[test]
fn events_go_one_by_one_in_order_and_unrecorded_ones_wait_their_turn() {
    let mut gate = Gate::with_beams();
    let first = gate.report(passed(None, 1));
    assert_eq!(gate.report(GateReport::Unrecorded { event: event(2) }), []);
    assert_eq!(gate.report(passed(None, 3)), []);
    let (_, answer) = gate.commit(&first);
    assert_eq!(acknowledged(&answer), [1, 2]);
    assert_eq!(passage(&answer).board.map(|board| board.seq), Some(3));
}

#[test]
fn board_restart_ends_the_opening_under_way() {
    let mut gate = Gate::with_beams();
    gate.enter(ZHANG);
    let (second, _) = gate.enter(LI);
    let effects = gate.report(GateReport::Restarted { boot: 4 });
    assert_eq!(openings(&effects), [(token(second), Direction::In)]);
    assert_eq!(gate_event(&effects).board.map(|board| board.boot), Some(4));
}
