//! What the page shows, as one value that can be rendered or sent as JSON.

use std::sync::Arc;

use serde::Serialize;
use sync_wire::Record;

use crate::clock;
use crate::error::CityError;
use crate::https::Album;
use crate::link::Published;
use crate::show::absence::{DayAnswer, answer};
use crate::show::day::DayFacts;
use crate::show::facts::{BoxFacts, Reader, RecordFacts};
use crate::show::people::People;
use crate::show::sent::SentRow;
use crate::show::todo::{ParkedFacts, TodoRow, todo};
use crate::show::words::{Tone, age, describe};

/// Records shown.
const RECORDS_SHOWN: u32 = 60;
/// Messages to boxes shown.
const SENT_SHOWN: u32 = 12;
/// A box that said nothing for so long is not online, whatever its state says.
const SILENT_MS: i64 = 120_000;
/// A clock that is further off is worth a look.
const SKEW_WARN_MS: u64 = 60_000;

/// Everything on the page.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// City's time, ms.
    pub now: i64,
    /// City's time, in words.
    pub time: String,
    /// Boxes online.
    pub online: usize,
    /// Stored records.
    pub records: u64,
    /// Records that arrived today.
    pub today: u64,
    /// Records that wait on boxes, as far as they said.
    pub backlog: u64,
    /// Parked records.
    pub parked: u64,
    /// Records that wait for what they refer to.
    pub waiting: u64,
    /// Records missing between stored ones.
    pub missing: u64,
    /// Photos that boxes have brought.
    pub photos: u64,
    /// Number of alarms.
    pub alarm_count: u64,
    /// What somebody should look at.
    pub todo: Vec<TodoRow>,
    /// Every box.
    pub boxes: Vec<BoxRow>,
    /// The records that arrived last, newest first.
    pub recent: Vec<RecordRow>,
    /// The alarms raised last, newest first.
    pub alarms: Vec<AlarmRow>,
    /// What was sent down last, newest first.
    pub sent: Vec<SentRow>,
}

/// A box on the page.
#[derive(Clone, Debug, Serialize)]
pub struct BoxRow {
    /// Its id.
    pub id: String,
    /// Its site.
    pub site: String,
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

/// A record on the page.
#[derive(Clone, Debug, Serialize)]
pub struct RecordRow {
    /// Its name: box, epoch, seq.
    pub key: String,
    /// Box id.
    pub id: String,
    /// Place in its epoch.
    pub seq: u64,
    /// Kind, in words.
    pub kind: String,
    /// Masked name of the worker, or his number where no name is known.
    pub who: String,
    /// Lane.
    pub lane: String,
    /// Direction, in words.
    pub direction: String,
    /// Result, in words.
    pub result: String,
    /// Reason, in words.
    pub reason: String,
    /// Color: good, bad, warn or plain.
    pub tone: &'static str,
    /// When it happened, in words.
    pub occurred: String,
    /// When it arrived, in words.
    pub received: String,
    /// Whether the acknowledgement is on its way to the box.
    pub acked: bool,
    /// Whether it was parked.
    pub parked: bool,
}

/// An alarm on the page.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmRow {
    /// Box id.
    pub id: String,
    /// Epoch or empty.
    pub epoch: String,
    /// Seq or 0.
    pub seq: u64,
    /// Code, for machines.
    pub code: String,
    /// Chinese sentence.
    pub message: String,
    /// When it was raised last, in words.
    pub at: String,
    /// How often.
    pub times: u64,
}

/// Makes states.
#[derive(Debug)]
pub struct Viewer {
    reader: Reader,
    people: People,
    published: Arc<Published>,
    album: Arc<Album>,
    started_at: i64,
    records_seen: u64,
}

impl Viewer {
    /// From a reading connection, the names, what was published, and the photos.
    pub fn new(
        reader: Reader,
        people: People,
        (published, album): (Arc<Published>, Arc<Album>),
    ) -> Self {
        Self {
            reader,
            people,
            published,
            album,
            started_at: clock::now_ms(),
            records_seen: 0,
        }
    }

    /// Why a box has what it has on a day; none for an unknown box.
    pub fn day(&mut self, id: &str, day_start: i64) -> Result<Option<DayAnswer>, CityError> {
        self.reader.refresh()?;
        let facts = DayFacts::read(&mut self.reader, id, day_start)?;
        Ok(facts.map(|facts| answer(&facts, day_start, clock::now_ms())))
    }

    /// What is to be seen now.
    pub fn state(&mut self) -> Result<State, CityError> {
        let now = clock::now_ms();
        self.reader.refresh()?;
        let totals = self.reader.totals(clock::day_start(now))?;
        if totals.records != self.records_seen {
            self.records_seen = totals.records;
            self.people.forget();
        }
        let facts = self.reader.boxes()?;
        let parked = ParkedFacts::list(&mut self.reader)?;
        let todo = todo(&facts, (&parked, totals.waiting), now);
        let boxes: Vec<BoxRow> = facts
            .into_iter()
            .map(|facts| {
                let photos = self.album.count(&facts.id);
                BoxRow {
                    photos,
                    ..box_row(facts, now)
                }
            })
            .collect();
        let facts = self.reader.recent(RECORDS_SHOWN)?;
        let recent = facts
            .into_iter()
            .map(|one| self.record_row(one))
            .collect::<Result<_, _>>()?;
        let alarms = self.reader.alarms()?.into_iter().map(|alarm| AlarmRow {
            id: alarm.id,
            epoch: alarm.epoch,
            seq: alarm.seq,
            code: alarm.code,
            message: alarm.message,
            at: clock::show(alarm.last_at),
            times: alarm.times,
        });
        let sent = SentRow::list(&mut self.reader, SENT_SHOWN)?;
        Ok(State {
            now,
            time: clock::show(now),
            online: boxes.iter().filter(|row| row.online).count(),
            records: totals.records,
            today: totals.arrived,
            backlog: boxes.iter().filter_map(|row| row.backlog).sum(),
            parked: totals.parked,
            waiting: totals.waiting,
            missing: boxes.iter().map(|row| row.missing).sum(),
            photos: self.album.total(),
            alarm_count: totals.alarms,
            todo,
            boxes,
            recent,
            alarms: alarms.collect(),
            sent,
        })
    }

