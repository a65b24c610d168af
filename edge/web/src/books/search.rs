//! Finding a person by what a clerk types: characters, pinyin or its initials, the end of a number.
//!
//! A name is kept as the readings of each character, because a surname is often read unlike the
//! same character elsewhere (单 shàn, 仇 qiú, 区 ōu). All readings count, so no list of people needs
//! correcting by hand; the surnames that pinyin tables do not know are added.

use pinyin::{ToPinyin as _, ToPinyinMulti as _};

/// Readings of characters when they begin a surname, first place first; beside those of the tables.
const SURNAME_READINGS: [(&str, &[&str]); 24] = [
    ("尉迟", &["yu", "chi"]),
    ("万俟", &["mo", "qi"]),
    ("长孙", &["zhang", "sun"]),
    ("令狐", &["ling", "hu"]),
    ("单", &["shan"]),
    ("仇", &["qiu"]),
    ("区", &["ou"]),
    ("覃", &["qin"]),
    ("解", &["xie"]),
    ("曾", &["zeng"]),
    ("查", &["zha"]),
    ("朴", &["piao"]),
    ("任", &["ren"]),
    ("盖", &["ge"]),
    ("乐", &["yue"]),
    ("翟", &["zhai"]),
    ("冼", &["xian"]),
    ("缪", &["miao"]),
    ("员", &["yun"]),
    ("洗", &["xian"]),
    ("华", &["hua"]),
    ("燕", &["yan"]),
    ("秘", &["bi"]),
    ("折", &["she"]),
];

/// The readings of a name, character by character, and a key to sort by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NameKey {
    readings: Vec<Vec<String>>,
    /// The usual reading in full.
    pub(crate) sort: String,
}

impl NameKey {
    /// Reads a name; what is no Chinese character stands for itself, marks and spaces for nothing.
    pub(crate) fn of(name: &str) -> Self {
        let letters: Vec<char> = name
            .chars()
            .filter(|letter| letter.is_alphanumeric())
            .collect();
        let whole: String = letters.iter().collect();
        let surname: &[&str] = SURNAME_READINGS
            .iter()
            .find(|(surname, _)| whole.starts_with(surname))
            .map_or(&[], |(_, readings)| *readings);
        let mut key = Self::default();
        for (place, letter) in letters.iter().enumerate() {
            let special = surname.get(place).map(|reading| (*reading).to_owned());
            let usual = letter.to_pinyin().map_or_else(
                || letter.to_lowercase().collect(),
                |reading| plain(reading.plain()),
            );
            let mut readings: Vec<String> = special.into_iter().collect();
            readings.push(usual);
            if let Some(others) = letter.to_pinyin_multi() {
                readings.extend(others.into_iter().map(|one| plain(one.plain())));
            }
            key.sort
                .push_str(readings.first().map_or("", String::as_str));
            key.sort.push(' ');
            readings.sort();
            readings.dedup();
            key.readings.push(readings);
        }
        key
    }

    /// How well typed letters fit: 0 from the surname on, 1 from a later character, 2 and 3 the
    /// same where flat and curled tongue, n and l are not told apart. `None` where they do not fit.
    pub(crate) fn fits(&self, typed: &str) -> Option<u8> {
        let typed: Vec<char> = typed.chars().filter(|letter| *letter != ' ').collect();
        [false, true].into_iter().find_map(|loose| {
            (0..self.readings.len())
                .find(|start| {
                    self.readings
                        .get(*start..)
                        .is_some_and(|rest| eats(rest, &typed, loose))
                })
                .map(|start| u8::from(start > 0) + 2 * u8::from(loose))
        })
    }
}

/// The tables write ü for u with dots; keyboards have v.
fn plain(reading: &str) -> String {
    reading.replace('ü', "v")
}

/// Whether the typed letters run through the readings: each character takes its whole reading or
/// its beginning only, and only the last may be cut anywhere.
fn eats(readings: &[Vec<String>], typed: &[char], loose: bool) -> bool {
    if typed.is_empty() {
        return true;
    }
    let Some((first, rest)) = readings.split_first() else {
        return false;
    };
    first.iter().any(|reading| {
        let reading = letters(reading, loose);
        let wanted = letters(&typed.iter().collect::<String>(), loose);
        let common = reading
            .iter()
            .zip(&wanted)
            .take_while(|(ours, theirs)| ours == theirs)
            .count();
        (1..=common).any(|taken| {
            let is_whole = taken == reading.len();
            let is_initial = taken == initial(&reading);
            if taken == wanted.len() {
                return true;
            }
            (is_whole || is_initial || taken == 1)
                && eats(rest, wanted.get(taken..).unwrap_or_default(), loose)
        })
    })
}

fn letters(text: &str, loose: bool) -> Vec<char> {
    if !loose {
        return text.chars().collect();
    }
    let text = text
        .replace("zh", "z")
        .replace("ch", "c")
        .replace("sh", "s");
    text.chars()
        .map(|letter| if letter == 'n' { 'l' } else { letter })
        .collect()
}

/// Letters of the consonant that the reading begins with: 2 for zh, ch, sh.
fn initial(reading: &[char]) -> usize {
    match reading {
        ['z' | 'c' | 's', 'h', ..] => 2,
        _ => 1,
    }
}

/// What was typed, made alike: half width, lower case, no spaces around it.
pub(crate) fn normal(typed: &str) -> String {
    typed
        .trim()
        .chars()
        .map(|letter| match letter {
            '\u{ff01}'..='\u{ff5e}' => u32::from(letter)
                .checked_sub(0xfee0)
                .and_then(char::from_u32)
                .unwrap_or(letter),
            '\u{3000}' => ' ',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{NameKey, normal};

    #[track_caller]
    fn check(name: &str, typed: &str, expected: Option<u8>) {
        assert_eq!(NameKey::of(name).fits(typed), expected, "{name} by {typed}");
    }

    #[test]
    fn initials_and_full_pinyin_find_a_name() {
        for typed in [
            "zs",
            "zhangs",
            "zhangsan",
            "zhang",
            "z",
            "zhsan",
            "zhang san",
        ] {
            check("张三", typed, Some(0));
        }
        check("张三", "san", Some(1));
        check("张三", "zzzz", None);
        check("张三", "zhangsang", None);
    }

    #[test]
    fn surnames_are_found_as_they_are_read() {
        for (name, typed) in [
            ("单雄信", "shanxiongxin"),
            ("单雄信", "sxx"),
            ("仇和", "qh"),
            ("区志航", "ozh"),
            ("古力娜扎·迪力木拉提", "glnz"),
            ("覃月英", "qyy"),
            ("曾小贤", "zengxx"),
            ("解珍", "xz"),
            ("尉迟恭", "ycg"),
            ("万俟丑奴", "mqcn"),
            ("员半千", "ybq"),
            ("朴成勋", "piao"),
            ("吕布", "lv"),
            ("䶮", "yan"),
        ] {
            check(name, typed, Some(0));
        }
    }

    #[test]
    fn a_dialect_finds_the_name_after_the_exact_ones() {
        check("张三", "zangsan", Some(2));
        check("李娜", "nina", Some(2));
        check("赵张三", "zang", Some(3));
    }

    #[test]
    fn sorting_follows_the_surname() {
        assert!(NameKey::of("单雄信").sort < NameKey::of("沈从文").sort);
        assert!(NameKey::of("仇和").sort > NameKey::of("陈平").sort);
    }

    #[test]
    fn what_is_typed_is_made_alike() {
        assert_eq!(normal(" ＺＳ　１２ｘ "), "zs 12x");
    }
}
