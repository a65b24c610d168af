//! Roster files as boxes fetch them: one for each version, and one that is whole made from those
//! that only change another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use sync_wire::down::RosterPointer;
use sync_wire::roster::{ROSTER_BYTES_MAX, RosterHeader, RosterLine, RosterOp, RosterReader};
use sync_wire::{Hash, WireError};

use crate::error::CityError;
use crate::registry::write_whole;

/// Changes that may lie on each other before a whole file.
const CHANGES_MAX: usize = 1_000;

/// The file of a version.
pub fn file_of(dir: &Path, id: &str, version: u64) -> PathBuf {
    dir.join("roster")
        .join(id)
        .join(format!("{version}.ndjson"))
}

/// Reads the people of a file that an operator wrote: one line of JSON each, without a header.
pub fn people_of(text: &str) -> Result<Vec<RosterLine>, CityError> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| {
            // What serde says may repeat what stands there: only where and of which kind.
            let kind = if error.is_data() {
                "缺少必填内容或内容不对"
            } else {
                "不是一行 JSON"
            };
            CityError::Refused(format!("花名册第 {} 行{kind}", at.saturating_add(1)))
        })
    };
    lines.map(read).collect()
}

/// Writes the file of a version, and says what its pointer must say; the address is the caller's.
pub(super) fn write(
    dir: &Path,
    header: &RosterHeader,
    people: &[RosterLine],
) -> Result<RosterPointer, CityError> {
    let mut bytes = header.to_line().map_err(|error| told(&error, None))?;
    for (line, at) in people.iter().zip(1_u64..) {
        let written = line.to_line();
        bytes.extend(written.map_err(|error| told(&error, Some(at)))?);
    }
    let pointer = RosterPointer {
        version: header.version,
        base: header.base,
        sha256: Hash::from_bytes(Sha256::digest(&bytes).into()),
        bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        url: String::new(),
    };
    if pointer.bytes > ROSTER_BYTES_MAX {
        return Err(CityError::Refused("花名册超过 16 MiB".to_owned()));
    }
    // Read as the box will, so that nothing goes out that it must refuse.
    let mut reader =
        RosterReader::new(&pointer, &header.r#box).map_err(|error| told(&error, None))?;
    reader
        .push(&bytes, |_| {})
        .map_err(|error| told(&error, None))?;
    reader.finish().map_err(|error| told(&error, None))?;
    let path = file_of(dir, &header.r#box, header.version);
    make_folder(path.parent().unwrap_or(dir))?;
    write_whole(&path, &bytes)?;
    Ok(pointer)
}

fn make_folder(path: &Path) -> Result<(), CityError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(|source| CityError::WriteFile {
        path: path.to_owned(),
        source,
    })
}

/// What a box would refuse, in Chinese, with its line in the operator's file where that is known.
fn told(error: &WireError, line: Option<u64>) -> CityError {
    let WireError::BadRoster { line: found, fault } = error else {
        return CityError::Refused(format!("花名册：{error}"));
    };
    // The header is the first line of the file, and none of the operator's.
    let line = line.unwrap_or(found.saturating_sub(1));
    CityError::Refused(format!("花名册第 {line} 行：{}", fault.text()))
}

/// The people that a version and those under it say together.
pub(super) fn whole(dir: &Path, id: &str, version: u64) -> Result<Vec<RosterLine>, CityError> {
    let mut layers = Vec::new();
    let mut next = Some(version);
    while let Some(version) = next {
        let path = file_of(dir, id, version);
        let text = std::fs::read_to_string(&path)
            .map_err(|source| CityError::ReadFile { path, source })?;
        let mut lines = text.lines();
        let header: Option<RosterHeader> = lines
            .next()
            .and_then(|line| serde_json::from_str(line).ok());
        let header = header.ok_or_else(|| {
            CityError::Refused(format!("平台保存的第 {version} 版花名册文件已损坏"))
        })?;
        let people = lines.map(serde_json::from_str::<RosterLine>);
        layers.push(people.collect::<Result<Vec<_>, _>>().map_err(|_| {
            CityError::Refused(format!("平台保存的第 {version} 版花名册文件已损坏"))
        })?);
        next = header.base.filter(|base| *base < version);
        if layers.len() > CHANGES_MAX {
            return Err(CityError::Refused(
                "增量花名册层数过多，请下发完整花名册".to_owned(),
            ));
        }
    }
    let mut people: BTreeMap<String, RosterLine> = BTreeMap::new();
    for line in layers.into_iter().rev().flatten() {
        let known = people.remove(&line.id_number);
        people.insert(line.id_number.clone(), merged(known, line));
    }
    Ok(people.into_values().collect())
}

/// What two lines about one person say together, the later one second. Whoever is barred stays so
/// until he is added again.
fn merged(known: Option<RosterLine>, line: RosterLine) -> RosterLine {
    let Some(known) = known else { return line };
    match (known.op, line.op) {
        (_, RosterOp::Add | RosterOp::Revoke) | (RosterOp::Confirm, RosterOp::Correct) => line,
        (RosterOp::Revoke, RosterOp::Confirm | RosterOp::Correct)
        | (RosterOp::Add | RosterOp::Correct | RosterOp::Confirm, RosterOp::Confirm) => known,
        (RosterOp::Add | RosterOp::Correct, RosterOp::Correct) => corrected(known, &line),
    }
}

fn corrected(known: RosterLine, line: &RosterLine) -> RosterLine {
    let (Ok(Json::Object(mut fields)), Ok(Json::Object(new))) =
        (serde_json::to_value(&known), serde_json::to_value(line))
    else {
        return known;
    };
    fields.extend(new.into_iter().filter(|(name, _)| name != "op"));
    serde_json::from_value(Json::Object(fields)).unwrap_or(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> RosterLine {
        serde_json::from_str(text).unwrap()
    }

    fn publish(dir: &Path, version: u64, base: Option<u64>, text: &str) -> RosterPointer {
        let people = people_of(text).unwrap();
        let header = RosterHeader {
            v: 1,
            r#box: "box-1".to_owned(),
            version,
            base,
            count: u64::try_from(people.len()).unwrap(),
        };
        write(dir, &header, &people).unwrap()
    }

    const ADD: &str = r#"{"op":"add","id_number":"349901198805120025","name":"李秀英","id_kind":"resident","sex":"female","born":"1988-05-12","team":{"name":"钢筋一班","uscc":"91349900MA8N0TE00Y","employer":"皖城劳务有限公司","type":"006"},"trade":"020","role":"20","entered_on":"2026-11-20"}"#;

    #[test]
    fn changes_become_one_whole_roster() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        let confirm = r#"{"op":"confirm","id_number":"349901199003070016"}"#;
        publish(dir, 1, None, &format!("{ADD}\n\n{confirm}\n"));
        let correct = r#"{"op":"correct","id_number":"349901198805120025","phone":"13900000028"}"#;
        let revoke = r#"{"op":"revoke","id_number":"349901199003070016","reason":"离场"}"#;
        publish(dir, 2, Some(1), &format!("{correct}\n{revoke}"));
        publish(dir, 3, Some(2), confirm);
        let people = whole(dir, "box-1", 3).unwrap();
        let mut added = line(ADD);
        added.phone = Some("13900000028".to_owned());
        assert_eq!(people, [added, line(revoke)], "a barred one stays barred");
        let mode = std::fs::metadata(file_of(dir, "box-1", 1))
            .unwrap()
            .permissions();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
            0o600
        );
    }

    #[test]
    fn a_pointer_says_what_the_file_is() {
        let home = tempfile::tempdir().unwrap();
        let pointer = publish(home.path(), 8, None, ADD);
        let bytes = std::fs::read(file_of(home.path(), "box-1", 8)).unwrap();
        assert_eq!(pointer.bytes, u64::try_from(bytes.len()).unwrap());
        assert_eq!(
            pointer.sha256,
            Hash::from_bytes(Sha256::digest(&bytes).into())
        );
        assert!(bytes.starts_with(br#"{"v":1,"box":"box-1","version":8,"count":1}"#));
    }

    #[test]
    fn what_a_box_would_refuse_is_not_published() {
        let home = tempfile::tempdir().unwrap();
        for (text, said) in [
            ("junk", "第 1 行"),
            (
                r#"{"op":"fly","id_number":"349901199003070016"}"#,
                "第 1 行",
            ),
            (
                r#"{"op":"add","id_number":"349901199003070016"}"#,
                "第 1 行",
            ),
            (&format!("{ADD}\n{ADD}"), "第 2 行"),
            (r#"{"op":"confirm","id_number":"x"}"#, "证件号码"),
        ] {
            let done = people_of(text).and_then(|people| {
                let header = RosterHeader {
                    v: 1,
                    r#box: "box-1".to_owned(),
                    version: 1,
                    base: None,
                    count: u64::try_from(people.len()).unwrap(),
                };
                write(home.path(), &header, &people)
            });
            let told = done.unwrap_err().to_string();
            assert!(told.contains(said), "{text}: {told}");
            assert!(!told.contains("349901"), "{told}");
        }
        assert!(!home.path().join("roster").exists());
    }
}