    fn record_row(&mut self, facts: RecordFacts) -> Result<RecordRow, CityError> {
        let acked = self.acked(&facts)?;
        let key = format!("{}/{}/{}", facts.id, facts.epoch, facts.seq);
        let mut row = RecordRow {
            key,
            id: facts.id,
            seq: facts.seq,
            kind: "无法识别".to_owned(),
            who: String::new(),
            lane: String::new(),
            direction: String::new(),
            result: String::new(),
            reason: String::new(),
            tone: Tone::Plain.word(),
            occurred: "—".to_owned(),
            received: clock::show(facts.received_at),
            acked,
            parked: facts.parked.is_some(),
        };
        if let Ok(record) = Record::from_body(&facts.body) {
            let words = describe(&record.kind);
            row.occurred = clock::show(record.stamp.at);
            row.kind = words.kind.to_owned();
            row.lane = words.lane;
            row.direction = words.direction.to_owned();
            row.result = words.result;
            row.reason = words.reason;
            row.tone = words.tone.unwrap_or(Tone::Plain).word();
            if let Some(worker) = words.worker {
                let whose = (row.id.as_str(), facts.epoch.as_str(), worker);
                let name = self.people.name(&mut self.reader, whose)?;
                row.who = name.unwrap_or_else(|| format!("{worker} 号"));
            }
        }
        if facts.waiting {
            "等待关联资料".clone_into(&mut row.result);
            row.tone = Tone::Warn.word();
        }
        if let Some(why) = facts.parked {
            "暂存".clone_into(&mut row.result);
            row.reason = why;
            row.tone = Tone::Warn.word();
        }
        Ok(row)
    }

    /// Said since this city started, or said by an earlier run of it.
    fn acked(&mut self, facts: &RecordFacts) -> Result<bool, CityError> {
        if let Some(covered) = self.published.covers(&facts.id, &facts.epoch, facts.seq) {
            return Ok(covered);
        }
        if facts.received_at >= self.started_at {
            return Ok(false);
        }
        let Some((through, beyond)) = self.reader.acked(&facts.id, &facts.epoch)? else {
            return Ok(false);
        };
        let runs: Vec<[u64; 2]> = serde_json::from_str(&beyond).unwrap_or_default();
        let inside = |[from, to]: &[u64; 2]| (*from..=*to).contains(&facts.seq);
        Ok(facts.seq <= through || runs.iter().any(inside))
    }
}

fn box_row(facts: BoxFacts, now: i64) -> BoxRow {
    let silent = now.saturating_sub(facts.last_seen_at) > SILENT_MS;
    let online = facts.online && !silent;
    let state = match (facts.online, silent) {
        _ if facts.barred => "证书已吊销",
        _ if facts.last_seen_at == 0 => "尚未接入",
        (true, false) => "在线",
        (true, true) => "失联",
        (false, _) => "离线",
    };
    let (holes, missing) = facts.runs.missing();
    let skew_ms = facts.heartbeat.map(|beat| beat.skew_ms);
    BoxRow {
        id: facts.id,
        site: facts.site,
        online,
        state,
        epoch: facts.epoch.unwrap_or_default(),
        epochs: facts.epochs,
        through: facts.runs.through(),
        records: facts.records,
        holes,
        missing,
        parked: facts.parked,
        backlog: facts.heartbeat.map(|beat| beat.backlog),
        photos: 0,
        ignored: facts.ignored,
        skew_ms,
        skew: skew_ms.map_or_else(|| "—".to_owned(), show_skew),
        skew_bad: skew_ms.is_some_and(|skew| skew.unsigned_abs() > SKEW_WARN_MS),
        last_record: age(now, facts.last_record_at),
        last_heartbeat: age(now, facts.heartbeat.map(|beat| beat.received_at)),
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
    use crate::runs::{Runs, Span};

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

    #[test]
    fn holes_are_what_lies_between_stored_runs() {
        let facts = BoxFacts {
            id: "a".to_owned(),
            site: String::new(),
            online: true,
            last_seen_at: 1,
            last_record_at: None,
            epoch: None,
            epochs: 1,
            runs: Runs::new(vec![Span { first: 1, last: 4 }, Span { first: 8, last: 9 }]),
            barred: false,
            ignored: 0,
            records: 6,
            parked: 0,
            heartbeat: None,
        };
        let row = box_row(facts.clone(), SILENT_MS + 1);
        assert_eq!(
            (row.through, row.holes, row.missing, row.state),
            (4, 1, 3, "在线")
        );
        let row = box_row(facts, SILENT_MS + 2);
        assert_eq!((row.online, row.state), (false, "失联"));
    }
}
