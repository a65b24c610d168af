//! A month that a site has behind it: written into the ledger of a stopped box as the records that
//! a gate would have made, so that the clerk's pages have something true to show.

use edge_store::{Entry, Key, Store, StoreSettings};
use sync_wire::record::{
    ClockQuality, Direction, Entry as Entered, IdKind, Outcome, Passage, Presentation,
    PresentationResult, Stamp,
};
use sync_wire::{Kind, Record};

use crate::Result;
use crate::gate_box::GateBox;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const SITE_OFFSET_MS: i64 = 8 * HOUR_MS;
const BATCH_RECORDS: usize = 500;

/// What is invented.
#[derive(Debug, Clone)]
pub struct History {
    /// Days before today.
    pub days: i64,
    /// Everybody who may work is moved into so many of the first teams; 0 leaves the teams as they are.
    pub teams: u32,
    /// The lane that everybody uses.
    pub lane: String,
    /// Same seed, same month.
    pub seed: u64,
}

/// What a worker did on a day, in hours and minutes of the site's clock from midnight on.
type Moves = Vec<(i64, Direction)>;

impl History {
    /// Writes the month up to now, today's arrivals included. The box is stopped and has its roster.
    pub async fn write(&self, gate_box: &GateBox, box_id: &str) -> Result<u64> {
        let settings = StoreSettings {
            path: gate_box.folder().join("ledger.db"),
            box_id: box_id.to_owned(),
            site: "3499002026TEST001".to_owned(),
        };
        let key = Key::from_file(&gate_box.folder().join("ledger.key"))?;
        let store = Store::open(&settings, &key)?;
        let now_ms = store.facts().last.ok_or("the box never ran")?.at;
        let today_ms = now_ms - (now_ms + SITE_OFFSET_MS).rem_euclid(DAY_MS);
        let workers: Vec<u32> = store
            .reader()?
            .roster()?
            .standings()
            .iter()
            .filter(|one| one.left_on.is_none() && !one.blacklisted && !one.trainings.is_empty())
            .map(|one| one.worker.0)
            .collect();
        let mut records = self.entries(&workers, today_ms)?;
        let mut moves = self.moves(&workers, today_ms, now_ms);
        moves.sort_unstable_by_key(|(at, worker, _)| (*at, *worker));
        let first_seq = store.facts().head.seq + u64::try_from(records.len())? + 1;
        let walks = (first_seq..).step_by(2).zip(moves);
        records.extend(walks.flat_map(|(seq, (at, worker, way))| self.walk(at, worker, way, seq)));
        let writer = store.writer();
        for batch in records.chunks(BATCH_RECORDS) {
            let bodies = batch.iter().map(|one| Ok(Entry::new(one.to_body()?)));
            writer.append(bodies.collect::<Result<_>>()?).await?;
        }
        writer.catch_up().await?;
        let head = writer.head().borrow().seq;
        store.close()?;
        Ok(head)
    }

    fn entries(&self, workers: &[u32], today_ms: i64) -> Result<Vec<Record>> {
        if self.teams == 0 {
            return Ok(Vec::new());
        }
        let first_day_ms = today_ms - self.days * DAY_MS;
        let on = day_text(first_day_ms)?;
        let entry = |worker: &u32| Record {
            stamp: stamp(today_ms - self.days * DAY_MS, first_day_ms),
            kind: Kind::Entry(Entered {
                worker: *worker,
                // Two thirds in the first team, so that its sheet has a second page.
                team: if worker.is_multiple_of(3) {
                    2.min(self.teams)
                } else {
                    1
                },
                trade: if worker.is_multiple_of(3) {
                    "050"
                } else {
                    "020"
                }
                .to_owned(),
                role: "20".to_owned(),
                on: on.clone(),
            }),
        };
        Ok(workers.iter().map(entry).collect())
    }

    fn moves(&self, workers: &[u32], today_ms: i64, now_ms: i64) -> Vec<(i64, u32, Direction)> {
        let mut all = Vec::new();
        for back in (0..=self.days).rev() {
            let day_ms = today_ms - back * DAY_MS;
            for worker in workers {
                let dice =
                    mix(self.seed ^ (u64::from(*worker) << 20) ^ u64::try_from(back).unwrap_or(0));
                for (minute, way) in day(dice, *worker, back == 1) {
                    let second =
                        i64::try_from(mix(dice ^ minute.unsigned_abs()) % 60_000).unwrap_or(0);
                    let at = day_ms + minute * 60_000 + second;
                    if at < now_ms - 60_000 {
                        all.push((at, *worker, way));
                    }
                }
            }
        }
        all
    }

    fn walk(&self, at: i64, worker: u32, way: Direction, seq: u64) -> [Record; 2] {
        let presentation = Presentation {
            lane: self.lane.clone(),
            direction: way,
            by: "005".to_owned(),
            worker: Some(worker),
            visit: None,
            document: Some(IdKind::Resident),
            result: PresentationResult::Granted,
            reason: None,
            flags: Vec::new(),
            of: None,
            counted: false,
            moved: false,
            person_tag: None,
            policy: 1,
            terminal: None,
        };
        let passage = Passage {
            lane: self.lane.clone(),
            direction: way,
            outcome: Outcome::Passed,
            presentation: Some(seq),
            worker: Some(worker),
            visit: None,
            counted: true,
            moved: false,
            board: None,
        };
        [
            Record {
                stamp: stamp(at, 0),
                kind: Kind::Presentation(presentation),
            },
            Record {
                stamp: stamp(at + 1_900, 0),
                kind: Kind::Passage(passage),
            },
        ]
    }
}

/// Usually morning to evening with or without a noon break; sometimes nothing, half a day, a short
/// stay, a forgotten card; every tenth worker on nights. The last day has no forgotten exit, so
/// that nobody is left inside.
fn day(dice: u64, worker: u32, is_last: bool) -> Moves {
    use Direction::{In, Out};
    let early = 6 * 60 + 20 + i64::try_from(dice % 50).unwrap_or(0);
    let late = 17 * 60 + 30 + i64::try_from(dice / 64 % 55).unwrap_or(0);
    match dice / 4096 % 40 {
        0..=3 => Vec::new(),
        4 => vec![(early, In), (11 * 60 + 10, Out)],
        5 => vec![(early, In), (early + 95, Out)],
        6 if !is_last => vec![(early, In)],
        7 => vec![(late, Out)],
        _ if worker.is_multiple_of(10) => vec![(19 * 60 + 5, In), (24 * 60 + 6 * 60, Out)],
        8..=20 => vec![
            (early, In),
            (11 * 60 + 35, Out),
            (12 * 60 + 50, In),
            (late, Out),
        ],
        _ => vec![(early, In), (late, Out)],
    }
}

fn stamp(at: i64, base: i64) -> Stamp {
    Stamp {
        at,
        boot: 1,
        mono: u64::try_from(at - base).unwrap_or(0),
        clock: ClockQuality::Synced,
    }
}

/// The site's calendar day of an instant, `YYYY-MM-DD`.
fn day_text(at_ms: i64) -> Result<String> {
    let at = jiff::Timestamp::from_millisecond(at_ms)?;
    Ok(jiff::tz::Offset::constant(8)
        .to_datetime(at)
        .date()
        .to_string())
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014).
fn mix(state: u64) -> u64 {
    let mut mixed = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
