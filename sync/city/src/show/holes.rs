//! What is missing between stored records, of every epoch of a box.

use std::collections::BTreeMap;

use sync_wire::Record;
use sync_wire::record::ClockQuality;

use crate::db::{Row, Sql, Value};
use crate::error::CityError;
use crate::runs::{Runs, Span};
use crate::show::facts::Reader;

const RUNS: Sql = Sql {
    step: "read runs",
    text: "SELECT s.epoch, s.first, s.last, e.closed_last FROM span s
           JOIN epoch e ON e.box = s.box AND e.epoch = s.epoch WHERE s.box = ?1",
};
const BODY: Sql = Sql {
    step: "read a record",
    text: "SELECT body FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const CORRECTED: Sql = Sql {
    step: "read a correction",
    text: "SELECT by_ms FROM unset_act
           WHERE box = ?1 AND epoch = ?2 AND via = ?2 AND boot = ?4 AND seq = ?3",
};

/// What the city has of one epoch of a box.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EpochRuns {
    /// The stored runs.
    pub runs: Runs,
    /// The last record that the box has, where it writes to the epoch no more.
    pub closed_last: Option<u64>,
}

impl EpochRuns {
    /// Whether nothing of what is missing is at the box either.
    pub fn is_lost(&self) -> bool {
        self.closed_last
            .is_some_and(|last| self.runs.through() >= last)
    }

    /// The holes that the box may fill.
    pub fn open(&self) -> Vec<Span> {
        if self.is_lost() {
            return Vec::new();
        }
        self.runs.gaps()
    }

    /// The holes that nobody can fill.
    pub fn lost(&self) -> Vec<Span> {
        if self.is_lost() {
            return self.runs.gaps();
        }
        Vec::new()
    }
}

/// Every epoch of a box.
pub(super) fn of_box(
    reader: &mut Reader,
    id: &str,
) -> Result<BTreeMap<String, EpochRuns>, CityError> {
    let mut spans: BTreeMap<String, (Vec<Span>, Option<u64>)> = BTreeMap::new();
    for row in reader.rows(RUNS, &[id.into()])? {
        let closed = row.maybe_int(3)?.map(|_| row.count(3)).transpose()?;
        let (runs, last) = spans.entry(row.text(0)?).or_default();
        runs.push(Span {
            first: row.count(1)?,
            last: row.count(2)?,
        });
        *last = closed;
    }
    let epoch = |(epoch, (spans, closed_last))| {
        let runs = Runs::new(spans);
        (epoch, EpochRuns { runs, closed_last })
    };
    Ok(spans.into_iter().map(epoch).collect())
}

/// How many records are missing that may be of a time, and how many of them the box has no more: what
/// is missing happened between its two neighbours.
pub(super) fn of_day(
    reader: &mut Reader,
    id: &str,
    (start, end): (i64, i64),
) -> Result<(u64, u64), CityError> {
    let (mut missing, mut lost) = (0_u64, 0_u64);
    for (epoch, one) in of_box(reader, id)? {
        for hole in one.runs.gaps() {
            let before = match hole.first.checked_sub(1).filter(|seq| *seq > 0) {
                Some(seq) => time(reader, (id, &epoch, seq))?,
                None => None,
            };
            let after = time(reader, (id, &epoch, hole.last.saturating_add(1)))?;
            let from = before.map_or(i64::MIN, |time| time.at);
            let to = after.filter(|time| time.is_certain);
            if from < end && to.is_none_or(|time| time.at >= start) {
                let count = hole.last.saturating_sub(hole.first).saturating_add(1);
                let sum = if one.is_lost() {
                    &mut lost
                } else {
                    &mut missing
                };
                *sum = sum.saturating_add(count);
            }
        }
    }
    Ok((missing, lost))
}

/// When a stored record happened.
#[derive(Clone, Copy)]
struct Time {
    at: i64,
    /// Else it happened no earlier than this.
    is_certain: bool,
}

/// None where the record does not say it.
fn time(
    reader: &mut Reader,
    (id, epoch, seq): (&str, &str, u64),
) -> Result<Option<Time>, CityError> {
    let mut name: Vec<Value> = vec![id.into(), epoch.into(), seq.into()];
    let bodies = reader.rows(BODY, &name)?;
    let Some(body) = bodies.first().map(|row| row.bytes(0)).transpose()? else {
        return Ok(None);
    };
    let Ok(record) = Record::from_body(&body) else {
        return Ok(None);
    };
    let stamp = record.stamp;
    if stamp.clock != ClockQuality::Unset {
        return Ok(Some(Time {
            at: stamp.at,
            is_certain: true,
        }));
    }
    name.push(stamp.boot.into());
    let corrected = reader.rows(CORRECTED, &name)?;
    let by = |row: &Row| row.maybe_int(0);
    let by_ms = corrected.first().map(by).transpose()?.flatten();
    Ok(Some(Time {
        at: stamp.at.saturating_add(by_ms.unwrap_or(0)),
        is_certain: by_ms.is_some(),
    }))
}
