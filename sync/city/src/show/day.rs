//! What the city holds about a box and a day.

use sync_wire::record::{ClockQuality, GapCause};
use sync_wire::{Ctl, Record};

use crate::clock;
use crate::db::{Row, Sql, Value};
use crate::error::CityError;
use crate::meaning::cause_word;
use crate::show::facts::Reader;
use crate::show::holes;

/// What the city holds about a box and a day.
#[derive(Clone, Debug, Default)]
pub struct DayFacts {
    /// Records that happened on it.
    pub records: u64,
    /// Those that are attendance.
    pub counted: u64,
    /// Declared absences that touch it, by their begin.
    pub gaps: Vec<GapFacts>,
    /// When the box was heard of first, ms; 0 where it never was.
    pub first_seen_at: i64,
    /// When anything came from it last, ms.
    pub last_seen_at: i64,
    /// Its newest heartbeat.
    pub beat: Option<BeatFacts>,
    /// Records missing between stored ones that may be of this day.
    pub missing: u64,
    /// Such that the box has no more either.
    pub lost: u64,
    /// Attendance that may be of this day: the clock of the box was unset, and nothing has proved it since.
    pub uncertain: u64,
}

/// What the newest heartbeat says of the records that wait on the box.
#[derive(Clone, Debug, Default)]
pub struct BeatFacts {
    /// How many.
    pub backlog: u64,
    /// When the oldest of them happened, ms, where the box says so.
    pub oldest_at: Option<i64>,
    /// Absences that they declare.
    pub gaps: Vec<GapFacts>,
}

/// An absence that a box declared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GapFacts {
    /// From when, ms.
    pub from: i64,
    /// To when, ms.
    pub to: i64,
    /// `powered_off` or `suspended`.
    pub cause: String,
}

const DAY: Sql = Sql {
    step: "read a day",
    text: "SELECT b.first_seen_at, b.last_seen_at, d.records, d.counted
           FROM box b LEFT JOIN day d ON d.box = b.box AND d.day = ?2 WHERE b.box = ?1",
};
const BEAT: Sql = Sql {
    step: "read a heartbeat",
    text: "SELECT backlog, body FROM heartbeat WHERE box = ?1 ORDER BY received_at DESC LIMIT 1",
};
const GAPS: Sql = Sql {
    step: "read declared absences",
    text: "SELECT from_at, to_at, cause FROM gap WHERE box = ?1 AND from_at < ?3 AND to_at > ?2
           ORDER BY from_at, to_at LIMIT 1000",
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

/// With an unset clock it happened no earlier than it says, and no later than it came or than a later boot
/// of that ledger knew the time.
const UNCERTAIN: Sql = Sql {
    step: "count what is of no certain day",
    text: "SELECT CAST(COALESCE(sum(u.counted), 0) AS BIGINT) FROM unset_act u
           WHERE u.box = ?1 AND u.by_ms IS NULL AND u.at < ?3 AND ?2 <= COALESCE(
             (SELECT min(c.after_at) FROM clock_change c WHERE c.box = u.box AND c.epoch = u.epoch
                AND c.via = u.via AND c.boot > u.boot AND c.proof = 1), u.received_at)",
};

impl DayFacts {
    /// What is held about a box and the day that begins at `day_start`; none for an unknown box.
    pub fn read(reader: &mut Reader, id: &str, day_start: i64) -> Result<Option<Self>, CityError> {
        let day = clock::day_number(day_start);
        let rows = reader.rows(DAY, &[id.into(), day.into()])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let end = day_start.saturating_add(clock::DAY_MS);
        let gap = |row: &Row| {
            Ok::<_, CityError>(GapFacts {
                from: row.int(0)?,
                to: row.int(1)?,
                cause: row.text(2)?,
            })
        };
        let gaps = reader.rows(GAPS, &[id.into(), day_start.into(), end.into()])?;
        let beats = reader.rows(BEAT, &[id.into()])?;
        let about = [id.into(), day_start.into(), end.into()];
        let uncertain = reader.rows(UNCERTAIN, &about)?;
        let (missing, lost) = missing(reader, id, (day_start, end))?;
        Ok(Some(Self {
            first_seen_at: row.int(0)?,
            last_seen_at: row.int(1)?,
            records: row.count(2)?,
            counted: row.count(3)?,
            gaps: gaps.iter().map(gap).collect::<Result<_, _>>()?,
            beat: beats.first().map(beat).transpose()?,
            missing,
            lost,
            uncertain: uncertain.first().map_or(Ok(0), |row| row.count(0))?,
        }))
    }
}

fn beat(row: &Row) -> Result<BeatFacts, CityError> {
    let backlog = row.count(0)?;
    let Ok(Ctl::Heartbeat(beat)) = Ctl::decode(&row.bytes(1)?) else {
        return Ok(BeatFacts {
            backlog,
            ..BeatFacts::default()
        });
    };
    let gap = |(from, to, cause): (i64, i64, GapCause)| GapFacts {
        from,
        to,
        cause: cause_word(cause).to_owned(),
    };
    let gaps = beat
        .gaps
        .iter()
        .map(|one| gap((one.from, one.to, one.cause)));
    Ok(BeatFacts {
        backlog,
        oldest_at: beat.oldest_at,
        gaps: gaps.collect(),
    })
}

/// How many records are missing that may be of a time, and how many of them the box has no more: what
/// is missing happened between its two neighbours.
fn missing(
    reader: &mut Reader,
    id: &str,
    (start, end): (i64, i64),
) -> Result<(u64, u64), CityError> {
    let (mut missing, mut lost) = (0_u64, 0_u64);
    let rows = reader.rows(holes::RUNS, &[id.into()])?;
    for (epoch, one) in holes::epochs(&rows)? {
        for hole in one.runs.gaps() {
            let before = match hole.first.checked_sub(1).filter(|seq| *seq > 0) {
                Some(seq) => time(reader, (id, &epoch, seq))?,
                None => None,
            };
            let after = time(reader, (id, &epoch, hole.last.saturating_add(1)))?;
            let from = before.map_or(i64::MIN, |time| time.at);
            let to = after.filter(|time| time.is_certain);
            if from < end && to.is_none_or(|time| time.at >= start) {
                let sum = if one.is_lost() {
                    &mut lost
                } else {
                    &mut missing
                };
                *sum = sum.saturating_add(holes::count(&[hole]));
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
