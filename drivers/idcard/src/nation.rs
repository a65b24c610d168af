//! Codes of the nations of China (GB/T 3304), as a card carries them, and their names.

use std::fmt;

/// Names in the order of their codes; the first is 01.
const NAMES: [&str; 56] = [
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

/// The nation as a card states it: a code of two digits, known or not. Masked in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Nation {
    code: String,
}

impl Nation {
    /// Keeps the code as it stands on the card, whatever it is.
    pub fn from_code(code: &str) -> Self {
        Self {
            code: code.to_owned(),
        }
    }

    /// The code as on the card.
    pub fn reveal_code(&self) -> &str {
        &self.code
    }

    /// The name without `族`, as the platforms want it; `None` where the code is not in the table.
    pub fn reveal_name(&self) -> Option<&'static str> {
        if self.code.len() != 2 || !self.code.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        match self.code.parse::<usize>().ok()? {
            97 => Some("其他"),
            98 => Some("外国血统入籍"),
            code => NAMES.get(code.checked_sub(1)?).copied(),
        }
    }
}

impl fmt::Debug for Nation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nation(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(code: &str) -> Option<&'static str> {
        Nation::from_code(code).reveal_name()
    }

    #[test]
    fn a_code_of_the_table_has_a_name() {
        assert_eq!(name("01"), Some("汉"));
        assert_eq!(name("11"), Some("满"));
        assert_eq!(name("20"), Some("傈僳"));
        assert_eq!(name("30"), Some("土"));
        assert_eq!(name("44"), Some("俄罗斯"));
        assert_eq!(name("56"), Some("基诺"));
        assert_eq!(name("97"), Some("其他"));
        assert_eq!(name("98"), Some("外国血统入籍"));
    }

    #[test]
    fn an_unknown_code_is_kept_and_has_no_name() {
        for code in ["00", "57", "99", "", "1", "+1", "ab", "001"] {
            assert_eq!(name(code), None, "{code}");
            assert_eq!(Nation::from_code(code).reveal_code(), code);
        }
    }
}
