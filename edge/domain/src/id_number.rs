//! Identity numbers: GB 11643 and the two kinds of permit that follow or extend it.

use core::fmt;

use jiff::civil::Date;
use zeroize::Zeroize;

use crate::error::DomainError;
use crate::time::age_on;

/// Kind of identity document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// 居民身份证.
    Resident,
    /// 港澳台居民居住证 (chip type `J`).
    Hmt,
    /// 外国人永久居留身份证, 2017 card: three letters and twelve digits.
    Foreigner2017,
    /// 外国人永久居留身份证, 2023 card: eighteen characters, the first is 9.
    Foreigner2023,
}

impl DocumentKind {
    /// Whether a chip of this kind would state such a nation: two digits (民族, GB/T 3304) for residents,
    /// three capital letters (ISO 3166-1) for foreigners, nothing for others.
    pub fn states_nation(self, code: &str) -> bool {
        match self {
            Self::Resident => code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_digit()),
            Self::Foreigner2017 | Self::Foreigner2023 => {
                code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            Self::Hmt => false,
        }
    }

    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Hmt => "hmt",
            Self::Foreigner2017 => "foreigner_2017",
            Self::Foreigner2023 => "foreigner_2023",
        }
    }

    /// Reads the code of a record body.
    pub fn from_code(code: &str) -> Option<Self> {
        [
            Self::Resident,
            Self::Hmt,
            Self::Foreigner2017,
            Self::Foreigner2023,
        ]
        .into_iter()
        .find(|kind| kind.code() == code)
    }
}

/// Sex as cards state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// 男.
    Male,
    /// 女.
    Female,
    /// Not stated on the card.
    Unstated,
}

impl Sex {
    /// The code of the sealed person.
    pub fn code(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
            Self::Unstated => "unstated",
        }
    }

    /// Reads the code of a sealed person.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "male" => Some(Self::Male),
            "female" => Some(Self::Female),
            "unstated" => Some(Self::Unstated),
            _ => None,
        }
    }
}

/// A checked identity number. Masked in `Debug`, wiped when dropped.
///
/// The check covers length, characters, region (first two digits only: county codes disappear
/// from current tables while their holders live on), a birth date of the calendar and the check
/// character. That the birth date is no future one needs a day: [`IdNumber::check_on`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdNumber {
    kind: DocumentKind,
    text: String,
}

/// First two digits in use (GB/T 2260).
const PROVINCES: [u8; 32] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
    53, 54, 61, 62, 63, 64, 65, 71,
];

/// Weights of ISO 7064 MOD 11-2 for the first seventeen digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters by remainder.
const CHECKS: [u8; 11] = *b"10X98765432";

/// Nobody is this old.
const AGE_LIMIT: u8 = 150;

