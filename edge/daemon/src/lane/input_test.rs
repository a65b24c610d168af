//! Cards of all kinds as the lane sees them.

use drivers_idcard::{CardKind, CardText, CodecError, Field, ReadFailure};
use drivers_turnstile::{BoardReport, BoardUid, CardNumber, EventKey, EventKind};
use edge_domain::{Credential, Direction, DocumentKind, IcNumber, IdDocument, Sex, UnreadableCard};
use jiff::civil::date;

use crate::lane::input::{TokenSalt, credential, ic_card, unreadable};

fn card(kind: CardKind, fields: &[(Field, &str)]) -> CardText {
    let empty = CardText::new(kind);
    fields
        .iter()
        .fold(empty, |card, (field, text)| card.with(*field, text))
}

fn resident() -> CardText {
    let fields = [
        (Field::Name, "张三"),
        (Field::Sex, "1"),
        (Field::Nation, "01"),
        (Field::Born, "19900307"),
        (Field::Number, "349901199003070016"),
        (Field::ValidTo, "20400101"),
    ];
    card(CardKind::Resident, &fields)
}

fn document(text: &CardText) -> IdDocument {
    match credential(text) {
        Credential::IdCard(document) => document,
        Credential::Unreadable { why } => panic!("{why:?}"),
        Credential::Face { worker, .. } => panic!("{worker:?}"),
        Credential::IcCard(reading) => panic!("{reading:?}"),
    }
}

#[test]
fn a_residents_card() {
    let document = document(&resident());
    assert_eq!(document.kind, DocumentKind::Resident);
    assert_eq!(document.name.reveal(), "张三");
    assert_eq!(document.number.reveal(), "349901199003070016");
    assert_eq!((document.sex, document.born), (Sex::Male, date(1990, 3, 7)));
    assert_eq!(document.nation.as_deref(), Some("01"));
    assert_eq!(document.valid_to, Some(date(2040, 1, 1)));
}

#[test]
fn a_long_term_card_has_no_last_day() {
    let document = document(&resident().with(Field::ValidTo, "长期"));
    assert_eq!(document.valid_to, None);
}

#[test]
fn a_residence_permit_of_hong_kong_macao_and_taiwan() {
    let fields = [
        (Field::Name, "何港生"),
        (Field::Sex, "1"),
        (Field::Born, "19850505"),
        (Field::Number, "81000019850505001X"),
        (Field::ValidTo, "20290101"),
    ];
    let document = document(&card(CardKind::Hmt, &fields));
    assert_eq!(document.kind, DocumentKind::Hmt);
    assert_eq!(document.nation, None);
}

#[test]
fn both_foreigners_cards_state_the_nationality() {
    let old = [
        (Field::LatinName, "MARTIN, ALEXANDRE TESTCASE"),
        (Field::Sex, "1"),
        (Field::Born, "19820701"),
        (Field::Number, "FRA349982070112"),
        (Field::Nationality, "FRA"),
        (Field::ValidTo, "20280315"),
    ];
    let document_2017 = document(&card(CardKind::Foreigner2017, &old));
    assert_eq!(document_2017.kind, DocumentKind::Foreigner2017);
    assert_eq!(document_2017.name.reveal(), "MARTIN, ALEXANDRE TESTCASE");
    assert_eq!(document_2017.nation.as_deref(), Some("FRA"));
    let new = [
        (Field::Name, "史密斯"),
        (Field::LatinName, "SMITH, JOHN TESTCASE"),
        (Field::Sex, "1"),
        (Field::Born, "19800101"),
        (Field::Number, "93484019800101001X"),
        (Field::Nationality, "USA"),
        (Field::ValidTo, "20290315"),
    ];
    let document_2023 = document(&card(CardKind::Foreigner2023, &new));
    assert_eq!(document_2023.kind, DocumentKind::Foreigner2023);
    assert_eq!(document_2023.name.reveal(), "史密斯");
    assert_eq!(document_2023.nation.as_deref(), Some("USA"));
}

#[test]
fn a_card_whose_text_makes_no_document_is_unreadable() {
    for (field, text) in [
        (Field::Number, "349901199003070010"),
        (Field::Number, "349901199002310014"),
        (Field::Number, ""),
        (Field::Number, "３49901199003070016"),
        (Field::Name, ""),
        (Field::Born, "19900230"),
        (Field::Born, "1990 307"),
        (Field::Born, ""),
        // Only 长期 never expires; an end that cannot be read is no end that was never set.
        (Field::ValidTo, "20401332"),
        (Field::ValidTo, "20400230"),
        (Field::ValidTo, "00000000"),
        (Field::ValidTo, "2040"),
        (Field::ValidTo, "长久"),
        (Field::ValidTo, ""),
    ] {
        let why = UnreadableCard::Invalid;
        let presented = credential(&resident().with(field, text));
        assert_eq!(
            presented,
            Credential::Unreadable { why },
            "{field:?} {text}"
        );
    }
}

#[test]
fn an_unknown_nation_is_kept_and_private_characters_are_a_name() {
    let presented = document(&resident().with(Field::Nation, "57"));
    assert_eq!(presented.nation.as_deref(), Some("57"));
    let presented = document(&resident().with(Field::Name, "张\u{E000}"));
    assert_eq!(presented.name.reveal(), "张\u{E000}");
}

#[test]
fn a_failed_read_says_what_to_do() {
    let error = CodecError::TextTooShort { actual: 3 };
    for (failure, why) in [
        (
            ReadFailure::LiftAndTryAgain { status: None },
            UnreadableCard::ReadFailed,
        ),
        (ReadFailure::PulledAway, UnreadableCard::Removed),
        (ReadFailure::WrongCard, UnreadableCard::Invalid),
        (ReadFailure::Unreadable { error }, UnreadableCard::Invalid),
    ] {
        assert_eq!(unreadable(failure), Credential::Unreadable { why });
    }
}

#[test]
fn the_same_number_has_another_token_in_another_epoch() {
    let (old, new) = (
        TokenSalt::of("00112233aabbccdd"),
        TokenSalt::of("8899aabbccddeeff"),
    );
    for token in [1, 129, 0x7fff_ffff] {
        assert_ne!(old.turn(token), new.turn(token));
        for salt in [old, new] {
            assert_eq!(salt.turn(salt.turn(token)), token);
            assert!(salt.turn(token) < 0x8000_0000, "{token}");
        }
    }
    // An opening without a record is named by the boot clock, in every epoch alike.
    assert_eq!(new.turn(0x8000_0007), 0x8000_0007);
}

#[test]
fn each_reader_of_a_board_has_its_byte_order() {
    let report = |reader, bits, number| BoardReport {
        key: EventKey {
            uid: BoardUid([0; 8]),
            boot: 1,
            seq: 1,
        },
        age_ms: 0,
        kind: EventKind::Card {
            reader,
            bits,
            number: CardNumber::new(number),
        },
    };
    let card = IcNumber::parse("12345678").unwrap();
    for (reader, number, expected) in [
        (drivers_turnstile::Direction::In, 0x1234_5678, Direction::In),
        (
            drivers_turnstile::Direction::Out,
            0x7856_3412,
            Direction::Out,
        ),
    ] {
        let (way, reading) = ic_card(&report(reader, 34, number), (false, true)).unwrap();
        assert_eq!(way, expected);
        assert!(reading.fits(card));
    }
    let other_length = report(drivers_turnstile::Direction::In, 37, 0x1234_5678);
    assert!(ic_card(&other_length, (false, false)).is_none());
}
