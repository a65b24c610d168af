//! The truth of the day: what people did and saw, one JSON object a line, appended and flushed at once.
//!
//! An independent verdict compares this file with the city's database, so every line is defined here.
//! Nothing in it comes from the box: only hands, feet, arms and wires.
//!
//! # Every line
//! | key | meaning |
//! |---|---|
//! | `n` | number of the line in this file: 1, 2, 3 … without a hole |
//! | `wall_ms` | Unix time in ms by this machine's wall clock when the act happened |
//! | `mono_ns` | `CLOCK_MONOTONIC` in ns when the act happened; never falls from one line to the next |
//! | `act` | which act; the other keys depend on it |
//!
//! # Acts of people
//! `visit` numbers one turn of one person at one reader, from the card put down to the person gone;
//! `person` is the full number on the card (for an override or a walk without a card it is absent).
//!
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `card_put` | visit, reader, lane, direction, person | the card lies on the reader |
//! | `read_ok` | visit, reader, lane, direction, person | one whole, correct base-read reply for that card was written to the wire **and taken by the box** (its input queue was empty afterwards); written at most once for each time the card is put |
//! | `read_failed` | visit, reader, lane, direction, person, cause | a base-read was asked for and the box cannot have got the card by this reply; `cause` names the fault (`status_41`, `bad_checksum`, `half_frame`, `not_taken`, `unplugged` …); a later `read_ok` of the same visit may follow |
//! | `card_lifted` | visit, reader, lane, direction, person | the card is off the reader |
//! | `walked_through` | visit?, lane, direction, person? | the person crossed both beams and is on the other side |
//! | `turned_back` | visit?, lane, direction, person?, reason | the person is where he was: `not_opened` (arm did not open in time), `changed_mind` (arm open, never stepped in), `stepped_back` (broke the first beam and went back), `blocked` (walked against a closed arm) |
//! | `tailgated` | lane, direction, person? | a second person crossed behind the first on one opening |
//! | `intruded` | lane, direction, person? | a person crossed against a closed arm |
//!
//! # What can be seen at the gate
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `arm_opened` | lane, direction, commanded | the arm let go in that direction (edge of the relay); `commanded` is true when an open command for that direction came over the wire from the box within the 500 ms before, false when the board opened by itself (fire, silent box, mode) |
//! | `arm_closed` | lane, direction | it is locked again |
//! | `fire` | lane, on | the fire contact of that board |
//! | `tamper` | lane, on | the cabinet door contact of that board |
//!
//! # What was done to devices
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `unplugged`, `plugged` | device | the cable was pulled, or put in again (a new terminal under the old name) |
//! | `board_restarted` | lane | the board's processor was reset |
//! | `fault` | device, kind | a fault was armed |
//!
//! # The script
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `journal_opened` | site_day, seed | first line of a run; a file may hold several runs |
//! | `play_started`, `play_ended` | – | the scripted day; after `play_ended` every scripted visit is over |
//! | `mark` | name, phase (`begin`, `end`) | a scripted moment for whoever drives the rest of the site (broker, city, box) |

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::clock;
use crate::error::SimError;
use crate::direction::Direction;

/// Lines that a slow listener of the page may fall behind before it loses some.
const LISTENER_LINES_MAX: usize = 256;

