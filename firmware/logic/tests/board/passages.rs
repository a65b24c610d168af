//! People who walk.

use crate::rig::Rig;
use firmware_protocol::Direction::{In, Out};
use firmware_protocol::EventKind::{
    Held, HeldCleared, Intruded, Passed, Reversed, Tailgated, TimedOut,
};
use firmware_protocol::{Fault, Mode, OpenResult, Reply, Request};

const PASS_IN: &str = "obi.";
const PASS_OUT: &str = "ibo.";

#[test]
fn an_open_command_pulses_the_relay_of_its_direction_at_once() {
    for direction in [In, Out] {
        let mut rig = Rig::greeted();
        rig.wait(100);
        assert_eq!(rig.open(direction, 7), OpenResult::Accepted);
        let (pulsed, other) = match direction {
            In => (rig.open_in.clone(), rig.open_out.clone()),
            Out => (rig.open_out.clone(), rig.open_in.clone()),
        };
        assert!(pulsed.is_on() && !other.is_on(), "no tick is needed");
        assert!(rig.green.is_on() && !rig.red.is_on());
        rig.wait_silently(399);
        assert!(pulsed.is_on());
        rig.wait_silently(1);
        assert!(!pulsed.is_on() && !other.is_on());
        assert!(rig.green.is_on(), "the opening outlasts the pulse");
    }
}

#[test]
fn one_who_walks_through_has_passed() {
    for (direction, beams) in [(In, PASS_IN), (Out, PASS_OUT), (In, "o.i."), (Out, "i.o.")] {
        let mut rig = Rig::greeted();
        rig.open(direction, 7);
        rig.walk(beams);
        assert_eq!(
            rig.events(),
            [Passed {
                direction,
                token: Some(7)
            }],
            "{beams}"
        );
        assert!(rig.red.is_on() && !rig.green.is_on());
        rig.wait(10_000);
        assert_eq!(rig.events(), []);
    }
}

#[test]
fn one_who_stands_in_the_lane_already_has_passed() {
    let mut rig = Rig::greeted();
    rig.walk("ob");
    rig.open(In, 7);
    rig.walk("i.");
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn an_opening_that_nobody_uses_times_out() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.wait(5990);
    assert_eq!(rig.events(), []);
    rig.wait(20);
    assert_eq!(
        rig.events(),
        [TimedOut {
            direction: In,
            token: 7
        }]
    );
    assert_eq!(rig.open(Out, 8), OpenResult::Accepted);
}

#[test]
fn one_who_walks_back_may_come_again_within_the_time() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.walk("obo...");
    rig.walk(PASS_IN);
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );

    rig.open(In, 8);
    rig.walk("obo.");
    rig.wait(8000);
    assert_eq!(
        rig.events(),
        [TimedOut {
            direction: In,
            token: 8
        }]
    );
}

#[test]
fn the_time_stands_while_somebody_is_in_the_lane() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.wait(5000);
    rig.walk("ob");
    rig.wait(9000);
    rig.walk("i.");
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn the_time_stands_while_a_thin_body_is_unseen_between_the_beams() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.wait(5700);
    rig.walk("o.....i.");
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn no_update_restarts_the_board_over_somebody_unseen_between_the_beams() {
    let mut rig = Rig::greeted();
    rig.walk("o.");
    let commit = Request::UpdateCommit;
    assert_eq!(rig.ask(&commit), Some(Reply::Error(Fault::Busy)));
    rig.wait(2100);
    assert_ne!(rig.ask(&commit), Some(Reply::Error(Fault::Busy)));
}

#[test]
fn a_beam_that_fails_does_not_keep_the_gate_busy_for_ever() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.outer.set(true);
    rig.wait(10_050);
    assert_eq!(rig.events(), [Held]);
    assert_eq!(rig.open(In, 8), OpenResult::Busy);
    rig.wait(60_000);
    assert_eq!(
        rig.events(),
        [TimedOut {
            direction: In,
            token: 7
        }]
    );
    assert_eq!(rig.open(In, 9), OpenResult::Accepted);
}

#[test]
fn both_beams_blocked_for_an_hour_are_told_once_and_cost_nothing_afterwards() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.outer.set(true);
    rig.inner.set(true);
    let mut kinds = Vec::new();
    for _ in 0..36_000 {
        rig.now_ms += 99;
        rig.wait_silently(1);
        kinds.extend(rig.events());
    }
    let timed_out = TimedOut {
        direction: In,
        token: 7,
    };
    assert_eq!(kinds, [Held, timed_out]);
    rig.outer.set(false);
    rig.inner.set(false);
    rig.wait(50);
    assert_eq!(rig.events(), [HeldCleared], "nobody passed");
    assert_eq!(rig.open(In, 8), OpenResult::Accepted);
    rig.walk("obi.");
    let passed = Passed {
        direction: In,
        token: Some(8),
    };
    assert_eq!(rig.events(), [passed]);
}

#[test]
fn a_held_lane_keeps_nobody_from_leaving() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.inner.set(true);
    rig.wait(5000);
    assert_eq!(rig.open(Out, 8), OpenResult::Busy);
    rig.wait(6000);
    assert_eq!(rig.open(Out, 8), OpenResult::Accepted);
    assert!(rig.open_out.is_on());
    assert_eq!(
        rig.events(),
        [
            Held,
            TimedOut {
                direction: In,
                token: 7
            }
        ]
    );
    rig.inner.set(false);
    rig.wait(50);
    assert_eq!(rig.events(), [HeldCleared]);
}

