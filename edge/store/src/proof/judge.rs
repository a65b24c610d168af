//! What is wrong with checkpoints and with the sealed note, as far as this file and public keys tell.

use std::collections::VecDeque;

use rusqlite::Connection;
use sync_wire::checkpoint::{self, COVERED_MAX, Doubt};
use sync_wire::down::VerifyingKey;
use sync_wire::{Countersign, Hash, Head, Kind, Record, merkle};

use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::proof::checkpoints;
use crate::proof::head_file::{SealedHead, SealedNote};

/// Doubts of one epoch that are told; after the first few, the file is not what it was anyway.
const DOUBTS_MAX: usize = 16;

const MARK: &[u8] = b"\"kind\":\"checkpoint\"";

/// The public keys that signatures are checked with.
#[derive(Debug, Clone, Copy, Default)]
pub struct SealKeys {
    /// The box's own.
    pub device: Option<VerifyingKey>,
    /// The city's, as the box pinned it.
    pub city: Option<VerifyingKey>,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointDoubt {
    /// With what the box signed.
    Checkpoint(Doubt),
    /// The city has not signed what is kept as its signature.
    Countersign,
}

/// The checkpoints of one epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckpointsSeen {
    /// How many there are.
    pub count: u64,
    /// The last record that one covers.
    pub covered: u64,
    /// How many the city signed, too.
    pub countersigned: u64,
    /// Those that are not to be believed, with why; at most 16.
    pub doubts: Vec<(u64, CheckpointDoubt)>,
}

/// What is wrong with the ledger by the sealed note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteDoubt {
    /// There is no note that this box signed, and there should be one.
    Missing,
    /// The ledger ends before the record that was the last.
    Cut {
        /// What was the last.
        sealed: SealedHead,
        /// The last record of that epoch now; 0 where the file does not have the epoch.
        last: u64,
    },
    /// The ledger has another record where that one was.
    Changed(SealedHead),
}

/// Follows one chain from its beginning.
#[derive(Debug)]
pub(crate) struct ChainJudge<'a> {
    name: (&'a str, &'a str),
    keys: &'a SealKeys,
    last: u64,
    /// Hashes since the last checkpoint, it included.
    recent: VecDeque<(u64, Hash)>,
    pub(crate) seen: CheckpointsSeen,
}

impl<'a> ChainJudge<'a> {
    pub(crate) fn new(name: (&'a str, &'a str), keys: &'a SealKeys) -> Self {
        Self {
            name,
            keys,
            last: 0,
            recent: VecDeque::new(),
            seen: CheckpointsSeen::default(),
        }
    }

    /// Takes the next record, which fits the chain; `countersign` gives what is kept of the city.
    pub(crate) fn record(
        &mut self,
        (before, after): (Head, Head),
        body: &[u8],
        countersign: impl FnOnce(Head) -> Result<Option<Countersign>, StoreError>,
    ) -> Result<(), StoreError> {
        if may_be_checkpoint(body)
            && let Ok(Record {
                kind: Kind::Checkpoint(checkpoint),
                ..
            }) = Record::from_body(body)
        {
            let kept = countersign(after)?;
            self.checkpoint(before, (after.seq, body), &checkpoint, kept.as_ref());
            self.recent.clear();
            self.last = after.seq;
        }
        self.recent.push_back((after.seq, after.hash));
        if u64::try_from(self.recent.len()).is_ok_and(|len| len > COVERED_MAX) {
            self.recent.pop_front();
        }
        Ok(())
    }

    fn checkpoint(
        &mut self,
        before: Head,
        (seq, body): (u64, &[u8]),
        checkpoint: &sync_wire::record::Checkpoint,
        kept: Option<&Countersign>,
    ) {
        self.seen.count += 1;
        let from = checkpoint::covered_from(self.last, before.seq);
        let covered = self.recent.iter().copied();
        let root = merkle::root(covered.filter(|(seq, _)| *seq >= from));
        if let Err(doubt) = checkpoint::check_place(checkpoint, before, self.last, root) {
            self.doubt(seq, CheckpointDoubt::Checkpoint(doubt));
        } else if !checkpoint::is_signed(self.name, body, checkpoint) {
            self.doubt(seq, CheckpointDoubt::Checkpoint(Doubt::Signature));
        } else {
            self.seen.covered = checkpoint.to;
        }
        let by_city = kept.map(|kept| self.keys.city.map(|key| kept.holds(&key, self.name)));
        if by_city.flatten() == Some(false) {
            self.doubt(seq, CheckpointDoubt::Countersign);
        }
        self.seen.countersigned += u64::from(kept.is_some());
        // Signed by a board that was replaced, and the city has checked it then.
        let vouched = by_city.flatten() == Some(true);
        let ours = self.keys.device.map(|key| key.to_hex());
        if ours.is_some_and(|ours| ours != checkpoint.key) && !vouched {
            self.doubt(seq, CheckpointDoubt::Checkpoint(Doubt::Key));
        }
    }

    fn doubt(&mut self, seq: u64, doubt: CheckpointDoubt) {
        if self.seen.doubts.len() < DOUBTS_MAX {
            self.seen.doubts.push((seq, doubt));
        }
    }
}

/// Whether a body may be a checkpoint's: only then is it worth reading.
pub(crate) fn may_be_checkpoint(body: &[u8]) -> bool {
    body.windows(MARK.len()).any(|part| part == MARK)
}

/// Compares the ledger with the note. `set_aside`: another file stood in this one's place before,
/// and the note may still speak of it.
pub(crate) fn note_doubt(
    db: &Connection,
    note: &SealedNote,
    set_aside: bool,
) -> Result<Option<NoteDoubt>, StoreError> {
    let SealedNote::Sealed(sealed) = note else {
        let current = epoch::current(db)?;
        let last = current.map(|epoch| checkpoints::last(db, epoch.no));
        let expected = last.transpose()?.is_some_and(|last| last > 0);
        return Ok((expected || *note == SealedNote::Broken).then_some(NoteDoubt::Missing));
    };
    let cut = |last| NoteDoubt::Cut {
        sealed: sealed.clone(),
        last,
    };
    let Some(epoch) = epoch::named(db, &sealed.epoch)? else {
        return Ok((!set_aside).then(|| cut(0)));
    };
    let Head { seq, hash } = sealed.head;
    if seq == 0 {
        return Ok(None);
    }
    Ok(match ledger::hash_at(db, epoch.no, seq)? {
        Some(found) if found == hash => None,
        Some(_) => Some(NoteDoubt::Changed(sealed.clone())),
        None => Some(cut(ledger::last_seq(db, epoch.no)?)),
    })
}