/// One act, as the table of this module's documentation defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// First line of a run.
    JournalOpened {
        /// Name of the scenario.
        site_day: String,
        /// Its seed.
        seed: u64,
    },
    /// A card lies on a reader.
    CardPut(AtReader),
    /// The box has the whole base-read reply.
    ReadOk(AtReader),
    /// A base-read that gave the box no card.
    ReadFailed {
        /// Who and where.
        #[serde(flatten)]
        at: AtReader,
        /// Which fault.
        cause: String,
    },
    /// The card is off the reader.
    CardLifted(AtReader),
    /// A person is on the other side.
    WalkedThrough(AtLane),
    /// A person is where he was.
    TurnedBack {
        /// Who and where.
        #[serde(flatten)]
        at: AtLane,
        /// Why.
        reason: TurnedBack,
    },
    /// A second person crossed on one opening.
    Tailgated(AtLane),
    /// A person crossed against a closed arm.
    Intruded(AtLane),
    /// The arm let go.
    ArmOpened {
        /// Which lane.
        lane: String,
        /// For which direction.
        direction: Direction,
        /// The box asked for it just before.
        commanded: bool,
    },
    /// The arm is locked again.
    ArmClosed {
        /// Which lane.
        lane: String,
        /// For which direction.
        direction: Direction,
    },
    /// The fire contact changed.
    Fire {
        /// Which lane.
        lane: String,
        /// Alarm, or over.
        on: bool,
    },
    /// The cabinet contact changed.
    Tamper {
        /// Which lane.
        lane: String,
        /// Door open, or closed.
        on: bool,
    },
    /// A cable was pulled.
    Unplugged {
        /// Reader id, or lane id of a board.
        device: String,
    },
    /// A cable was put in again.
    Plugged {
        /// Reader id, or lane id of a board.
        device: String,
    },
    /// A board's processor was reset.
    BoardRestarted {
        /// Which lane.
        lane: String,
    },
    /// A fault was armed.
    Fault {
        /// Reader id, or lane id of a board.
        device: String,
        /// Which fault.
        kind: String,
    },
    /// The scripted day begins.
    PlayStarted,
    /// The scripted day is over, every visit included.
    PlayEnded,
    /// A scripted moment.
    Mark {
        /// Its name in the scenario.
        name: String,
        /// Begin or end.
        phase: MarkPhase,
    },
}

/// Who, with a card, at which reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtReader {
    /// Number of the turn.
    pub visit: u64,
    /// Reader id.
    pub reader: String,
    /// Lane id.
    pub lane: String,
    /// The way this reader faces.
    pub direction: Direction,
    /// The full number on the card.
    pub person: String,
}

/// Who, on foot, in which lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLane {
    /// Number of the turn, when a card was involved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<u64>,
    /// Lane id.
    pub lane: String,
    /// The way the person walks.
    pub direction: Direction,
    /// The full number, when the walker is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// Why a person is where he was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedBack {
    /// The arm did not open while he waited.
    NotOpened,
    /// The arm opened, he never stepped in.
    ChangedMind,
    /// He broke the first beam and went back.
    SteppedBack,
    /// He walked against a closed arm.
    Blocked,
}

/// Start or end of a scripted moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkPhase {
    /// It begins now.
    Begin,
    /// It ends now.
    End,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1, 2, 3 … without a hole.
    pub n: u64,
    /// Unix time in ms.
    pub wall_ms: i64,
    /// `CLOCK_MONOTONIC` in ns.
    pub mono_ns: u64,
    /// What happened.
    #[serde(flatten)]
    pub act: Act,
}

/// The open journal; clones write to the same file.
#[derive(Debug, Clone)]
pub struct Journal {
    book: Arc<Mutex<Book>>,
    listeners: broadcast::Sender<Line>,
}

#[derive(Debug)]
struct Book {
    file: File,
    written: u64,
    last_mono_ns: u64,
    lost: u64,
    inside: BTreeSet<String>,
}

impl Journal {
    /// Opens the file for appending; lines of an earlier run stay and the numbers go on.
    pub fn open(path: &Path) -> Result<Self, SimError> {
        let failed = |source| SimError::WriteFile { path: path.to_owned(), source };
        let written = match std::fs::read_to_string(path) {
            Ok(text) => u64::try_from(text.lines().count()).unwrap_or(u64::MAX),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(error)),
        };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(failed)?;
        let (listeners, _) = broadcast::channel(LISTENER_LINES_MAX);
        let book = Book { file, written, last_mono_ns: 0, lost: 0, inside: BTreeSet::new() };
        Ok(Self { book: Arc::new(Mutex::new(book)), listeners })
    }

    /// Writes one line now, in one write to the file.
    ///
    /// A disk that refuses is counted ([`Journal::lost`]), since nobody at the gate could do anything about it.
    pub fn write(&self, act: Act) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mono_ns = clock::mono_ns().max(book.last_mono_ns);
        let n = book.written.saturating_add(1);
        let line = Line { n, wall_ms: clock::wall_ms(), mono_ns, act };
        let written = serde_json::to_vec(&line)
            .map_err(std::io::Error::from)
            .and_then(|mut bytes| {
                bytes.push(b'\n');
                book.file.write_all(&bytes)
            });
        if written.is_err() {
            book.lost = book.lost.saturating_add(1);
            return;
        }
        book.written = n;
        book.follow(&line.act);
        book.last_mono_ns = mono_ns;
        drop(book);
        // Nobody listening is the normal case.
        drop(self.listeners.send(line));
    }

    /// Lines that could not be written; anything but 0 makes the journal unfit for a verdict.
    pub fn lost(&self) -> u64 {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).lost
    }

    /// Numbers of the known people who walked in and not out again since the journal was opened.
    pub fn inside(&self) -> BTreeSet<String> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).inside.clone()
    }

    /// Every line from now on. A listener that falls behind loses the oldest.
    pub fn listen(&self) -> broadcast::Receiver<Line> {
        self.listeners.subscribe()
    }
}

