//! A month's sheet as paper has it: what stands on it, its code (校验码), and what differs from another.

use std::collections::BTreeMap;

use edge_domain::TeamId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::month::{MonthSheet, days_of, halves_text, tenths_of_hours};
use crate::site_time::{month_text, month_value, parse_month};

/// Characters of the digest that stand on paper: 48 bits, so that nobody finds another sheet to the
/// code of one within the years that papers are kept by trying on a site's box.
const CODE_CHARS: usize = 12;
/// What is typed of a code at least.
const CODE_CHARS_MIN: usize = 8;

/// What stands on a sheet. Its bytes are what the code is computed over, so fields are only added at
/// the end, and left out where they are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SheetCopy {
    /// Name of the project.
    pub(crate) project: String,
    /// Company that hires the team.
    pub(crate) employer: String,
    /// Number of the team.
    pub(crate) team: u32,
    /// Its name.
    pub(crate) team_name: String,
    /// `2026-10`.
    pub(crate) month: String,
    /// By which rule, in a sentence.
    pub(crate) rule: String,
    /// One line a worker.
    pub(crate) rows: Vec<RowCopy>,
}

/// A worker's line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowCopy {
    /// His number.
    pub(crate) worker: u32,
    /// His name.
    pub(crate) name: String,
    /// Number of his document, masked.
    pub(crate) number: String,
    /// His trade.
    pub(crate) trade: String,
    /// One sign a day.
    pub(crate) signs: Vec<String>,
    /// Halves of days that count.
    pub(crate) halves: u32,
    /// Minutes on site.
    pub(crate) minutes: u32,
    /// Night shifts.
    pub(crate) nights: u32,
    /// Corrections.
    pub(crate) corrections: u32,
    /// What stands beside the line.
    pub(crate) remark: String,
}

impl RowCopy {
    /// `18`, `18.5`.
    pub(crate) fn days_text(&self) -> String {
        halves_text(self.halves)
    }

    /// Hours with one decimal place.
    pub(crate) fn hours_text(&self) -> String {
        tenths_of_hours(self.minutes)
    }
}

/// CSS classes of a sign.
pub(crate) fn sign_class(sign: &str) -> String {
    let first = match sign.chars().next() {
        None => "none",
        Some('√') => "full",
        Some('夜') => "night",
        Some('△') => "half",
        Some('…') => "running",
        Some(_) => "void",
    };
    if is_corrected(sign) {
        format!("{first} corrected")
    } else {
        first.to_owned()
    }
}

/// Whether part of a day was written by hand.
pub(crate) fn is_corrected(sign: &str) -> bool {
    sign.contains('补')
}

impl SheetCopy {
    /// Copies a computed sheet.
    pub(crate) fn new(sheet: &MonthSheet, project: String, employer: String, rule: String) -> Self {
        let row = |line: &super::month::MonthLine| RowCopy {
            worker: line.person.worker().0,
            name: line.person.name().reveal().to_owned(),
            number: line.person.entry.standing.number.masked(),
            trade: line.person.trade().to_owned(),
            signs: line.cells.iter().map(super::month::DayCell::sign).collect(),
            halves: line.halves,
            minutes: line.minutes,
            nights: line.nights,
            corrections: line.corrections,
            remark: line.remark(),
        };
        Self {
            project,
            employer,
            team: sheet.team.team.0,
            team_name: sheet.team.name.clone(),
            month: month_value(sheet.first),
            rule,
            rows: sheet.lines.iter().map(row).collect(),
        }
    }

    /// Reads a kept copy.
    pub(crate) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// The bytes that are kept, and their digest.
    pub(crate) fn sealed(&self) -> Result<(Vec<u8>, String), serde_json::Error> {
        sealed(self)
    }

    /// The team.
    pub(crate) fn team(&self) -> TeamId {
        TeamId(self.team)
    }

    /// First day of the month.
    pub(crate) fn first(&self) -> Option<Date> {
        parse_month(&self.month)
    }

    /// `2026年10月`.
    pub(crate) fn month_text(&self) -> String {
        self.first().map(month_text).unwrap_or_default()
    }

