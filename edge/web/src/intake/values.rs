//! What stands in a cell, read into the rules' types with a sentence for each fault.

use edge_domain::{DomainError, IdNumber, Role, Sex, Trade};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::table::Cell;

/// Hours of a 三级教育 where nobody counted them: the least that is asked for.
pub(crate) const TRAINING_HOURS: u16 = 24;

/// Nations by their code of GB/T 3304, from 01 on.
const NATIONS: [&str; 56] = [
    "汉",
    "蒙古",
    "回",
    "藏",
    "维吾尔",
    "苗",
    "彝",
    "壮",
    "布依",
    "朝鲜",
    "满",
    "侗",
    "瑶",
    "白",
    "土家",
    "哈尼",
    "哈萨克",
    "傣",
    "黎",
    "傈僳",
    "佤",
    "畲",
    "高山",
    "拉祜",
    "水",
    "东乡",
    "纳西",
    "景颇",
    "柯尔克孜",
    "土",
    "达斡尔",
    "仫佬",
    "羌",
    "布朗",
    "撒拉",
    "毛南",
    "仡佬",
    "锡伯",
    "阿昌",
    "普米",
    "塔吉克",
    "怒",
    "乌孜别克",
    "俄罗斯",
    "鄂温克",
    "德昂",
    "保安",
    "裕固",
    "京",
    "塔塔尔",
    "独龙",
    "鄂伦春",
    "赫哲",
    "门巴",
    "珞巴",
    "基诺",
];

/// What trades are called on sites, and their word in the national table.
const TRADE_WORDS: [(&str, &str); 18] = [
    ("普工", "杂工"),
    ("小工", "杂工"),
    ("力工", "杂工"),
    ("勤杂工", "杂工"),
    ("瓦工", "砌筑工"),
    ("泥工", "砌筑工"),
    ("泥瓦工", "砌筑工"),
    ("砖工", "砌筑工"),
    ("电工", "建筑电工"),
    ("焊工", "电焊工"),
    ("砼工", "混凝土工"),
    ("模工", "模板工"),
    ("木模工", "模板工"),
    ("信号工", "起重信号工"),
    ("测量工", "测量放线工"),
    ("水管工", "管道工"),
    ("管工", "管道工"),
    ("其它", "其他"),
];

/// Full-width letters and digits as they are typed on a keyboard, without spaces.
pub(super) fn narrow(text: &str) -> String {
    text.chars()
        .filter(|one| !one.is_whitespace())
        .map(|one| match one {
            '\u{ff01}'..='\u{ff5e}' => u32::from(one)
                .checked_sub(0xfee0)
                .and_then(char::from_u32)
                .unwrap_or(one),
            other => other,
        })
        .collect()
}

/// A name: middle dots made one kind, spaces between Chinese characters dropped.
pub(super) fn name(text: &str) -> String {
    let dotted: String = text
        .chars()
        .map(|one| {
            if "•・‧．".contains(one) {
                '·'
            } else {
                one
            }
        })
        .collect();
    if dotted.is_ascii() || dotted.chars().any(|one| one.is_ascii_alphabetic()) {
        return dotted;
    }
    dotted.chars().filter(|one| !one.is_whitespace()).collect()
}

/// Whether a name has a character that only the computer knows on which it was made.
pub(super) fn has_private(text: &str) -> bool {
    let private = |one| matches!(one, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}');
    text.chars().any(private)
}

/// An identity number of somebody who may exist on `today`.
pub(super) fn number(cell: &Cell, today: Date) -> Result<IdNumber, String> {
    const LOST: &str =
        "证件号码存成了数字，Excel 已把后几位改掉，请把这一列设为“文本”后按证件重新输入";
    if cell.lost {
        return Err(LOST.to_owned());
    }
    let text = narrow(&cell.text);
    let read = IdNumber::parse(&text).and_then(|number| number.check_on(today).map(|()| number));
    read.map_err(|error| {
        // Fifteen digits are what a spreadsheet keeps.
        if error == DomainError::IdCheck && text.ends_with("000") {
            return LOST.to_owned();
        }
        number_fault(error).trim_end_matches('。').to_owned()
    })
}

/// What is wrong with a number, and where to look.
pub(crate) fn number_fault(error: DomainError) -> &'static str {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other faults cannot come from a number alone"
    )]
    match error {
        DomainError::IdLength { .. } => "证件号码位数不对，身份证是 18 位。",
        DomainError::IdCharacter { .. } => "证件号码里有不该有的字符，只有最后一位可以是 X。",
        DomainError::IdRegion => "证件号码前两位不是任何省份，请对照证件重新输入。",
        DomainError::IdBirthDate | DomainError::BornInFuture | DomainError::TooOld => {
            "证件号码里的出生日期不存在，请对照证件重新输入。"
        }
        DomainError::IdCheck => "证件号码的校验位不对，多半是输错了一位，请对照证件重新输入。",
        _ => "证件号码不合规则，请对照证件重新输入。",
    }
}

/// A day: `2026/6/1`, `2026-06-01`, `2026.6.1`, `20260601`, `2026年6月1日`, with or without a time,
/// or the number by which a spreadsheet counts days.
pub(super) fn day(cell: &Cell) -> Option<Date> {
    let text = cell.text.trim();
    let text = text.split(['T', ' ']).next().unwrap_or(text);
    let text = narrow(text);
    if !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit()) {
        return whole_number(&text);
    }
    let numbers: Vec<&str> = text
        .split(['-', '/', '.', '年', '月', '日'])
        .filter(|part| !part.is_empty())
        .collect();
    let [year, month, day] = numbers.as_slice() else {
        return None;
    };
    civil(year, month, day)
}

