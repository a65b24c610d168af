//! The file.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use super::act::{Act, Line};
use crate::clock;
use crate::direction::Direction;
use crate::error::SimError;

/// Lines that a slow listener of the page may fall behind before it loses some.
const LISTENER_LINES_MAX: usize = 256;

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
        let failed = |source| SimError::WriteFile {
            path: path.to_owned(),
            source,
        };
        let written = match std::fs::read_to_string(path) {
            Ok(text) => u64::try_from(text.lines().count()).unwrap_or(u64::MAX),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(error)),
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(failed)?;
        let (listeners, _) = broadcast::channel(LISTENER_LINES_MAX);
        let book = Book {
            file,
            written,
            last_mono_ns: 0,
            lost: 0,
            inside: BTreeSet::new(),
        };
        Ok(Self {
            book: Arc::new(Mutex::new(book)),
            listeners,
        })
    }

    /// Writes one line now, in one write to the file.
    ///
    /// A disk that refuses is counted ([`Journal::lost`]), since nobody at the gate could do anything about it.
    pub fn write(&self, act: Act) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mono_ns = clock::mono_ns().max(book.last_mono_ns);
        let n = book.written.saturating_add(1);
        let line = Line {
            n,
            wall_ms: clock::wall_ms(),
            mono_ns,
            act,
        };
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
        self.book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .lost
    }

    /// Numbers of the known people who walked in and not out again since the journal was opened.
    pub fn inside(&self) -> BTreeSet<String> {
        self.book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .inside
            .clone()
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
    let text = std::fs::read_to_string(path).map_err(|source| SimError::ReadFile {
        path: path.to_owned(),
        source,
    })?;
    text.lines()
        .map(|line| {
            serde_json::from_str(line).map_err(|source| SimError::Encode {
                what: "journal line",
                source,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Journal, read};
    use crate::direction::Direction;
    use crate::journal::{Act, AtLane, AtReader, MarkPhase, TurnedBack};

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
            Act::JournalOpened {
                site_day: "demo".to_owned(),
                seed: 1,
            },
            Act::CardPut(reader.clone()),
            Act::ReadOk(reader.clone()),
            Act::ReadFailed {
                at: reader.clone(),
                cause: "status_41".to_owned(),
            },
            Act::CardLifted(reader),
            Act::WalkedThrough(AtLane {
                visit: Some(7),
                person: Some("3499".to_owned()),
                ..lane.clone()
            }),
            Act::TurnedBack {
                at: lane.clone(),
                reason: TurnedBack::NotOpened,
            },
            Act::Tailgated(lane.clone()),
            Act::Intruded(lane),
            Act::ArmOpened {
                lane: at(),
                direction: Direction::In,
                commanded: true,
            },
            Act::ArmClosed {
                lane: at(),
                direction: Direction::In,
            },
            Act::Fire {
                lane: at(),
                on: true,
            },
            Act::Tamper {
                lane: at(),
                on: false,
            },
            Act::Unplugged { device: at() },
            Act::Plugged { device: at() },
            Act::BoardRestarted { lane: at() },
            Act::Fault {
                device: at(),
                kind: "silence".to_owned(),
            },
            Act::PlayStarted,
            Act::PlayEnded,
            Act::Mark {
                name: "broker_down".to_owned(),
                phase: MarkPhase::Begin,
            },
        ]
    }

    #[test]
    fn every_act_is_read_back_as_written_and_numbered_without_a_hole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let acts = every_act();
        let journal = Journal::open(&path).unwrap();
        acts.iter()
            .take(5)
            .for_each(|act| journal.write(act.clone()));
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        acts.iter()
            .skip(5)
            .for_each(|act| journal.write(act.clone()));
        assert_eq!(journal.lost(), 0);

        let lines = read(&path).unwrap();
        assert_eq!(
            lines
                .iter()
                .map(|line| line.act.clone())
                .collect::<Vec<_>>(),
            acts
        );
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
        let mut keys: Vec<_> = line
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "act",
                "cause",
                "direction",
                "lane",
                "mono_ns",
                "n",
                "person",
                "reader",
                "visit",
                "wall_ms"
            ]
        );
        assert_eq!(line["act"], "read_failed");
        assert_eq!(line["direction"], "in");
    }
}
