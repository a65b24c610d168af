//! The scenario file: one TOML that says which lanes and readers a site has, who its people are, and what
//! happens on that day. `site-days/*.toml` are examples; tests play them.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::direction::Direction;
use crate::error::SimError;
use crate::gate::WorldSettings;
use crate::people::{Crowd, CrowdSettings};
use crate::reader::{ReaderFault, ReaderTimes};

/// Longest scripted day, in seconds.
const DURATION_S_MAX: u64 = 24 * 3_600;

/// A scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteDay {
    /// Short name, shown on the page and in the journal.
    pub name: String,
    /// Title on the page.
    pub title: String,
    /// Everything random of the day comes from it.
    pub seed: u64,
    /// How long the scripted day lasts at least, in seconds from its start.
    #[serde(default)]
    pub duration_s: u64,
    /// Who there is.
    pub people: PeopleSettings,
    /// How fast readers are.
    #[serde(default)]
    pub reader: ReaderSettings,
    /// How people behave.
    #[serde(default)]
    pub habits: Habits,
    /// How arms and crossings behave.
    #[serde(default)]
    pub gate: GateSettings,
    /// Lanes, in the order of the page.
    pub lane: Vec<LaneSettings>,
    /// Streams of people.
    #[serde(default)]
    pub stream: Vec<Stream>,
    /// Single turns.
    #[serde(default)]
    pub visit: Vec<ScriptedVisit>,
    /// Single faults and contacts.
    #[serde(default)]
    pub happening: Vec<Happening>,
    /// Moments for whoever drives the rest of the site.
    #[serde(default)]
    pub mark: Vec<Mark>,
}

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
        let ReaderTimes { find_ms, select_ms, read_ms } = ReaderTimes::default();
        Self { baud: 115_200, find_ms, select_ms, read_ms }
    }
}

impl ReaderSettings {
    /// Times of the card side.
    pub fn times(&self) -> ReaderTimes {
        ReaderTimes { find_ms: self.find_ms, select_ms: self.select_ms, read_ms: self.read_ms }
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
        let WorldSettings { crossing_ms, arm_hold_ms, gap_ms, .. } = WorldSettings::default();
        Self { baud: 115_200, crossing_ms, arm_hold_ms, gap_ms }
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
    /// How long to wait for the arm after the card was read, in ms.
    pub pass_wait_ms: u64,
    /// From the arm opening, or giving up, to the card off the reader, in ms.
    pub lift_ms: u64,
    /// From one act to the next otherwise, in ms: before walking, before putting the card again.
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
            pass_wait_ms: 1_500,
            lift_ms: 120,
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
    /// Id of the reader on the street side.
    #[serde(default)]
    pub reader_in: Option<String>,
    /// Id of the reader on the site side.
    #[serde(default)]
    pub reader_out: Option<String>,
}

fn yes() -> bool {
    true
}

impl LaneSettings {
    /// Reader ids with the way they face.
    pub fn readers(&self) -> impl Iterator<Item = (&str, Direction)> {
        let entry = self.reader_in.as_deref().map(|reader| (reader, Direction::In));
        let exit = self.reader_out.as_deref().map(|reader| (reader, Direction::Out));
        entry.into_iter().chain(exit)
    }
}

/// People one after another at one reader, evenly spread with some jitter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// First arrival, in seconds of the day.
    pub from_s: u64,
    /// Last arrival.
    pub to_s: u64,
    /// Where.
    pub reader: String,
    /// Place of the first person among the admitted.
    pub first: u32,
    /// How many people, one after another; beyond the last admitted one it begins again.
    pub turns: u32,
    /// Of 100, who puts the card a second time at once.
    #[serde(default)]
    pub double_percent: u8,
    /// Of 100, whose first read goes wrong.
    #[serde(default)]
    pub bad_read_percent: u8,
    /// Of 100, who does not walk although the arm is open.
    #[serde(default)]
    pub stay_percent: u8,
    /// Of 100, who breaks a beam, goes back, and then walks.
    #[serde(default)]
    pub waver_percent: u8,
}

/// One turn of one person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedVisit {
    /// When, in seconds of the day.
    pub at_s: u64,
    /// Who: a number, or a group and a place such as `left:0` or `hmt:1`.
    pub who: String,
    /// Where.
    pub reader: String,
    /// What he does.
    #[serde(default)]
    pub plan: PlanWord,
}

/// What a person does at a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanWord {
    /// Card, arm, through.
    #[default]
    Normal,
    /// Puts the card a second time at once.
    Double,
    /// Does not walk although the arm is open.
    Stay,
    /// Breaks a beam, goes back, then walks.
    Waver,
    /// A second person follows on the same opening.
    Tailgated,
}

/// One fault, cable or contact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happening {
    /// When, in seconds of the day.
    pub at_s: u64,
    /// Reader id, or lane id for its board.
    pub device: String,
    /// What is done to the device.
    #[serde(default)]
    pub act: Option<DeviceAct>,
    /// A fault of a reader.
    #[serde(default)]
    pub fault: Option<ReaderFault>,
}

