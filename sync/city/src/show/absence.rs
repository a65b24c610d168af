//! "Why is there nothing on that day?"

use serde::Serialize;

use crate::clock;
use crate::show::day::{DayFacts, GapFacts};

/// The answer for a box and a day.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct DayAnswer {
    /// `records`, `declared`, `pending`, `silent`, `uncertain`, `lost`, `before`, `future` or
    /// `undeclared`; for machines.
    pub verdict: &'static str,
    /// One sentence for people.
    pub sentence: String,
    /// What it rests on, line by line.
    pub evidence: Vec<String>,
}

/// A box that said nothing for so long is silent, ms.
const SILENT_MS: i64 = 120_000;
/// Declared absences that are listed.
const GAPS_SHOWN: usize = 20;

/// Answers from what the city holds, in the order of sync/PROTOCOL.md section 15. Days begin at
/// midnight in China. A day without attendance needs a reason, whatever else was recorded on it.
pub fn answer(facts: &DayFacts, day_start: i64, now: i64) -> DayAnswer {
    let day = Day {
        facts,
        start: day_start,
        end: day_start.saturating_add(clock::DAY_MS),
        now,
    };
    let gaps = joined(&facts.gaps);
    let (verdict, sentence) = if day_start > now {
        ("future", "这一天还没有到。".to_owned())
    } else if facts.counted > 0 {
        let (all, counted) = (facts.records, facts.counted);
        (
            "records",
            format!("当天有 {all} 条记录，其中考勤 {counted} 条。"),
        )
    } else {
        let (verdict, why) = day.without_attendance(&gaps);
        let other = match facts.records {
            0 => String::new(),
            all => format!("当天有 {all} 条记录，其中没有考勤。"),
        };
        (verdict, other + &why)
    };
    DayAnswer {
        verdict,
        sentence,
        evidence: day.evidence(&gaps),
    }
}

struct Day<'a> {
    facts: &'a DayFacts,
    start: i64,
    end: i64,
    now: i64,
}

impl Day<'_> {
    fn without_attendance(&self, gaps: &[GapFacts]) -> (&'static str, String) {
        if self.facts.uncertain > 0 {
            return ("uncertain", self.of_no_certain_day(gaps));
        }
        // Of a day that is not over nobody can have declared more than until now.
        let uncovered = uncovered((self.start, self.end.min(self.now)), gaps);
        if !uncovered {
            let told: Vec<String> = gaps.iter().map(told).collect();
            let why = format!("当天无考勤，盒子已申报：{}。", told.join("；"));
            return ("declared", why);
        }
        let part = match gaps {
            [] => String::new(),
            some => {
                let told: Vec<String> = some.iter().map(told).collect();
                format!("盒子只申报了一部分时间：{}。其余时间：", told.join("；"))
            }
        };
        let (verdict, why) = self.undeclared();
        (verdict, part + &why)
    }

    fn of_no_certain_day(&self, gaps: &[GapFacts]) -> String {
        let count = self.facts.uncertain;
        let declared = match gaps {
            [] => String::new(),
            some => {
                let told: Vec<String> = some.iter().map(told).collect();
                format!("盒子已申报：{}。", told.join("；"))
            }
        };
        format!(
            "{declared}有 {count} 条考勤打卡时盒子的时钟未校准，时间待核，可能属于当天；盒子校时后会归入正确的日期，一直未校时的，请向工地核实。"
        )
    }

    fn undeclared(&self) -> (&'static str, String) {
        let (facts, last) = (self.facts, clock::show(self.facts.last_seen_at));
        if facts.first_seen_at == 0 {
            return ("before", "盒子尚未接入平台。".to_owned());
        }
        let waits = self.waits();
        if self.end <= facts.first_seen_at && facts.records == 0 && waits.is_none() {
            let since = clock::show(facts.first_seen_at);
            let why = format!("盒子当时尚未接入平台（首次接入 {since}）。");
            return ("before", why);
        }
        let is_online = facts.last_seen_at >= self.now.saturating_sub(SILENT_MS);
        if !is_online && facts.last_seen_at < self.end {
            let waits = facts.beat.as_ref().map_or_else(String::new, |beat| {
                format!("失联前报告还有 {} 条未上传，", beat.backlog)
            });
            let why = format!("盒子自 {last} 起失联，{waits}恢复联网后会自动补传。");
            return ("silent", why);
        }
        let state = if is_online {
            "盒子在线".to_owned()
        } else {
            format!("盒子自 {last} 起又失联")
        };
        if let Some(count) = waits {
            let declared = self.declared_on_its_way();
            let why =
                format!("{state}，还有 {count} 条记录未传到平台，当天的记录可能在其中{declared}。");
            return ("pending", why);
        }
        if facts.lost > 0 {
            let count = facts.lost;
            let why = format!(
                "{state}，但有 {count} 条可能属于当天的记录在盒子上也没有了（数据恢复过旧备份，或更换过存储），无法补传，请向工地核实。"
            );
            return ("lost", why);
        }
        let all = if facts.beat.is_some() {
            "当天的记录已全部上传"
        } else {
            "没有报告待上传的记录"
        };
        let why = format!("{state}，{all}，当天没有考勤，也没有申报停工或断电，请向工地核实。");
        ("undeclared", why)
    }

    /// How many records wait on the box, or are missing, that may be of this day or older.
    fn waits(&self) -> Option<u64> {
        let missing = Some(self.facts.missing).filter(|count| *count > 0);
        let Some(beat) = self.facts.beat.as_ref().filter(|beat| beat.backlog > 0) else {
            return missing;
        };
        let is_later = beat.oldest_at.is_some_and(|at| at >= self.end);
        (!is_later).then(|| beat.backlog.max(self.facts.missing))
    }

    fn declared_on_its_way(&self) -> String {
        let gaps = self.facts.beat.iter().flat_map(|beat| &beat.gaps);
        let touching = gaps.filter(|gap| gap.from < self.end && gap.to > self.start);
        let told: Vec<String> = touching.map(told).collect();
        if told.is_empty() {
            return String::new();
        }
        format!("；盒子报告其中有申报：{}", told.join("；"))
    }

    fn evidence(&self, gaps: &[GapFacts]) -> Vec<String> {
        let facts = self.facts;
        let seen = |at: i64| {
            if at == 0 {
                "从未".to_owned()
            } else {
                clock::show(at)
            }
        };
        let mut lines = vec![
            format!("首次接入：{}", seen(facts.first_seen_at)),
            format!("最近一次收到盒子消息：{}", seen(facts.last_seen_at)),
        ];
        if let Some(beat) = &facts.beat {
            let oldest = beat.oldest_at.filter(|_| beat.backlog > 0);
            let oldest = oldest.map(|at| format!("，其中最早的发生于 {}", clock::show(at)));
            lines.push(format!(
                "最近心跳报告的待上传：{} 条{}",
                beat.backlog,
                oldest.unwrap_or_default()
            ));
        }
        if facts.missing > 0 {
            let missing = facts.missing;
            lines.push(format!(
                "平台缺号，可能属于当天：{missing} 条，已要求盒子补传"
            ));
        }
        if facts.lost > 0 {
            let lost = facts.lost;
            lines.push(format!("缺号且盒子上也没有，可能属于当天：{lost} 条"));
        }
        if facts.uncertain > 0 {
            let uncertain = facts.uncertain;
            lines.push(format!("时间待核的考勤，可能属于当天：{uncertain} 条"));
        }
        let gaps = gaps.iter().take(GAPS_SHOWN);
        lines.extend(gaps.map(|gap| format!("已申报无记录时段：{}", told(gap))));
        lines
    }
}