impl Book {
    fn follow(&mut self, act: &Act) {
        if let Act::WalkedThrough(at) | Act::Tailgated(at) | Act::Intruded(at) = act
            && let Some(person) = &at.person
        {
            match at.direction {
                Direction::In => self.inside.insert(person.clone()),
                Direction::Out => self.inside.remove(person),
            };
        }
    }
}

/// Reads a journal again, for tests and tools; a damaged line is an error.
pub fn read(path: &Path) -> Result<Vec<Line>, SimError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SimError::ReadFile { path: path.to_owned(), source })?;
    text.lines()
        .map(|line| {
            serde_json::from_str(line).map_err(|source| SimError::Encode { what: "journal line", source })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Act, AtLane, AtReader, Journal, MarkPhase, TurnedBack, read};
    use crate::direction::Direction;

    fn every_act() -> Vec<Act> {
        let reader = AtReader {
            visit: 7,
            reader: "east-1-in".to_owned(),
            lane: "east-1".to_owned(),
            direction: Direction::In,
            person: "349901199003070016".to_owned(),
        };
        let lane = AtLane {
            visit: None,
            lane: "east-1".to_owned(),
            direction: Direction::Out,
            person: None,
        };
        let at = || "east-1".to_owned();
        vec![
            Act::JournalOpened { site_day: "demo".to_owned(), seed: 1 },
            Act::CardPut(reader.clone()),
            Act::ReadOk(reader.clone()),
            Act::ReadFailed { at: reader.clone(), cause: "status_41".to_owned() },
            Act::CardLifted(reader),
            Act::WalkedThrough(AtLane { visit: Some(7), person: Some("3499".to_owned()), ..lane.clone() }),
            Act::TurnedBack { at: lane.clone(), reason: TurnedBack::NotOpened },
            Act::Tailgated(lane.clone()),
            Act::Intruded(lane),
            Act::ArmOpened { lane: at(), direction: Direction::In, commanded: true },
            Act::ArmClosed { lane: at(), direction: Direction::In },
            Act::Fire { lane: at(), on: true },
            Act::Tamper { lane: at(), on: false },
            Act::Unplugged { device: at() },
            Act::Plugged { device: at() },
            Act::BoardRestarted { lane: at() },
            Act::Fault { device: at(), kind: "silence".to_owned() },
            Act::PlayStarted,
            Act::PlayEnded,
            Act::Mark { name: "broker_down".to_owned(), phase: MarkPhase::Begin },
        ]
    }

    #[test]
    fn every_act_is_read_back_as_written_and_numbered_without_a_hole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let acts = every_act();
        let journal = Journal::open(&path).unwrap();
        acts.iter().take(5).for_each(|act| journal.write(act.clone()));
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        acts.iter().skip(5).for_each(|act| journal.write(act.clone()));
        assert_eq!(journal.lost(), 0);

        let lines = read(&path).unwrap();
        assert_eq!(lines.iter().map(|line| line.act.clone()).collect::<Vec<_>>(), acts);
        assert!(lines.iter().zip(1u64..).all(|(line, n)| line.n == n));
        assert!(lines.is_sorted_by_key(|line| line.mono_ns));
    }

    #[test]
    fn the_line_has_the_documented_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        journal.write(every_act().swap_remove(3));
        let text = std::fs::read_to_string(&path).unwrap();
        let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
        let mut keys: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            ["act", "cause", "direction", "lane", "mono_ns", "n", "person", "reader", "visit", "wall_ms"]
        );
        assert_eq!(line["act"], "read_failed");
        assert_eq!(line["direction"], "in");
    }
}
