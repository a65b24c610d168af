//! The four layouts, and text that a card should not hold.

use proptest::collection::vec;
use proptest::prelude::*;

use super::sample::{RESIDENT, text_block};
use crate::{CardKind, CardText, CodecError, Field, Sex, TEXT_BYTES};

fn decode(cells: &[(&str, usize)]) -> CardText {
    let block = text_block(cells);
    assert_eq!(block.len(), TEXT_BYTES);
    let card = CardText::decode(&block).unwrap();
    assert_eq!(card.encode().unwrap(), block);
    card
}

fn resident_with(at: usize, text: &str) -> Vec<u8> {
    let mut cells = RESIDENT;
    cells[at].0 = text;
    text_block(&cells)
}

#[test]
fn a_resident_of_hong_kong_macao_or_taiwan() {
    let card = decode(&[
        ("李四", 30),
        ("2", 2),
        ("", 4),
        ("19850505", 16),
        ("测试省测试市测试路2号", 70),
        ("81000019850505001X", 36),
        ("测试市公安局测试分局", 30),
        ("20210101", 16),
        ("20260101", 16),
        ("H12345678", 18),
        ("01", 4),
        ("", 6),
        ("J", 2),
        ("", 6),
    ]);
    assert_eq!(card.kind(), CardKind::Hmt);
    assert_eq!(card.reveal(Field::Name), "李四");
    assert_eq!(card.sex(), Sex::Female);
    assert_eq!(card.nation(), None);
    assert_eq!(card.reveal(Field::Number), "81000019850505001X");
    assert_eq!(card.reveal(Field::TravelPermit), "H12345678");
    assert_eq!(card.reveal(Field::TimesIssued), "01");
}

#[test]
fn a_foreigner_with_the_card_of_2017() {
    let card = decode(&[
        ("TESTMAN, IVAN ALEKSANDROVICH", 120),
        ("1", 2),
        ("XXX349980010101", 30),
        ("XXX", 6),
        ("伊万", 30),
        ("20180101", 16),
        ("20280101", 16),
        ("19800101", 16),
        ("01", 4),
        ("1500", 8),
        ("I", 2),
        ("", 6),
    ]);
    assert_eq!(card.kind(), CardKind::Foreigner2017);
    assert_eq!(
        card.reveal(Field::LatinName),
        "TESTMAN, IVAN ALEKSANDROVICH"
    );
    assert_eq!(card.reveal(Field::Name), "伊万");
    assert_eq!(card.reveal(Field::Number), "XXX349980010101");
    assert_eq!(card.reveal(Field::Nationality), "XXX");
    assert_eq!(card.reveal(Field::Born), "19800101");
    assert_eq!(card.reveal(Field::Issuer), "1500");
    assert_eq!(card.reveal(Field::Version), "01");
}

#[test]
fn a_foreigner_with_the_card_of_2023_has_a_name_in_two_places() {
    let card = decode(&[
        ("伊万", 30),
        ("1", 2),
        ("02", 4),
        ("19800101", 16),
        ("TESTMAN, IVAN ALEKSANDROVICH NIKOLA", 70),
        ("93484019800101001X", 36),
        ("", 30),
        ("20240101", 16),
        ("20340101", 16),
        ("YEVICH TEST", 22),
        ("XXX", 6),
        ("Y", 2),
        ("123", 6),
    ]);
    assert_eq!(card.kind(), CardKind::Foreigner2023);
    assert_eq!(
        card.reveal(Field::LatinName),
        "TESTMAN, IVAN ALEKSANDROVICH NIKOLAYEVICH TEST"
    );
    assert_eq!(card.reveal(Field::Number), "93484019800101001X");
    assert_eq!(card.reveal(Field::TimesIssued), "02");
    assert_eq!(card.reveal(Field::EarlierNumber), "123");
}

#[test]
fn a_space_at_the_seam_of_a_name_is_kept() {
    let name = "TESTMAN, IVAN ALEKSANDROVICH NIKOL TESTOV";
    assert_eq!(name.as_bytes()[34], b' ');
    let card = CardText::new(CardKind::Foreigner2023).with(Field::LatinName, name);
    let block = card.encode().unwrap();
    assert_eq!(
        CardText::decode(&block).unwrap().reveal(Field::LatinName),
        name
    );
}

#[test]
fn a_card_without_end_says_so() {
    let block = resident_with(8, "长期");
    assert_eq!(block[204..210], [0x7F, 0x95, 0x1F, 0x67, 0x20, 0x00]);
    assert_eq!(
        CardText::decode(&block).unwrap().reveal(Field::ValidTo),
        "长期"
    );
}

