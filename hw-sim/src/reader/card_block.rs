//! The text block of a card: 256 bytes of UTF-16LE in fields of fixed width, padded with spaces.

use crate::people::{CardKind, Person, compact};

/// Bytes of the block.
const BLOCK_BYTES: usize = 256;
/// What the chip shows instead of an end date.
const NO_END: &str = "长期";

/// The block as the chip of this person's card holds it; a text too long for its field is cut.
pub(super) fn card_block(person: &Person) -> Vec<u8> {
    let mut block = match &person.card {
        CardKind::Resident => identity_layout(person, &[("", 36)]),
        CardKind::HongKongMacaoTaiwan {
            travel_permit,
            times_issued,
        } => identity_layout(
            person,
            &[
                (travel_permit, 18),
                (times_issued, 4),
                ("", 6),
                ("J", 2),
                ("", 6),
            ],
        ),
        CardKind::Foreigner2017 {
            english_name,
            nationality,
        } => foreigner_2017(person, english_name, nationality),
        CardKind::Foreigner2023 {
            english_name,
            nationality,
        } => foreigner_2023(person, english_name, nationality),
    };
    // Only a wrong table above could miss the size; the tests pin every offset.
    block.resize(BLOCK_BYTES, 0);
    block
}

/// Resident card and residence permit share their first ten fields; `tail` fills bytes 220 to 255.
fn identity_layout(person: &Person, tail: &[(&str, usize)]) -> Vec<u8> {
    let (born, from, to) = dates(person);
    let mut fields: Vec<(&str, usize)> = vec![
        (&person.name, 30),
        (person.sex.code(), 2),
        (&person.nation, 4),
        (&born, 16),
        (&person.address, 70),
        (&person.number, 36),
        (&person.issuer, 30),
        (&from, 16),
        (&to, 16),
    ];
    fields.extend(tail);
    fields_of(&fields)
}

fn foreigner_2017(person: &Person, english_name: &str, nationality: &str) -> Vec<u8> {
    let (born, from, to) = dates(person);
    fields_of(&[
        (english_name, 120),
        (person.sex.code(), 2),
        (&person.number, 30),
        (nationality, 6),
        (&person.name, 30),
        (&from, 16),
        (&to, 16),
        (&born, 16),
        ("01", 4),
        ("3499", 8),
        ("I", 2),
        ("", 6),
    ])
}

fn foreigner_2023(person: &Person, english_name: &str, nationality: &str) -> Vec<u8> {
    let (born, from, to) = dates(person);
    let first: String = english_name.chars().take(35).collect();
    let rest: String = english_name.chars().skip(35).collect();
    fields_of(&[
        (&person.name, 30),
        (person.sex.code(), 2),
        ("00", 4),
        (&born, 16),
        (&first, 70),
        (&person.number, 36),
        ("", 30),
        (&from, 16),
        (&to, 16),
        (&rest, 22),
        (nationality, 6),
        ("Y", 2),
        ("", 6),
    ])
}

fn dates(person: &Person) -> (String, String, String) {
    let to = person.valid_to.map_or_else(|| NO_END.to_owned(), compact);
    (compact(person.born), compact(person.valid_from), to)
}

fn fields_of(fields: &[(&str, usize)]) -> Vec<u8> {
    fields
        .iter()
        .flat_map(|(text, width)| field(text, *width))
        .collect()
}

