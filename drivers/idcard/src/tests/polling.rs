//! The state machine, one reply at a time.

use proptest::collection::vec;
use proptest::prelude::*;

use super::bench::{Bench, base_data, card_of, emit, failed, fatal, send};
use super::sample::{SAM_ID, text_block};
use crate::{
    CodecError, Command, Field, PollEffect, PollInput, PollSettings, ReadFailure, ReaderEvent,
    ReplyFrame, SamId, SamStatus,
};

#[test]
fn a_reader_tells_its_identity_first() {
    let mut bench = Bench::new(PollSettings::default());
    assert_eq!(bench.poll.due_at_ms(), u64::MAX);
    assert_eq!(bench.step(PollInput::Opened), [send(Command::SamId)]);
    let sam_id = SamId::from_bytes(SAM_ID);
    assert_eq!(
        bench.reply(0x90, &SAM_ID),
        [emit(ReaderEvent::Online { sam_id }), send(Command::Find)]
    );
}

#[test]
fn a_card_is_found_selected_and_read() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(
        bench.step(PollInput::Arriving { len: 0x0508 }),
        [emit(ReaderEvent::Arriving)]
    );
    assert_eq!(bench.step(PollInput::Arriving { len: 0x0508 }), []);
    let effects = bench.reply(0x90, &base_data());
    assert_eq!(effects.len(), 1);
    let card = card_of(&effects[0]);
    assert_eq!(card.text.reveal(Field::Number), "349901199003070016");
    assert_eq!(card.portrait.reveal(), [7; 1024]);
}

#[test]
fn a_refusal_announces_no_card() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.step(PollInput::Arriving { len: 4 }), []);
}

#[test]
fn finds_keep_their_interval() {
    for (configured, kept) in [(300, 300), (1_000, 1_000), (10, 10), (0, 10)] {
        let settings = PollSettings {
            find_interval_ms: configured,
            ..PollSettings::default()
        };
        let mut bench = Bench::online(settings);
        let found_at_ms = bench.now_ms;
        assert_eq!(bench.reply(0x80, &[]), []);
        assert_eq!(bench.poll.due_at_ms(), found_at_ms + kept);
        assert_eq!(bench.due(), [send(Command::Find)]);
    }
}

#[test]
fn a_card_that_stays_is_reported_once() {
    let mut bench = Bench::reading(PollSettings::default());
    card_of(&bench.reply(0x90, &base_data())[0]);
    bench.lies_there(5);
    assert_eq!(bench.miss(), []);
    assert_eq!(bench.miss(), [emit(ReaderEvent::Removed)]);
    assert_eq!(bench.miss(), []);
    assert_eq!(bench.due(), [send(Command::Find)]);
    bench.find_and_select();
    card_of(&bench.reply(0x90, &base_data())[0]);
}

#[test]
fn a_card_put_down_again_at_once_is_read_again() {
    let mut bench = Bench::reading(PollSettings::default());
    card_of(&bench.reply(0x90, &base_data())[0]);
    assert_eq!(bench.miss(), []);
    assert_eq!(bench.due(), [send(Command::Find)]);
    bench.find_and_select();
    let effects = bench.reply(0x90, &base_data());
    assert_eq!(effects[0], emit(ReaderEvent::Removed));
    card_of(&effects[1]);
}

#[test]
fn a_reader_that_loses_sight_of_a_lying_card_does_not_present_it_again() {
    let mut bench = Bench::reading(PollSettings::default());
    card_of(&bench.reply(0x90, &base_data())[0]);
    bench.lies_there(12);
    assert_eq!(bench.miss(), []);
    assert_eq!(bench.due(), [send(Command::Find)]);
    bench.find_and_select();
    assert_eq!(bench.reply(0x90, &base_data()), []);
}