/// What is done to a device by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAct {
    /// Pull the cable.
    Unplug,
    /// Put it in.
    Plug,
    /// Close the fire contact (boards).
    FireOn,
    /// Open it (boards).
    FireOff,
    /// Open the cabinet (boards).
    TamperOn,
    /// Close it (boards).
    TamperOff,
    /// Restart the processor (boards).
    ResetBoard,
    /// Make the speeds of both ends differ.
    WrongBaudOn,
    /// Make them agree.
    WrongBaudOff,
    /// Junk on the line.
    Noise,
}

/// A moment for whoever drives the rest of the site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Such as `broker_down`.
    pub name: String,
    /// Begin, in seconds of the day.
    pub from_s: u64,
    /// End.
    pub to_s: u64,
}

impl SiteDay {
    /// Reads and checks a scenario file.
    pub fn read(path: &Path) -> Result<Self, SimError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SimError::ReadFile { path: path.to_owned(), source })?;
        let day: Self = toml::from_str(&text).map_err(|source| SimError::ParseSiteDay {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        day.check()?;
        Ok(day)
    }

    /// Everybody of the day.
    pub fn crowd(&self, year: i16) -> Crowd {
        let PeopleSettings { seed, count, denied_each } = self.people;
        Crowd::invent(CrowdSettings { seed, count, denied_each, year })
    }

    /// Finds the first contradiction.
    pub fn check(&self) -> Result<(), SimError> {
        let wrong = |problem: String| Err(SimError::SiteDay { problem });
        let mut names = BTreeSet::new();
        let mut readers = BTreeSet::new();
        for lane in &self.lane {
            let ids = lane.readers().map(|(reader, _)| reader).chain([lane.lane.as_str()]);
            for id in ids {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                if id.is_empty() || !id.chars().all(plain) {
                    return wrong(format!("id {id:?} is a file name too: letters, digits, - and _"));
                }
                if !names.insert(id) {
                    return wrong(format!("id {id:?} is used twice"));
                }
            }
            readers.extend(lane.readers().map(|(reader, _)| reader));
        }
        if self.lane.is_empty() || self.people.count == 0 {
            return wrong("there must be a lane and people.count of at least 1".to_owned());
        }
        if self.duration_s > DURATION_S_MAX {
            return wrong(format!("duration_s {} is more than a day", self.duration_s));
        }
        for stream in &self.stream {
            if !readers.contains(stream.reader.as_str()) || stream.from_s > stream.to_s {
                return wrong(format!("stream at reader {:?}: no such reader, or from_s after to_s", stream.reader));
            }
        }
        let crowd = self.crowd(2026);
        for visit in &self.visit {
            if !readers.contains(visit.reader.as_str()) || crowd.find(&visit.who).is_none() {
                return wrong(format!("visit of {:?} at {:?}: nobody, or no such reader", visit.who, visit.reader));
            }
        }
        for happening in &self.happening {
            let known = names.contains(happening.device.as_str());
            if !known || happening.act.is_some() == happening.fault.is_some() {
                return wrong(format!("happening at {:?}: no such device, or not exactly one of act and fault", happening.device));
            }
        }
        match self.mark.iter().find(|mark| mark.from_s >= mark.to_s) {
            Some(mark) => wrong(format!("mark {:?}: to_s must be after from_s", mark.name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SiteDay;

    const SMALL: &str = r#"
        name = "small"
        title = "小"
        seed = 1
        people = { seed = 1, count = 3 }
        lane = [{ lane = "a", text = "一号", reader_in = "a-in" }]
    "#;

    fn parsed(more: &str) -> Result<(), String> {
        let day: SiteDay = toml::from_str(&format!("{SMALL}\n{more}")).map_err(|e| e.to_string())?;
        day.check().map_err(|error| error.to_string())
    }

    #[test]
    fn every_site_day_of_the_repository_is_right() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("site-days");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            SiteDay::read(&entry.unwrap().path()).unwrap();
            seen += 1;
        }
        assert!(seen >= 3);
    }

    #[test]
    fn contradictions_are_named() {
        assert_eq!(parsed(""), Ok(()));
        for (more, word) in [
            ("[[stream]]\nfrom_s = 0\nto_s = 1\nreader = \"b\"\nfirst = 0\nturns = 1", "stream"),
            ("[[visit]]\nat_s = 0\nwho = \"left:7\"\nreader = \"a-in\"", "left:7"),
            ("[[happening]]\nat_s = 0\ndevice = \"a\"", "exactly one"),
            ("[[mark]]\nname = \"x\"\nfrom_s = 3\nto_s = 3", "to_s"),
            ("[[lane]]\nlane = \"a\"\ntext = \"b\"", "twice"),
            ("[[lane]]\nlane = \"../a\"\ntext = \"b\"", "file name"),
            ("speed = 3", "speed"),
        ] {
            let problem = if more.starts_with("[[lane") {
                let text = SMALL.replace("lane = [{ lane = \"a\", text = \"一号\", reader_in = \"a-in\" }]", "");
                let lane = "[[lane]]\nlane = \"a\"\ntext = \"一号\"";
                let day: SiteDay = toml::from_str(&format!("{text}\n{lane}\n{more}")).unwrap();
                day.check().unwrap_err().to_string()
            } else {
                parsed(more).unwrap_err()
            };
            assert!(problem.contains(word), "{problem}");
        }
    }
}
