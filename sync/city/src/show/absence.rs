//! "Why is there nothing on that day?"

use serde::Serialize;

use crate::clock;
use crate::show::facts::{DayFacts, GapFacts};

/// The answer for a box and a day.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DayAnswer {
    /// `records`, `declared`, `pending`, `silent`, `before`, `future` or `undeclared`; for machines.
    pub verdict: &'static str,
    /// One sentence for people.
    pub sentence: String,
    /// What it rests on, line by line.
    pub evidence: Vec<String>,
}

/// Answers from what the city holds. Days begin at midnight in China.
pub fn answer(facts: &DayFacts, day_start: i64, now: i64) -> DayAnswer {
    let day_end = day_start.saturating_add(clock::DAY_MS);
    let evidence = evidence(facts);
    let (verdict, sentence) = if day_start > now {
        ("future", "这一天还没有到。".to_owned())
    } else if facts.records > 0 {
        let (all, counted) = (facts.records, facts.counted);
        (
            "records",
            format!("当天有 {all} 条记录，其中考勤 {counted} 条。"),
        )
    } else if let Some(gap) = facts.gaps.first() {
        let (from, to) = (clock::show(gap.from), clock::show(gap.to));
        let cause = cause(gap);
        (
            "declared",
            format!("当天无记录，盒子已申报：{cause}，{from} 至 {to}。"),
        )
    } else if day_end <= facts.first_seen_at {
        let since = clock::show(facts.first_seen_at);
        (
            "before",
            format!("盒子当时尚未接入平台（首次接入 {since}）。"),
        )
    } else if facts.last_seen_at < day_end.min(now.saturating_sub(SILENT_MS)) {
        let since = clock::show(facts.last_seen_at);
        let waits = facts.backlog.map_or_else(String::new, |count| {
            format!("失联前报告还有 {count} 条未上传，")
        });
        (
            "silent",
            format!("盒子自 {since} 起失联，{waits}恢复联网后会自动补传。"),
        )
    } else if facts.backlog.is_some_and(|count| count > 0) || facts.missing > 0 {
        let count = facts.backlog.unwrap_or(0).max(facts.missing);
        (
            "pending",
            format!("盒子在线，还有 {count} 条记录未传到平台，当天的记录可能在其中。"),
        )
    } else {
        (
            "undeclared",
            "盒子在线且已全部上传，当天没有记录，也没有申报停工或断电，请向工地核实。".to_owned(),
        )
    };
    DayAnswer {
        verdict,
        sentence,
        evidence,
    }
}

/// A box that said nothing for so long is silent, ms.
const SILENT_MS: i64 = 120_000;

fn evidence(facts: &DayFacts) -> Vec<String> {
    let mut lines = vec![
        format!("首次接入：{}", clock::show(facts.first_seen_at)),
        format!("最近一次收到盒子消息：{}", clock::show(facts.last_seen_at)),
    ];
    if let Some(backlog) = facts.backlog {
        lines.push(format!("最近心跳报告的待上传：{backlog} 条"));
    }
    if facts.missing > 0 {
        lines.push(format!("平台缺号：{} 条，已要求盒子补传", facts.missing));
    }
    lines.extend(facts.gaps.iter().map(|gap| {
        let (from, to) = (clock::show(gap.from), clock::show(gap.to));
        format!("已申报无记录时段：{from} 至 {to}，{}", cause(gap))
    }));
    lines
}

fn cause(gap: &GapFacts) -> &'static str {
    match gap.cause.as_str() {
        "suspended" => "停工",
        _ => "断电",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 1_795_276_800_000;

    fn facts() -> DayFacts {
        DayFacts {
            first_seen_at: DAY - 10 * clock::DAY_MS,
            last_seen_at: DAY + 3 * clock::DAY_MS,
            ..DayFacts::default()
        }
    }

    fn verdict(facts: &DayFacts) -> &'static str {
        answer(facts, DAY, DAY + 3 * clock::DAY_MS).verdict
    }

    #[test]
    fn every_answer_has_its_facts() {
        assert_eq!(verdict(&facts()), "undeclared");
        let gap = GapFacts {
            from: DAY,
            to: DAY + clock::DAY_MS,
            cause: "suspended".to_owned(),
        };
        let mut one = facts();
        one.backlog = Some(7);
        assert_eq!(verdict(&one), "pending");
        one.last_seen_at = DAY + 1;
        assert_eq!(verdict(&one), "silent");
        let told = answer(&one, DAY, DAY + 3 * clock::DAY_MS).sentence;
        assert!(told.contains("失联") && told.contains("7 条"), "{told}");
        one.gaps.push(gap);
        assert_eq!(verdict(&one), "declared");
        let told = answer(&one, DAY, DAY + 3 * clock::DAY_MS).sentence;
        assert!(told.contains("停工"), "{told}");
        one.records = 3;
        assert_eq!(verdict(&one), "records");
        let mut later = facts();
        later.first_seen_at = DAY + clock::DAY_MS;
        assert_eq!(verdict(&later), "before");
        assert_eq!(answer(&facts(), DAY, DAY - 1).verdict, "future");
    }
}
