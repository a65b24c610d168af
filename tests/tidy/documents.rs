//! What the documents name is there.

use std::fs;

use crate::tree::root;

#[test]
fn every_path_named_in_the_documents_exists() {
    let mut missing = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "SECURITY.md"] {
        let text = fs::read_to_string(root().join(document)).unwrap();
        for word in text.split('`').skip(1).step_by(2) {
            let is_path = word.contains('/')
                && word
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
                && [
                    "edge/",
                    "drivers/",
                    "sync/",
                    "firmware/",
                    "hw-sim/",
                    "tests/",
                    "systemd/",
                    ".ci/",
                ]
                .iter()
                .any(|folder| word.starts_with(folder));
            if is_path && !root().join(word).exists() {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_door_of_the_house_is_there() {
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        "dev",
        ".ci/run",
        "systemd/site.toml",
        "sync/PROTOCOL.md",
    ] {
        assert!(root().join(file).exists(), "{file} is missing");
    }
}
