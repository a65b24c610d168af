//! What must be put into a terminal's library and taken out: always by its own list, so that what a
//! lost answer, a reset or a stranger's hand did is found and made good.

use std::collections::{BTreeMap, BTreeSet};

/// Pause between two looks at the list while nothing has to be done, ms.
const LIST_MS: u64 = 10 * 60_000;
/// Pause after a step that failed, ms.
const RETRY_MS: u64 = 60_000;

/// Somebody who belongs into the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibraryPerson {
    /// His number at the box.
    pub number: u32,
    /// What the terminal shows and says; masked by whoever fills this in.
    pub name: String,
    /// Names the picture: another one means that it must be put again.
    pub version: String,
}

/// How a library stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LibraryState {
    /// People who belong into it.
    pub wanted: usize,
    /// Of them those whom its own list shows.
    pub held: usize,
    /// People whose picture it refuses, with its words.
    pub refused: Vec<(u32, String)>,
}

/// One thing to do at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Read who is in it.
    List,
    /// Take somebody out.
    Remove(String),
    /// Put somebody in; his picture is asked for then.
    Put(LibraryPerson),
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stepped {
    /// Everybody who is in it.
    Listed(BTreeSet<String>),
    /// Done.
    Done,
    /// The terminal cannot use this picture; its words.
    Unusable(String),
    /// Not done; once more later.
    Failed,
}

/// Keeps one library as it should be. Pure: steps out, outcomes in.
#[derive(Debug, Default)]
pub(crate) struct Librarian {
    wanted: BTreeMap<u32, LibraryPerson>,
    /// Known only from the terminal's own list.
    held: Option<BTreeSet<String>>,
    put: BTreeMap<u32, String>,
    refused: BTreeMap<u32, (String, String)>,
    not_before_ms: u64,
    listed_ms: u64,
    /// Something was changed since the list was read.
    changed: bool,
}

impl Librarian {
    /// Who belongs into it from now on.
    pub(crate) fn want(&mut self, people: &[LibraryPerson]) {
        let people = people.iter().map(|one| (one.number, one.clone()));
        self.wanted = people.collect();
        self.not_before_ms = 0;
    }

    /// The terminal was away: its list must be read again.
    pub(crate) fn forget(&mut self) {
        self.held = None;
        self.not_before_ms = 0;
    }

    /// What to do now; who must not be in it goes first.
    pub(crate) fn next(&self, now_ms: u64) -> Option<Step> {
        if now_ms < self.not_before_ms {
            return None;
        }
        let Some(held) = &self.held else {
            return Some(Step::List);
        };
        let foreign = held.iter().find(|name| !self.is_wanted(name));
        if let Some(name) = foreign {
            return Some(Step::Remove(name.clone()));
        }
        let missing = self.wanted.values().find(|one| self.is_due(held, one));
        if let Some(person) = missing {
            return Some(Step::Put(person.clone()));
        }
        let old = now_ms.saturating_sub(self.listed_ms) >= LIST_MS;
        (self.changed || old).then_some(Step::List)
    }

    /// When to ask [`Librarian::next`] again if it gave nothing, ms.
    pub(crate) fn due_ms(&self) -> u64 {
        self.not_before_ms
            .max(self.listed_ms.saturating_add(LIST_MS))
    }

    /// Takes a step's outcome.
    pub(crate) fn stepped(&mut self, now_ms: u64, step: &Step, how: Stepped) {
        match (step, how) {
            (Step::List, Stepped::Listed(names)) => {
                // Who was put and is not there was put in vain.
                self.put
                    .retain(|number, _| names.contains(&number.to_string()));
                self.held = Some(names);
                self.listed_ms = now_ms;
                self.changed = false;
            }
            (Step::Remove(name), Stepped::Done) => {
                self.held.get_or_insert_default().remove(name);
                self.changed = true;
            }
            (Step::Put(person), Stepped::Done) => {
                self.held
                    .get_or_insert_default()
                    .insert(person.number.to_string());
                self.put.insert(person.number, person.version.clone());
                self.refused.remove(&person.number);
                self.changed = true;
            }
            (Step::Put(person), Stepped::Unusable(why)) => {
                let refusal = (person.version.clone(), why);
                self.refused.insert(person.number, refusal);
            }
            (Step::List | Step::Remove(_) | Step::Put(_), _) => {
                self.held = None;
                self.not_before_ms = now_ms.saturating_add(RETRY_MS);
            }
        }
    }

    /// How it stands.
    pub(crate) fn state(&self) -> LibraryState {
        let held = |number: &&u32| {
            let held = self.held.as_ref();
            held.is_some_and(|held| held.contains(&number.to_string()))
        };
        LibraryState {
            wanted: self.wanted.len(),
            held: self.wanted.keys().filter(held).count(),
            refused: self
                .refused
                .iter()
                .filter(|(number, _)| self.wanted.contains_key(number))
                .map(|(number, (_, why))| (*number, why.clone()))
                .collect(),
        }
    }

