//! A box as the page shows it, under the heading of its site.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::runs::{Runs, Span};
use crate::show::facts::BoxFacts;
use crate::show::holes::{EpochRuns, count};
use crate::show::todo::SKEW_MS;
use crate::show::words::age;

/// A box that said nothing for so long is not online, whatever its state says.
pub(super) const SILENT_MS: i64 = 120_000;

/// A box on the page.
#[derive(Clone, Debug, Serialize)]
pub struct BoxRow {
    /// Its id.
    pub id: String,
    /// Its site.
    pub site: String,
    /// Where the boxes of a site begin: how many there are, in words; else empty.
    pub heading: String,
    /// Whether it is connected and talks.
    pub online: bool,
    /// The same in words.
    pub state: &'static str,
    /// Its newest epoch.
    pub epoch: String,
    /// How many epochs it has had.
    pub epochs: u64,
    /// Contiguous seq that the city has of it.
    pub through: u64,
    /// Stored records, all epochs.
    pub records: u64,
    /// Holes between stored runs.
    pub holes: usize,
    /// Records missing in them.
    pub missing: u64,
    /// Records missing that the box has no more.
    pub lost: u64,
    /// Parked records.
    pub parked: u64,
    /// Records that wait on the box; none before its first heartbeat.
    pub backlog: Option<u64>,
    /// Photos that it has brought.
    pub photos: u64,
    /// Messages of types that this city does not know: the box is newer.
    pub ignored: u64,
    /// City's time minus box's time, ms; none before its first heartbeat.
    pub skew_ms: Option<i64>,
    /// The same in words.
    pub skew: String,
    /// Whether the clock is off by too much.
    pub skew_bad: bool,
    /// Age of its newest record, in words.
    pub last_record: String,
    /// Age of its newest heartbeat, in words.
    pub last_heartbeat: String,
}

/// Where the boxes of a site begin, its name and how many there are.
pub(super) fn head(boxes: &mut [BoxRow], sites: &BTreeMap<String, (u64, u64)>) {
    let mut before = None;
    for one in boxes {
        if before.as_ref() != Some(&one.site) {
            let name = match one.site.as_str() {
                "" => "未报工地",
                name => name,
            };
            let (all, online) = sites.get(&one.site).copied().unwrap_or_default();
            one.heading = format!("{name} · {all} 台，在线 {online}");
            before = Some(one.site.clone());
        }
    }
}

pub(super) fn box_row(facts: BoxFacts, now: i64) -> BoxRow {
    let silent = now.saturating_sub(facts.last_seen_at) > SILENT_MS;
    let online = facts.online && !silent;
    let state = match (facts.online, silent) {
        _ if facts.barred => "证书已吊销",
        _ if facts.last_seen_at == 0 => "尚未接入",
        (true, false) => "在线",
        (true, true) => "失联",
        (false, _) => "离线",
    };
    let open: Vec<Span> = facts.ledgers.values().flat_map(EpochRuns::open).collect();
    let lost: Vec<Span> = facts.ledgers.values().flat_map(EpochRuns::lost).collect();
    let skew_ms = facts.heartbeat.map(|beat| beat.skew_ms);
    BoxRow {
        online,
        state,
        heading: String::new(),
        epochs: facts.epochs,
        through: facts.newest().map_or(0, Runs::through),
        records: facts.records,
        holes: open.len(),
        missing: count(&open),
        lost: count(&lost),
        parked: facts.parked,
        backlog: facts.heartbeat.map(|beat| beat.backlog),
        photos: 0,
        ignored: facts.ignored,
        skew_ms,
        skew: skew_ms.map_or_else(|| "—".to_owned(), show_skew),
        skew_bad: skew_ms.is_some_and(|skew| skew.unsigned_abs() > SKEW_MS),
        last_record: age(now, facts.last_record_at),
        last_heartbeat: age(now, facts.heartbeat.map(|beat| beat.received_at)),
        id: facts.id,
        site: facts.site,
        epoch: facts.epoch.unwrap_or_default(),
    }
}

/// `0.1 秒`: seconds with one digit, without sign for what nobody can see.
fn show_skew(ms: i64) -> String {
    let tenths = ms.unsigned_abs().saturating_add(50) / 100;
    let sign = match ms {
        ms if tenths == 0 || ms == 0 => "",
        ms if ms > 0 => "慢 ",
        _ => "快 ",
    };
    format!("{sign}{}.{} 秒", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_skews_in_words() {
        assert_eq!(age(10_000, Some(4_000)), "6 秒前");
        assert_eq!(age(10_000, Some(20_000)), "0 秒前");
        assert_eq!(age(7_300_000, Some(0)), "2 小时前");
        assert_eq!(age(0, None), "—");
        assert_eq!(show_skew(20), "0.0 秒");
        assert_eq!(show_skew(1_240), "慢 1.2 秒");
        assert_eq!(show_skew(-90_000), "快 90.0 秒");
    }

    fn ledger(
        epoch: &str,
        spans: [(u64, u64); 2],
        closed_last: Option<u64>,
    ) -> (String, EpochRuns) {
        let spans = spans.map(|(first, last)| Span { first, last });
        let runs = Runs::new(spans.to_vec());
        (epoch.to_owned(), EpochRuns { runs, closed_last })
    }

    #[test]
    fn each_site_has_its_heading_once() {
        let row = |site: &str| BoxRow {
            site: site.to_owned(),
            ..box_row(facts(), 1)
        };
        let mut boxes = ["", "甲", "甲", "乙"].map(row);
        let sites = BTreeMap::from([("甲".to_owned(), (7, 2))]);
        head(&mut boxes, &sites);
        let headings = boxes.map(|one| one.heading);
        let none = "未报工地 · 0 台，在线 0";
        assert_eq!(
            headings,
            [none, "甲 · 7 台，在线 2", "", "乙 · 0 台，在线 0"]
        );
    }

    fn facts() -> BoxFacts {
        BoxFacts {
            id: "a".to_owned(),
            site: String::new(),
            online: true,
            last_seen_at: 1,
            last_record_at: None,
            epoch: None,
            epochs: 1,
            ledgers: BTreeMap::new(),
            barred: false,
            ignored: 0,
            records: 6,
            parked: 0,
            heartbeat: None,
        }
    }

    #[test]
    fn holes_are_what_lies_between_stored_runs() {
        let facts = BoxFacts {
            epoch: Some("new".to_owned()),
            epochs: 3,
            ledgers: BTreeMap::from([
                ledger("new", [(1, 4), (8, 9)], None),
                ledger("old", [(1, 2), (4, 4)], Some(9)),
                ledger("gone", [(1, 3), (9, 9)], Some(3)),
            ]),
            ..facts()
        };
        let row = box_row(facts.clone(), SILENT_MS + 1);
        assert_eq!(
            (row.through, row.holes, row.missing, row.lost, row.state),
            (4, 2, 4, 5, "在线")
        );
        let row = box_row(facts, SILENT_MS + 2);
        assert_eq!((row.online, row.state), (false, "失联"));
    }
}