impl IdNumber {
    /// Reads a number as typed or as read from a chip: surrounding spaces are dropped and letters
    /// made upper case. The kind of document follows from the number.
    ///
    /// # Errors
    /// The first rule that the number breaks.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        let mut text = text.trim().to_ascii_uppercase();
        match check(text.as_bytes()) {
            Ok(kind) => Ok(Self { kind, text }),
            Err(error) => {
                text.zeroize();
                Err(error)
            }
        }
    }

    /// Which document carries such a number.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The number in clear, upper case.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// First six, stars, last four.
    pub fn masked(&self) -> String {
        let tail = self.text.len().saturating_sub(4);
        let middle = tail.saturating_sub(6);
        self.text
            .chars()
            .take(6)
            .chain(core::iter::repeat_n('*', middle))
            .chain(self.text.chars().skip(tail))
            .collect()
    }

    /// The last four characters, as a gate display may show them.
    pub fn last_four(&self) -> String {
        self.text
            .chars()
            .skip(self.text.len().saturating_sub(4))
            .collect()
    }

    /// Birth date in the number; `None` for the 2017 foreigner card, which holds no full year.
    pub fn born(&self) -> Option<Date> {
        match self.kind {
            DocumentKind::Foreigner2017 => None,
            DocumentKind::Resident | DocumentKind::Hmt | DocumentKind::Foreigner2023 => {
                birth_date(self.text.as_bytes()).ok()
            }
        }
    }

    /// Sex in the number (odd sequence is male); `None` for foreigner cards, where no published
    /// rule gives the sequence that meaning.
    pub fn sex(&self) -> Option<Sex> {
        match self.kind {
            DocumentKind::Foreigner2017 | DocumentKind::Foreigner2023 => None,
            DocumentKind::Resident | DocumentKind::Hmt => {
                let sequence = self.text.as_bytes().get(16)?;
                Some(if sequence % 2 == 1 {
                    Sex::Male
                } else {
                    Sex::Female
                })
            }
        }
    }

    /// Tests the birth date in the number against a day.
    ///
    /// # Errors
    /// [`DomainError::BornInFuture`] or [`DomainError::TooOld`] (150 years and more).
    pub fn check_on(&self, today: Date) -> Result<(), DomainError> {
        match self.born() {
            Some(born) if born > today => Err(DomainError::BornInFuture),
            Some(born) if age_on(born, today) >= AGE_LIMIT => Err(DomainError::TooOld),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Drop for IdNumber {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}

fn check(text: &[u8]) -> Result<DocumentKind, DomainError> {
    match text.len() {
        18 => check_eighteen(text),
        15 if text.first().is_some_and(u8::is_ascii_uppercase) => check_2017(text),
        found => Err(DomainError::IdLength { found }),
    }
}

/// Three letters of the country, twelve digits; nothing more about it is published.
fn check_2017(text: &[u8]) -> Result<DocumentKind, DomainError> {
    let fits = |(at, byte): (usize, &u8)| {
        if at < 3 {
            byte.is_ascii_uppercase()
        } else {
            byte.is_ascii_digit()
        }
    };
    match text.iter().enumerate().position(|pair| !fits(pair)) {
        Some(at) => Err(DomainError::IdCharacter { position: at + 1 }),
        None => Ok(DocumentKind::Foreigner2017),
    }
}

fn check_eighteen(text: &[u8]) -> Result<DocumentKind, DomainError> {
    let fits = |(at, byte): (usize, &u8)| byte.is_ascii_digit() || (at == 17 && *byte == b'X');
    if let Some(at) = text.iter().enumerate().position(|pair| !fits(pair)) {
        return Err(DomainError::IdCharacter { position: at + 1 });
    }
    let kind = kind_of_eighteen(text)?;
    birth_date(text)?;
    if text.last() == check_character(text).as_ref() {
        Ok(kind)
    } else {
        Err(DomainError::IdCheck)
    }
}

fn kind_of_eighteen(text: &[u8]) -> Result<DocumentKind, DomainError> {
    if text.first() == Some(&b'9') {
        return Ok(DocumentKind::Foreigner2023);
    }
    if [b"810000", b"820000", b"830000"]
        .iter()
        .any(|region| text.starts_with(*region))
    {
        return Ok(DocumentKind::Hmt);
    }
    let province = number(text, 0, 2).and_then(|value| u8::try_from(value).ok());
    match province {
        Some(province) if PROVINCES.contains(&province) => Ok(DocumentKind::Resident),
        _ => Err(DomainError::IdRegion),
    }
}

fn birth_date(text: &[u8]) -> Result<Date, DomainError> {
    let date = || {
        let year = i16::try_from(number(text, 6, 4)?).ok()?;
        let month = i8::try_from(number(text, 10, 2)?).ok()?;
        let day = i8::try_from(number(text, 12, 2)?).ok()?;
        Date::new(year, month, day).ok()
    };
    date().ok_or(DomainError::IdBirthDate)
}

fn check_character(text: &[u8]) -> Option<u8> {
    let sum: u32 = WEIGHTS
        .iter()
        .zip(text)
        .map(|(weight, byte)| weight * u32::from(byte.wrapping_sub(b'0')))
        .sum();
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

/// `digits` decimal digits from `from` on.
fn number(text: &[u8], from: usize, digits: usize) -> Option<u32> {
    text.get(from..from + digits)?
        .iter()
        .try_fold(0_u32, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + u32::from(byte - b'0'))
        })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_residents() {
        for (text, sex, born) in [
            ("349901199003070016", Sex::Male, date(1990, 3, 7)),
            ("349901199003070024", Sex::Female, date(1990, 3, 7)),
            ("34990119900307018X", Sex::Female, date(1990, 3, 7)),
            ("349901198812310038", Sex::Male, date(1988, 12, 31)),
            ("349901197506150043", Sex::Female, date(1975, 6, 15)),
            ("349901200002290055", Sex::Male, date(2000, 2, 29)),
            ("349901196001010067", Sex::Female, date(1960, 1, 1)),
            ("349901201104010071", Sex::Male, date(2011, 4, 1)),
            ("349901200911220097", Sex::Male, date(2009, 11, 22)),
        ] {
            let number = IdNumber::parse(text).unwrap();
            assert_eq!(number.kind(), DocumentKind::Resident, "{text}");
            assert_eq!(
                (number.sex(), number.born()),
                (Some(sex), Some(born)),
                "{text}"
            );
        }
    }

    #[test]
    fn valid_permits() {
        for (text, kind, born) in [
            (
                "81000019850505001X",
                DocumentKind::Hmt,
                Some(date(1985, 5, 5)),
            ),
            (
                "820000199111110020",
                DocumentKind::Hmt,
                Some(date(1991, 11, 11)),
            ),
            (
                "830000197809090036",
                DocumentKind::Hmt,
                Some(date(1978, 9, 9)),
            ),
            (
                "93484019800101001X",
                DocumentKind::Foreigner2023,
                Some(date(1980, 1, 1)),
            ),
            (
                "931392199108150021",
                DocumentKind::Foreigner2023,
                Some(date(1991, 8, 15)),
            ),
            ("XYZ340080010101", DocumentKind::Foreigner2017, None),
        ] {
            let number = IdNumber::parse(text).unwrap();
            assert_eq!((number.kind(), number.born()), (kind, born), "{text}");
        }
    }

    #[test]
    fn invalid_numbers_say_what_is_wrong() {
        for (text, error) in [
            ("349901199003070010", DomainError::IdCheck),
            ("349901199002310014", DomainError::IdBirthDate),
            ("349901190002290016", DomainError::IdBirthDate),
            ("349901900307001", DomainError::IdLength { found: 15 }),
            ("", DomainError::IdLength { found: 0 }),
            ("34990119900307001", DomainError::IdLength { found: 17 }),
            (
                "3499011990O3070016",
                DomainError::IdCharacter { position: 11 },
            ),
            (
                "X49901199003070016",
                DomainError::IdCharacter { position: 1 },
            ),
            ("３49901199003070016", DomainError::IdLength { found: 20 }),
            ("169901199003070016", DomainError::IdRegion),
            ("810001198505050010", DomainError::IdRegion),
            ("XY3340080010101", DomainError::IdCharacter { position: 3 }),
            ("XYZ34008001010X", DomainError::IdCharacter { position: 15 }),
        ] {
            assert_eq!(IdNumber::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn lower_case_x_and_spaces_are_normalized() {
        let number = IdNumber::parse(" 34990119900307018x ").unwrap();
        assert_eq!(number.reveal(), "34990119900307018X");
    }

    #[test]
    fn birth_is_tested_against_the_given_day() {
        let number = IdNumber::parse("349901201104010071").unwrap();
        assert_eq!(
            number.check_on(date(2011, 3, 31)),
            Err(DomainError::BornInFuture)
        );
        assert_eq!(number.check_on(date(2011, 4, 1)), Ok(()));
        assert_eq!(number.check_on(date(2161, 3, 31)), Ok(()));
        assert_eq!(number.check_on(date(2161, 4, 1)), Err(DomainError::TooOld));
    }

    #[test]
    fn debug_is_masked() {
        let number = IdNumber::parse("349901199003070016").unwrap();
        assert_eq!(format!("{number:?}"), "349901********0016");
        assert_eq!(number.last_four(), "0016");
        let number = IdNumber::parse("XYZ340080010101").unwrap();
        assert_eq!(format!("{number:?}"), "XYZ340*****0101");
    }

    proptest! {
        #[test]
        fn any_text_gives_a_number_or_an_error(text in "\\PC{0,24}") {
            if let Ok(number) = IdNumber::parse(&text) {
                prop_assert_eq!(IdNumber::parse(number.reveal()), Ok(number));
            }
        }

        #[test]
        fn one_wrong_digit_never_passes(at in 0_usize..18, add in 1_u8..10) {
            let mut text = *b"349901199003070016";
            text[at] = b'0' + (text[at] - b'0' + add) % 10;
            let text = core::str::from_utf8(&text).unwrap();
            prop_assert!(IdNumber::parse(text).is_err());
        }
    }
}
