//! What is typed into the desk's forms, read into the rules' types with a sentence for each fault.

use edge_domain::{IdNumber, PersonName, PhoneNumber, Team, TeamId, Trade, Uscc};
use edge_store::Reader;
use jiff::civil::Date;

use crate::error::SourceError;
use crate::intake::number_fault;
use crate::recorder::Refusal;

const REASON_CHARS_MIN: usize = 2;
const REASON_CHARS_MAX: usize = 100;

/// Why somebody wants to see what is masked or kept away; none where he gives no reason.
pub(super) fn reason(typed: &str) -> Option<String> {
    note(typed, REASON_CHARS_MAX).filter(|reason| reason.chars().count() >= REASON_CHARS_MIN)
}

/// A name.
pub(super) fn name(typed: &str) -> Result<PersonName, Refusal> {
    PersonName::parse(typed).map_err(|_| Refusal::new("姓名没有填，或超过 70 个字。"))
}

/// An identity number of somebody who may exist on `today`.
pub(super) fn number(typed: &str, today: Date) -> Result<IdNumber, Refusal> {
    let number = IdNumber::parse(typed).map_err(|error| Refusal::new(number_fault(error)))?;
    match number.check_on(today) {
        Ok(()) => Ok(number),
        Err(error) => Err(Refusal::new(number_fault(error))),
    }
}

/// A mobile number, or none.
pub(super) fn phone(typed: &str) -> Result<Option<PhoneNumber>, Refusal> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    PhoneNumber::parse(typed)
        .map(Some)
        .map_err(|_| Refusal::new("手机号应是 1 开头的 11 位数字。"))
}

/// A day, or none.
pub(crate) fn day(typed: &str, word: &str) -> Result<Option<Date>, Refusal> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let read = typed.trim().parse();
    read.map(Some)
        .map_err(|_| Refusal::new(format!("{word}看不懂，请写成 2026-06-03 这样。")))
}

/// A day that must be there.
pub(crate) fn needed_day(typed: &str, word: &str) -> Result<Date, Refusal> {
    day(typed, word)?.ok_or_else(|| Refusal::new(format!("请填{word}。")))
}

/// A trade of the national table.
pub(super) fn trade(typed: &str) -> Result<Trade, Refusal> {
    Trade::parse(typed).map_err(|_| Refusal::new("请选工种。"))
}

/// A code of a company.
pub(super) fn uscc(typed: &str) -> Result<Uscc, Refusal> {
    Uscc::parse(typed).map_err(|_| {
        Refusal::new("统一社会信用代码不对：应是 18 位，校验位要相符，请对照营业执照重新输入。")
    })
}

/// A short text without control characters; `None` where nothing was typed.
pub(crate) fn note(typed: &str, chars_max: usize) -> Option<String> {
    let text: String = typed
        .trim()
        .chars()
        .filter(|one| !one.is_control())
        .take(chars_max)
        .collect();
    (!text.is_empty()).then_some(text)
}

/// A team of the site.
pub(super) fn team(reader: &Reader, typed: &str) -> Result<Result<Team, Refusal>, SourceError> {
    let wanted = typed.parse().ok().map(TeamId);
    let teams = reader.teams()?;
    let found = teams.into_iter().find(|one| Some(one.team) == wanted);
    Ok(found.ok_or_else(|| Refusal::new("请选班组；还没有班组时，先在“班组”页建一个。")))
}
