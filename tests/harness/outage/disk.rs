//! A disk that forgets: what a power cut can leave of a folder, worked out from the effects before it.
//!
//! What was synced is there. Of what came after a file's last sync any part may be there: each write
//! or cut of length by itself, in any order, torn between sectors of 512 bytes, and a later one without
//! an earlier. A name that was made, given or taken away is certain only when its folder was synced:
//! before, it may or may not be, each file by itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::journal::{Act, Effect};
use crate::Result;
use crate::figures::Dice;

/// What a disk keeps atomically, bytes.
const SECTOR: usize = 512;

/// How much of what is not certain a power cut leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing: all went with the power.
    Nothing,
    /// All: the cache was written out just before.
    All,
    /// All of the names, nothing of the contents.
    Names,
    /// All of the contents but the newest write, which is torn, and no name.
    Torn,
    /// Any part, by this seed.
    Any(u64),
}

/// A change of a file's bytes that no sync has made certain.
#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug, Clone, Default)]
struct Inode {
    certain: Vec<u8>,
    changes: Vec<Change>,
}

/// Names in the folder, each with its inode.
type Names = BTreeMap<String, usize>;

/// The disk under one folder while effects reach it.
#[derive(Debug, Default)]
pub struct Disk {
    inodes: Vec<Inode>,
    certain: Names,
    now: Names,
}

impl Disk {
    /// The next effect.
    pub fn take(&mut self, effect: &Effect) {
        let file = &effect.file;
        match &effect.act {
            Act::Write(at, data) => {
                let change = Change::Write(*at, data.clone());
                self.inode(file).changes.push(change);
            }
            Act::Truncate(bytes) => self.inode(file).changes.push(Change::Length(*bytes)),
            Act::Sync if self.now.contains_key(file) => {
                let inode = self.inode(file);
                for change in std::mem::take(&mut inode.changes) {
                    apply(&mut inode.certain, &change);
                }
            }
            Act::Sync => self.sync_names(file),
            Act::Unlink => drop(self.now.remove(file)),
            Act::Rename(to) => {
                if let Some(inode) = self.now.remove(file) {
                    self.now.insert(to.clone(), inode);
                }
            }
        }
    }

    /// The names in one folder are certain now, those further down are not.
    fn sync_names(&mut self, folder: &str) {
        let within =
            |name: &String| name.rsplit_once('/').map_or("", |(parent, _)| parent) == folder;
        self.certain.retain(|name, _| !within(name));
        let now = self.now.iter().filter(|(name, _)| within(name));
        self.certain
            .extend(now.map(|(name, inode)| (name.clone(), *inode)));
    }

    fn inode(&mut self, file: &str) -> &mut Inode {
        let fresh = self.inodes.len();
        let at = *self.now.entry(file.to_owned()).or_insert(fresh);
        if at == fresh {
            self.inodes.push(Inode::default());
        }
        &mut self.inodes[at]
    }

    /// How many changes and names a power cut now could leave or take.
    pub fn uncertain(&self) -> usize {
        let changes: usize = self.inodes.iter().map(|inode| inode.changes.len()).sum();
        let differ = |a: &Names, b: &Names| {
            a.iter()
                .filter(|(name, at)| b.get(*name) != Some(at))
                .count()
        };
        changes + differ(&self.now, &self.certain) + differ(&self.certain, &self.now)
    }

    /// Writes into `folder` what a power cut now leaves.
    pub fn leave(&self, left: Left, folder: &Path) -> Result<()> {
        let mut dice = Dice::new(if let Left::Any(seed) = left { seed } else { 0 });
        for (name, inode) in self.names(left, &mut dice) {
            let path = folder.join(&name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, self.inodes[inode].after(left, &mut dice))?;
        }
        Ok(())
    }

    fn names(&self, left: Left, dice: &mut Dice) -> Names {
        match left {
            Left::Nothing | Left::Torn => self.certain.clone(),
            Left::All | Left::Names => self.now.clone(),
            Left::Any(_) => {
                let mut names = Names::new();
                let known = self.certain.keys().chain(self.now.keys());
                for name in known {
                    let (before, after) = (self.certain.get(name), self.now.get(name));
                    let kept = if before == after || dice.coin() {
                        after
                    } else {
                        before
                    };
                    match kept {
                        Some(inode) => drop(names.insert(name.clone(), *inode)),
                        None => drop(names.remove(name)),
                    }
                }
                names
            }
        }
    }
}

impl Inode {
    fn after(&self, left: Left, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.certain.clone();
        match left {
            Left::Nothing | Left::Names => {}
            Left::All => self
                .changes
                .iter()
                .for_each(|change| apply(&mut bytes, change)),
            Left::Torn => {
                if let Some((last, before)) = self.changes.split_last() {
                    before.iter().for_each(|change| apply(&mut bytes, change));
                    tear(&mut bytes, last, |sector| sector % 2 == 0);
                }
            }
            Left::Any(_) if dice.coin() => {
                // In order, up to some point, and the next one torn.
                let kept = dice.place(self.changes.len() + 1);
                let (before, after) = self.changes.split_at(kept);
                before.iter().for_each(|change| apply(&mut bytes, change));
                if let Some(next) = after.first() {
                    tear(&mut bytes, next, |_| dice.coin());
                }
            }
            Left::Any(_) => {
                // In any order: a later one without an earlier, whole or torn.
                for change in &self.changes {
                    match dice.below(3) {
                        0 => {}
                        1 => apply(&mut bytes, change),
                        _ => tear(&mut bytes, change, |_| dice.coin()),
                    }
                }
            }
        }
        bytes
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(at, data) => put(bytes, *at as usize, data),
        Change::Length(length) => bytes.resize(*length as usize, 0),
    }
}

/// Some sectors of a write; a cut of length is whole or not at all.
fn tear(bytes: &mut Vec<u8>, change: &Change, mut keeps: impl FnMut(usize) -> bool) {
    let Change::Write(at, data) = change else {
        if keeps(0) {
            apply(bytes, change);
        }
        return;
    };
    let mut at = *at as usize;
    let mut rest = data.as_slice();
    while !rest.is_empty() {
        let to_border = SECTOR - at % SECTOR;
        let (part, after) = rest.split_at(to_border.min(rest.len()));
        if keeps(at / SECTOR) {
            put(bytes, at, part);
        }
        at += part.len();
        rest = after;
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[at..end].copy_from_slice(data);
}
