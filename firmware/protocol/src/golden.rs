//! `PROTOCOL.md` against the code: each frame of the page is what the code sends and reads.
//! A variant that moved, or a field that changed, fails here.

use crate::{
    BoardUid, CardNumber, Direction, Event, EventKind, FRAME_BYTES_MAX, Fault, Frame, GateState,
    Hello, Inputs, KeyPress, Lamp, Mode, OpenResult, Receiver, Reply, Request, ResetCause,
    Settings, SettingsOrigin, Signal, Statistics, Status, UpdateFault, UpdatePhase, UpdateStatus,
    encode_frame,
};
use core::fmt::Debug;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::string::String;
use std::vec;
use std::vec::Vec;

const PAGE: &str = include_str!("../PROTOCOL.md");

/// The frames of the page by name.
fn page() -> BTreeMap<String, Vec<u8>> {
    let mut frames = BTreeMap::new();
    for row in PAGE.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('`').collect();
        let bytes = cells[3]
            .split(' ')
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect();
        assert_eq!(
            frames.insert(cells[1].to_owned(), bytes),
            None,
            "{} stands twice",
            cells[1]
        );
    }
    frames
}

fn check<M: Serialize + DeserializeOwned + Debug + PartialEq>(
    frames: &mut BTreeMap<String, Vec<u8>>,
    messages: Vec<(&str, u8, M)>,
) {
    for (name, number, message) in messages {
        let expected = frames
            .remove(name)
            .unwrap_or_else(|| panic!("{name} is not on the page"));
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, number, &message, &mut bytes).unwrap();
        assert_eq!(bytes[..used], expected[..], "{name}");
        let mut receiver = Receiver::<M>::new();
        let mut frames_read: Vec<_> = expected
            .iter()
            .filter_map(|byte| receiver.push(*byte))
            .collect();
        let frame = frames_read.pop().unwrap().unwrap();
        assert_eq!(frames_read, []);
        let Frame {
            address,
            number: read,
            message: said,
            ..
        } = frame;
        assert_eq!((address, read, said), (1, number, Some(message)), "{name}");
    }
}

fn requests() -> Vec<(&'static str, u8, Request)> {
    let signal = Signal {
        lamp: Lamp::Green,
        lamp_ms: 1000,
        buzzer_ms: 200,
    };
    let data = heapless::Vec::from_slice(&[0xaa, 0, 0xbb]).unwrap();
    std::vec![
        ("hello", 1, Request::Hello { major: 1, minor: 0 }),
        (
            "poll",
            2,
            Request::Poll {
                session: 0x1234,
                ack: 300
            }
        ),
        (
            "poll_first",
            3,
            Request::Poll {
                session: 0x1234,
                ack: 0
            }
        ),
        (
            "open_in",
            4,
            Request::Open {
                direction: Direction::In,
                token: 42
            }
        ),
        (
            "open_out",
            5,
            Request::Open {
                direction: Direction::Out,
                token: 0xdead_beef
            }
        ),
        ("configure", 6, Request::Configure(Settings::default())),
        ("set_mode_controlled", 7, Request::SetMode(Mode::Controlled)),
        ("set_mode_locked", 8, Request::SetMode(Mode::Locked)),
        ("set_mode_free_exit", 9, Request::SetMode(Mode::FreeExit)),
        ("set_mode_free_both", 10, Request::SetMode(Mode::FreeBoth)),
        ("signal", 11, Request::Signal(signal)),
        (
            "update_begin",
            12,
            Request::UpdateBegin {
                image_bytes: 12_000,
                name: [1, 2, 3, 4, 5, 6, 7, 8]
            },
        ),
        (
            "update_chunk",
            13,
            Request::UpdateChunk { offset: 128, data }
        ),
        ("update_commit", 14, Request::UpdateCommit),
        (
            "send_card",
            16,
            Request::SendCard {
                bits: 26,
                number: CardNumber::new(0x7b_b26e)
            }
        ),
    ]
}

fn hello(reset_cause: ResetCause) -> Reply {
    Reply::Hello(Hello {
        major: 1,
        minor: 0,
        firmware: [0, 3, 1],
        uid: BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]),
        session: 0x1234,
        reset_cause,
    })
}

fn status(state: GateState, events: &[Event]) -> Reply {
    Reply::Status(Status {
        uptime_ms: 5000,
        state,
        inputs: Inputs(0),
        pending: u8::try_from(events.len()).unwrap(),
        lost_events: 0,
        bad_frames: 0,
        events: events.iter().copied().collect(),
    })
}

