//! What somebody should look at, box by box, in sentences: what is the matter, what follows from it,
//! what to do.

use serde::Serialize;

use crate::db::{Row, Sql};
use crate::error::CityError;
use crate::runs::Span;
use crate::show::facts::{BoxFacts, Reader};
use crate::show::holes::{EpochRuns, count};
use crate::show::totals::AWAY_MS;
use crate::show::words::{Tone, age};

/// Sentences shown.
const ROWS_MAX: usize = 100;
/// Kinds of parked records that are read.
const PARKED_MAX: u32 = 50;
/// A clock that is further off is worth a word.
pub(super) const SKEW_MS: u64 = 60_000;
/// Holes that are named.
const HOLES_NAMED: usize = 3;

const PARKED: Sql = Sql {
    step: "list parked records",
    text: "SELECT box, message, count(*), min(seq) FROM parked
           GROUP BY box, message ORDER BY box, min(seq) LIMIT ?1",
};

/// Parked records of one box with one reason.
#[derive(Clone, Debug)]
pub(super) struct ParkedFacts {
    id: String,
    why: String,
    count: u64,
    first: u64,
}

impl ParkedFacts {
    /// What is parked, by box and reason.
    pub(super) fn list(reader: &mut Reader) -> Result<Vec<Self>, CityError> {
        let facts = |row: &Row| {
            Ok(Self {
                id: row.text(0)?,
                why: row.text(1)?,
                count: row.count(2)?,
                first: row.count(3)?,
            })
        };
        let rows = reader.rows(PARKED, &[PARKED_MAX.into()])?;
        rows.iter().map(facts).collect()
    }
}

/// One thing to look at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TodoRow {
    /// Box id, or empty.
    pub id: String,
    /// What is the matter.
    pub what: String,
    /// What follows from it, and what to do.
    pub advice: String,
    /// Color: bad, warn or plain.
    pub tone: &'static str,
}

/// What may need somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Troubles<'a> {
    /// Boxes, those that were not heard of first.
    pub(super) boxes: &'a [BoxFacts],
    /// How many boxes were not heard of, listed or not.
    pub(super) away: u64,
    pub(super) parked: &'a [ParkedFacts],
    /// Records that wait for what they refer to.
    pub(super) waiting: u64,
}

/// All there is to look at, the worst first.
pub(super) fn todo(troubles: &Troubles<'_>, now: i64) -> Vec<TodoRow> {
    let boxes = troubles.boxes.iter();
    let mut rows: Vec<TodoRow> = boxes.flat_map(|one| of_box(one, now)).collect();
    rows.extend(troubles.parked.iter().map(of_parked));
    let waiting = troubles.waiting;
    if waiting > 0 {
        rows.push(TodoRow {
            id: String::new(),
            what: format!("{waiting} 条记录在等关联资料"),
            advice: "它们提到的工人、班组或单位还没有到；资料一到自动入库，不用处理".to_owned(),
            tone: Tone::Plain.word(),
        });
    }
    let weight = |row: &TodoRow| match row.tone {
        "bad" => 0,
        "warn" => 1,
        _ => 2,
    };
    rows.sort_by_key(weight);
    rows.truncate(ROWS_MAX);
    let listed = rows.iter().filter(|row| row.tone == Tone::Bad.word());
    let listed = u64::try_from(listed.count()).unwrap_or(u64::MAX);
    if troubles.away > listed {
        let what = format!(
            "共 {} 台盒子失去联系，这里只列出 {listed} 台",
            troubles.away
        );
        let advice =
            "这么多台同时失联，先检查平台和消息服务的网络；盒子里的记录不会丢，联网后自动补传";
        let first = TodoRow {
            id: String::new(),
            what,
            advice: advice.to_owned(),
            tone: Tone::Bad.word(),
        };
        rows.insert(0, first);
    }
    rows
}

