//! Words that must not stand where they would do harm.

use std::fs;

use crate::tree::{files, root, short, with_extension};

/// Crates (or parts of them) that decide: they learn time, ids and randomness only as arguments.
const PURE: &[&str] = &[
    "firmware/protocol/src",
    "firmware/update/src",
    "firmware/logic/src",
    "sync/wire/src",
    "sync/engine/src",
    "edge/domain/src",
    "edge/face-protocol/src",
    "drivers/idcard/src/frame.rs",
    "drivers/idcard/src/command.rs",
    "drivers/idcard/src/status.rs",
    "drivers/idcard/src/card_text.rs",
    "drivers/idcard/src/poll.rs",
];

const IMPURE_WORDS: &[&str] = &[
    "async fn",
    "tokio::",
    "rusqlite",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "tracing::",
    "getrandom",
];

/// The code of a file without its unit tests and comments.
fn shipped(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or(text);
    body.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_core_is_pure() {
    let mut problems = Vec::new();
    for file in with_extension("rs") {
        let path = short(&file);
        if !PURE.iter().any(|pure| path.starts_with(pure))
            || path.ends_with("tests.rs")
            || path.ends_with("_test.rs")
            || path.contains("/tests/")
        {
            continue;
        }
        let text = shipped(&fs::read_to_string(&file).unwrap());
        for word in IMPURE_WORDS {
            if text.contains(word) {
                problems.push(format!("{path}: {word}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// First two digits in use (GB/T 2260), the unassigned ones left out.
const ASSIGNED_PROVINCES: &str =
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65";

/// True if the 18 characters are shaped as a citizen's number of an assigned region.
fn looks_like_a_real_person(word: &str) -> bool {
    let digits = word.as_bytes();
    digits.len() == 18
        && digits[..17].iter().all(u8::is_ascii_digit)
        && (digits[17].is_ascii_digit() || digits[17].eq_ignore_ascii_case(&b'x'))
        && ASSIGNED_PROVINCES.contains(&word[..2])
        && (word[6..8] == *"19" || word[6..8] == *"20")
        && (1..=12).contains(&word[10..12].parse::<u32>().unwrap())
        && (1..=31).contains(&word[12..14].parse::<u32>().unwrap())
        && !word.starts_with("3499")
}

#[test]
fn only_invented_people() {
    for file in files(&root()) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            assert!(!looks_like_a_real_person(word), "{}: {word}", short(&file));
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["unimplemented", "!"].concat(),
        ["todo", "!("].concat(),
    ];
    for extension in ["rs", "html", "js", "css", "sh"] {
        for file in with_extension(extension) {
            let text = fs::read_to_string(&file).unwrap();
            for mark in &marks {
                assert!(!text.contains(mark.as_str()), "{}: {mark}", short(&file));
            }
        }
    }
}

#[test]
fn no_secret_is_kept_in_the_repository() {
    let mark = ["PRIVATE", " KEY"].concat();
    for file in files(&root()) {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        assert!(
            // A key's first base64 character is always M: the DER of a SEQUENCE.
            !text.contains(&format!("-----BEGIN {mark}-----\nM")),
            "{}",
            short(&file)
        );
    }
}