/// One field; a surrogate pair at the edge is dropped whole.
fn field(text: &str, width: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(width);
    for character in text.chars() {
        let mut units = [0u16; 2];
        let encoded: Vec<u8> = character
            .encode_utf16(&mut units)
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect();
        if bytes.len().saturating_add(encoded.len()) > width {
            break;
        }
        bytes.extend(encoded);
    }
    let space = u16::from(b' ').to_le_bytes();
    while bytes.len() < width {
        bytes.extend(space);
    }
    bytes
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::civil::Date;

    use super::card_block;
    use crate::people::{CardKind, Crowd, CrowdSettings, Person, Sex, Standing};

    /// The person of the published card vector.
    pub(crate) fn zhang_san() -> Person {
        Person {
            name: "张三".to_owned(),
            card: CardKind::Resident,
            number: "349901199003070016".to_owned(),
            sex: Sex::Male,
            born: Date::constant(1990, 3, 7),
            nation: "01".to_owned(),
            address: "测试省测试市测试路1号".to_owned(),
            issuer: "测试市公安局测试分局".to_owned(),
            valid_from: Date::constant(2020, 1, 1),
            valid_to: Some(Date::constant(2040, 1, 1)),
            phone: String::new(),
            team: 1,
            trade: "020",
            standing: Standing::Admitted,
        }
    }

    fn text_at(block: &[u8], offset: usize, width: usize) -> String {
        let units: Vec<u16> = block[offset..offset + width]
            .chunks(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).unwrap().trim_end().to_owned()
    }

    fn check(block: &[u8], fields: &[(usize, usize, &str)]) {
        assert_eq!(block.len(), 256);
        for (offset, width, expected) in fields {
            assert_eq!(
                text_at(block, *offset, *width),
                *expected,
                "offset {offset}"
            );
        }
    }

    fn found(word: &str) -> Person {
        let settings = CrowdSettings {
            seed: 1,
            count: 5,
            denied_each: 0,
            year: 2026,
        };
        Person::clone(Crowd::invent(settings).find(word).unwrap())
    }

    #[test]
    fn resident_fields_stand_at_their_offsets() {
        let block = card_block(&zhang_san());
        assert_eq!(block[..6], [0x20, 0x5F, 0x09, 0x4E, 0x20, 0x00]);
        check(
            &block,
            &[
                (0, 30, "张三"),
                (30, 2, "1"),
                (32, 4, "01"),
                (36, 16, "19900307"),
                (52, 70, "测试省测试市测试路1号"),
                (122, 36, "349901199003070016"),
                (158, 30, "测试市公安局测试分局"),
                (188, 16, "20200101"),
                (204, 16, "20400101"),
                (220, 36, ""),
            ],
        );
        assert_eq!(block[248..250], [0x20, 0x00]);
    }

    #[test]
    fn no_end_date_is_written_as_long_term() {
        let block = card_block(&Person {
            valid_to: None,
            ..zhang_san()
        });
        assert_eq!(block[204..210], [0x7F, 0x95, 0x1F, 0x67, 0x20, 0x00]);
    }

    #[test]
    fn residence_permit_fields_stand_at_their_offsets() {
        check(
            &card_block(&found("hmt")),
            &[
                (0, 30, "何港生"),
                (32, 4, ""),
                (122, 36, "81000019850505001X"),
                (220, 18, "H34990001"),
                (238, 4, "01"),
                (248, 2, "J"),
            ],
        );
    }

    #[test]
    fn both_foreigner_cards_stand_at_their_offsets() {
        check(
            &card_block(&found("foreigner_2017")),
            &[
                (0, 120, "MARTIN, ALEXANDRE TESTCASE"),
                (120, 2, "1"),
                (122, 30, "FRA349982070112"),
                (152, 6, "FRA"),
                (158, 30, "马丁"),
                (204, 16, "20280315"),
                (220, 16, "19820701"),
                (236, 4, "01"),
                (248, 2, "I"),
            ],
        );
        check(
            &card_block(&found("foreigner_2023")),
            &[
                (0, 30, "史密斯"),
                (36, 16, "19800101"),
                (52, 70, "SMITH, JOHN TESTCASE"),
                (122, 36, "93484019800101001X"),
                (242, 6, "USA"),
                (248, 2, "Y"),
            ],
        );
    }

    #[test]
    fn a_long_and_a_two_unit_name_survive() {
        check(
            &card_block(&found("admitted:3")),
            &[(0, 30, "阿卜杜热合曼·麦麦提明")],
        );
        check(&card_block(&found("admitted:1")), &[(0, 30, "陈\u{2CB7C}")]);
        let long = Person {
            name: "长".repeat(14) + "\u{2CB7C}",
            ..zhang_san()
        };
        check(
            &card_block(&long),
            &[(0, 30, &"长".repeat(14)), (30, 2, "1")],
        );
    }
}
