//! What `tests/outage/preload.rs` noted: every effect of a program on the files below a folder.

use std::path::Path;

use crate::Result;

/// An effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The file, below the folder; empty for the folder itself.
    pub file: String,
    /// What.
    pub act: Act,
}

/// What was done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// These bytes, from there on.
    Write(u64, Vec<u8>),
    /// Everything before it is on the disk when it returns; of a folder: its names.
    Sync,
    /// Cut, or grown, to this length.
    Truncate(u64),
    /// Its name taken away.
    Unlink,
    /// Another name given.
    Rename(String),
}

/// Reads a journal.
pub fn read(path: &Path) -> Result<Vec<Effect>> {
    let bytes = std::fs::read(path)?;
    let mut rest = bytes.as_slice();
    let mut effects = Vec::new();
    while !rest.is_empty() {
        let (effect, after) = one(rest).ok_or("the journal ends within an effect")?;
        effects.push(effect);
        rest = after;
    }
    Ok(effects)
}

fn one(bytes: &[u8]) -> Option<(Effect, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    let (name_bytes, rest) = rest.split_first_chunk::<4>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let (data_bytes, rest) = rest.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_at_checked(u32::from_le_bytes(*name_bytes) as usize)?;
    let (data, rest) = rest.split_at_checked(u32::from_le_bytes(*data_bytes) as usize)?;
    let number = u64::from_le_bytes(*number);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let act = match kind {
        b'w' => Act::Write(number, data.to_vec()),
        b's' => Act::Sync,
        b't' => Act::Truncate(number),
        b'u' => Act::Unlink,
        b'r' => Act::Rename(text(data)),
        _ => return None,
    };
    let file = text(name);
    Some((Effect { file, act }, rest))
}
