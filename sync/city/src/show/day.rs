//! What the city holds about a box and a day.

use sync_wire::Ctl;
use sync_wire::record::GapCause;

use crate::clock;
use crate::db::{Row, Sql};
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
        let (missing, lost) = holes::of_day(reader, id, (day_start, end))?;
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
