//! Deliberate faults, one at a time: each must be caught by the test that its patch names.
//!
//! A patch in `tests/mutants` begins with two lines, which promise it breaks and which test must catch
//! it (`Caught by: PACKAGE TARGET TEST`, TARGET as cargo's `--lib` or `--test=NAME`). The tracked files
//! are copied to a tree of their own, so that nothing here is ever changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tests::{Result, repository};

use crate::part::{Facts, Share};

/// One patch.
#[derive(Debug)]
struct Mutant {
    name: String,
    file: PathBuf,
    catcher: Catcher,
}

/// A test.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Catcher {
    package: String,
    target: String,
    test: String,
}

/// The copy of the tracked files.
#[derive(Debug)]
struct Tree {
    root: PathBuf,
    build: PathBuf,
}

pub(crate) fn prove(share: &Share) -> Result<Facts> {
    let mutants = mutants()?;
    let tree = Tree::copy()?;
    tree.all_apply(&mutants)?;
    let mut programs: BTreeMap<(&str, &str), Vec<&Mutant>> = BTreeMap::new();
    for mutant in &mutants {
        let Catcher {
            package, target, ..
        } = &mutant.catcher;
        programs.entry((package, target)).or_default().push(mutant);
    }
    let mut uncaught = Vec::new();
    for (_, faults) in programs {
        tree.all_pass(share, &faults)?;
        for mutant in faults {
            let verdict = tree.judge(mutant)?;
            share.tell(&format!("{}: {}", mutant.name, verdict.unwrap_or("caught")));
            if let Some(why) = verdict {
                uncaught.push(format!("{}: {why}", mutant.name));
            }
        }
    }
    let total = mutants.len();
    let facts = json!({
        "caught": total - uncaught.len(),
        "total": total,
        "uncaught": uncaught,
        "all_caught": uncaught.is_empty(),
    });
    match facts {
        Value::Object(facts) => Ok(facts),
        _ => Err("no facts".into()),
    }
}

/// All patches, in the order of their names.
fn mutants() -> Result<Vec<Mutant>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(repository().join("tests/mutants"))? {
        let file = entry?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "patch")
        {
            files.push(file);
        }
    }
    files.sort();
    files.iter().map(|file| Mutant::read(file)).collect()
}

impl Mutant {
    fn read(file: &Path) -> Result<Self> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let text = fs::read_to_string(file)?;
        let mut lines = text.lines();
        let promise = lines.next().unwrap_or_default();
        if !promise.starts_with("Promise ") {
            return Err(format!("{name}: the first line names no promise").into());
        }
        let words = lines
            .next()
            .and_then(|line| line.strip_prefix("Caught by: "));
        let mut words = words.unwrap_or_default().split_whitespace();
        let mut word = || -> Result<String> {
            let word = words.next();
            Ok(word
                .ok_or_else(|| format!("{name}: the second line names no test"))?
                .to_owned())
        };
        Ok(Self {
            catcher: Catcher {
                package: word()?,
                target: word()?,
                test: word()?,
            },
            name: name.into_owned(),
            file: file.to_path_buf(),
        })
    }
}

impl Tree {
    /// Copies what has changed since the last copy, so that little is built again.
    fn copy() -> Result<Self> {
        let home = repository().join("target/mutants");
        let root = home.join("tree");
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(repository())
            .output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let tracked: Vec<&str> = listed.split('\0').filter(|path| !path.is_empty()).collect();
        if tracked.is_empty() {
            return Err("git lists no files".into());
        }
        for path in tracked {
            let (from, to) = (repository().join(path), root.join(path));
            if !from.is_file() {
                continue;
            }
            let bytes = fs::read(&from)?;
            if fs::read(&to).is_ok_and(|before| before == bytes) {
                continue;
            }
            fs::create_dir_all(to.parent().unwrap_or(&root))?;
            fs::copy(&from, &to)?;
        }
        Ok(Self {
            root,
            build: home.join("build"),
        })
    }

    /// Nothing is built before every patch applies: the names of those that do not come at once.
    fn all_apply(&self, mutants: &[Mutant]) -> Result<()> {
        let mut old = Vec::new();
        for mutant in mutants {
            if !self.patch(mutant, &["--check"])? {
                old.push(mutant.name.as_str());
            }
        }
        if old.is_empty() {
            return Ok(());
        }
        Err(format!("no longer apply: {}", old.join(", ")).into())
    }

    /// Without a fault every test that these faults name, all of one program, is there and passes.
    fn all_pass(&self, share: &Share, faults: &[&Mutant]) -> Result<()> {
        let Some(Catcher {
            package, target, ..
        }) = faults.first().map(|fault| &fault.catcher)
        else {
            return Ok(());
        };
        share.tell(&format!("{package} {target}: without a fault"));
        let names: Vec<&str> = faults
            .iter()
            .map(|fault| fault.catcher.test.as_str())
            .collect();
        let told = text(&self.test(package, target, &names)?);
        for name in names {
            if !told.contains(&format!("test {name} ... ok")) {
                return Err(format!("{package} {target}: {name} does not pass:\n{told}").into());
            }
        }
        Ok(())
    }

    /// Why a fault was not caught; `None` where it was.
    fn judge(&self, mutant: &Mutant) -> Result<Option<&'static str>> {
        if !self.patch(mutant, &[])? {
            return Ok(Some("the patch no longer applies"));
        }
        let Catcher {
            package,
            target,
            test,
        } = &mutant.catcher;
        let told = self.test(package, target, &[test.as_str()]);
        if !self.patch(mutant, &["--reverse"])? {
            return Err(format!("{}: the patch cannot be taken back", mutant.name).into());
        }
        let told = text(&told?);
        Ok(if told.contains(&format!("test {test} ... FAILED")) {
            None
        } else if told.contains(&format!("test {test} ... ok")) {
            Some("NOT CAUGHT")
        } else if told.contains("could not compile") {
            Some("it does not build")
        } else {
            Some("the test neither passed nor failed")
        })
    }

    fn patch(&self, mutant: &Mutant, more: &[&str]) -> Result<bool> {
        let status = Command::new("git")
            .arg("apply")
            .args(more)
            .arg(&mutant.file)
            // The tree stands inside a repository of which it is no part.
            .env("GIT_CEILING_DIRECTORIES", self.root.parent().unwrap_or(&self.root))
            .current_dir(&self.root)
            .status()?;
        Ok(status.success())
    }

    fn test(&self, package: &str, target: &str, names: &[&str]) -> Result<Output> {
        let ended = Command::new("cargo")
            .args(["test", "--package", package, target, "--target-dir"])
            .arg(&self.build)
            .args(["--", "--exact", "--test-threads=2"])
            .args(names)
            // A fault changes one crate: what else that crate holds is not built again, and nobody debugs it.
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .current_dir(&self.root)
            .output()?;
        Ok(ended)
    }
}

fn text(output: &Output) -> String {
    let (out, told) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(told)
    )
}
