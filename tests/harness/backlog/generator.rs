//! Realistic records from a seed: 600 workers, jittered times, presentations and passages.

use sync_wire::record::{
    BoardEvent, ClockQuality, Direction, IdKind, Outcome, Passage, Presentation,
    PresentationResult, Stamp,
};
use sync_wire::{Kind, Record};

use crate::Result;
use crate::figures::Dice;

const WORKERS: u64 = 600;
/// 2024-09-01 06:00 in Beijing: 1.9 million records end in the past.
const FIRST_DAY_MS: i64 = 1_725_141_600_000;
const DAY_MS: i64 = 86_400_000;
/// Records of one day: every worker in and out, each a presentation and a passage.
const PER_DAY: u64 = WORKERS * 4;

/// Records in ledger order.
#[derive(Debug)]
pub struct Generator {
    dice: Dice,
    made: u64,
    board_seq: u16,
}

impl Generator {
    /// The same seed makes the same records.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            made: 0,
            board_seq: 0,
        }
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    /// The body of the next record; `seq` is the number that it will get.
    pub fn body(&mut self, seq: u64) -> Result<Vec<u8>> {
        let (day, place) = (self.made / PER_DAY, self.made % PER_DAY);
        let direction = if place < PER_DAY / 2 {
            Direction::In
        } else {
            Direction::Out
        };
        let evening_ms = if direction == Direction::In {
            0
        } else {
            11 * 3_600_000
        };
        let pair = (place % (PER_DAY / 2)) / 2;
        let worker = u32::try_from((pair * 7 + day) % WORKERS + 1)?;
        let jitter_ms = i64::try_from(self.dice.any() % 1_500)?;
        let in_rush_ms =
            i64::try_from(pair)? * 6_000 + jitter_ms + if place % 2 == 0 { 0 } else { 2_400 };
        let at = FIRST_DAY_MS + i64::try_from(day)? * DAY_MS + evening_ms + in_rush_ms;
        let lane = format!("gate-{}", worker % 4 + 1);
        let kind = if place % 2 == 0 {
            self.presentation(lane, direction, worker)
        } else {
            self.passage(lane, direction, worker, seq.saturating_sub(1))
        };
        self.made += 1;
        let mono = u64::try_from(at - FIRST_DAY_MS + 60_000)?;
        let stamp = Stamp {
            at,
            boot: 1,
            mono,
            clock: ClockQuality::Synced,
        };
        Ok(Record { stamp, kind }.to_body()?)
    }

    fn presentation(&mut self, lane: String, direction: Direction, worker: u32) -> Kind {
        let warned = self.dice.any().is_multiple_of(20);
        Kind::Presentation(Presentation {
            lane,
            direction,
            by: "005".to_owned(),
            worker: Some(worker),
            visit: None,
            document: Some(IdKind::Resident),
            result: PresentationResult::Granted,
            reason: None,
            flags: if warned {
                vec!["contract_missing".to_owned()]
            } else {
                Vec::new()
            },
            of: None,
            counted: false,
            moved: false,
            person_tag: None,
            policy: 1,
            terminal: None,
        })
    }

    fn passage(
        &mut self,
        lane: String,
        direction: Direction,
        worker: u32,
        presentation: u64,
    ) -> Kind {
        self.board_seq = self.board_seq.checked_add(1).unwrap_or(1);
        Kind::Passage(Passage {
            lane,
            direction,
            outcome: Outcome::Passed,
            presentation: Some(presentation),
            worker: Some(worker),
            visit: None,
            counted: true,
            moved: false,
            board: Some(BoardEvent {
                boot: 1,
                seq: self.board_seq,
                uid: Some(format!("a4c13800000000{:02x}", worker % 4 + 1)),
            }),
        })
    }
}
