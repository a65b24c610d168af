//! What must not happen twice, and what must not be forgotten.

use crate::rig::{Rig, SESSION};
use firmware_protocol::Direction::{In, Out};
use firmware_protocol::EventKind::{Intruded, Passed, TimedOut};
use firmware_protocol::{Fault, OpenResult, Reply, Request};

fn pulses(rig: &Rig) -> usize {
    rig.log
        .borrow()
        .iter()
        .filter(|it| *it == "open_in=true")
        .count()
}

#[test]
fn a_repeated_frame_gets_the_stored_answer() {
    let mut rig = Rig::greeted();
    let frame = rig.frame(&Request::Open {
        direction: In,
        token: 7,
    });
    let accepted = Some(Reply::Open {
        token: 7,
        result: OpenResult::Accepted,
    });
    assert_eq!(rig.say(&frame), accepted);
    rig.wait_silently(500);
    assert_eq!(
        rig.say(&frame),
        accepted,
        "not `Duplicate`: it is the same answer"
    );
    assert_eq!(rig.say(&frame), accepted);
    assert_eq!(pulses(&rig), 1);
}

#[test]
fn frames_that_come_again_in_any_order_open_nothing_more() {
    let mut rig = Rig::greeted();
    let mut heard = Vec::new();
    for token in 1..=4 {
        let open = rig.frame(&Request::Open {
            direction: In,
            token,
        });
        assert!(matches!(
            rig.say(&open),
            Some(Reply::Open {
                result: OpenResult::Accepted,
                ..
            })
        ));
        let poll = rig.frame(&Request::Poll {
            session: SESSION,
            ack: 0,
        });
        rig.say(&poll);
        rig.walk("obi.");
        heard.extend([open, poll]);
    }
    let answered = rig.events().len();
    assert_eq!((pulses(&rig), answered), (4, 4));
    // Every step through eight frames that meets all of them, forwards and backwards.
    for step in [1, 3, 5, 7] {
        for round in 0..heard.len() {
            rig.say(&heard[round * step % heard.len()]);
            rig.wait_silently(3);
        }
    }
    // To another board, with a checksum that is right.
    let mut foreign = [0; firmware_protocol::FRAME_BYTES_MAX];
    let open = Request::Open {
        direction: In,
        token: 99,
    };
    let used = firmware_protocol::encode_frame(2, 1, &open, &mut foreign).unwrap();
    assert_eq!(rig.say(&foreign[..used]), None);
    assert_eq!((pulses(&rig), rig.events()), (4, vec![]));
}

#[test]
fn a_repeated_token_is_answered_and_not_obeyed() {
    let mut rig = Rig::greeted();
    assert_eq!(rig.open(In, 7), OpenResult::Accepted);
    rig.walk("obi.");
    assert_eq!(rig.open(In, 7), OpenResult::Duplicate);
    rig.greet();
    assert_eq!(
        rig.open(In, 7),
        OpenResult::Duplicate,
        "a new Hello does not forget it"
    );
    assert_eq!(rig.open(Out, 7), OpenResult::Duplicate);
    assert_eq!(pulses(&rig), 1);
    assert_eq!(
        rig.events(),
        [Passed {
            direction: In,
            token: Some(7)
        }]
    );
}

#[test]
fn a_refused_token_is_not_remembered() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    assert_eq!(rig.open(In, 8), OpenResult::Busy);
    rig.wait(6100);
    assert_eq!(rig.open(In, 8), OpenResult::Accepted);
}

#[test]
fn another_request_under_the_same_number_is_not_a_repeated_one() {
    let mut rig = Rig::greeted();
    let mut frames = Vec::new();
    for token in 0..256 {
        frames.push(rig.frame(&Request::Open {
            direction: In,
            token,
        }));
    }
    let later = rig.frame(&Request::Open {
        direction: In,
        token: 300,
    });
    assert!(rig.say(&frames[0]).is_some());
    rig.wait_silently(100);
    let busy = Some(Reply::Open {
        token: 300,
        result: OpenResult::Busy,
    });
    assert_eq!(rig.say(&later), busy);
}

#[test]
fn a_board_that_restarted_obeys_nothing_before_hello() {
    let mut rig = Rig::silent(firmware_protocol::Settings::default());
    let refused = Some(Reply::Error(Fault::Session));
    let frame = rig.frame(&Request::Open {
        direction: In,
        token: 7,
    });
    assert_eq!(rig.say(&frame), refused);
    assert_eq!(rig.say(&frame), refused);
    assert_eq!(
        rig.ask(&Request::Poll {
            session: SESSION,
            ack: 0
        }),
        refused
    );
    assert_eq!(pulses(&rig), 0);
}

#[test]
fn an_event_waits_until_it_is_acknowledged_in_its_session() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    walk_silently(&mut rig);
    walk_silently(&mut rig);
    let waiting = |rig: &mut Rig, ack| {
        rig.poll(ack)
            .events
            .iter()
            .map(|event| event.seq)
            .collect::<Vec<_>>()
    };
    assert_eq!(waiting(&mut rig, 0), [1, 2]);
    let stale = Request::Poll {
        session: SESSION - 1,
        ack: 2,
    };
    assert_eq!(rig.ask(&stale), Some(Reply::Error(Fault::Session)));
    assert_eq!(
        waiting(&mut rig, 40_000),
        [1, 2],
        "a number of nowhere drops nothing"
    );
    assert_eq!(waiting(&mut rig, 1), [2]);
    assert_eq!(waiting(&mut rig, 2), []);
}

#[test]
fn six_events_fit_into_a_reply_and_the_rest_follows() {
    let mut rig = Rig::greeted();
    for _ in 0..8 {
        walk_silently(&mut rig);
        rig.greet();
    }
    let status = rig.poll(0);
    assert_eq!((status.pending, status.events.len()), (8, 6));
    let times: Vec<u32> = status.events.iter().map(|it| it.uptime_ms).collect();
    assert!(times.is_sorted() && times[5] < status.uptime_ms);
    let status = rig.poll(6);
    assert_eq!(
        status.events.iter().map(|it| it.seq).collect::<Vec<_>>(),
        [7, 8]
    );
}

#[test]
fn a_full_board_drops_the_oldest_and_says_how_many() {
    let mut rig = Rig::greeted();
    for _ in 0..40 {
        walk_silently(&mut rig);
        // Keeps the link without taking events.
        rig.poll(0);
    }
    let status = rig.poll(0);
    assert_eq!((status.pending, status.lost_events), (32, 8));
    assert_eq!(status.events[0].seq, 9);
    assert_eq!(status.events[0].kind, Intruded { direction: In });
}

#[test]
fn a_token_may_be_used_again_long_after() {
    let mut rig = Rig::greeted();
    rig.open(In, 7);
    rig.wait(9999);
    assert_eq!(rig.open(In, 7), OpenResult::Duplicate);
    rig.wait(1);
    assert_eq!(
        rig.open(In, 7),
        OpenResult::Accepted,
        "the ledger of the box began anew"
    );
    assert_eq!(
        rig.events(),
        [TimedOut {
            direction: In,
            token: 7
        }]
    );
}

fn walk_silently(rig: &mut Rig) {
    for (outer, inner) in [(true, false), (true, true), (false, true), (false, false)] {
        rig.outer.set(outer);
        rig.inner.set(inner);
        rig.wait_silently(50);
    }
}