#[test]
fn a_cut_beam_holds_the_lane_and_counts_nobody() {
    let mut rig = Rig::greeted();
    rig.outer.cut();
    rig.wait(10_100);
    assert_eq!(rig.events(), [Held]);
    rig.wait_silently(1);
    assert!(rig.poll(0).inputs.has(firmware_protocol::Inputs::PIN_FAULT));
}

#[test]
fn a_gate_in_use_refuses_another_opening() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    assert_eq!(rig.open(In, 8), OpenResult::Busy);
    assert_eq!(rig.open(Out, 9), OpenResult::Busy);
    rig.walk(PASS_IN);
    assert_eq!(
        rig.open(In, 8),
        OpenResult::Accepted,
        "a busy token may come again"
    );
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn those_who_follow_at_once_tailgate() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.walk(PASS_IN);
    rig.walk(PASS_IN);
    rig.walk(PASS_IN);
    let tailgated = Tailgated {
        direction: In,
        token: 7,
    };
    assert_eq!(
        rig.events(),
        [
            Passed {
                direction: In,
                token: Some(7)
            },
            tailgated,
            tailgated
        ]
    );
}

#[test]
fn those_who_come_later_or_the_other_way_intrude() {
    let mut rig = Rig::greeted();
    rig.walk(PASS_IN);
    assert_eq!(rig.events(), [Intruded { direction: In }]);
    rig.open(In, 7);
    rig.walk(PASS_IN);
    rig.wait(1600);
    rig.walk(PASS_IN);
    let passed = Passed {
        direction: In,
        token: Some(7),
    };
    assert_eq!(rig.events(), [passed, Intruded { direction: In }]);
    rig.open(In, 8);
    rig.walk(PASS_IN);
    rig.walk(PASS_OUT);
    let passed = Passed {
        direction: In,
        token: Some(8),
    };
    assert_eq!(rig.events(), [passed, Intruded { direction: Out }]);
}

#[test]
fn one_who_only_touches_a_beam_does_not_intrude() {
    let mut rig = Rig::greeted();
    rig.walk("o.oo.obo.");
    rig.wait(3000);
    rig.walk("i.");
    assert_eq!(rig.events(), []);
}

#[test]
fn one_who_comes_against_an_opening_reverses_and_leaves_it_good() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.walk(PASS_OUT);
    assert_eq!(
        rig.events(),
        [Reversed {
            direction: Out,
            token: 7
        }]
    );
    rig.walk(PASS_IN);
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn a_free_direction_is_counted_without_a_token() {
    let mut rig = Rig::greeted();
    assert_eq!(
        rig.ask(&Request::SetMode(Mode::FreeExit)),
        Some(Reply::Done)
    );
    assert!(rig.open_out.is_on() && !rig.open_in.is_on());
    rig.walk(PASS_OUT);
    rig.walk(PASS_OUT);
    let free = Passed {
        direction: Out,
        token: None,
    };
    assert_eq!(rig.events(), [free, free]);
    rig.walk(PASS_IN);
    assert_eq!(rig.events(), [Intruded { direction: In }]);
    rig.open(Out, 7);
    rig.walk(PASS_OUT);
    rig.walk(PASS_OUT);
    assert_eq!(
        rig.events(),
        [
            Passed {
                direction: Out,
                token: Some(7)
            },
            free
        ]
    );
    rig.open(In, 8);
    rig.walk(PASS_OUT);
    assert_eq!(
        rig.events(),
        [free],
        "who leaves by the free exit does not reverse"
    );
}

#[test]
fn each_mode_opens_what_it_says() {
    let cases = [
        (Mode::Controlled, false, false, OpenResult::Accepted),
        (Mode::Locked, false, false, OpenResult::Locked),
        (Mode::FreeExit, false, true, OpenResult::Accepted),
        (Mode::FreeBoth, true, true, OpenResult::Accepted),
    ];
    for (mode, entry, exit, result) in cases {
        let mut rig = Rig::greeted();
        rig.ask(&Request::SetMode(mode));
        assert_eq!(
            (rig.open_in.is_on(), rig.open_out.is_on()),
            (entry, exit),
            "{mode:?}"
        );
        assert_eq!(rig.open(In, 7), result, "{mode:?}");
    }
}

#[test]
fn a_locked_entry_locks_nobody_in() {
    let mut rig = Rig::greeted();
    rig.ask(&Request::SetMode(Mode::Locked));
    assert_eq!(rig.open(In, 7), OpenResult::Locked);
    assert!(!rig.open_in.is_on());
    assert_eq!(rig.open(Out, 8), OpenResult::Accepted);
    assert!(rig.open_out.is_on());
}

#[test]
fn a_chattering_beam_is_steadied() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    for step in 0..200_u32 {
        rig.outer.set(step % 3 == 0);
        rig.inner.set(step % 4 == 0);
        rig.wait(3);
    }
    rig.outer.set(false);
    rig.inner.set(false);
    rig.wait(20);
    assert_eq!(rig.events(), []);
}

#[test]
fn a_passage_survives_the_wrap_of_the_uptime() {
    let mut rig = Rig::greeted();
    rig.now_ms = u32::MAX - 700;
    rig.board.tick(rig.now_ms);
    rig.events();
    rig.open(In, 7);
    rig.walk(PASS_IN);
    assert!(rig.now_ms < 1000);
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
    rig.open(In, 8);
    rig.wait(6001);
    assert_eq!(
        rig.events(),
        [TimedOut {
            direction: In,
            token: 8
        }]
    );
}