/// A start and the gap that it declares again become one; they come ordered by their begin.
fn joined(gaps: &[GapFacts]) -> Vec<GapFacts> {
    let mut all: Vec<GapFacts> = Vec::new();
    for gap in gaps {
        let before = all.iter_mut().rev();
        let before = before
            .filter(|one| one.cause == gap.cause)
            .find(|one| one.to >= gap.from);
        match before {
            Some(before) => before.to = before.to.max(gap.to),
            None => all.push(gap.clone()),
        }
    }
    all
}

/// Whether any of a time is in none of the gaps, which are ordered by their begin.
fn uncovered((from, to): (i64, i64), gaps: &[GapFacts]) -> bool {
    let mut until = from;
    for gap in gaps {
        if gap.from > until {
            break;
        }
        until = until.max(gap.to);
    }
    until < to
}

fn told(gap: &GapFacts) -> String {
    let cause = match gap.cause.as_str() {
        "suspended" => "停工",
        _ => "断电",
    };
    let (from, to) = (clock::show(gap.from), clock::show(gap.to));
    format!("{cause}，{from} 至 {to}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::day::BeatFacts;

    const DAY: i64 = 1_795_276_800_000;
    const HOUR: i64 = 3_600_000;
    const NOW: i64 = DAY + 3 * clock::DAY_MS;

    /// A box that is online, three days later.
    fn facts() -> DayFacts {
        DayFacts {
            first_seen_at: DAY - 10 * clock::DAY_MS,
            last_seen_at: NOW - 1_000,
            beat: Some(BeatFacts::default()),
            ..DayFacts::default()
        }
    }

    fn gap(from: i64, to: i64, cause: &str) -> GapFacts {
        GapFacts {
            from,
            to,
            cause: cause.to_owned(),
        }
    }

    fn told(facts: &DayFacts) -> (&'static str, String) {
        let answer = answer(facts, DAY, NOW);
        (answer.verdict, answer.sentence)
    }

    #[test]
    fn attendance_needs_no_reason_and_all_else_does() {
        let mut one = facts();
        one.records = 3;
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "undeclared");
        assert!(sentence.contains("3 条记录，其中没有考勤") && sentence.contains("盒子在线"));
        one.counted = 1;
        assert_eq!(told(&one).0, "records");
        assert_eq!(answer(&one, DAY, DAY - 1).verdict, "future");
    }

    #[test]
    fn a_day_is_declared_only_where_all_of_it_is() {
        let mut one = facts();
        one.records = 1;
        one.gaps = vec![gap(DAY, DAY + clock::DAY_MS, "suspended")];
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "declared");
        assert!(
            sentence.contains("停工") && sentence.contains("没有考勤"),
            "{sentence}"
        );
        // Half an hour without current at night is no reason for the day.
        one.gaps = vec![gap(DAY + HOUR, DAY + 2 * HOUR, "powered_off")];
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "undeclared");
        assert!(
            sentence.contains("一部分时间：断电，11-22 01:00:00 至 11-22 02:00:00"),
            "{sentence}"
        );
        // Together they cover it: a start and its gap overlap, and the notice follows.
        one.gaps = vec![
            gap(DAY - HOUR, DAY + 5 * HOUR, "powered_off"),
            gap(DAY - HOUR, DAY + 5 * HOUR + 60, "powered_off"),
            gap(DAY + 5 * HOUR, DAY + 30 * HOUR, "suspended"),
        ];
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "declared");
        assert_eq!(sentence.matches("断电").count(), 1, "{sentence}");
        // Of today, what is over counts.
        one.gaps = vec![gap(DAY - HOUR, DAY + 9 * HOUR, "suspended")];
        assert_eq!(answer(&one, DAY, DAY + 9 * HOUR).verdict, "declared");
        assert_ne!(answer(&one, DAY, DAY + 10 * HOUR).verdict, "declared");
    }

    #[test]
    fn records_are_on_their_way_only_where_they_may_be_of_that_day() {
        let mut one = facts();
        let waiting = |oldest_at| {
            Some(BeatFacts {
                backlog: 1,
                oldest_at,
                gaps: vec![gap(DAY, DAY + HOUR, "suspended")],
            })
        };
        one.beat = waiting(Some(NOW - HOUR));
        assert_eq!(told(&one).0, "undeclared", "what waits is of today");
        one.beat = waiting(Some(DAY + 23 * HOUR));
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "pending");
        assert!(
            sentence.contains("盒子在线") && sentence.contains("有申报：停工"),
            "{sentence}"
        );
        one.beat = waiting(None);
        assert_eq!(told(&one).0, "pending");
        one.beat = Some(BeatFacts::default());
        one.missing = 2;
        assert_eq!(told(&one).0, "pending", "the city has a hole");
    }

    #[test]
    fn what_nobody_can_send_any_more_is_not_on_its_way() {
        let mut one = facts();
        one.lost = 49;
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "lost");
        assert!(
            sentence.contains("49 条") && sentence.contains("无法补传"),
            "{sentence}"
        );
        one.missing = 1;
        assert_eq!(told(&one).0, "pending");
        one.gaps = vec![gap(DAY, DAY + clock::DAY_MS, "suspended")];
        assert_eq!(told(&one).0, "declared");
    }

    #[test]
    fn attendance_of_no_certain_day_is_told_as_such() {
        let mut one = facts();
        one.uncertain = 3;
        one.gaps = vec![gap(DAY, DAY + clock::DAY_MS, "powered_off")];
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "uncertain");
        assert!(
            sentence.contains("已申报：断电") && sentence.contains("3 条考勤"),
            "{sentence}"
        );
        one.counted = 1;
        assert_eq!(told(&one).0, "records");
    }

    #[test]
    fn a_box_that_is_offline_is_not_called_online() {
        let mut one = facts();
        one.last_seen_at = DAY + 30 * HOUR;
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "undeclared");
        assert!(
            !sentence.contains("在线") && sentence.contains("起又失联"),
            "{sentence}"
        );
        one.beat = Some(BeatFacts {
            backlog: 7,
            ..BeatFacts::default()
        });
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "pending");
        assert!(
            !sentence.contains("在线") && sentence.contains("7 条"),
            "{sentence}"
        );
        one.last_seen_at = DAY + 1;
        let (verdict, sentence) = told(&one);
        assert_eq!(verdict, "silent");
        assert!(
            sentence.contains("失联") && sentence.contains("7 条"),
            "{sentence}"
        );
    }

    #[test]
    fn before_its_first_message_a_box_has_no_days() {
        let mut one = facts();
        one.first_seen_at = DAY + clock::DAY_MS;
        assert_eq!(told(&one).0, "before");
        // It worked offline before it was connected.
        one.beat = Some(BeatFacts {
            backlog: 9,
            oldest_at: Some(DAY),
            ..BeatFacts::default()
        });
        assert_eq!(told(&one).0, "pending");
        let (verdict, sentence) = told(&DayFacts::default());
        assert_eq!(verdict, "before");
        assert!(sentence.contains("尚未接入"), "{sentence}");
    }
}