    fn is_wanted(&self, name: &str) -> bool {
        let number = name.parse::<u32>().ok();
        // `007` is nobody of ours: the box writes numbers without zeros.
        number.is_some_and(|number| number.to_string() == name && self.wanted.contains_key(&number))
    }

    fn is_due(&self, held: &BTreeSet<String>, one: &LibraryPerson) -> bool {
        let refused = self.refused.get(&one.number);
        if refused.is_some_and(|(version, _)| *version == one.version) {
            return false;
        }
        let put = self.put.get(&one.number);
        !held.contains(&one.number.to_string())
            || put.is_some_and(|version| *version != one.version)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Librarian, LibraryPerson, LibraryState, Step, Stepped};

    fn person(number: u32, version: &str) -> LibraryPerson {
        LibraryPerson {
            number,
            name: format!("{number} 号"),
            version: version.to_owned(),
        }
    }

    /// A terminal that does what it is told, or loses every `lost`-th put behind our back.
    #[derive(Default)]
    struct Terminal {
        people: BTreeSet<String>,
        loses_next: bool,
        refuses: Option<u32>,
        steps: usize,
    }

    impl Terminal {
        fn does(&mut self, step: &Step) -> Stepped {
            self.steps += 1;
            match step {
                Step::List => Stepped::Listed(self.people.clone()),
                Step::Remove(name) => {
                    self.people.remove(name);
                    Stepped::Done
                }
                Step::Put(one) if self.refuses == Some(one.number) => {
                    Stepped::Unusable("468".to_owned())
                }
                Step::Put(one) => {
                    if !std::mem::take(&mut self.loses_next) {
                        self.people.insert(one.number.to_string());
                    }
                    Stepped::Done
                }
            }
        }

        fn serve(&mut self, librarian: &mut Librarian, now_ms: u64) {
            for _ in 0..100 {
                let Some(step) = librarian.next(now_ms) else {
                    return;
                };
                let how = self.does(&step);
                librarian.stepped(now_ms, &step, how);
            }
            panic!("it never rests");
        }
    }

    fn names(people: &[&str]) -> BTreeSet<String> {
        people.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_becomes_what_it_should_be_whatever_was_in_it() {
        let mut terminal = Terminal {
            people: names(&["2", "9", "007", "visitor"]),
            ..Terminal::default()
        };
        let mut librarian = Librarian::default();
        librarian.want(&[person(1, "a"), person(2, "a"), person(7, "a")]);
        terminal.serve(&mut librarian, 0);
        assert_eq!(terminal.people, names(&["1", "2", "7"]));
        librarian.want(&[person(2, "a")]);
        terminal.serve(&mut librarian, 0);
        assert_eq!(terminal.people, names(&["2"]));
    }

    #[test]
    fn a_put_that_was_answered_and_lost_is_seen_in_the_list() {
        let mut terminal = Terminal {
            loses_next: true,
            ..Terminal::default()
        };
        let mut librarian = Librarian::default();
        librarian.want(&[person(1, "a")]);
        terminal.serve(&mut librarian, 0);
        assert_eq!(terminal.people, names(&["1"]));
    }

    #[test]
    fn a_refused_picture_is_not_sent_again_until_there_is_another() {
        let mut terminal = Terminal {
            refuses: Some(1),
            ..Terminal::default()
        };
        let mut librarian = Librarian::default();
        librarian.want(&[person(1, "a"), person(2, "a")]);
        terminal.serve(&mut librarian, 0);
        let told = LibraryState {
            wanted: 2,
            held: 1,
            refused: vec![(1, "468".to_owned())],
        };
        assert_eq!(librarian.state(), told);
        let steps = terminal.steps;
        terminal.serve(&mut librarian, 1_000);
        assert_eq!(terminal.steps, steps);
        terminal.refuses = None;
        librarian.want(&[person(1, "b"), person(2, "a")]);
        terminal.serve(&mut librarian, 2_000);
        assert_eq!(terminal.people, names(&["1", "2"]));
        assert!(librarian.state().refused.is_empty());
    }

    #[test]
    fn after_a_failure_it_waits_and_reads_the_list_again() {
        let mut librarian = Librarian::default();
        librarian.want(&[person(1, "a")]);
        librarian.stepped(0, &Step::List, Stepped::Listed(BTreeSet::new()));
        let put = librarian.next(0).unwrap();
        librarian.stepped(0, &put, Stepped::Failed);
        assert_eq!(librarian.next(59_999), None);
        assert_eq!(librarian.due_ms(), 600_000);
        assert_eq!(librarian.next(60_000), Some(Step::List));
    }

    #[test]
    fn what_somebody_else_put_in_is_found_within_ten_minutes() {
        let mut terminal = Terminal::default();
        let mut librarian = Librarian::default();
        terminal.serve(&mut librarian, 0);
        terminal.people.insert("5".to_owned());
        assert_eq!(librarian.next(599_999), None);
        terminal.serve(&mut librarian, 600_000);
        assert_eq!(terminal.people, names(&[]));
    }
}
