//! The whole file, checked.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::devices::{GateSettings, Habits, LaneSettings, PeopleSettings, ReaderSettings};
use super::script::{FaceOwner, FaceStream, Happening, Mark, ScriptedVisit, Stream};
use crate::error::SimError;
use crate::people::{Crowd, CrowdSettings};

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
    /// Whose faces there are pictures of.
    #[serde(default)]
    pub face: Vec<FaceOwner>,
    /// People before cameras.
    #[serde(default)]
    pub face_stream: Vec<FaceStream>,
    /// Single faults and contacts.
    #[serde(default)]
    pub happening: Vec<Happening>,
    /// Moments for whoever drives the rest of the site.
    #[serde(default)]
    pub mark: Vec<Mark>,
}

impl SiteDay {
    /// Reads and checks a scenario file.
    pub fn read(path: &Path) -> Result<Self, SimError> {
        let text = std::fs::read_to_string(path).map_err(|source| SimError::ReadFile {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads and checks the text of a scenario.
    pub fn parse(text: &str) -> Result<Self, SimError> {
        let day: Self = toml::from_str(text).map_err(|source| SimError::ParseSiteDay {
            source: Box::new(source),
        })?;
        day.check()?;
        Ok(day)
    }

    /// Everybody of the day.
    pub fn crowd(&self, year: i16) -> Crowd {
        let PeopleSettings {
            seed,
            count,
            denied_each,
        } = self.people;
        Crowd::invent(CrowdSettings {
            seed,
            count,
            denied_each,
            year,
        })
    }

    /// Finds the first contradiction.
    pub fn check(&self) -> Result<(), SimError> {
        let wrong = |problem: String| Err(SimError::SiteDay { problem });
        let mut names = BTreeSet::new();
        let mut readers = BTreeSet::new();
        for lane in &self.lane {
            let ids = lane
                .readers()
                .map(|(reader, _)| reader)
                .chain([lane.lane.as_str()]);
            for id in ids {
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
                if id.is_empty() || !id.chars().all(plain) {
                    return wrong(format!(
                        "id {id:?} is a file name too: letters, digits, - and _"
                    ));
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
                return wrong(format!(
                    "stream at reader {:?}: no such reader, or from_s after to_s",
                    stream.reader
                ));
            }
        }
        let crowd = self.crowd(2026);
        for visit in &self.visit {
            if !readers.contains(visit.reader.as_str()) || crowd.find(&visit.who).is_none() {
                return wrong(format!(
                    "visit of {:?} at {:?}: nobody, or no such reader",
                    visit.who, visit.reader
                ));
            }
        }
        let is_odd = |lane: &LaneSettings| {
            let has_more = lane.board || lane.readers().count() > 1 || lane.cameras().count() > 0;
            lane.reader_desk.is_some() && has_more
        };
        if let Some(lane) = self.lane.iter().find(|lane| is_odd(lane)) {
            return wrong(format!(
                "lane {:?}: a desk has reader_desk, board = false and nothing else",
                lane.lane
            ));
        }
        self.check_faces(&crowd)?;
        for happening in &self.happening {
            let known = names.contains(happening.device.as_str());
            if !known || happening.act.is_some() == happening.fault.is_some() {
                return wrong(format!(
                    "happening at {:?}: no such device, or not exactly one of act and fault",
                    happening.device
                ));
            }
        }
        match self.mark.iter().find(|mark| mark.from_s >= mark.to_s) {
            Some(mark) => wrong(format!("mark {:?}: to_s must be after from_s", mark.name)),
            None => Ok(()),
        }
    }

    fn check_faces(&self, crowd: &Crowd) -> Result<(), SimError> {
        let wrong = |problem: String| Err(SimError::SiteDay { problem });
        for lane in &self.lane {
            let has_reader = |way| lane.readers().any(|(_, reader_way)| reader_way == way);
            if !lane.cameras().all(has_reader) {
                return wrong(format!(
                    "lane {:?}: a camera without a reader beside it, and the card is always the other way",
                    lane.lane
                ));
            }
        }
        if let Some(face) = self.face.iter().find(|one| crowd.find(&one.who).is_none()) {
            return wrong(format!("face of {:?}: nobody", face.who));
        }
        for faces in &self.face_stream {
            let lane = self.lane.iter().find(|lane| lane.lane == faces.lane);
            let seen = lane.is_some_and(|lane| lane.cameras().any(|way| way == faces.direction));
            let card = faces.card.as_deref();
            let known = card.is_none_or(|who| crowd.find(who).is_some());
            if !seen || !known || faces.shots.is_empty() || faces.every_ms < 100 {
                return wrong(format!(
                    "face_stream at {:?}: no camera there, nobody's card, no shots, or every_ms below 100",
                    faces.lane
                ));
            }
        }
        Ok(())
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
        let day: SiteDay =
            toml::from_str(&format!("{SMALL}\n{more}")).map_err(|e| e.to_string())?;
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
            (
                "[[stream]]\nfrom_s = 0\nto_s = 1\nreader = \"b\"\nfirst = 0\nturns = 1",
                "stream",
            ),
            (
                "[[visit]]\nat_s = 0\nwho = \"left:7\"\nreader = \"a-in\"",
                "left:7",
            ),
            ("[[happening]]\nat_s = 0\ndevice = \"a\"", "exactly one"),
            ("[[mark]]\nname = \"x\"\nfrom_s = 3\nto_s = 3", "to_s"),
            (
                "[[face]]\nportrait = \"a\"\nwho = \"left:7\"",
                "face of \"left:7\"",
            ),
            (
                "[[face_stream]]\nfrom_s = 0\nto_s = 1\nevery_ms = 100\nwait_ms = 1\nlane = \"a\"\n\
                 direction = \"in\"\nshots = [\"a1\"]",
                "face_stream",
            ),
            ("[[lane]]\nlane = \"a\"\ntext = \"b\"", "twice"),
            (
                "[[lane]]\nlane = \"c\"\ntext = \"b\"\nreader_desk = \"d\"",
                "a desk has",
            ),
            ("[[lane]]\nlane = \"../a\"\ntext = \"b\"", "file name"),
            ("speed = 3", "speed"),
        ] {
            let problem = if more.starts_with("[[lane") {
                let text = SMALL.replace(
                    "lane = [{ lane = \"a\", text = \"一号\", reader_in = \"a-in\" }]",
                    "",
                );
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