#[test]
fn who_tries_again_is_heard_by_a_box_that_was_held_up() {
    let mut bench = Bench::reading(PollSettings::default());
    card_of(&bench.reply(0x90, &base_data())[0]);
    bench.lies_there(12);
    assert_eq!(bench.miss(), []);
    // One look in a second: the card was lifted and put down again meanwhile.
    bench.now_ms += 700;
    assert_eq!(bench.due(), [send(Command::Find)]);
    assert_eq!(bench.reply(0x9F, &[0; 4]), [send(Command::Select)]);
    assert_eq!(bench.reply(0x90, &[]), [send(Command::ReadBase)]);
    let effects = bench.reply(0x90, &base_data());
    assert_eq!(effects[0], emit(ReaderEvent::Removed));
    card_of(&effects[1]);
}

#[test]
fn a_read_that_fails_once_is_tried_again() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x41, &[]), [send(Command::Find)]);
    bench.find_and_select();
    card_of(&bench.reply(0x90, &base_data())[0]);
}

#[test]
fn a_read_that_keeps_failing_asks_for_the_card_to_be_lifted() {
    for code in [0x41, 0x47, 0x31, 0x32, 0x33, 0x23, 0x91, 0x05] {
        let mut bench = Bench::reading(PollSettings::default());
        for _ in 0..3 {
            assert_eq!(bench.reply(code, &[]), [send(Command::Find)], "{code:02X}");
            bench.find_and_select();
        }
        let status = Some(SamStatus::from_code(code));
        assert_eq!(
            bench.reply(code, &[]),
            [failed(ReadFailure::LiftAndTryAgain { status })]
        );
        assert_eq!(bench.due(), [send(Command::Find)]);
        assert_eq!(bench.reply(0x9F, &[0; 4]), []);
        assert_eq!(bench.miss(), []);
        assert_eq!(bench.miss(), [emit(ReaderEvent::Removed)]);
    }
}

#[test]
fn a_select_that_fails_is_tried_again_from_find() {
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.reply(0x9F, &[0; 4]), [send(Command::Select)]);
    assert_eq!(bench.reply(0x81, &[]), [send(Command::Find)]);
    bench.find_and_select();
}

#[test]
fn a_card_pulled_away_while_it_is_read() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x41, &[]), [send(Command::Find)]);
    assert_eq!(bench.reply(0x80, &[]), []);
    assert_eq!(
        bench.miss(),
        [failed(ReadFailure::PulledAway), emit(ReaderEvent::Removed)]
    );
    assert_eq!(bench.due(), [send(Command::Find)]);
    bench.find_and_select();
}

#[test]
fn the_reader_may_say_no_card_in_the_middle_of_a_read() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x80, &[]), []);
    assert_eq!(
        bench.miss(),
        [failed(ReadFailure::PulledAway), emit(ReaderEvent::Removed)]
    );
}

#[test]
fn noise_on_the_way_there_repeats_the_same_command() {
    for code in [0x10, 0x11, 0x21, 0x24] {
        let mut bench = Bench::reading(PollSettings::default());
        for _ in 0..3 {
            assert_eq!(
                bench.reply(code, &[]),
                [send(Command::ReadBase)],
                "{code:02X}"
            );
        }
        assert_eq!(bench.reply(code, &[]), [send(Command::Find)]);
    }
}

#[test]
fn noise_at_every_find_does_not_hammer_the_reader() {
    let mut bench = Bench::online(PollSettings::default());
    for _ in 0..3 {
        assert_eq!(bench.reply(0x10, &[]), [send(Command::Find)]);
    }
    assert_eq!(bench.reply(0x10, &[]), []);
    assert!(bench.poll.due_at_ms() > bench.now_ms + 200);
}