    /// The days of the month.
    pub(crate) fn days(&self) -> Vec<Date> {
        self.first().map(days_of).unwrap_or_default()
    }

    /// Halves of days of all workers together.
    pub(crate) fn total_halves(&self) -> u32 {
        self.rows.iter().map(|row| row.halves).sum()
    }

    /// Minutes of all workers together.
    pub(crate) fn total_minutes(&self) -> u32 {
        self.rows.iter().map(|row| row.minutes).sum()
    }

    /// Corrections of all workers together.
    pub(crate) fn total_corrections(&self) -> u32 {
        self.rows.iter().map(|row| row.corrections).sum()
    }

    /// `18`, `18.5`: days of all workers together.
    pub(crate) fn total_days_text(&self) -> String {
        halves_text(self.total_halves())
    }

    /// Hours of all workers together.
    pub(crate) fn total_hours_text(&self) -> String {
        tenths_of_hours(self.total_minutes())
    }
}

/// The bytes of a paper's copy that are kept, and their digest.
pub(crate) fn sealed(copy: &impl Serialize) -> Result<(Vec<u8>, String), serde_json::Error> {
    let body = serde_json::to_vec(copy)?;
    let digest = digest(&body);
    Ok((body, digest))
}

/// SHA-256, lower-case hexadecimal.
pub(crate) fn digest(body: &[u8]) -> String {
    let hex = |byte: &u8| format!("{byte:02x}");
    Sha256::digest(body).iter().map(hex).collect()
}

/// The code on paper, in groups that are easily typed: `A1B2-C3D4-E5F6`.
pub(crate) fn code_text(digest: &str) -> String {
    let letters: Vec<char> = digest.chars().take(CODE_CHARS).collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|some| some.iter().collect())
        .collect();
    groups.join("-").to_uppercase()
}

/// The begin of a digest that somebody typed from paper; `None` where it is too short, too long or no
/// code at all. The letter O and the digit 0 look alike on paper, and so do I and 1.
pub(crate) fn read_code(typed: &str) -> Option<String> {
    let letters: String = typed
        .chars()
        .filter(|one| one.is_alphanumeric())
        .map(|one| match one.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let is_code = letters.chars().all(|one| one.is_ascii_hexdigit())
        && (CODE_CHARS_MIN..=64).contains(&letters.len());
    is_code.then_some(letters)
}

/// One thing that differs between two versions of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Whom it is about; empty for the sheet itself.
    pub(crate) name: String,
    /// What: a day, a total.
    pub(crate) what: String,
    /// Before.
    pub(crate) old: String,
    /// After.
    pub(crate) new: String,
}

/// What differs in `new` from `old`, by the lines of the new sheet.
pub(crate) fn differences(old: &SheetCopy, new: &SheetCopy) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |name: &str, what: &str, old: &str, new: &str| {
        if old != new {
            found.push(Difference {
                name: name.to_owned(),
                what: what.to_owned(),
                old: old.to_owned(),
                new: new.to_owned(),
            });
        }
    };
    note("", "项目名称", &old.project, &new.project);
    note("", "用工单位", &old.employer, &new.employer);
    note("", "班组名", &old.team_name, &new.team_name);
    note("", "计算规则", &old.rule, &new.rule);
    let mut before: BTreeMap<u32, &RowCopy> =
        old.rows.iter().map(|row| (row.worker, row)).collect();
    for row in &new.rows {
        let Some(was) = before.remove(&row.worker) else {
            note(
                &row.name,
                "整行",
                "没有",
                &format!("{} 天", row.days_text()),
            );
            continue;
        };
        note(&row.name, "姓名", &was.name, &row.name);
        note(&row.name, "证件号码", &was.number, &row.number);
        note(&row.name, "工种", &was.trade, &row.trade);
        let signs = was.signs.iter().zip(&row.signs);
        for (day, (was, is)) in (1..).zip(signs) {
            note(&row.name, &format!("{day} 日"), shown(was), shown(is));
        }
        note(&row.name, "出勤天数", &was.days_text(), &row.days_text());
        note(&row.name, "工时", &was.hours_text(), &row.hours_text());
        note(
            &row.name,
            "补卡次数",
            &was.corrections.to_string(),
            &row.corrections.to_string(),
        );
        note(&row.name, "备注", &was.remark, &row.remark);
    }
    for gone in before.values() {
        let days = format!("{} 天", gone.days_text());
        note(&gone.name, "整行", &days, "没有");
    }
    found
}