#[test]
fn rare_and_private_characters_are_kept() {
    for name in ["\u{E863}测\u{F8FF}", "𬭼䶮", "阿卜杜·测试·热合曼"] {
        let card = CardText::decode(&resident_with(0, name)).unwrap();
        assert_eq!(card.reveal(Field::Name), name);
        assert_eq!(card.encode().unwrap(), resident_with(0, name));
    }
}

#[test]
fn half_a_surrogate_pair_is_an_error_that_names_the_field() {
    for half in [[0x00, 0xD8], [0x00, 0xDC]] {
        let mut block = text_block(&RESIDENT);
        block[52..54].copy_from_slice(&half);
        let error = CodecError::UnpairedSurrogate {
            field: Field::Address,
        };
        assert_eq!(CardText::decode(&block), Err(error));
    }
    let mut block = text_block(&RESIDENT);
    block[28..30].copy_from_slice(&[0x6D, 0xD8]);
    let error = CodecError::UnpairedSurrogate { field: Field::Name };
    assert_eq!(CardText::decode(&block), Err(error));
}

#[test]
fn a_zero_in_place_of_the_letter_is_a_resident() {
    let mut block = text_block(&RESIDENT);
    block[248..250].copy_from_slice(&[0, 0]);
    assert_eq!(CardText::decode(&block).unwrap().kind(), CardKind::Resident);
}

#[test]
fn an_unknown_layout_is_an_error() {
    let mut block = text_block(&RESIDENT);
    block[248..250].copy_from_slice(&[b'Q', 0]);
    assert_eq!(
        CardText::decode(&block),
        Err(CodecError::UnknownLayout { code: 0x51 })
    );
}

#[test]
fn a_short_block_is_an_error_and_a_long_one_is_not() {
    let mut block = text_block(&RESIDENT);
    for bytes in 0..TEXT_BYTES {
        assert_eq!(
            CardText::decode(&block[..bytes]),
            Err(CodecError::TextTooShort { actual: bytes })
        );
    }
    let exact = CardText::decode(&block).unwrap();
    block.extend([0xFF; 7]);
    assert_eq!(CardText::decode(&block), Ok(exact));
}

#[test]
fn nonsense_that_is_text_is_passed_on_as_it_stands() {
    let mut cells = RESIDENT;
    cells[1].0 = "7";
    cells[2].0 = "99";
    cells[3].0 = "19990231";
    cells[5].0 = "34990119900307001";
    let card = CardText::decode(&text_block(&cells)).unwrap();
    assert_eq!(card.sex(), Sex::Unstated);
    assert_eq!(card.nation().unwrap().reveal_name(), None);
    assert_eq!(card.nation().unwrap().reveal_code(), "99");
    assert_eq!(card.reveal(Field::Born), "19990231");
    assert_eq!(card.reveal(Field::Number), "34990119900307001");
}

#[test]
fn a_text_that_does_not_fit_is_refused() {
    let kind = CardKind::Resident;
    let long = CardText::new(kind).with(Field::Name, "一二三四五六七八九十一二三四五六");
    let field = Field::Name;
    assert_eq!(long.encode(), Err(CodecError::DoesNotFit { field, kind }));
    let foreign = CardText::new(kind).with(Field::Nationality, "XXX");
    let field = Field::Nationality;
    assert_eq!(
        foreign.encode(),
        Err(CodecError::DoesNotFit { field, kind })
    );
}

#[test]
fn debug_shows_no_text_of_the_card() {
    let card = CardText::decode(&text_block(&RESIDENT)).unwrap();
    let shown = format!("{card:?} {:?}", card.nation());
    for secret in ["张三", "19900307", "3499", "测试", "\"01\"", "汉"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

proptest! {
    #[test]
    fn any_block_is_a_card_or_an_error(mut block in vec(any::<u8>(), 256), letter in 0_usize..5) {
        let letters = [*b" \0", *b"J\0", *b"I\0", *b"Y\0", *b"\0\0"];
        block[248..250].copy_from_slice(&letters[letter]);
        if let Ok(card) = CardText::decode(&block) {
            let again = CardText::decode(&card.encode().unwrap());
            prop_assert_eq!(again, Ok(card));
        }
    }

    #[test]
    fn any_name_that_fits_survives(name in "[\u{4E00}-\u{9FA5}\u{E000}-\u{F8FF}·]{1,15}") {
        let card = CardText::decode(&resident_with(0, &name)).unwrap();
        prop_assert_eq!(card.reveal(Field::Name), name);
    }
}
