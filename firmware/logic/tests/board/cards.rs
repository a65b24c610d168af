//! Cards and keys of Wiegand readers, and numbers sent on the Wiegand output.

use crate::rig::Rig;
use firmware_logic::Pulse;
use firmware_logic::event_ring::{RING_EVENTS_MAX, ROOM_FOR_GATE};
use firmware_logic::readers::SAME_CARD_MS;
use firmware_logic::wiegand::Encoder;
use firmware_protocol::{
    CardNumber, Direction, EventKind, Fault, KeyPress, MAJOR, Reply, Request, Statistics,
};

fn statistics(rig: &mut Rig) -> Statistics {
    match rig.ask(&Request::AskStatistics) {
        Some(Reply::Statistics(statistics)) => statistics,
        other => panic!("{other:?}"),
    }
}

fn bits_of(bits: u8, number: u32) -> Vec<bool> {
    let mut encoder = Encoder::default();
    assert!(encoder.begin(0, bits, CardNumber::new(number)));
    (0..200).filter_map(|now_ms| encoder.due(now_ms)).collect()
}

/// Plays bits at a reader, 2 ms each, and the silence after them.
fn play(rig: &mut Rig, reader: Direction, bits: &[bool]) {
    for one in bits {
        let at_ms = rig.now_ms;
        rig.board.pulse(Pulse {
            reader,
            one: *one,
            at_ms,
        });
        rig.wait_silently(2);
    }
    rig.wait_silently(60);
}

fn card(reader: Direction, bits: u8, number: u32) -> EventKind {
    EventKind::Card {
        reader,
        bits,
        number: CardNumber::new(number),
    }
}

#[test]
fn both_readers_tell_cards_and_keys() {
    let mut rig = Rig::greeted();
    play(&mut rig, Direction::In, &bits_of(26, 0x7b_b26e));
    play(&mut rig, Direction::Out, &bits_of(34, 0xfedc_ba98));
    play(&mut rig, Direction::Out, &[true, false, true, true]);
    let key = EventKind::Key {
        reader: Direction::Out,
        key: KeyPress::new(11),
    };
    assert_eq!(
        rig.events(),
        [
            card(Direction::In, 26, 0x7b_b26e),
            card(Direction::Out, 34, 0xfedc_ba98),
            key
        ]
    );
}

#[test]
fn readers_that_speak_at_once_are_kept_apart() {
    let mut rig = Rig::greeted();
    let (street, site) = (bits_of(26, 1), bits_of(26, 2));
    for (first, second) in street.iter().zip(&site) {
        for (reader, one) in [(Direction::In, first), (Direction::Out, second)] {
            let at_ms = rig.now_ms;
            rig.board.pulse(Pulse {
                reader,
                one: *one,
                at_ms,
            });
        }
        rig.wait_silently(1);
    }
    rig.wait_silently(60);
    assert_eq!(
        rig.events(),
        [card(Direction::In, 26, 1), card(Direction::Out, 26, 2)]
    );
}

#[test]
fn a_card_that_is_left_on_the_reader_is_told_once() {
    let mut rig = Rig::greeted();
    for _ in 0..5 {
        play(&mut rig, Direction::In, &bits_of(26, 9));
        rig.wait(100);
    }
    assert_eq!(rig.events(), [card(Direction::In, 26, 9)]);
    rig.wait(SAME_CARD_MS);
    play(&mut rig, Direction::In, &bits_of(26, 9));
    assert_eq!(rig.events(), [card(Direction::In, 26, 9)]);
}

#[test]
fn damage_is_counted_and_told_to_nobody() {
    let mut rig = Rig::greeted();
    let mut bits = bits_of(26, 77);
    bits[4] ^= true;
    play(&mut rig, Direction::In, &bits);
    play(&mut rig, Direction::In, &bits[..25]);
    assert_eq!(rig.events(), []);
    assert_eq!(statistics(&mut rig).bad_telegrams, 2);
}

#[test]
fn a_chattering_reader_pushes_out_no_passage() {
    let mut rig = Rig::greeted();
    for number in 0..100 {
        play(&mut rig, Direction::In, &bits_of(26, number));
        rig.poll(0);
    }
    rig.fire.set(true);
    rig.wait_silently(30);
    let full = u8::try_from(RING_EVENTS_MAX - ROOM_FOR_GATE).unwrap();
    let status = rig.poll(0);
    assert_eq!((status.pending, status.lost_events), (full + 1, 0));
    assert_eq!(statistics(&mut rig).dropped_cards, 100 - u16::from(full));
}

#[test]
fn an_older_box_is_told_of_no_cards() {
    let mut rig = Rig::greeted();
    play(&mut rig, Direction::In, &bits_of(26, 5));
    rig.fire.set(true);
    rig.wait_silently(30);
    rig.ask(&Request::Hello {
        major: MAJOR,
        minor: 0,
    });
    play(&mut rig, Direction::In, &bits_of(26, 6));
    assert_eq!(rig.events(), [EventKind::Fire { on: true }]);
}

#[test]
fn a_number_goes_out_once_and_a_second_one_waits() {
    let mut rig = Rig::greeted();
    let send = |number| Request::SendCard {
        bits: 26,
        number: CardNumber::new(number),
    };
    assert_eq!(rig.ask(&send(0x7b_b26e)), Some(Reply::Done));
    assert_eq!(rig.ask(&send(1)), Some(Reply::Error(Fault::Busy)));
    assert_eq!(rig.ask(&send(1 << 24)), Some(Reply::Error(Fault::Busy)));
    let mut bits = Vec::new();
    for _ in 0..100 {
        rig.wait_silently(1);
        bits.extend(rig.board.take_bit());
    }
    assert_eq!(bits, bits_of(26, 0x7b_b26e));
    assert_eq!(rig.ask(&send(1 << 24)), Some(Reply::Error(Fault::Settings)));
}
