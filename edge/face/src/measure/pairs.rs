//! Which pictures show one person and which show two.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::FaceError;

/// Two pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
    /// Whether they show one person.
    pub(crate) same: bool,
}

/// Reads a list (`FILE,FILE,0 or 1`, relative to its folder, a heading line allowed), or makes all
/// pairs of a folder that holds one folder of pictures for each person.
///
/// # Errors
/// Nothing there, or a line that is no pair.
pub(crate) fn read(path: &Path) -> Result<Vec<Pair>, FaceError> {
    if path.is_dir() {
        folders(path)
    } else {
        list(path)
    }
}

fn list(path: &Path) -> Result<Vec<Pair>, FaceError> {
    let text = fs::read_to_string(path)
        .map_err(|source| FaceError::io("read the list of pairs", path, source))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut pairs = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = line.split(',').map(str::trim).collect();
        match words.as_slice() {
            [a, b, word @ ("0" | "1")] => pairs.push(Pair {
                a: folder.join(a),
                b: folder.join(b),
                same: *word == "1",
            }),
            [""] => {}
            _ if number == 1 => {}
            _ => return Err(FaceError::Pairs { line: number }),
        }
    }
    Ok(pairs)
}

fn folders(path: &Path) -> Result<Vec<Pair>, FaceError> {
    let inside = |folder: &Path| -> Result<BTreeSet<PathBuf>, FaceError> {
        let entries =
            fs::read_dir(folder).map_err(|source| FaceError::io("list", folder, source))?;
        Ok(entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect())
    };
    let mut pictures: Vec<(PathBuf, PathBuf)> = Vec::new();
    for person in inside(path)?.into_iter().filter(|person| person.is_dir()) {
        let files = inside(&person)?;
        let shown = files.into_iter().filter(|file| {
            file.extension()
                .is_some_and(|word| word == "jpg" || word == "jpeg" || word == "png")
        });
        pictures.extend(shown.map(|file| (person.clone(), file)));
    }
    let mut pairs = Vec::new();
    for (index, (person, a)) in pictures.iter().enumerate() {
        for (other, b) in pictures.iter().skip(index + 1) {
            pairs.push(Pair {
                a: a.clone(),
                b: b.clone(),
                same: person == other,
            });
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::read;

    #[test]
    fn a_folder_gives_every_pair_of_two_shots() {
        let folder = TempDir::new().unwrap();
        for (person, shots) in [("a", 3), ("b", 2)] {
            fs::create_dir(folder.path().join(person)).unwrap();
            for shot in 0..shots {
                fs::write(folder.path().join(person).join(format!("{shot}.jpg")), b"").unwrap();
            }
        }
        let pairs = read(folder.path()).unwrap();
        assert_eq!(pairs.iter().filter(|pair| pair.same).count(), 3 + 1);
        assert_eq!(pairs.iter().filter(|pair| !pair.same).count(), 6);
        assert!(pairs.iter().all(|pair| pair.a != pair.b));
    }

    #[test]
    fn a_list_is_read_and_its_faults_are_named() {
        let folder = TempDir::new().unwrap();
        let list = folder.path().join("pairs.csv");
        fs::write(&list, "a,b,same\n1.jpg, 2.jpg,1\n\n3.jpg,1.jpg,0\n").unwrap();
        let pairs = read(&list).unwrap();
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[0].a, folder.path().join("1.jpg"));
        fs::write(&list, "1.jpg,2.jpg,1\n1.jpg,2.jpg,yes\n").unwrap();
        assert_eq!(
            read(&list).unwrap_err().to_string(),
            "line 2 of the pairs is not FILE,FILE,0 or 1"
        );
    }
}
