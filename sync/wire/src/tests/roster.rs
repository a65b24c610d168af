//! The roster file: the sample, pieces of any length, and everything that must be refused.

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::chain::Hash;
use crate::down::RosterPointer;
use crate::error::{RosterFault, WireError};
use crate::roster::{ROSTER_BYTES_MAX, RosterHeader, RosterLine, RosterOp, RosterReader};
use crate::tests::samples::sample;

fn pointer(file: &[u8]) -> RosterPointer {
    RosterPointer {
        version: 8,
        base: None,
        sha256: Hash::from_bytes(Sha256::digest(file).into()),
        bytes: u64::try_from(file.len()).unwrap(),
        url: "https://city.example/roster".to_owned(),
    }
}

/// The file, or the line and what is wrong with it.
type Read = Result<(RosterHeader, Vec<RosterLine>), (u64, RosterFault)>;

fn read(file: &[u8], pointer: &RosterPointer, piece: usize) -> Read {
    let mut people = Vec::new();
    let mut whole = || {
        let mut reader = RosterReader::new(pointer, "box-demo")?;
        for piece in file.chunks(piece.max(1)) {
            reader.push(piece, |person| people.push(person))?;
        }
        reader.finish()
    };
    match whole() {
        Ok(header) => Ok((header, people)),
        Err(WireError::BadRoster { line, fault }) => Err((line, fault)),
        Err(other) => panic!("{other}"),
    }
}

fn fault_of(from: &str, to: &str) -> (u64, RosterFault) {
    let text = String::from_utf8(sample("roster.ndjson")).unwrap();
    assert!(text.contains(from));
    let file = text.replace(from, to).into_bytes();
    read(&file, &pointer(&file), file.len()).unwrap_err()
}

#[test]
fn the_sample_both_ways() {
    let file = sample("roster.ndjson");
    let (header, people) = read(&file, &pointer(&file), file.len()).unwrap();
    let mut again = header.to_line().unwrap();
    for person in &people {
        again.extend(person.to_line().unwrap());
    }
    assert_eq!(again, file);
    let ops: Vec<RosterOp> = people.iter().map(|person| person.op).collect();
    assert_eq!(
        ops,
        [
            RosterOp::Confirm,
            RosterOp::Add,
            RosterOp::Correct,
            RosterOp::Revoke
        ]
    );
    assert_eq!(people[1].team.as_ref().unwrap().name, "钢筋一班");
}

#[test]
fn each_fault_is_named_with_its_line() {
    for (from, to, expected) in [
        ("{\"v\":1", "{\"v\":2", (1, RosterFault::Header)),
        ("{\"v\":1", "{\"x\":1", (1, RosterFault::Header)),
        ("\"count\":4", "\"count\":20001", (1, RosterFault::TooMany)),
        (
            "\"version\":8",
            "\"version\":9",
            (1, RosterFault::OtherRoster),
        ),
        (
            "\"version\":8,",
            "\"version\":8,\"base\":7,",
            (1, RosterFault::OtherRoster),
        ),
        (
            "\"version\":8,",
            "\"version\":8,\"base\":8,",
            (1, RosterFault::Header),
        ),
        ("box-demo", "box-other", (1, RosterFault::OtherRoster)),
        ("\"count\":4", "\"count\":5", (5, RosterFault::Count)),
        ("\"count\":4", "\"count\":3", (5, RosterFault::Count)),
        ("\"confirm\"", "\"greet\"", (2, RosterFault::Line)),
        ("349901199003070016\"}", "\"}", (2, RosterFault::Number)),
        (
            "349901199003070016\"}",
            "34990119900307001x\"}",
            (2, RosterFault::Number),
        ),
        ("\"name\":\"李秀英\",", "", (3, RosterFault::Missing)),
        ("\"trade\":\"020\",", "", (3, RosterFault::Missing)),
        (
            ",\"reason\":\"冒用他人证件\"",
            "",
            (5, RosterFault::Missing),
        ),
        (
            "349901197512010012",
            "349901199003070016",
            (5, RosterFault::Twice),
        ),
        (
            "冒用他人证件",
            &"冒".repeat(2_000),
            (5, RosterFault::TooLong),
        ),
    ] {
        assert_eq!(fault_of(from, to), expected, "{from} -> {to}");
    }
}

#[test]
fn what_was_not_signed_is_refused_at_the_end() {
    let file = sample("roster.ndjson");
    let good = pointer(&file);
    // Truncated in transfer, at a line's end and within a line.
    let cut = file.len() - 40;
    assert_eq!(
        read(&file[..cut], &good, 64).unwrap_err().1,
        RosterFault::Truncated
    );
    let last_line = file[..file.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap();
    assert_eq!(
        read(&file[..=last_line], &good, 64).unwrap_err().1,
        RosterFault::Truncated
    );
    let longer = [file.as_slice(), b"{}\n"].concat();
    assert_eq!(
        read(&longer, &good, 64).unwrap_err().1,
        RosterFault::TooLong
    );
    let text = String::from_utf8(file.clone()).unwrap();
    let other = text.replace("13900000028", "13900000029").into_bytes();
    assert_eq!(read(&other, &good, 64).unwrap_err().1, RosterFault::Digest);
    let mut huge = good;
    huge.bytes = ROSTER_BYTES_MAX + 1;
    assert_eq!(
        read(&file, &huge, 64).unwrap_err(),
        (0, RosterFault::TooLong)
    );
}

#[test]
fn a_line_without_end_does_not_fill_the_memory() {
    let file = vec![b'x'; 1_000_000];
    assert_eq!(
        read(&file, &pointer(&file), 1_024).unwrap_err(),
        (1, RosterFault::TooLong)
    );
}

#[test]
fn nobody_is_named_in_debug() {
    let mut person = RosterLine::about(RosterOp::Add, "349901199003070016");
    person.name = Some("张建国".to_owned());
    let text = format!("{person:?}");
    assert!(!text.contains("张") && !text.contains("3499"), "{text}");
}

proptest! {
    #[test]
    fn pieces_of_any_length_read_alike(piece in 1_usize..400) {
        let file = sample("roster.ndjson");
        let whole = read(&file, &pointer(&file), file.len()).unwrap();
        prop_assert_eq!(read(&file, &pointer(&file), piece).unwrap(), whole);
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(read(&bytes, &pointer(&bytes), 17).is_err());
    }
}
