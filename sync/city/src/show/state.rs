//! What the page shows, as one value that can be rendered or sent as JSON.

use std::sync::Arc;

use serde::Serialize;
use sync_wire::Record;

use crate::clock;
use crate::error::CityError;
use crate::https::Album;
use crate::link::Published;
use crate::show::absence::{DayAnswer, answer};
use crate::show::boxes::{BoxRow, SILENT_MS, box_row, head};
use crate::show::day::DayFacts;
use crate::show::facts::{Reader, RecordFacts};
use crate::show::forks::ForkRow;
use crate::show::people::People;
use crate::show::sent::SentRow;
use crate::show::todo::{ParkedFacts, SKEW_MS, TodoRow, Troubles, todo};
use crate::show::totals::{self, AWAY_MS, Totals};
use crate::show::words::{Tone, describe};

/// Records shown.
const RECORDS_SHOWN: u32 = 60;
/// Messages to boxes shown.
const SENT_SHOWN: u32 = 12;

/// Everything on the page.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// City's time, ms.
    pub now: i64,
    /// City's time, in words.
    pub time: String,
    /// Boxes online.
    pub online: u64,
    /// Boxes, shown or not.
    pub box_count: u64,
    /// Boxes that the page has no room for.
    pub more_boxes: u64,
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
    /// Records missing that their box has no more.
    pub lost: u64,
    /// Ledgers that forked or went back.
    pub fork_count: u64,
    /// Photos that boxes have brought.
    pub photos: u64,
    /// Number of alarms.
    pub alarm_count: u64,
    /// What somebody should look at.
    pub todo: Vec<TodoRow>,
    /// Every box, site by site.
    pub boxes: Vec<BoxRow>,
    /// Ledgers that forked or went back, those seen last first.
    pub forks: Vec<ForkRow>,
    /// The records that arrived last, newest first.
    pub recent: Vec<RecordRow>,
    /// The alarms raised last, newest first.
    pub alarms: Vec<AlarmRow>,
    /// What was sent down last, newest first.
    pub sent: Vec<SentRow>,
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
        let silent = now.saturating_sub(SILENT_MS);
        let since = clock::day_start(now);
        let totals = Totals::read(&mut self.reader, (since, silent, now))?;
        if totals.records != self.records_seen {
            self.records_seen = totals.records;
            self.people.forget();
        }
        let facts = self.reader.boxes()?;
        let parked = ParkedFacts::list(&mut self.reader)?;
        let away = now.saturating_sub(AWAY_MS);
        let skew_ms = i64::try_from(SKEW_MS).unwrap_or(i64::MAX);
        let troubles = Troubles {
            boxes: &self.reader.troubled(away, skew_ms)?,
            away: totals.away,
            parked: &parked,
            waiting: totals.waiting,
        };
        let todo = todo(&troubles, now);
        let mut boxes: Vec<BoxRow> = facts
            .into_iter()
            .map(|facts| {
                let photos = self.album.count(&facts.id);
                BoxRow {
                    photos,
                    ..box_row(facts, now)
                }
            })
            .collect();
        head(&mut boxes, &totals::sites(&mut self.reader, silent)?);
        let shown = u64::try_from(boxes.len()).unwrap_or(u64::MAX);
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
            online: totals.online,
            box_count: totals.boxes,
            more_boxes: totals.boxes.saturating_sub(shown),
            records: totals.records,
            today: totals.arrived,
            backlog: totals.backlog,
            parked: totals.parked,
            waiting: totals.waiting,
            missing: totals.missing,
            lost: totals.lost,
            fork_count: totals.forks,
            forks: ForkRow::list(&mut self.reader)?,
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
