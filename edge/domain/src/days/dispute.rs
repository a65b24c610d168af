//! 工人异议: what a worker says against his own days or wages, and what the clerk answered.
//!
//! Both are acts on record (`audit`), joined by a number that is given once. An objection changes
//! nothing by itself: what it leads to is a correction (补卡) or another sheet, each with its own record.

use jiff::civil::Date;

use crate::audit::{AuditAct, AuditNote};
use crate::ids::WorkerId;

/// Objections of one worker that may wait for an answer at once.
const OPEN_MAX: usize = 5;

/// What is wrong, by the worker's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeKind {
    /// He came or left, and it is not there.
    PunchMissing,
    /// A time is wrong.
    TimeWrong,
    /// The day should count.
    DayNotCounted,
    /// The pay is wrong.
    WageWrong,
    /// Something else: he wants to be asked.
    Other,
}

impl DisputeKind {
    /// All of them, as the kiosk lists them.
    pub const ALL: [Self; 5] = [
        Self::PunchMissing,
        Self::TimeWrong,
        Self::DayNotCounted,
        Self::WageWrong,
        Self::Other,
    ];

    /// What the form sends.
    pub fn code(self) -> &'static str {
        match self {
            Self::PunchMissing => "punch_missing",
            Self::TimeWrong => "time_wrong",
            Self::DayNotCounted => "day_not_counted",
            Self::WageWrong => "wage_wrong",
            Self::Other => "other",
        }
    }

    /// Whether it is about one day.
    pub fn is_of_a_day(self) -> bool {
        matches!(
            self,
            Self::PunchMissing | Self::TimeWrong | Self::DayNotCounted
        )
    }

    /// The worker's words.
    pub fn text(self) -> &'static str {
        match self {
            Self::PunchMissing => "我刷了卡，没有记上",
            Self::TimeWrong => "打卡时间不对",
            Self::DayNotCounted => "这天应该算出勤",
            Self::WageWrong => "工资不对",
            Self::Other => "别的事，请找我谈",
        }
    }

    /// Reads what the form sends.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// What the clerk answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeAnswer {
    /// The account.
    pub account: String,
    /// In his words.
    pub text: String,
    /// When, Unix ms.
    pub at_ms: i64,
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its number at this site, from 1.
    pub number: u32,
    /// Whose it is.
    pub worker: WorkerId,
    /// What it is about, in words: the day and what is wrong.
    pub about: String,
    /// When, Unix ms.
    pub at_ms: i64,
    /// The first answer.
    pub answer: Option<DisputeAnswer>,
}

/// Why an objection is not taken, in the worker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeRefusal {
    /// The same one waits already.
    Known,
    /// Too many wait.
    TooMany,
}

impl DisputeRefusal {
    /// What the worker reads.
    pub fn text(self) -> &'static str {
        match self {
            Self::Known => "这件事已经提过，劳资专管员还没有答复。",
            Self::TooMany => "您有 5 件异议还没有答复，请先找劳资专管员。",
        }
    }
}

/// The objections among acts on record (oldest first, each with its time in Unix ms), oldest first.
pub fn disputes(acts: impl IntoIterator<Item = (i64, AuditNote)>) -> Vec<Dispute> {
    let mut found: Vec<Dispute> = Vec::new();
    for (at_ms, note) in acts {
        let detail = note.detail.as_deref().unwrap_or_default();
        let Some((number, rest)) = split(detail) else {
            continue;
        };
        let known = found.iter_mut().find(|one| one.number == number);
        match (note.what, note.worker, known) {
            (AuditAct::Disputed, Some(worker), None) => found.push(Dispute {
                number,
                worker,
                about: rest.to_owned(),
                at_ms,
                answer: None,
            }),
            (AuditAct::DisputeAnswered, _, Some(dispute)) if dispute.answer.is_none() => {
                dispute.answer = Some(DisputeAnswer {
                    account: note.account.unwrap_or_default(),
                    text: note.reason.unwrap_or_default(),
                    at_ms,
                });
            }
            _ => {}
        }
    }
    found
}

/// `3号 2026-06-03 打卡时间不对`.
fn split(detail: &str) -> Option<(u32, &str)> {
    let (number, rest) = detail.split_once('号')?;
    Some((number.parse().ok()?, rest.trim_start()))
}

