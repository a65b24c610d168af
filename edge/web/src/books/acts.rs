//! Acts at the lanes in the clerk's words.

use std::collections::BTreeMap;

use edge_domain::{ClockQuality, Denial, Direction, Flag, PassageOutcome, PresentationResult};
use edge_store::{ActKind, RecentAct};

use crate::site_time::{clock_text, date_text, second_text};
use crate::view::{MaskedName, PassageRow, Verdict, Way};

/// An act as a row of the screen. `lane_names` are the names of lanes by id.
pub(crate) fn passage_row(act: &RecentAct, lane_names: &BTreeMap<String, String>) -> PassageRow {
    PassageRow {
        seq: act.seq,
        at_ms: act.at,
        time_is_sure: act.clock != ClockQuality::Unset,
        name: act.name.as_ref().map(MaskedName::from),
        is_visitor: act.is_visitor,
        team: act.team.clone(),
        lane: lane_names.get(&act.lane).unwrap_or(&act.lane).clone(),
        way: match act.direction {
            Direction::In => Way::In,
            Direction::Out => Way::Out,
        },
        verdict: verdict(act),
        uploaded: act.acknowledged,
    }
}

/// What came of an act, in the clerk's words.
pub(crate) fn verdict(act: &RecentAct) -> Verdict {
    match &act.what {
        ActKind::Presentation {
            result,
            reason,
            flags,
            happened_ms,
            ..
        } => match result {
            PresentationResult::Granted => Verdict::Granted {
                notes: notes(act, reason.as_deref(), flags),
            },
            PresentationResult::Denied => denied(reason.as_deref()),
            PresentationResult::Repeated => Verdict::Repeated,
            PresentationResult::Reported => Verdict::Reported {
                note: reported(act.at, happened_ms.unwrap_or(act.at)),
            },
        },
        ActKind::Override { operator, reason } => Verdict::Override {
            note: format!("{operator}：{reason}"),
        },
        ActKind::Unannounced => {
            let what = act
                .passage
                .and_then(passage_note)
                .unwrap_or("有人未刷卡通过");
            Verdict::Unannounced {
                note: what.to_owned(),
            }
        }
    }
}

/// When the terminal saw it; on another day with the date.
fn reported(told_ms: i64, happened_ms: i64) -> String {
    let when = if date_text(told_ms) == date_text(happened_ms) {
        clock_text(happened_ms)
    } else {
        second_text(happened_ms)
    };
    format!("人脸机事后补报：{when} 认出本人。没有为此开闸，不计考勤")
}

fn denied(code: Option<&str>) -> Verdict {
    let denial = code.and_then(Denial::from_code);
    let (reason, advice) = denial.map_or(("原因不明", "请找劳资专管员"), |denial| {
        (denial.reason(), denial.next_step())
    });
    Verdict::Denied {
        reason: reason.to_owned(),
        advice: advice.to_owned(),
    }
}

/// What the clerk should look at: a rule that refused on the way out, warnings, an odd passage.
fn notes(act: &RecentAct, reason: Option<&str>, flags: &[String]) -> Vec<String> {
    let refused = reason
        .and_then(Denial::from_code)
        .map(|denial| denial.reason().to_owned());
    let warned = flags.iter().map(|code| {
        Flag::from_code(code).map_or_else(
            || format!("请核实（{code}）"),
            |flag| flag.text().to_owned(),
        )
    });
    let passage = act.passage.and_then(passage_note).map(str::to_owned);
    refused.into_iter().chain(warned).chain(passage).collect()
}

fn passage_note(outcome: PassageOutcome) -> Option<&'static str> {
    match outcome {
        PassageOutcome::Passed => None,
        PassageOutcome::TimedOut => Some("开闸后没有人通过"),
        PassageOutcome::Tailgated => Some("有人尾随通过"),
        PassageOutcome::Reversed => Some("有人逆行"),
        PassageOutcome::Intruded => Some("有人未刷卡闯入"),
    }
}
