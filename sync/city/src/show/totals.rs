//! Counts over everything, whatever the page has room for.

use std::collections::BTreeMap;

use crate::db::{Row, Sql};
use crate::error::CityError;
use crate::show::facts::Reader;

/// A box that was not heard of for so long is away: worth a word, ms.
pub(super) const AWAY_MS: i64 = 600_000;

const TOTALS: Sql = Sql {
    step: "count",
    text: "SELECT (SELECT CAST(COALESCE(sum(last - first + 1), 0) AS BIGINT) FROM span),
             (SELECT count(*) FROM parked),
             (SELECT count(DISTINCT box || epoch || seq) FROM need),
             (SELECT count(*) FROM alarm),
             (SELECT CAST(COALESCE(sum(last - first + 1), 0) AS BIGINT) FROM arrival WHERE at >= ?1),
             (SELECT count(*) FROM box),
             (SELECT count(*) FROM box WHERE online = 1 AND last_seen_at >= ?2),
             (SELECT count(*) FROM box WHERE barred = 0 AND last_seen_at > 0 AND last_seen_at < ?3),
             (SELECT CAST(COALESCE(sum((SELECT h.backlog FROM heartbeat h WHERE h.box = b.box
                ORDER BY h.received_at DESC LIMIT 1)), 0) AS BIGINT) FROM box b)",
};
const MISSING: Sql = Sql {
    step: "count what is missing",
    text: "SELECT CAST(COALESCE(sum(CASE WHEN m.closed_last <= m.through THEN 0 ELSE m.missing END), 0) AS BIGINT),
             CAST(COALESCE(sum(CASE WHEN m.closed_last <= m.through THEN m.missing ELSE 0 END), 0) AS BIGINT)
           FROM (SELECT e.closed_last AS closed_last, max(s.last) - sum(s.last - s.first + 1) AS missing,
                   COALESCE(max(CASE WHEN s.first = 1 THEN s.last END), 0) AS through
                 FROM span s JOIN epoch e ON e.box = s.box AND e.epoch = s.epoch
                 GROUP BY s.box, s.epoch, e.closed_last) m",
};
const FORKS: Sql = Sql {
    step: "count forks",
    text: "SELECT count(*) FROM alarm WHERE code IN ('fork', 'went_back')",
};
const SITES: Sql = Sql {
    step: "count the boxes of each site",
    text: "SELECT site, count(*), count(CASE WHEN online = 1 AND last_seen_at >= ?1 THEN 1 END)
           FROM box GROUP BY site",
};

/// Counts over everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    /// Stored records.
    pub records: u64,
    /// Records that arrived since the instant asked for.
    pub arrived: u64,
    /// Parked records.
    pub parked: u64,
    /// Records that wait for what they refer to, parked ones among them.
    pub waiting: u64,
    /// Alarms.
    pub alarms: u64,
    /// Boxes that are known.
    pub boxes: u64,
    /// Boxes that are connected and talk.
    pub online: u64,
    /// Boxes that were not heard of for long.
    pub away: u64,
    /// Records that wait on boxes, as far as they said.
    pub backlog: u64,
    /// Records missing between stored ones.
    pub missing: u64,
    /// Records missing that their box has no more.
    pub lost: u64,
    /// Ledgers that forked or went back.
    pub forks: u64,
}

impl Totals {
    /// Counts, with the records that arrived at or after `since`, and the boxes that said something at or
    /// after `silent`.
    pub(super) fn read(
        reader: &mut Reader,
        (since, silent, now): (i64, i64, i64),
    ) -> Result<Self, CityError> {
        let away = now.saturating_sub(AWAY_MS);
        let counted = reader.rows(TOTALS, &[since.into(), silent.into(), away.into()])?;
        let Some(row) = counted.first() else {
            return Ok(Self::default());
        };
        let count = |rows: Vec<Row>, column| rows.first().map_or(Ok(0), |row| row.count(column));
        let missing = reader.rows(MISSING, &[])?;
        Ok(Self {
            records: row.count(0)?,
            parked: row.count(1)?,
            waiting: row.count(2)?,
            alarms: row.count(3)?,
            arrived: row.count(4)?,
            boxes: row.count(5)?,
            online: row.count(6)?,
            away: row.count(7)?,
            backlog: row.count(8)?,
            missing: count(missing.clone(), 0)?,
            lost: count(missing, 1)?,
            forks: count(reader.rows(FORKS, &[])?, 0)?,
        })
    }
}

/// How many boxes each site has, and how many of them said something at or after `silent`.
pub(super) fn sites(
    reader: &mut Reader,
    silent: i64,
) -> Result<BTreeMap<String, (u64, u64)>, CityError> {
    let rows = reader.rows(SITES, &[silent.into()])?;
    let site = |row: &Row| Ok((row.text(0)?, (row.count(1)?, row.count(2)?)));
    rows.iter().map(site).collect()
}
