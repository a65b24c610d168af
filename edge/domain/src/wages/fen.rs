//! Money in fen: whole numbers, never fractions of a fen.

use core::fmt;

/// An amount in fen (1/100 yuan), never below zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fen(u64);

/// Largest amount of a person that is taken from a form or a file: a million yuan.
const TYPED_MAX: u64 = 100_000_000;
/// Largest amount of a project: a hundred million yuan.
const PROJECT_MAX: u64 = 10_000_000_000;

const DIGITS: [&str; 10] = ["零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"];
const PLACES: [&str; 4] = ["", "拾", "佰", "仟"];
const GROUPS: [&str; 4] = ["", "万", "亿", "万亿"];

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many fen.
    pub const fn new(fen: u64) -> Self {
        Self(fen)
    }

    /// How many fen.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads yuan as people write them: `280`, `1,234.5`, `￥1234.50`; at most a million yuan and two
    /// decimal places. `None` for anything else.
    pub fn parse(typed: &str) -> Option<Self> {
        Self::parse_up_to(typed, TYPED_MAX)
    }

    /// The same for an amount of the whole project: at most a hundred million yuan.
    pub fn parse_of_project(typed: &str) -> Option<Self> {
        Self::parse_up_to(typed, PROJECT_MAX)
    }

    fn parse_up_to(typed: &str, most: u64) -> Option<Self> {
        let typed: String = typed
            .trim()
            .trim_start_matches(['¥', '￥'])
            .chars()
            .filter(|one| !matches!(one, ',' | '，' | ' '))
            .collect();
        let (whole, part) = typed.split_once('.').unwrap_or((typed.as_str(), ""));
        let digits = |text: &str| text.bytes().all(|one| one.is_ascii_digit());
        if whole.is_empty() || whole.len() > 9 || part.len() > 2 || !digits(whole) || !digits(part)
        {
            return None;
        }
        let fen = format!("{whole}{part:0<2}").parse().ok()?;
        (fen <= most).then_some(Self(fen))
    }

    /// The sum; it stops at the largest number there is.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; `None` where it would be below zero.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// This times `times` over `parts`, rounded to the fen, half a fen upwards; `parts` of zero gives
    /// nothing.
    #[must_use]
    pub fn share(self, times: u64, parts: u64) -> Self {
        let (fen, times, parts) = (u128::from(self.0), u128::from(times), u128::from(parts));
        let doubled = fen
            .saturating_mul(times)
            .saturating_mul(2)
            .saturating_add(parts);
        let rounded = doubled.checked_div(parts.saturating_mul(2)).unwrap_or(0);
        Self(u64::try_from(rounded).unwrap_or(u64::MAX))
    }

    /// `1234.50`, for files.
    pub fn plain(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }

    /// The amount in the characters that vouchers want (中文大写金额), as 《支付结算办法》, annex 1,
    /// sections 1 to 4 have it.
    pub fn in_words(self) -> String {
        let (yuan, jiao, fen) = (self.0 / 100, self.0 / 10 % 10, self.0 % 10);
        let mut words = yuan_words(yuan);
        if !words.is_empty() {
            words.push('元');
        }
        match (jiao, fen) {
            (0, 0) if words.is_empty() => words.push_str("零元整"),
            (0, 0) => words.push('整'),
            (0, _) if words.is_empty() => {}
            (0, _) => words.push('零'),
            (_, _) => words.extend([digit(jiao), "角"]),
        }
        if fen > 0 {
            words.extend([digit(fen), "分"]);
        }
        words
    }
}

fn digit(one: u64) -> &'static str {
    usize::try_from(one)
        .ok()
        .and_then(|at| DIGITS.get(at))
        .copied()
        .unwrap_or_default()
}

/// Groups of four digits; one 零 for any zeros between digits.
fn yuan_words(yuan: u64) -> String {
    let text = yuan.to_string();
    let mut words = String::new();
    let mut zero = false;
    let mut group_has = false;
    for (place, letter) in (0..text.len()).rev().zip(text.chars()) {
        let value = u64::from(letter.to_digit(10).unwrap_or(0));
        if value == 0 {
            zero = !words.is_empty();
        } else {
            if zero {
                words.push('零');
            }
            zero = false;
            group_has = true;
            words.push_str(digit(value));
            words.push_str(PLACES.get(place % 4).copied().unwrap_or_default());
        }
        if place % 4 == 0 {
            if group_has {
                words.push_str(GROUPS.get(place / 4).copied().unwrap_or_default());
            }
            group_has = false;
        }
    }
    words
}

/// `1,234.50`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yuan = (self.0 / 100).to_string();
        let mut text = String::new();
        for (left, letter) in (0..yuan.len()).rev().zip(yuan.chars()) {
            text.push(letter);
            if left > 0 && left % 3 == 0 {
                text.push(',');
            }
        }
        write!(f, "{text}.{:02}", self.0 % 100)
    }
}

impl core::iter::Sum for Fen {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Self::plus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yuan_are_read_as_people_write_them() {
        for (typed, fen) in [
            ("280", Some(28_000)),
            (" 1,234.5 ", Some(123_450)),
            ("￥0.07", Some(7)),
            ("1000000", Some(100_000_000)),
            ("1000000.01", None),
            ("", None),
            (".5", None),
            ("-3", None),
            ("+3", None),
            ("1.005", None),
            ("3e5", None),
            ("三百", None),
        ] {
            assert_eq!(Fen::parse(typed), fen.map(Fen), "{typed:?}");
        }
        for (typed, fen) in [
            ("4,680,000", Some(468_000_000)),
            ("100000000", Some(10_000_000_000)),
            ("100000000.01", None),
        ] {
            assert_eq!(Fen::parse_of_project(typed), fen.map(Fen), "{typed:?}");
        }
        assert_eq!(Fen(123_456_705).to_string(), "1,234,567.05");
        assert_eq!(Fen(123_456_705).plain(), "1234567.05");
        assert_eq!(Fen(5).to_string(), "0.05");
    }

    #[test]
    fn shares_are_rounded_to_the_fen_half_upwards() {
        assert_eq!(Fen(28_001).share(1, 2), Fen(14_001));
        assert_eq!(Fen(100).share(1, 3), Fen(33));
        assert_eq!(Fen(200).share(1, 3), Fen(67));
        assert_eq!(Fen(100).share(1, 0), Fen(0));
        assert_eq!(Fen(u64::MAX).share(3, 1), Fen(u64::MAX));
    }

    /// The examples of 《支付结算办法》, annex 1 (正确填写票据和结算凭证的基本规定), and amounts below them.
    #[test]
    fn amounts_in_words_are_those_of_the_rule() {
        for (fen, words) in [
            (140_950, "壹仟肆佰零玖元伍角"),
            (600_714, "陆仟零柒元壹角肆分"),
            (168_032, "壹仟陆佰捌拾元叁角贰分"),
            (10_700_053, "壹拾万零柒仟元伍角叁分"),
            (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
            (32_504, "叁佰贰拾伍元零肆分"),
            (0, "零元整"),
            (7, "柒分"),
            (10_000_100, "壹拾万零壹元整"),
            (100_000_000_000, "壹拾亿元整"),
            (100_005_000_000, "壹拾亿零伍万元整"),
        ] {
            assert_eq!(Fen(fen).in_words(), words);
        }
    }
}