/// An empty cell in words.
fn shown(sign: &str) -> &str {
    if sign.is_empty() {
        "没有打卡"
    } else {
        sign
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Change = fn(&mut SheetCopy);

    fn copy() -> SheetCopy {
        let row = |worker: u32, name: &str| RowCopy {
            worker,
            name: name.to_owned(),
            number: "349901********0016".to_owned(),
            trade: "钢筋工".to_owned(),
            signs: ["√", "", "△补"].map(str::to_owned).to_vec(),
            halves: 3,
            minutes: 780,
            nights: 0,
            corrections: 1,
            remark: String::new(),
        };
        SheetCopy {
            project: "城东安置房二期".to_owned(),
            employer: "皖城劳务有限公司".to_owned(),
            team: 2,
            team_name: "钢筋一班".to_owned(),
            month: "2026-10".to_owned(),
            rule: "满七小时计一天".to_owned(),
            rows: vec![row(3, "张建国"), row(5, "单雄信")],
        }
    }

    #[test]
    fn the_code_is_of_what_stands_on_the_sheet_and_of_nothing_else() {
        let (body, digest) = copy().sealed().unwrap();
        assert_eq!(SheetCopy::read(&body).unwrap(), copy());
        assert_eq!(copy().sealed().unwrap().1, digest);
        let code = code_text(&digest);
        assert_eq!(code.len(), 14);
        assert_eq!(read_code(&code).as_deref(), digest.get(..12));
        let changes: [Change; 5] = [
            |sheet| sheet.rows[0].signs[1] = "√".to_owned(),
            |sheet| sheet.rows[1].minutes += 1,
            |sheet| sheet.rows.swap(0, 1),
            |sheet| sheet.month = "2026-11".to_owned(),
            |sheet| sheet.rows[1].remark = "1 天时间待核".to_owned(),
        ];
        for change in changes {
            let mut other = copy();
            change(&mut other);
            assert_ne!(other.sealed().unwrap().1, digest);
        }
    }

    #[test]
    fn a_code_is_read_as_people_copy_it() {
        assert_eq!(
            read_code(" a1b2 c3d4-e5f6 ").as_deref(),
            Some("a1b2c3d4e5f6")
        );
        assert_eq!(read_code("AO1lcdef").as_deref(), Some("a011cdef"));
        for bad in [
            "",
            "a1b2c3d",
            "校验码校验码校验",
            "a1b2c3d4x5f6",
            "../../etc/passwd",
        ] {
            assert_eq!(read_code(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_difference_is_named_and_nothing_else() {
        assert_eq!(differences(&copy(), &copy()), []);
        let mut new = copy();
        new.rows[0].signs[1] = "√".to_owned();
        new.rows[0].halves = 5;
        let third = RowCopy {
            worker: 9,
            name: "王喆".to_owned(),
            ..new.rows[1].clone()
        };
        new.rows[1] = third;
        let lines: Vec<String> = differences(&copy(), &new)
            .iter()
            .map(|one| format!("{} {}：{} → {}", one.name, one.what, one.old, one.new))
            .collect();
        assert_eq!(
            lines,
            [
                "张建国 2 日：没有打卡 → √",
                "张建国 出勤天数：1.5 → 2.5",
                "王喆 整行：没有 → 1.5 天",
                "单雄信 整行：1.5 天 → 没有",
            ]
        );
    }

    #[test]
    fn a_sign_has_its_color() {
        for (sign, class) in [
            ("√", "full"),
            ("√补", "full corrected"),
            ("!", "void"),
            ("!补?", "void corrected"),
            ("", "none"),
        ] {
            assert_eq!(sign_class(sign), class);
        }
    }
}