/// A worker objects; `on` is the day, where it is about one. Nobody is signed in: his card was read.
///
/// # Errors
/// The same objection waits already, or too many do.
pub fn dispute(
    known: &[Dispute],
    worker: WorkerId,
    on: Option<Date>,
    kind: DisputeKind,
) -> Result<AuditNote, DisputeRefusal> {
    let about = match on {
        Some(on) => format!("{on} {}", kind.text()),
        None => kind.text().to_owned(),
    };
    let open = |one: &&Dispute| one.worker == worker && one.answer.is_none();
    if known.iter().filter(open).any(|one| one.about == about) {
        return Err(DisputeRefusal::Known);
    }
    if known.iter().filter(open).count() >= OPEN_MAX {
        return Err(DisputeRefusal::TooMany);
    }
    let last = known.iter().map(|one| one.number).max().unwrap_or(0);
    Ok(AuditNote {
        account: None,
        what: AuditAct::Disputed,
        worker: Some(worker),
        detail: Some(format!("{}号 {about}", last.saturating_add(1))),
        reason: None,
    })
}

/// The clerk answers; `None` where there is no such objection that waits.
pub fn answer_dispute(
    known: &[Dispute],
    number: u32,
    account: &str,
    text: &str,
) -> Option<AuditNote> {
    let open = |one: &&Dispute| one.number == number && one.answer.is_none();
    let dispute = known.iter().find(open)?;
    Some(AuditNote {
        account: Some(account.to_owned()),
        what: AuditAct::DisputeAnswered,
        worker: Some(dispute.worker),
        detail: Some(format!("{number}号")),
        reason: Some(text.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const ZHANG: WorkerId = WorkerId(17);
    const LI: WorkerId = WorkerId(18);

    #[test]
    fn an_objection_gets_a_number_and_an_answer_once() {
        let day = Some(date(2026, 6, 3));
        let first = dispute(&[], ZHANG, day, DisputeKind::DayNotCounted).unwrap();
        assert_eq!(
            first.detail.as_deref(),
            Some("1号 2026-06-03 这天应该算出勤")
        );
        assert_eq!(first.account, None);
        let mut acts = vec![(1_000, first)];
        let known = disputes(acts.clone());
        let second = dispute(&known, LI, None, DisputeKind::WageWrong).unwrap();
        acts.push((2_000, second));
        let known = disputes(acts.clone());
        let reply = answer_dispute(&known, 1, "王敏", "已查，6月3日按补卡处理").unwrap();
        assert_eq!(
            (reply.worker, reply.detail.as_deref()),
            (Some(ZHANG), Some("1号"))
        );
        acts.push((3_000, reply.clone()));
        acts.push((
            4_000,
            AuditNote {
                reason: Some("改口".to_owned()),
                ..reply
            },
        ));
        let known = disputes(acts);
        assert_eq!(known.len(), 2);
        assert_eq!(known[0].about, "2026-06-03 这天应该算出勤");
        let said = known[0].answer.as_ref().unwrap();
        assert_eq!(
            (said.text.as_str(), said.at_ms),
            ("已查，6月3日按补卡处理", 3_000)
        );
        assert_eq!((known[1].worker, known[1].number), (LI, 2));
        assert_eq!(known[1].answer, None);
        assert_eq!(answer_dispute(&known, 1, "王敏", "再答"), None);
        assert_eq!(answer_dispute(&known, 9, "王敏", "没有这件"), None);
    }

    #[test]
    fn the_same_objection_waits_once_and_nobody_floods_the_clerk() {
        let mut acts = Vec::new();
        for day in 1..=5 {
            let on = Some(date(2026, 6, day));
            let note = dispute(&disputes(acts.clone()), ZHANG, on, DisputeKind::TimeWrong);
            acts.push((0, note.unwrap()));
        }
        let known = disputes(acts.clone());
        let again = dispute(
            &known,
            ZHANG,
            Some(date(2026, 6, 2)),
            DisputeKind::TimeWrong,
        );
        assert_eq!(again, Err(DisputeRefusal::Known));
        let sixth = dispute(&known, ZHANG, None, DisputeKind::Other);
        assert_eq!(sixth, Err(DisputeRefusal::TooMany));
        assert!(dispute(&known, LI, None, DisputeKind::Other).is_ok());
        acts.push((9, answer_dispute(&known, 2, "王敏", "已改").unwrap()));
        assert!(dispute(&disputes(acts), ZHANG, None, DisputeKind::Other).is_ok());
    }
}