#[test]
fn a_reader_that_never_makes_sense_is_told_once_and_heals() {
    for code in [0x10, 0x11, 0x21, 0x24, 0x41] {
        let mut bench = Bench::online(PollSettings::default());
        let status = SamStatus::from_code(code);
        let mut told = Vec::new();
        for _ in 0..40 {
            let asked_at_ms = bench.now_ms;
            // What is asked again at once is asked three times at most.
            for _ in 0..4 {
                let effects = bench.reply(code, &[]);
                let resent = effects.last() == Some(&send(Command::Find));
                told.extend(
                    effects
                        .into_iter()
                        .filter(|one| *one != send(Command::Find)),
                );
                if !resent {
                    break;
                }
            }
            assert_eq!(bench.due(), [send(Command::Find)], "{code:02X}");
            assert!(bench.now_ms >= asked_at_ms + 300, "{code:02X}");
        }
        assert_eq!(
            told,
            [emit(ReaderEvent::Senseless { status })],
            "{code:02X}"
        );
        let sam_id = SamId::from_bytes(SAM_ID);
        assert_eq!(
            bench.reply(0x80, &[]),
            [emit(ReaderEvent::Online { sam_id })]
        );
        bench.due();
        assert_eq!(bench.reply(0x80, &[]), []);
    }
}

#[test]
fn a_slip_now_and_then_is_no_trouble() {
    let mut bench = Bench::online(PollSettings::default());
    for round in 0..100 {
        let code = if round % 10 == 9 { 0x80 } else { 0x41 };
        assert_eq!(bench.reply(code, &[]), [], "{round}");
        assert_eq!(bench.due(), [send(Command::Find)]);
    }
}

#[test]
fn a_wrong_card_is_not_tried_again() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x40, &[]), [failed(ReadFailure::WrongCard)]);
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.reply(0x40, &[]), [failed(ReadFailure::WrongCard)]);
    assert_eq!(bench.due(), [send(Command::Find)]);
    assert_eq!(bench.reply(0x40, &[]), []);
}

#[test]
fn a_failed_self_test_is_reset_once() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x60, &[]), [send(Command::Reset)]);
    assert_eq!(bench.reply(0x90, &[]), [send(Command::SamStatus)]);
    assert_eq!(bench.reply(0x90, &[]), [send(Command::SamId)]);
    let effects = bench.reply(0x90, &SAM_ID);
    assert_eq!(effects.last(), Some(&send(Command::Find)));
}

#[test]
fn a_self_test_that_fails_again_is_fatal_for_five_minutes() {
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.reply(0x60, &[]), [send(Command::Reset)]);
    assert_eq!(bench.reply(0x90, &[]), [send(Command::SamStatus)]);
    assert_eq!(bench.reply(0x60, &[]), [fatal(SamStatus::SelfTestFailed)]);
    assert_eq!(bench.poll.due_at_ms(), bench.now_ms + 300_000);
    assert_eq!(bench.due(), [send(Command::SamId)]);
    assert_eq!(bench.reply(0x60, &[]), [send(Command::Reset)]);
}

#[test]
fn a_self_test_that_passes_and_fails_in_turn_is_fatal_too() {
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.reply(0x60, &[]), [send(Command::Reset)]);
    bench.reply(0x90, &[]);
    bench.reply(0x90, &[]);
    bench.reply(0x90, &SAM_ID);
    assert_eq!(bench.reply(0x60, &[]), [fatal(SamStatus::SelfTestFailed)]);
}

#[test]
fn a_reader_without_license_is_fatal_at_once_and_comes_back() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.reply(0x66, &[]), [fatal(SamStatus::SamNotAuthorized)]);
    assert_eq!(bench.poll.due_at_ms(), bench.now_ms + 300_000);
    assert_eq!(bench.step(PollInput::Due), []);
    assert_eq!(bench.due(), [send(Command::SamId)]);
    let sam_id = SamId::from_bytes(SAM_ID);
    let effects = bench.reply(0x90, &SAM_ID);
    assert_eq!(effects[0], emit(ReaderEvent::Online { sam_id }));
}

#[test]
fn three_commands_without_answer_open_the_link_anew() {
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.due(), [send(Command::Find)]);
    assert_eq!(bench.due(), [send(Command::Find)]);
    assert!(matches!(bench.due()[..], [PollEffect::Reconnect { .. }]));
    assert_eq!(bench.poll.due_at_ms(), u64::MAX);
    assert_eq!(bench.step(PollInput::Opened), [send(Command::SamId)]);
}