fn replies() -> Vec<(&'static str, u8, Reply)> {
    let answered = |result| Reply::Open { token: 42, result };
    let longest = Event {
        seq: u16::MAX,
        uptime_ms: u32::MAX,
        kind: EventKind::Passed {
            direction: Direction::In,
            token: Some(u32::MAX),
        },
    };
    let full = Reply::Status(Status {
        uptime_ms: u32::MAX,
        state: GateState::Opened,
        inputs: Inputs(0x3f),
        pending: u8::MAX,
        lost_events: u16::MAX,
        bad_frames: u16::MAX,
        events: heapless::Vec::from_array([longest; 6]),
    });
    let statistics = Statistics {
        frames: 1000,
        foreign_frames: 300,
        bad_frames: 2,
        repeated_frames: 1,
        bad_telegrams: 3,
        dropped_cards: 0,
        settings: SettingsOrigin::Kept,
    };
    std::vec![
        ("hello_unknown", 1, hello(ResetCause::Unknown)),
        ("hello_power_on", 1, hello(ResetCause::PowerOn)),
        ("hello_watchdog", 1, hello(ResetCause::Watchdog)),
        ("hello_software", 1, hello(ResetCause::Software)),
        ("hello_brown_out", 1, hello(ResetCause::BrownOut)),
        ("status_closed", 2, status(GateState::Closed, &[])),
        ("status_opened", 2, status(GateState::Opened, &[])),
        ("status_free", 2, status(GateState::Free, &[])),
        ("status_locked", 2, status(GateState::Locked, &[])),
        ("status_link_lost", 2, status(GateState::LinkLost, &[])),
        ("status_fire", 2, status(GateState::Fire, &[])),
        ("status_full", 2, full),
        ("open_accepted", 4, answered(OpenResult::Accepted)),
        ("open_duplicate", 4, answered(OpenResult::Duplicate)),
        ("open_busy", 4, answered(OpenResult::Busy)),
        ("open_locked", 4, answered(OpenResult::Locked)),
        ("open_fire", 4, answered(OpenResult::Fire)),
        ("done", 6, Reply::Done),
        ("error_version", 9, Reply::Error(Fault::Version)),
        ("error_session", 9, Reply::Error(Fault::Session)),
        ("error_unsupported", 9, Reply::Error(Fault::Unsupported)),
        ("error_settings", 9, Reply::Error(Fault::Settings)),
        ("error_message", 9, Reply::Error(Fault::Message)),
        ("error_busy", 9, Reply::Error(Fault::Busy)),
        ("statistics", 15, Reply::Statistics(statistics)),
    ]
}

fn questions() -> Vec<(&'static str, u8, Request)> {
    vec![
        ("ask_statistics", 15, Request::AskStatistics),
        ("ask_update", 17, Request::AskUpdate),
    ]
}

fn updates() -> Vec<(&'static str, u8, Reply)> {
    let update = |phase, received| Reply::Update(UpdateStatus { phase, received });
    let refused = Reply::UpdateRefused;
    let judged = UpdatePhase::Refused(UpdateFault::Signature);
    vec![
        ("update_idle", 12, update(UpdatePhase::Idle, 0)),
        ("update_receiving", 13, update(UpdatePhase::Receiving, 128)),
        ("update_staged", 14, update(UpdatePhase::Staged, 12_000)),
        ("update_trial", 17, update(UpdatePhase::Trial, 0)),
        ("update_confirmed", 17, update(UpdatePhase::Confirmed, 0)),
        ("update_rolled_back", 17, update(UpdatePhase::RolledBack, 0)),
        ("update_no_good_signature", 17, update(judged, 0)),
        ("refused_not_an_image", 13, refused(UpdateFault::NotAnImage)),
        ("refused_other_board", 13, refused(UpdateFault::OtherBoard)),
        ("refused_not_newer", 13, refused(UpdateFault::NotNewer)),
        ("refused_length", 13, refused(UpdateFault::Length)),
        ("refused_incomplete", 13, refused(UpdateFault::Incomplete)),
        ("refused_digest", 13, refused(UpdateFault::Digest)),
        ("refused_signature", 13, refused(UpdateFault::Signature)),
        ("refused_no_key", 13, refused(UpdateFault::NoKey)),
        ("refused_flash", 13, refused(UpdateFault::Flash)),
    ]
}

fn gate_events() -> Vec<(&'static str, EventKind)> {
    let (direction, out) = (Direction::In, Direction::Out);
    vec![
        (
            "event_passed_in",
            EventKind::Passed {
                direction,
                token: Some(42),
            },
        ),
        (
            "event_passed_out_free",
            EventKind::Passed {
                direction: out,
                token: None,
            },
        ),
        (
            "event_timed_out",
            EventKind::TimedOut {
                direction,
                token: 42,
            },
        ),
        (
            "event_tailgated",
            EventKind::Tailgated {
                direction,
                token: 42,
            },
        ),
        (
            "event_reversed",
            EventKind::Reversed {
                direction: out,
                token: 42,
            },
        ),
        ("event_intruded", EventKind::Intruded { direction: out }),
        ("event_held", EventKind::Held),
        ("event_held_cleared", EventKind::HeldCleared),
        ("event_fire_on", EventKind::Fire { on: true }),
        ("event_fire_off", EventKind::Fire { on: false }),
        ("event_tamper_on", EventKind::Tamper { on: true }),
        ("event_tamper_off", EventKind::Tamper { on: false }),
        ("event_link_lost", EventKind::LinkLost),
        ("event_link_back", EventKind::LinkBack),
    ]
}

fn reader_events() -> Vec<(&'static str, EventKind)> {
    let (direction, out) = (Direction::In, Direction::Out);
    vec![
        (
            "event_card_26",
            EventKind::Card {
                reader: direction,
                bits: 26,
                number: CardNumber::new(0x7b_b26e),
            },
        ),
        (
            "event_card_34",
            EventKind::Card {
                reader: out,
                bits: 34,
                number: CardNumber::new(0xfedc_ba98),
            },
        ),
        (
            "event_key",
            EventKind::Key {
                reader: direction,
                key: KeyPress::new(11),
            },
        ),
    ]
}

fn events() -> Vec<(&'static str, u8, Reply)> {
    gate_events()
        .into_iter()
        .chain(reader_events())
        .map(|(name, kind)| {
            (
                name,
                2,
                status(
                    GateState::Closed,
                    &[Event {
                        seq: 7,
                        uptime_ms: 4900,
                        kind,
                    }],
                ),
            )
        })
        .collect()
}

#[test]
fn the_page_and_the_code_say_the_same() {
    let mut frames = page();
    check(&mut frames, requests());
    check(&mut frames, questions());
    check(&mut frames, replies());
    check(&mut frames, updates());
    check(&mut frames, events());
    assert_eq!(
        frames,
        BTreeMap::new(),
        "frames on the page that no test knows"
    );
}
