//! Lanes, readers, arms, people and their habits.

use serde::Deserialize;

use crate::direction::Direction;
use crate::gate::WorldSettings;
use crate::reader::ReaderTimes;

/// Who there is.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleSettings {
    /// Seed of the crowd; the roster file is made with the same one.
    pub seed: u64,
    /// Admitted residents.
    pub count: u32,
    /// How many of each refused standing.
    #[serde(default = "one")]
    pub denied_each: u32,
}

fn one() -> u32 {
    1
}

/// How fast readers are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReaderSettings {
    /// Line speed in bits a second.
    pub baud: u32,
    /// Find card, in ms.
    pub find_ms: u64,
    /// Select card, in ms.
    pub select_ms: u64,
    /// Read base information, in ms.
    pub read_ms: u64,
}

impl Default for ReaderSettings {
    fn default() -> Self {
        let ReaderTimes {
            find_ms,
            select_ms,
            read_ms,
        } = ReaderTimes::default();
        Self {
            baud: 115_200,
            find_ms,
            select_ms,
            read_ms,
        }
    }
}

impl ReaderSettings {
    /// Times of the card side.
    pub fn times(&self) -> ReaderTimes {
        ReaderTimes {
            find_ms: self.find_ms,
            select_ms: self.select_ms,
            read_ms: self.read_ms,
        }
    }
}

/// How arms and crossings behave.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateSettings {
    /// Speed of the boards' lines in bits a second.
    pub baud: u32,
    /// From the first beam broken to the last one clear, in ms.
    pub crossing_ms: u64,
    /// How long an unused arm stays free after the relay fell, in ms.
    pub arm_hold_ms: u64,
    /// Distance between two walkers, in ms.
    pub gap_ms: u64,
}

impl Default for GateSettings {
    fn default() -> Self {
        let WorldSettings {
            crossing_ms,
            arm_hold_ms,
            gap_ms,
            ..
        } = WorldSettings::default();
        Self {
            baud: 115_200,
            crossing_ms,
            arm_hold_ms,
            gap_ms,
        }
    }
}

impl GateSettings {
    /// Arms and walkers of one lane.
    pub fn world(&self, has_arm: bool) -> WorldSettings {
        WorldSettings {
            crossing_ms: self.crossing_ms,
            arm_hold_ms: self.arm_hold_ms,
            gap_ms: self.gap_ms,
            has_arm,
        }
    }
}

/// How people behave. Nobody sees the box's screen: who is refused waits, and goes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habits {
    /// From stepping up to the card on the reader, in ms.
    pub step_up_ms: u64,
    /// How long a card is left when nothing seems to happen, in ms.
    pub read_wait_ms: u64,
    /// How often a card that was not read is put again.
    pub retries: u32,
    /// How long to wait for the arm after the card was read, in ms. Who goes before the box has
    /// given his opening up (3 s) leaves it to the next one.
    pub pass_wait_ms: u64,
    /// From the arm opening, or giving up, to the card off the reader, in ms.
    pub lift_ms: u64,
    /// From taking off a card that was not read to putting it again, in ms: a card that is off for
    /// less than two looks of a reader was never away.
    pub again_ms: u64,
    /// From one act to the next otherwise, in ms: before walking, before a second tap.
    pub pause_ms: u64,
    /// The next one steps up while the one before still walks.
    pub overlap: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            step_up_ms: 150,
            read_wait_ms: 6_000,
            retries: 2,
            pass_wait_ms: 4_500,
            lift_ms: 120,
            again_ms: 1_000,
            pause_ms: 200,
            overlap: true,
        }
    }
}

/// One lane.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneSettings {
    /// Lane id, also the name of its board's terminal.
    pub lane: String,
    /// Name on the page.
    pub text: String,
    /// False: no turnstile, an open road.
    #[serde(default = "yes")]
    pub board: bool,
    /// Id of the reader on a desk: then this is no lane, but the office, and has nothing else.
    #[serde(default)]
    pub reader_desk: Option<String>,
    /// Id of the reader on the street side.
    #[serde(default)]
    pub reader_in: Option<String>,
    /// Id of the reader on the site side.
    #[serde(default)]
    pub reader_out: Option<String>,
    /// Whether a camera looks at who comes in.
    #[serde(default)]
    pub camera_in: bool,
    /// Whether a camera looks at who goes out.
    #[serde(default)]
    pub camera_out: bool,
}

fn yes() -> bool {
    true
}

impl LaneSettings {
    /// The ways that cameras look.
    pub fn cameras(&self) -> impl Iterator<Item = Direction> {
        let entry = self.camera_in.then_some(Direction::In);
        let exit = self.camera_out.then_some(Direction::Out);
        entry.into_iter().chain(exit)
    }

    /// Reader ids with the way they face.
    pub fn readers(&self) -> impl Iterator<Item = (&str, Direction)> {
        let entry = self
            .reader_in
            .as_deref()
            .map(|reader| (reader, Direction::In));
        let exit = self
            .reader_out
            .as_deref()
            .map(|reader| (reader, Direction::Out));
        let desk = self.reader_desk.as_deref();
        let desk = desk.map(|reader| (reader, Direction::In));
        entry.into_iter().chain(exit).chain(desk)
    }
}