#[test]
fn a_reply_that_begins_and_does_not_end_counts_as_a_failed_read() {
    let mut bench = Bench::reading(PollSettings::default());
    assert_eq!(bench.poll.due_at_ms(), bench.now_ms + 3_000);
    assert_eq!(
        bench.step(PollInput::Arriving { len: 0x0508 }),
        [emit(ReaderEvent::Arriving)]
    );
    assert_eq!(bench.poll.due_at_ms(), bench.now_ms + 2_000);
    assert_eq!(bench.due(), [send(Command::Find)]);
    bench.find_and_select();
    card_of(&bench.reply(0x90, &base_data())[0]);
}

#[test]
fn a_reader_that_never_finishes_a_read_asks_for_the_card_to_be_lifted() {
    let mut bench = Bench::reading(PollSettings::default());
    for _ in 0..3 {
        assert_eq!(bench.due(), [send(Command::Find)]);
        bench.find_and_select();
    }
    let status = None;
    assert_eq!(
        bench.due(),
        [failed(ReadFailure::LiftAndTryAgain { status })]
    );
}

#[test]
fn another_reader_on_the_same_plug_is_reported() {
    let was = SamId::from_bytes([9; 16]);
    let mut bench = Bench::new(PollSettings::default());
    bench.step(PollInput::Opened);
    let effects = bench.reply(0x90, &[9; 16]);
    assert_eq!(effects[0], emit(ReaderEvent::Online { sam_id: was }));
    bench.step(PollInput::Lost);
    bench.step(PollInput::Opened);
    let now = SamId::from_bytes(SAM_ID);
    let effects = bench.reply(0x90, &SAM_ID);
    assert_eq!(effects[0], emit(ReaderEvent::IdentityChanged { was, now }));
    bench.step(PollInput::Lost);
    bench.step(PollInput::Opened);
    let effects = bench.reply(0x90, &SAM_ID);
    assert_eq!(effects[0], emit(ReaderEvent::Online { sam_id: now }));
    bench.step(PollInput::Lost);
    bench.step(PollInput::Opened);
    let effects = bench.reply(0x90, &[9; 16]);
    let (was, now) = (now, was);
    assert_eq!(effects[0], emit(ReaderEvent::IdentityChanged { was, now }));
}

#[test]
fn a_card_reported_before_the_link_was_lost_is_not_reported_again() {
    let mut bench = Bench::reading(PollSettings::default());
    bench.reply(0x90, &base_data());
    bench.step(PollInput::Lost);
    bench.step(PollInput::Opened);
    bench.reply(0x90, &SAM_ID);
    assert_eq!(bench.reply(0x9F, &[0; 4]), []);
}

#[test]
fn a_card_in_doubt_when_the_link_was_lost_is_still_the_one_reported() {
    let mut bench = Bench::reading(PollSettings::default());
    card_of(&bench.reply(0x90, &base_data())[0]);
    assert_eq!(bench.miss(), []);
    assert_eq!(bench.due(), [send(Command::Find)]);
    assert_eq!(bench.reply(0x9F, &[0; 4]), [send(Command::Select)]);
    bench.step(PollInput::Lost);
    bench.step(PollInput::Opened);
    bench.reply(0x90, &SAM_ID);
    assert_eq!(bench.reply(0x80, &[]), [emit(ReaderEvent::Removed)]);
}

#[test]
fn a_new_address_is_read_after_the_card_was_reported() {
    let settings = PollSettings {
        reads_new_address: true,
        ..PollSettings::default()
    };
    let mut bench = Bench::reading(settings.clone());
    let effects = bench.reply(0x90, &base_data());
    card_of(&effects[0]);
    assert_eq!(effects[1..], [send(Command::ReadNewAddress)]);
    let effects = bench.reply(0x90, &text_block(&[("测试省测试市新路9号", 70)]));
    let [PollEffect::Emit(ReaderEvent::NewAddress { address })] = &effects[..] else {
        panic!("{effects:?} is no address");
    };
    assert_eq!(address.reveal(), "测试省测试市新路9号");
    for code in [0x91, 0x41, 0x80] {
        let mut bench = Bench::reading(settings.clone());
        bench.reply(0x90, &base_data());
        assert_eq!(bench.reply(code, &[]), []);
        assert_eq!(bench.due(), [send(Command::Find)]);
    }
}

