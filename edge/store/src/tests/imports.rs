//! Files that the clerk brought.

use super::help::{Place, entries, wait};
use crate::ledger::Entry;
use crate::screen::import::{ImportCount, ImportJob, ImportOutcome, ImportRow, ImportStep};

fn outcome(word: &str) -> ImportOutcome {
    ImportOutcome {
        word: word.to_owned(),
        ..ImportOutcome::default()
    }
}

fn job(at: i64) -> ImportJob {
    ImportJob {
        file_name: "花名册.xlsx".to_owned(),
        at,
        state: "ready".to_owned(),
        ..ImportJob::default()
    }
}

fn rows() -> Vec<ImportRow> {
    (1..=5)
        .map(|line| ImportRow {
            line,
            cells: "[]".to_owned(),
            outcome: outcome(if line == 3 { "refused" } else { "new" }),
        })
        .collect()
}

fn step(job: u64, through: u32) -> ImportStep {
    ImportStep {
        job,
        state: "saving".to_owned(),
        state_at: 9,
        through,
        rows: vec![(1, outcome("same"))],
    }
}

#[test]
fn a_step_stands_with_its_records_or_not_at_all() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let forget = || (0, vec!["ready".to_owned()]);
    let number = wait(writer.begin_import(job(1), rows(), forget())).unwrap();

    let mut refused = entries(0..2);
    refused.push(Entry::new(Vec::new()));
    wait(writer.append_import(refused, step(number, 2))).unwrap_err();
    let kept = reader.import(number).unwrap().unwrap();
    assert_eq!((kept.state.as_str(), kept.through), ("ready", 0));
    assert_eq!(writer.head().borrow().seq, 0);

    wait(writer.append_import(entries(0..2), step(number, 2))).unwrap();
    let kept = reader.import(number).unwrap().unwrap();
    assert_eq!((kept.state.as_str(), kept.through), ("saving", 2));
    assert_eq!(writer.head().borrow().seq, 2);
    let count = |word: &str, rows, done| ImportCount {
        word: word.to_owned(),
        rows,
        done,
    };
    let counts = reader.import_counts(number).unwrap();
    assert_eq!(
        counts,
        [
            count("new", 3, 1),
            count("refused", 1, 0),
            count("same", 1, 1)
        ]
    );
    let lines = |words: &[&str], page| -> Vec<u32> {
        let rows = reader.import_rows(number, words, page).unwrap();
        rows.into_iter().map(|row| row.line).collect()
    };
    assert_eq!(lines(&["new"], (2, 10)), [4, 5]);
    assert_eq!(lines(&["new", "refused"], (0, 2)), [2, 3]);
    assert_eq!(lines(&["ne", "e"], (0, 10)), [0; 0], "words are whole");
}

#[test]
fn old_files_at_rest_are_forgotten_and_numbers_are_given_once() {
    let place = Place::new();
    let store = place.open();
    let (writer, reader) = (store.writer(), store.reader().unwrap());
    let begin = |at, before| {
        let forget = (before, vec!["ready".to_owned()]);
        wait(writer.begin_import(job(at), rows(), forget)).unwrap()
    };
    let (first, running) = (begin(1, 0), begin(2, 0));
    wait(writer.append_import(Vec::new(), step(running, 0))).unwrap();
    let third = begin(100, 50);
    let numbers = || -> Vec<u64> {
        let jobs = reader.imports(10).unwrap();
        jobs.into_iter().map(|job| job.job).collect()
    };
    assert_eq!(
        numbers(),
        [third, running],
        "{first} is old, {running} is under way"
    );
    assert_eq!(reader.import_rows(first, &["new"], (0, 10)).unwrap(), []);
    wait(writer.remove_import(third)).unwrap();
    assert!(begin(101, 0) > third);
}
