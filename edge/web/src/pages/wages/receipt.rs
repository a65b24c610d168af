//! What a row of the bank's answer (回单) means for a team's month. Pure.

use edge_domain::{BankAccount, Fen, WagePayment, WorkerId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::books::{WageRow, WageTeam};

const WHY_CHARS_MAX: usize = 80;

/// A row as it stands in the bank's file.
#[derive(Debug, Clone, Default)]
pub(super) struct BankRow {
    /// Its number in the file.
    pub(super) line: u32,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) amount: String,
    pub(super) result: String,
    pub(super) why: String,
    pub(super) on: String,
    pub(super) reference: String,
}

/// What a row would record. No account stands in it, so that the page may hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) worker: u32,
    pub(super) paid: bool,
    /// Fen.
    pub(super) amount: u64,
    pub(super) on: Date,
    pub(super) reference: Option<String>,
    pub(super) why: Option<String>,
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is recorded.
    Take(Told),
    /// It stands in the ledger already.
    Known,
    /// It cannot be recorded, and why.
    Wrong(String),
}

/// Whether the bank paid, by the words that banks use; `None` where nobody can tell.
fn is_paid(result: &str) -> Option<bool> {
    let word: String = result.chars().filter(|one| !one.is_whitespace()).collect();
    let has = |words: &[&str]| words.iter().any(|one| word.contains(one));
    if has(&["失败", "退", "未", "不成功", "拒", "异常"]) {
        return Some(false);
    }
    has(&["成功", "已入账", "已发", "已代发", "完成"]).then_some(true)
}

/// Whether a bank's writing of an account can be this one: whole, or masked but for its last four.
fn agrees(written: &str, account: &BankAccount) -> bool {
    let whole = account.reveal();
    if written.contains('*') {
        let last: String = written
            .chars()
            .rev()
            .take_while(char::is_ascii_digit)
            .collect();
        let last: String = last.chars().rev().collect();
        return last.len() >= 4 && whole.ends_with(&last);
    }
    let digits: String = written.chars().filter(|one| !one.is_whitespace()).collect();
    digits == whole
}

fn day(written: &str, or: Date) -> Option<Date> {
    let digits: String = written
        .chars()
        .filter(char::is_ascii_digit)
        .take(8)
        .collect();
    if written.trim().is_empty() {
        return Some(or);
    }
    if let Ok(day) = written.trim().replace(['/', '.'], "-").parse() {
        return Some(day);
    }
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, of_month) = rest.split_at_checked(2)?;
    Date::new(
        year.parse().ok()?,
        month.parse().ok()?,
        of_month.parse().ok()?,
    )
    .ok()
}

fn short(text: &str) -> Option<String> {
    let text: String = text
        .trim()
        .chars()
        .filter(|one| !one.is_control())
        .take(WHY_CHARS_MAX)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// What a row means; `told` are the rows before it in the same file.
pub(super) fn fate(row: &BankRow, wages: &WageTeam, told: &[Told], today: Date) -> Fate {
    match read(row, wages, today) {
        Ok(one) => check(&one, wages, told),
        Err(why) => Fate::Wrong(why),
    }
}

fn read(row: &BankRow, wages: &WageTeam, today: Date) -> Result<Told, String> {
    let Some(paid) = is_paid(&row.result) else {
        return Err(format!("处理结果“{}”看不懂，应是成功或失败", row.result));
    };
    let Some(amount) = Fen::parse(&row.amount) else {
        return Err(format!("金额“{}”看不懂", row.amount));
    };
    let Some(on) = day(&row.on, today) else {
        return Err(format!("日期“{}”看不懂", row.on));
    };
    if on > today {
        return Err(format!("日期 {on} 在今天之后"));
    }
    let of_account = |one: &&WageRow| {
        one.card
            .as_ref()
            .is_some_and(|card| agrees(&row.account, &card.account))
    };
    let mut found: Vec<&WageRow> = wages.rows.iter().filter(of_account).collect();
    if found.len() > 1 {
        found.retain(|one| one.person.name().reveal() == row.name.trim());
    }
    let [one] = found.as_slice() else {
        return Err("账号不在这张工资表里，或对得上不止一个人".to_owned());
    };
    if one.person.name().reveal() != row.name.trim() {
        return Err(format!(
            "账号是{}的，户名却是{}",
            one.person.name().reveal(),
            row.name
        ));
    }
    Ok(Told {
        worker: one.worker().0,
        paid,
        amount: amount.get(),
        on,
        reference: short(&row.reference),
        why: if paid {
            None
        } else {
            Some(short(&row.why).unwrap_or_else(|| "银行没有写原因".to_owned()))
        },
    })
}

/// Whether it can be recorded as the ledger stands; asked again at the moment of recording.
pub(super) fn check(one: &Told, wages: &WageTeam, told: &[Told]) -> Fate {
    let Some(row) = wages
        .rows
        .iter()
        .find(|row| row.worker() == WorkerId(one.worker))
    else {
        return Fate::Wrong("这个人不在这张工资表里".to_owned());
    };
    let is_same = |last: &WagePayment| {
        last.paid == one.paid
            && last.on == one.on
            && last.amount.get() == one.amount
            && last.reference == one.reference
    };
    if row.last.as_ref().is_some_and(is_same) {
        return Fate::Known;
    }
    if told.iter().any(|before| before.worker == one.worker) {
        return Fate::Wrong("文件里前面已有这个人的一行，请分两次导入".to_owned());
    }
    if row.due() == Fen::ZERO {
        return Fate::Wrong("这个人的工资已登记为发完".to_owned());
    }
    if one.amount != row.due().get() {
        return Fate::Wrong(format!(
            "金额 {} 元与应发的 {} 元不符",
            Fen::new(one.amount),
            row.due()
        ));
    }
    Fate::Take(one.clone())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn banks_words_for_paid_and_sent_back() {
        for (word, paid) in [
            ("成功", Some(true)),
            ("交易成功", Some(true)),
            ("已入账", Some(true)),
            ("处理失败", Some(false)),
            ("未成功", Some(false)),
            ("不成功", Some(false)),
            ("已退票", Some(false)),
            ("失败退回 已完成", Some(false)),
            ("处理中", None),
            ("", None),
        ] {
            assert_eq!(is_paid(word), paid, "{word}");
        }
    }

    #[test]
    fn accounts_agree_whole_or_by_their_last_digits() {
        let account = BankAccount::parse("6228480000000000018").unwrap();
        for (written, expected) in [
            ("6228480000000000018", true),
            (" 6228 4800 0000 0000 018 ", true),
            ("6228****0018", true),
            ("****018", false),
            ("622848000000000001", false),
            ("6228****0019", false),
            ("****", false),
            ("", false),
        ] {
            assert_eq!(agrees(written, &account), expected, "{written}");
        }
    }

    #[test]
    fn days_as_banks_write_them() {
        let today = date(2026, 11, 20);
        for (written, expected) in [
            ("", Some(today)),
            ("2026-11-09", Some(date(2026, 11, 9))),
            ("2026/11/09", Some(date(2026, 11, 9))),
            ("20261109", Some(date(2026, 11, 9))),
            ("2026年11月09日", Some(date(2026, 11, 9))),
            ("20261309", None),
            ("昨天", None),
        ] {
            assert_eq!(day(written, today), expected, "{written}");
        }
    }
}