fn of_parked(one: &ParkedFacts) -> TodoRow {
    TodoRow {
        id: one.id.clone(),
        what: format!(
            "{} 条记录暂存（第 {} 号起）：{}",
            one.count, one.first, one.why
        ),
        advice: "原文已保存，不会丢；缺代码的，用 menwei-city codes add 补上，随后自动入库"
            .to_owned(),
        tone: Tone::Warn.word(),
    }
}

fn of_box(one: &BoxFacts, now: i64) -> Vec<TodoRow> {
    let row = |tone: Tone, what: String, advice: &str| TodoRow {
        id: one.id.clone(),
        what,
        advice: advice.to_owned(),
        tone: tone.word(),
    };
    if one.barred {
        let advice =
            "平台和消息服务不再接收它的数据；要恢复，用 menwei-city claim 给它发新的开通码";
        return vec![row(Tone::Plain, "证书已吊销".to_owned(), advice)];
    }
    if one.last_seen_at == 0 {
        let advice = "用 menwei-city claim 给它发开通码，由安装人员在盒子上领取证书";
        return vec![row(Tone::Plain, "已登记，还没有接入".to_owned(), advice)];
    }
    let mut rows = Vec::new();
    if now.saturating_sub(one.last_seen_at) > AWAY_MS {
        let what = format!(
            "失去联系，最近一次消息在{}",
            age(now, Some(one.last_seen_at))
        );
        let advice = "工地打卡照常，记录留在盒子里，联网后自动补传；请联系工地检查盒子的电源和网络";
        rows.push(row(Tone::Bad, what, advice));
    }
    for (epoch, ledger) in &one.ledgers {
        let older = if one.epoch.as_ref() == Some(epoch) {
            String::new()
        } else {
            format!("（旧编号段 {epoch}）")
        };
        let (open, lost) = (EpochRuns::open(ledger), EpochRuns::lost(ledger));
        if !open.is_empty() {
            let missing = count(&open);
            let what = format!("缺 {missing} 条记录：{}{older}", named(&open));
            let advice = "后面的已经收下；平台正在向盒子要缺的，到齐之前这一段的考勤看不到。一天后还缺，请联系运维";
            rows.push(row(Tone::Warn, what, advice));
        }
        if !lost.is_empty() {
            let gone = count(&lost);
            let what = format!("{gone} 条记录补不回来：{}{older}", named(&lost));
            let advice =
                "盒子上也没有了：它的数据恢复过旧备份，或更换过存储。请向工地核实这段时间的考勤";
            rows.push(row(Tone::Warn, what, advice));
        }
    }
    let skew = one.heartbeat.map_or(0, |beat| beat.skew_ms);
    if skew.unsigned_abs() > SKEW_MS {
        let what = format!(
            "时钟{} {} 分钟",
            if skew > 0 { "慢" } else { "快" },
            skew.unsigned_abs().div_ceil(60_000)
        );
        let advice = "它这段时间的打卡时刻不准；请让工地检查盒子的网络对时，或更换电池";
        rows.push(row(Tone::Warn, what, advice));
    }
    rows
}