fn civil(year: &str, month: &str, day: &str) -> Option<Date> {
    let year: i16 = year
        .parse()
        .ok()
        .filter(|year| (1900..=2999).contains(year))?;
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

fn whole_number(text: &str) -> Option<Date> {
    if text.len() == 8 {
        return civil(text.get(..4)?, text.get(4..6)?, text.get(6..)?);
    }
    // Days from 1900 to 2119 as a spreadsheet counts them; 1900-02-29, which never was, is before.
    let days: i32 = text
        .parse()
        .ok()
        .filter(|days| (61..=80_000).contains(days))?;
    date(1899, 12, 30).checked_add(days.days()).ok()
}

/// 男, 女.
pub(super) fn sex(text: &str) -> Option<Sex> {
    match text {
        "男" | "男性" => Some(Sex::Male),
        "女" | "女性" => Some(Sex::Female),
        _ => None,
    }
}

/// The code of a nation by its name, with or without 族.
pub(super) fn nation(text: &str) -> Option<String> {
    let text = text.strip_suffix('族').unwrap_or(text);
    let at = NATIONS.iter().position(|one| *one == text)?;
    Some(format!("{:02}", at.saturating_add(1)))
}

/// The name of a nation by its code, as `汉族`; `None` for a code that is none.
pub(crate) fn nation_word(code: &str) -> Option<String> {
    let at: usize = code.parse().ok().filter(|_| code.len() == 2)?;
    let name = NATIONS.get(at.checked_sub(1)?)?;
    Some(format!("{name}族"))
}

/// A trade by its name in the national table, by what it is called on sites, or by its code.
pub(super) fn trade(text: &str) -> Option<Trade> {
    let text = narrow(text);
    let of_table = |wanted: &str| Trade::all().find(|trade| trade.text() == wanted);
    let of_site = || {
        let known = TRADE_WORDS.iter().find(|(word, _)| *word == text);
        known.and_then(|(_, word)| of_table(word))
    };
    of_table(&text)
        .or_else(of_site)
        .or_else(|| of_table(&format!("{text}工")))
        .or_else(|| Trade::parse(&text).ok())
}

/// 管理人员, 建筑工人.
pub(super) fn role(text: &str) -> Option<Role> {
    match text {
        "管理人员" | "管理" | "10" => Some(Role::Manager),
        "建筑工人" | "工人" | "普通工人" | "20" => Some(Role::Worker),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{Cell, Sex, day, name, nation, number, sex, trade};

    #[test]
    fn a_day_is_read_however_it_was_written() {
        let expected = Some(date(2026, 6, 1));
        for text in [
            "2026-06-01",
            "2026/6/1",
            "2026.6.1",
            "20260601",
            "２０２６０６０１",
            "2026年6月1日",
            "2026-06-01 00:00:00",
            "2026-06-01T08:30:00",
            "2026/6/1 8:00",
            "46174",
        ] {
            assert_eq!(day(&Cell::of_text(text)), expected, "{text}");
        }
        for text in [
            "26/6/1",
            "2026-6",
            "6月1日",
            "2026-02-30",
            "明天",
            "20261301",
            "5",
            "2026-6-1-2",
        ] {
            assert_eq!(day(&Cell::of_text(text)), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_read_or_its_fault_is_told() {
        let today = date(2026, 11, 23);
        for text in [
            "349901199003070016",
            "３４９９０１１９９００３０７００１６",
            "349901 19900307 0016",
            "34990119900307018x",
        ] {
            assert!(number(&Cell::of_text(text), today).is_ok(), "{text}");
        }
        for (cell, words) in [
            (Cell::of_number(349_901_199_003_070_016.0), "后几位"),
            (Cell::of_text("349901199003070000"), "后几位"),
            (Cell::of_text("349901199003070010"), "校验位"),
            (Cell::of_text("3499011990030700"), "18 位"),
        ] {
            let fault = number(&cell, today).unwrap_err();
            assert!(fault.contains(words), "{fault}");
        }
    }

    #[test]
    fn words_of_sites_are_understood() {
        for (text, expected) in [
            ("钢筋工", Some("钢筋工")),
            ("钢筋", Some("钢筋工")),
            ("普工", Some("杂工")),
            ("020", Some("钢筋工")),
            ("太空人", None),
            ("", None),
        ] {
            assert_eq!(
                trade(text).map(edge_domain::Trade::text),
                expected,
                "{text}"
            );
        }
        assert_eq!(nation("汉族").as_deref(), Some("01"));
        assert_eq!(super::nation_word("01").as_deref(), Some("汉族"));
        for none in ["00", "99", "1", "001", "FRA", ""] {
            assert_eq!(super::nation_word(none), None, "{none}");
        }
        assert_eq!(nation("基诺").as_deref(), Some("56"));
        assert_eq!(nation("火星"), None);
        assert_eq!((sex("男"), sex("未知")), (Some(Sex::Male), None));
        for (typed, kept) in [
            ("张 三", "张三"),
            ("阿卜杜热合曼•麦麦提明", "阿卜杜热合曼·麦麦提明"),
            ("Barack Obama", "Barack Obama"),
            ("刘䶮", "刘䶮"),
            ("𬭼", "𬭼"),
        ] {
            assert_eq!(name(typed), kept);
        }
    }
}
