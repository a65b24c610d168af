//! The arrows between folders and crates stay as drawn in ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fs;

use crate::tree::{members, root};

/// What each crate may import of ours. The picture in ARCHITECTURE.md is this table.
const ARROWS: &[(&str, &[&str])] = &[
    ("firmware/protocol", &[]),
    ("firmware/update", &["firmware/protocol"]),
    ("firmware/logic", &["firmware/protocol", "firmware/update"]),
    ("firmware/images", &["firmware/update"]),
    ("drivers/link", &[]),
    ("drivers/idcard", &["drivers/link"]),
    ("drivers/turnstile", &["drivers/link", "firmware/protocol"]),
    ("drivers/camera", &[]),
    ("drivers/relay", &["drivers/link", "drivers/turnstile"]),
    ("drivers/terminal", &["drivers/link"]),
    ("sync/wire", &[]),
    ("sync/engine", &["sync/wire"]),
    ("sync/mqtt", &["sync/engine", "sync/wire"]),
    ("sync/city", &["sync/wire"]),
    ("edge/domain", &[]),
    ("edge/store", &["edge/domain", "sync/wire"]),
    ("edge/web", &["edge/domain", "edge/store"]),
    ("edge/face-protocol", &[]),
    ("edge/face", &["drivers/camera", "edge/face-protocol"]),
    (
        "edge/daemon",
        &[
            "drivers/idcard",
            "drivers/link",
            "drivers/relay",
            "drivers/terminal",
            "drivers/turnstile",
            "edge/domain",
            "edge/face-protocol",
            "edge/store",
            "edge/web",
            "sync/engine",
            "sync/mqtt",
            "sync/wire",
        ],
    ),
    (
        "hw-sim",
        &["firmware/logic", "firmware/protocol", "firmware/update"],
    ),
    ("tests/verdict", &[]),
    (
        "tests/fuzz",
        &[
            "drivers/idcard",
            "drivers/link",
            "drivers/relay",
            "drivers/terminal",
            "drivers/turnstile",
            "edge/daemon",
            "edge/face-protocol",
            "edge/web",
            "firmware/logic",
            "firmware/protocol",
            "sync/city",
            "sync/engine",
            "sync/wire",
        ],
    ),
];

fn section<'a>(manifest: &'a str, name: &str) -> &'a str {
    manifest
        .split(name)
        .nth(1)
        .map_or("", |rest| rest.split("\n[").next().unwrap_or(rest))
}

fn imports(manifest: &str) -> Vec<String> {
    let names: BTreeMap<String, String> = members()
        .into_iter()
        .map(|path| (path.replace('/', "-"), path))
        .collect();
    let mut found: Vec<String> = section(manifest, "\n[dependencies]\n")
        .lines()
        .filter_map(|line| names.get(line.split(['.', ' ', '=']).next()?).cloned())
        .collect();
    found.sort();
    found
}

#[test]
fn crates_import_only_what_the_picture_shows() {
    for (path, allowed) in ARROWS {
        let manifest = fs::read_to_string(root().join(path).join("Cargo.toml")).unwrap();
        assert_eq!(
            imports(&manifest),
            *allowed,
            "{path}/Cargo.toml: change the picture and this table together, or neither"
        );
    }
    let drawn: Vec<&str> = ARROWS.iter().map(|(path, _)| *path).collect();
    let all = members();
    let built: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|path| *path != "tests")
        .collect();
    assert_eq!(
        built, drawn,
        "every crate stands in the picture, in floor order"
    );
}

#[test]
fn no_folder_points_back_at_one_above_it() {
    let floors = ["firmware", "drivers", "sync", "edge", "hw-sim", "tests"];
    let floor = |path: &str| {
        floors
            .iter()
            .position(|name| path.split('/').next() == Some(name))
            .unwrap()
    };
    for (path, allowed) in ARROWS {
        for other in *allowed {
            assert!(floor(other) <= floor(path), "{path} imports {other}");
            assert!(
                !(path.starts_with("sync") && other.starts_with("drivers")),
                "{path} imports {other}"
            );
        }
    }
}

#[test]
fn a_crate_is_named_by_its_path() {
    for path in members() {
        let manifest = fs::read_to_string(root().join(&path).join("Cargo.toml")).unwrap();
        let name = format!("name = \"{}\"", path.replace('/', "-"));
        assert!(
            manifest.contains(&name),
            "{path}/Cargo.toml: {name} expected"
        );
    }
}