/// `第 6–7 号、第 12 号等 5 处`.
fn named(gaps: &[Span]) -> String {
    let one = |gap: &Span| {
        if gap.first == gap.last {
            format!("第 {} 号", gap.first)
        } else {
            format!("第 {}–{} 号", gap.first, gap.last)
        }
    };
    let first: Vec<String> = gaps.iter().take(HOLES_NAMED).map(one).collect();
    let more = if gaps.len() > HOLES_NAMED {
        format!("等 {} 处", gaps.len())
    } else {
        String::new()
    };
    first.join("、") + &more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::Runs;
    use crate::show::facts::HeartbeatFacts;

    const NOW: i64 = 1_795_302_124_000;

    fn honest(id: &str) -> BoxFacts {
        BoxFacts {
            id: id.to_owned(),
            site: String::new(),
            online: true,
            last_seen_at: NOW,
            last_record_at: None,
            epoch: Some("e2".to_owned()),
            epochs: 1,
            ledgers: ledger("e2", &[(1, 5)], None).into(),
            barred: false,
            ignored: 0,
            records: 5,
            parked: 0,
            heartbeat: None,
        }
    }

    fn ledger(
        epoch: &str,
        spans: &[(u64, u64)],
        closed_last: Option<u64>,
    ) -> [(String, EpochRuns); 1] {
        let spans = spans.iter().map(|(first, last)| Span {
            first: *first,
            last: *last,
        });
        let runs = Runs::new(spans.collect());
        [(epoch.to_owned(), EpochRuns { runs, closed_last })]
    }

    fn troubles(boxes: &[BoxFacts]) -> Troubles<'_> {
        Troubles {
            boxes,
            away: 0,
            parked: &[],
            waiting: 0,
        }
    }

    fn said(boxes: &[BoxFacts]) -> Vec<(String, &'static str)> {
        let rows = todo(&troubles(boxes), NOW);
        rows.into_iter().map(|row| (row.what, row.tone)).collect()
    }

    #[test]
    fn a_box_that_does_its_work_is_not_mentioned() {
        assert_eq!(said(&[honest("a"), honest("b")]), []);
    }

    #[test]
    fn every_trouble_has_its_sentence_the_worst_first() {
        let holes = [(1, 5), (8, 8), (10, 11), (13, 13), (15, 15)];
        let old = [(1, 5), (8, 8)];
        let holes = [
            ledger("e2", &holes, None),
            ledger("e1", &old, None),
            ledger("e0", &old, Some(5)),
        ];
        let beat = |skew_ms| HeartbeatFacts {
            received_at: NOW,
            backlog: 0,
            skew_ms,
        };
        let boxes = [
            BoxFacts {
                barred: true,
                last_seen_at: 1,
                ..honest("a")
            },
            BoxFacts {
                ledgers: holes.into_iter().flatten().collect(),
                ..honest("b")
            },
            BoxFacts {
                last_seen_at: NOW - 7_200_000,
                ..honest("c")
            },
            BoxFacts {
                heartbeat: Some(beat(-90_000)),
                ..honest("d")
            },
            BoxFacts {
                heartbeat: Some(beat(60_000)),
                ..honest("e")
            },
            BoxFacts {
                last_seen_at: 0,
                ..honest("f")
            },
        ];
        let expected = [
            ("失去联系，最近一次消息在2 小时前", "bad"),
            ("2 条记录补不回来：第 6–7 号（旧编号段 e0）", "warn"),
            ("缺 2 条记录：第 6–7 号（旧编号段 e1）", "warn"),
            ("缺 5 条记录：第 6–7 号、第 9 号、第 12 号等 4 处", "warn"),
            ("时钟快 2 分钟", "warn"),
            ("证书已吊销", "plain"),
            ("已登记，还没有接入", "plain"),
        ];
        let expected = expected.map(|(what, tone)| (what.to_owned(), tone));
        assert_eq!(said(&boxes), expected);
    }

    #[test]
    fn boxes_that_are_away_are_counted_however_many_are_listed() {
        let away = |id: usize| BoxFacts {
            last_seen_at: NOW - 7_200_000,
            ..honest(&format!("a{id}"))
        };
        let boxes: Vec<BoxFacts> = (0..200).map(away).collect();
        let many = Troubles {
            away: 640,
            ..troubles(&boxes)
        };
        let rows = todo(&many, NOW);
        assert_eq!(rows[0].what, "共 640 台盒子失去联系，这里只列出 100 台");
        assert_eq!(rows.len(), 101);
    }

    #[test]
    fn what_is_parked_says_why_and_what_to_do() {
        let parked = ParkedFacts {
            id: "a".to_owned(),
            why: "未知工种代码 777".to_owned(),
            count: 3,
            first: 12,
        };
        let many = Troubles {
            parked: &[parked],
            waiting: 2,
            ..troubles(&[])
        };
        let rows = todo(&many, NOW);
        assert_eq!(rows[0].what, "3 条记录暂存（第 12 号起）：未知工种代码 777");
        assert!(rows[0].advice.contains("codes add"), "{rows:?}");
        assert_eq!(rows[1].what, "2 条记录在等关联资料");
    }
}
