//! The daily comparison with the city: when a run of records is told as a digest, and what the answer
//! means. A run at a time, while nothing else waits, so that neither side reads much at once.

use sync_wire::ack::DigestAnswer;
use sync_wire::ctl::{Digest, PARTS_MAX, Part};
use sync_wire::{Ctl, Topic, VERSION};

use crate::action::Action;
use crate::input::Now;

/// Most records of a run.
pub const RUN_RECORDS: u64 = 4_096;
/// A city that has not answered by then is asked again later, ms.
const ANSWER_MS: u64 = 2 * 60 * 1_000;
/// Pause after a run that was not answered, or could not be read, ms.
const PAUSE_MS: u64 = 10 * 60 * 1_000;
/// Answers to one run: of 4,096 records three find what differs. A city that asks on is not heard.
const ROUNDS_MAX: u32 = 8;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// China's clocks are ahead of UTC by this much.
const CHINA_MS: i64 = 8 * 60 * 60 * 1_000;

/// First and last record of each run.
pub type Runs = Vec<(u64, u64)>;

/// What is compared next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRun {
    /// The epoch.
    pub epoch: String,
    /// First and last record; at most [`RUN_RECORDS`]. `None` where only signatures are asked for.
    pub records: Option<(u64, u64)>,
    /// Checkpoints whose countersignatures the box lacks, ascending, at most 64.
    pub unsigned: Vec<u64>,
}

/// What the answer to a digest means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestStep {
    /// It answers nothing that was asked.
    Nothing,
    /// The roots of these runs are wanted, of this epoch.
    Roots(String, Runs),
    /// An epoch is compared through this record; the city has these records otherwise.
    Compared {
        /// The epoch.
        epoch: String,
        /// The last of the run.
        through: u64,
        /// What differs, as far as it was found.
        differs: Vec<u64>,
    },
}

#[derive(Debug)]
struct Asked {
    run: DigestRun,
    through: u64,
    number: u64,
    until_ms: u64,
    rounds: u32,
    differs: Vec<u64>,
}

/// The comparison, over all connections of a box.
#[derive(Debug, Default)]
pub struct DailyDigest {
    asked: Option<Asked>,
    number: u64,
    not_before_ms: u64,
    /// The day of which nothing is left.
    done: Option<i64>,
}

/// The civil day in China, counted from 1970-01-01.
pub const fn china_day(wall_ms: i64) -> i64 {
    wall_ms.saturating_add(CHINA_MS).div_euclid(DAY_MS)
}

impl DailyDigest {
    /// Whether the ledger should be asked what is to be compared; `is_quiet`: there is a city, and it
    /// has everything.
    pub fn is_due(&mut self, now: Now, is_quiet: bool) -> bool {
        if self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.until_ms <= now.mono_ms)
        {
            self.give_up(now);
        }
        let waits = self.asked.is_some() || now.mono_ms < self.not_before_ms;
        is_quiet && !waits && self.done != Some(china_day(now.wall_ms))
    }

    /// Begins with what the ledger gave; nothing: the day is done. Gives the runs whose roots are wanted.
    pub fn begin(&mut self, now: Now, run: Option<DigestRun>) -> Option<(String, Runs)> {
        let Some(run) = run else {
            self.done = Some(china_day(now.wall_ms));
            return None;
        };
        let (epoch, spans) = (run.epoch.clone(), run.records.into_iter().collect());
        self.asked = Some(Asked {
            through: run.records.map_or(0, |(_, to)| to),
            run,
            number: 0,
            until_ms: now.mono_ms.saturating_add(ANSWER_MS),
            rounds: 0,
            differs: Vec::new(),
        });
        Some((epoch, spans))
    }

    /// The digest that tells these roots.
    pub fn tell(&mut self, now: Now, box_name: &str, parts: Vec<Part>) -> Option<Action> {
        let asked = self.asked.as_mut()?;
        self.number = self.number.saturating_add(1);
        asked.number = self.number;
        asked.until_ms = now.mono_ms.saturating_add(ANSWER_MS);
        let digest = Digest {
            v: VERSION,
            number: self.number,
            r#box: box_name.to_owned(),
            epoch: asked.run.epoch.clone(),
            unsigned: std::mem::take(&mut asked.run.unsigned),
            parts,
            sent_at: now.wall_ms,
        };
        // Without parts there is no answer but the signatures.
        if digest.parts.is_empty() {
            self.asked = None;
            self.done = Some(china_day(now.wall_ms));
        }
        let payload = Ctl::Digest(digest).encode().ok()?;
        Some(Action::Publish {
            topic: Topic::UpCtl,
            payload,
            retain: false,
        })
    }

    /// Takes an answer.
    pub fn answered(&mut self, epoch: &str, answer: &DigestAnswer) -> DigestStep {
        let Some(asked) = self.asked.as_mut() else {
            return DigestStep::Nothing;
        };
        if asked.number != answer.number || asked.run.epoch != epoch {
            return DigestStep::Nothing;
        }
        let Some((from, to)) = asked.run.records else {
            return DigestStep::Nothing;
        };
        let is_in = |(first, last): &(u64, u64)| from <= *first && first <= last && *last <= to;
        let found = answer.differs.iter().filter(|seq| is_in(&(**seq, **seq)));
        asked.differs.extend(found);
        asked.rounds = asked.rounds.saturating_add(1);
        let mut last = 0;
        let is_next = |(first, end): &(u64, u64)| {
            let ascends = *first > last;
            last = last.max(*end);
            ascends
        };
        let asked_for = answer.ask.iter().copied().filter(is_in);
        let spans: Runs = asked_for.filter(is_next).take(PARTS_MAX).collect();
        if !spans.is_empty() && asked.rounds < ROUNDS_MAX {
            return DigestStep::Roots(epoch.to_owned(), spans);
        }
        let (through, differs) = (asked.through, std::mem::take(&mut asked.differs));
        self.asked = None;
        DigestStep::Compared {
            epoch: epoch.to_owned(),
            through,
            differs,
        }
    }

    /// What was asked is asked again later: there is no answer, or the ledger could not be read.
    pub fn give_up(&mut self, now: Now) {
        self.asked = None;
        self.not_before_ms = now.mono_ms.saturating_add(PAUSE_MS);
    }

    /// The connection is gone.
    pub fn disconnected(&mut self, now: Now) {
        if self.asked.is_some() {
            self.give_up(now);
        }
    }
}
