//! The conversation: versions, addresses, refusals, broken frames.

use crate::rig::{Rig, SESSION, UID};
use firmware_protocol::{
    Direction, FRAME_BYTES_MAX, Fault, Hello, MAJOR, MINOR, Reply, Request, ResetCause, Settings,
    encode_frame,
};

#[test]
fn hello_tells_who_is_there() {
    let mut rig = Rig::silent(Settings::default());
    let hello = Hello {
        major: MAJOR,
        minor: MINOR,
        firmware: [0, 1, 0],
        uid: UID,
        session: SESSION,
        reset_cause: ResetCause::PowerOn,
    };
    let reply = rig.ask(&Request::Hello {
        major: MAJOR,
        minor: MINOR + 9,
    });
    assert_eq!(reply, Some(Reply::Hello(hello)));
}

#[test]
fn another_major_is_refused() {
    let mut rig = Rig::silent(Settings::default());
    let reply = rig.ask(&Request::Hello {
        major: MAJOR + 1,
        minor: 0,
    });
    assert_eq!(reply, Some(Reply::Error(Fault::Version)));
    let open = Request::Open {
        direction: Direction::In,
        token: 7,
    };
    assert_eq!(rig.ask(&open), Some(Reply::Error(Fault::Session)));
}

#[test]
fn a_board_without_a_boot_loader_takes_no_update() {
    let mut rig = Rig::greeted();
    let begin = Request::UpdateBegin {
        image_bytes: 12_000,
        name: [0; 8],
    };
    let chunk = Request::UpdateChunk {
        offset: 0,
        data: heapless::Vec::from_array([7; 100]),
    };
    for request in [begin, chunk, Request::UpdateCommit, Request::AskUpdate] {
        assert_eq!(rig.ask(&request), Some(Reply::Error(Fault::Unsupported)));
    }
}

#[test]
fn settings_out_of_range_change_nothing() {
    let mut rig = Rig::greeted();
    let wrong = Settings {
        open_pulse_ms: 0,
        ..Settings::default()
    };
    assert_eq!(
        rig.ask(&Request::Configure(wrong)),
        Some(Reply::Error(Fault::Settings))
    );
    let right = Settings {
        open_pulse_ms: 1000,
        ..Settings::default()
    };
    assert_eq!(rig.ask(&Request::Configure(right)), Some(Reply::Done));
    rig.open(Direction::In, 7);
    rig.wait(990);
    assert!(rig.open_in.is_on());
}

#[test]
fn a_board_is_silent_to_frames_of_others() {
    let mut rig = Rig::greeted();
    let mut bytes = [0; FRAME_BYTES_MAX];
    let open = Request::Open {
        direction: Direction::In,
        token: 7,
    };
    let used = encode_frame(2, 1, &open, &mut bytes).unwrap();
    assert_eq!(rig.say(&bytes[..used]), None);
    assert!(!rig.open_in.is_on());
}

#[test]
fn a_message_of_the_future_is_refused_by_name() {
    let mut rig = Rig::greeted();
    let mut bytes = [0; FRAME_BYTES_MAX];
    let used = encode_frame(1, 99, &200_u8, &mut bytes).unwrap();
    assert_eq!(rig.say(&bytes[..used]), Some(Reply::Error(Fault::Message)));
}

#[test]
fn a_frame_may_come_split_at_every_byte() {
    let open = Request::Open {
        direction: Direction::In,
        token: 0x00ff_00ff,
    };
    let length = Rig::greeted().frame(&open).len();
    for at in 0..=length {
        let mut rig = Rig::greeted();
        let frame = rig.frame(&open);
        let (head, tail) = frame.split_at(at);
        rig.board.receive(head);
        rig.wait_silently(1);
        rig.board.receive(tail);
        assert!(rig.open_in.is_on(), "split at {at}");
    }
}

#[test]
fn noise_costs_one_frame_at_most() {
    let mut rig = Rig::greeted();
    rig.board.receive(&[0xff; 500]);
    let spoiled = rig.frame(&Request::Open {
        direction: Direction::In,
        token: 7,
    });
    assert_eq!(rig.say(&spoiled), None);
    assert!(!rig.open_in.is_on());
    assert_eq!(
        rig.say(&spoiled),
        Some(Reply::Open {
            token: 7,
            result: firmware_protocol::OpenResult::Accepted
        })
    );
    assert_eq!(rig.poll(0).bad_frames, 1);
}

#[test]
fn only_the_newest_answer_is_sent() {
    let mut rig = Rig::greeted();
    let first = rig.frame(&Request::SetMode(firmware_protocol::Mode::Locked));
    let second = rig.frame(&Request::Open {
        direction: Direction::In,
        token: 7,
    });
    rig.board.receive(&first);
    let reply = rig.say(&second);
    assert!(
        matches!(reply, Some(Reply::Open { token: 7, .. })),
        "{reply:?}"
    );
}