#[test]
fn a_card_whose_text_makes_no_sense_is_reported_as_such() {
    let mut bench = Bench::reading(PollSettings::default());
    let mut data = base_data();
    data[4 + 248] = b'Q';
    let error = CodecError::UnknownLayout { code: 0x51 };
    assert_eq!(
        bench.reply(0x90, &data),
        [failed(ReadFailure::Unreadable { error })]
    );
}

#[test]
fn a_card_whose_lengths_lie_is_tried_again() {
    let mut bench = Bench::reading(PollSettings::default());
    let mut data = base_data();
    data[1] = 9;
    assert_eq!(bench.reply(0x90, &data), [send(Command::Find)]);
}

#[test]
fn answers_to_older_commands_are_passed_over() {
    let mut bench = Bench::online(PollSettings::default());
    assert_eq!(bench.reply(0x90, &base_data()), []);
    assert_eq!(bench.reply(0x90, &[0; 8]), []);
    assert_eq!(bench.reply(0x9F, &[0; 4]), [send(Command::Select)]);
    assert_eq!(bench.reply(0x9F, &[0; 4]), []);
    assert_eq!(bench.reply(0x90, &[0; 8]), [send(Command::ReadBase)]);
    assert_eq!(bench.step(PollInput::Arriving { len: 12 }), []);
    assert_eq!(bench.reply(0x90, &[0; 8]), []);
    assert_eq!(
        bench.step(PollInput::Arriving { len: 0x0508 }),
        [emit(ReaderEvent::Arriving)]
    );
    card_of(&bench.reply(0x90, &base_data())[0]);
    assert_eq!(bench.reply(0x90, &base_data()), []);
}

fn any_input() -> impl Strategy<Value = Option<PollInput>> {
    let code = proptest::sample::select(vec![
        0x90, 0x9F, 0x80, 0x81, 0x41, 0x40, 0x10, 0x21, 0x60, 0x66, 0x91, 0x05,
    ]);
    let data = prop_oneof![
        Just(Vec::new()),
        Just(vec![0; 4]),
        Just(vec![0; 8]),
        Just(SAM_ID.to_vec()),
        Just(base_data()),
        vec(any::<u8>(), 0..100),
    ];
    prop_oneof![
        1 => Just(Some(PollInput::Opened)),
        1 => Just(Some(PollInput::Lost)),
        4 => Just(None),
        2 => any::<u16>().prop_map(|len| Some(PollInput::Arriving { len })),
        12 => (code, data).prop_map(|(code, data)| {
            Some(PollInput::Reply(ReplyFrame::new(code, data)))
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_a_reader_says_a_card_is_reported_once_and_one_command_is_in_flight(
        inputs in vec(any_input(), 0..200)
    ) {
        let mut bench = Bench::online(PollSettings::default());
        let mut reported = false;
        for input in inputs {
            let effects = match input {
                Some(input) => bench.step(input),
                None => bench.due(),
            };
            let sent = effects.iter().filter(|effect| matches!(effect, PollEffect::Send(_)));
            prop_assert!(sent.count() <= 1);
            for effect in effects {
                match effect {
                    PollEffect::Emit(ReaderEvent::Card(_) | ReaderEvent::ReadFailed { .. }) => {
                        prop_assert!(!reported);
                        reported = true;
                    }
                    PollEffect::Emit(
                        ReaderEvent::Removed
                        | ReaderEvent::Fatal { .. }
                        | ReaderEvent::IdentityChanged { .. },
                    ) => reported = false,
                    PollEffect::Send(_)
                    | PollEffect::Emit(_)
                    | PollEffect::Reconnect { .. } => {}
                }
            }
        }
    }
}
