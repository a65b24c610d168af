//! A request in the words of a page.

use edge_domain::{CorrectionState, Direction};

use crate::books::DayCell;
use crate::books::corrections::CaseLine;
use crate::site_time::{date_text, hour_text, minute_text};

/// A request as lists and papers show it.
#[derive(Debug)]
pub(crate) struct CaseRow {
    pub(crate) request: u32,
    pub(crate) worker: u32,
    pub(crate) name: String,
    pub(crate) team: String,
    /// `2026-11-20 周五`, of the movement.
    pub(crate) date: String,
    /// `18:00`.
    pub(crate) time: String,
    pub(crate) way: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) note: String,
    pub(crate) has_file: bool,
    pub(crate) requester: String,
    pub(crate) requested: String,
    /// `待审批`, `已批准`, `未批准`.
    pub(crate) state: &'static str,
    /// CSS class and sign of the state.
    pub(crate) class: &'static str,
    pub(crate) mark: &'static str,
    pub(crate) waits: bool,
    /// `王敏，2026-11-21 09:03`; empty while it waits.
    pub(crate) decided: String,
    pub(crate) approver: String,
    pub(crate) decided_at: String,
    /// Why it was refused.
    pub(crate) why: String,
    /// `2026-11-20`: the day that it counts for.
    pub(crate) on: String,
    pub(crate) month: String,
    pub(crate) day: i8,
    /// What that day is now, and what it would be.
    pub(crate) now: String,
    pub(crate) then: Option<String>,
}

impl CaseRow {
    pub(crate) fn new(line: &CaseLine) -> Self {
        let asked = &line.case.asked;
        let (state, class, mark) = match &line.case.state {
            CorrectionState::Waiting => ("待审批", "warn", "…"),
            CorrectionState::Approved { .. } => ("已批准", "good", "✔"),
            CorrectionState::Refused { .. } => ("未批准", "bad", "✖"),
        };
        let (approver, decided_at, why) = match &line.case.state {
            CorrectionState::Waiting => (String::new(), String::new(), String::new()),
            CorrectionState::Approved { by, at_ms } => {
                (by.clone(), minute_text(*at_ms), String::new())
            }
            CorrectionState::Refused { by, at_ms, why } => {
                (by.clone(), minute_text(*at_ms), why.clone())
            }
        };
        Self {
            request: asked.request,
            worker: asked.worker.0,
            name: line.person.name().reveal().to_owned(),
            team: line.person.team.clone(),
            date: date_text(asked.at_ms),
            time: hour_text(asked.at_ms),
            way: way_text(asked.direction),
            reason: asked.reason.text(),
            note: if asked.evidence.note.is_empty() {
                "（说明已不能读取）".to_owned()
            } else {
                asked.evidence.note.clone()
            },
            has_file: asked.evidence.file.is_some(),
            requester: asked.requester.clone(),
            requested: minute_text(line.case.requested_ms),
            state,
            class,
            mark,
            waits: line.waits(),
            decided: if approver.is_empty() {
                String::new()
            } else {
                format!("{approver}，{decided_at}")
            },
            approver,
            decided_at,
            why,
            on: line.on.to_string(),
            month: crate::site_time::month_value(line.on),
            day: line.on.day(),
            now: cell_text(&line.now),
            then: line.then.as_ref().map(cell_text),
        }
    }
}

fn cell_text(cell: &DayCell) -> String {
    format!("{} {}", cell.sign(), cell.text()).trim().to_owned()
}

/// `进` or `出`.
pub(crate) fn way_text(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "进",
        Direction::Out => "出",
    }
}
