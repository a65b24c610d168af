//! Where each field stands in the 256 bytes of a card's text, for the four kinds of card.

/// How many bytes a card's text has in every layout.
pub const TEXT_BYTES: usize = 256;
/// Where the letter stands that tells the kinds apart, in bytes.
pub(crate) const LAYOUT_OFFSET: usize = 248;

/// The kinds of card that a reader reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CardKind {
    /// 居民身份证.
    Resident,
    /// 港澳台居民居住证, layout letter `J`.
    Hmt,
    /// 外国人永久居留身份证 issued from 2017, layout letter `I`.
    Foreigner2017,
    /// 外国人永久居留身份证 issued from December 2023, layout letter `Y`.
    Foreigner2023,
}

impl CardKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::Resident,
        Self::Hmt,
        Self::Foreigner2017,
        Self::Foreigner2023,
    ];

    /// The kind by the UTF-16 unit at offset 248. A resident card has a space there; zero is
    /// accepted for readers that do not pad.
    pub(crate) const fn from_unit(unit: u16) -> Option<Self> {
        match unit {
            0x0020 | 0x0000 => Some(Self::Resident),
            0x004A => Some(Self::Hmt),
            0x0049 => Some(Self::Foreigner2017),
            0x0059 => Some(Self::Foreigner2023),
            _ => None,
        }
    }

    pub(crate) const fn unit(self) -> u16 {
        match self {
            Self::Resident => 0x0020,
            Self::Hmt => 0x004A,
            Self::Foreigner2017 => 0x0049,
            Self::Foreigner2023 => 0x0059,
        }
    }

    /// The card's fields with offset and length in bytes. A field that stands in two places is one
    /// text cut in two.
    pub(crate) const fn fields(self) -> &'static [(Field, usize, usize)] {
        match self {
            Self::Resident => &RESIDENT,
            Self::Hmt => &HMT,
            Self::Foreigner2017 => &FOREIGNER_2017,
            Self::Foreigner2023 => &FOREIGNER_2023,
        }
    }
}

/// The fields that a card may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Name in Chinese; a foreigner may have none.
    Name,
    /// Name in Latin letters; foreigners only.
    LatinName,
    /// Sex (GB/T 2261.1), one digit.
    Sex,
    /// Nation (GB/T 3304), two digits; residents only.
    Nation,
    /// Nationality (ISO 3166 alpha-3); foreigners only.
    Nationality,
    /// Date of birth, `YYYYMMDD`.
    Born,
    /// Address at issue; not on foreigners' cards.
    Address,
    /// The document's own number: 18 characters, or 15 on the foreigner's card of 2017.
    Number,
    /// Who issued the card; on the foreigner's card of 2017 the office's code.
    Issuer,
    /// First day of validity, `YYYYMMDD`.
    ValidFrom,
    /// Last day of validity, `YYYYMMDD` or `长期`.
    ValidTo,
    /// Number of the travel permit; residents of Hong Kong, Macao and Taiwan only.
    TravelPermit,
    /// How often the card was issued or renewed, two digits.
    TimesIssued,
    /// Version of the card; foreigner's card of 2017 only.
    Version,
    /// Link to the number of an earlier card; foreigner's card of 2023 only.
    EarlierNumber,
}

impl Field {
    /// All fields, in the order of their declaration.
    pub const ALL: [Self; 15] = [
        Self::Name,
        Self::LatinName,
        Self::Sex,
        Self::Nation,
        Self::Nationality,
        Self::Born,
        Self::Address,
        Self::Number,
        Self::Issuer,
        Self::ValidFrom,
        Self::ValidTo,
        Self::TravelPermit,
        Self::TimesIssued,
        Self::Version,
        Self::EarlierNumber,
    ];
}

const RESIDENT: [(Field, usize, usize); 9] = [
    (Field::Name, 0, 30),
    (Field::Sex, 30, 2),
    (Field::Nation, 32, 4),
    (Field::Born, 36, 16),
    (Field::Address, 52, 70),
    (Field::Number, 122, 36),
    (Field::Issuer, 158, 30),
    (Field::ValidFrom, 188, 16),
    (Field::ValidTo, 204, 16),
];

const HMT: [(Field, usize, usize); 10] = [
    (Field::Name, 0, 30),
    (Field::Sex, 30, 2),
    (Field::Born, 36, 16),
    (Field::Address, 52, 70),
    (Field::Number, 122, 36),
    (Field::Issuer, 158, 30),
    (Field::ValidFrom, 188, 16),
    (Field::ValidTo, 204, 16),
    (Field::TravelPermit, 220, 18),
    (Field::TimesIssued, 238, 4),
];

const FOREIGNER_2017: [(Field, usize, usize); 10] = [
    (Field::LatinName, 0, 120),
    (Field::Sex, 120, 2),
    (Field::Number, 122, 30),
    (Field::Nationality, 152, 6),
    (Field::Name, 158, 30),
    (Field::ValidFrom, 188, 16),
    (Field::ValidTo, 204, 16),
    (Field::Born, 220, 16),
    (Field::Version, 236, 4),
    (Field::Issuer, 240, 8),
];

const FOREIGNER_2023: [(Field, usize, usize); 11] = [
    (Field::Name, 0, 30),
    (Field::Sex, 30, 2),
    (Field::TimesIssued, 32, 4),
    (Field::Born, 36, 16),
    (Field::LatinName, 52, 70),
    (Field::Number, 122, 36),
    (Field::ValidFrom, 188, 16),
    (Field::ValidTo, 204, 16),
    (Field::LatinName, 220, 22),
    (Field::Nationality, 242, 6),
    (Field::EarlierNumber, 250, 6),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_layout_has_fields_that_overlap_or_leave_the_block() {
        for kind in CardKind::ALL {
            let mut taken = [false; TEXT_BYTES];
            taken[LAYOUT_OFFSET] = true;
            taken[LAYOUT_OFFSET + 1] = true;
            for &(field, offset, bytes) in kind.fields() {
                assert_eq!((offset % 2, bytes % 2), (0, 0), "{kind:?} {field:?}");
                for place in &mut taken[offset..offset + bytes] {
                    assert!(!*place, "{kind:?} {field:?}");
                    *place = true;
                }
            }
        }
    }
}
