//! A file and a folder stay small enough to be read.

use std::collections::BTreeMap;
use std::fs;

use crate::tree::{short, with_extension};

const FILE_LINES_MAX: usize = 500;
const FOLDER_FILES_MAX: usize = 16;

#[test]
fn files_are_at_most_500_lines() {
    let mut long = Vec::new();
    for extension in ["rs", "html", "js", "css"] {
        for file in with_extension(extension) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > FILE_LINES_MAX {
                long.push(format!("{}: {lines} lines", short(&file)));
            }
        }
    }
    assert!(
        long.is_empty(),
        "split by what the parts are about:\n{}",
        long.join("\n")
    );
}

#[test]
fn folders_hold_at_most_16_source_files() {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for file in with_extension("rs") {
        *folders.entry(short(file.parent().unwrap())).or_default() += 1;
    }
    folders.retain(|_, count| *count > FOLDER_FILES_MAX);
    assert!(folders.is_empty(), "group them: {folders:?}");
}
