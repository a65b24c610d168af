//! Notes, checkpoints and countersignatures, and what proves the records of one worker.

use rusqlite::{Connection, params};
use serde::Deserialize;
use sync_wire::proof::{ProofCheckpoint, ProofRecord, Proving};
use sync_wire::{Hash, Head, Kind, Record, WireError, merkle};

use crate::epoch::{self, Epoch};
use crate::error::StoreError;
use crate::ledger;
use crate::proof::checkpoints;
use crate::proof::head_file::SealedNote;
use crate::proof::judge::{self, NoteDoubt};
use crate::reader::Reader;

const STEP: &str = "read a worker's records";

#[expect(
    clippy::multiple_inherent_impl,
    reason = "a reader answers many questions: a file for each sort"
)]
impl Reader {
    /// What the sealed note beside the file says against the ledger. `set_aside`: another file stood
    /// in this one's place before, of which the note may still speak.
    pub fn note_doubt(
        &self,
        note: &SealedNote,
        set_aside: bool,
    ) -> Result<Option<NoteDoubt>, StoreError> {
        let view = self.one_moment()?;
        judge::note_doubt(&view, note, set_aside)
    }

    /// The last checkpoint of an epoch, 0 where it has none.
    pub fn last_checkpoint(&self, epoch: &str) -> Result<u64, StoreError> {
        let view = self.one_moment()?;
        checkpoints::last(&view, epoch::number(&view, epoch)?)
    }

    /// Checkpoints of an epoch up to a record that the city has not signed, oldest first, so many.
    pub fn uncountersigned(&self, epoch: &str, most: (u64, usize)) -> Result<Vec<u64>, StoreError> {
        let view = self.one_moment()?;
        checkpoints::unsigned(&view, epoch::number(&view, epoch)?, most)
    }

    /// The records that name a worker, happened in this time (Unix ms, the end not in it) and stand
    /// under a checkpoint, with what proves each; and how many no checkpoint covers yet. Reads the
    /// whole ledger.
    pub fn proving(&self, worker: u32, time: (i64, i64)) -> Result<Proving, StoreError> {
        let view = self.one_moment()?;
        let mut proving = Proving::default();
        for epoch in epoch::all(&view)? {
            let genesis = Head::genesis(self.box_name(), &epoch.name);
            let mut walk = Walk::new(&epoch, genesis);
            walk.epoch(&view, (worker, time), &mut proving)?;
        }
        Ok(proving)
    }
}

/// What is not under a checkpoint yet.
struct Walk<'a> {
    epoch: &'a Epoch,
    head: Head,
    last: u64,
    /// Hashes since the last checkpoint, it included, from this number on.
    hashes: Vec<Hash>,
    /// His records among them, each with the hash before it.
    his: Vec<(u64, Hash, Vec<u8>)>,
}

impl<'a> Walk<'a> {
    const fn new(epoch: &'a Epoch, head: Head) -> Self {
        Self {
            epoch,
            head,
            last: 0,
            hashes: Vec::new(),
            his: Vec::new(),
        }
    }

    fn epoch(
        &mut self,
        db: &Connection,
        (worker, time): (u32, (i64, i64)),
        proving: &mut Proving,
    ) -> Result<(), StoreError> {
        let mut query = db
            .prepare("SELECT id, body, hash FROM ledger WHERE id BETWEEN ?1 AND ?2 ORDER BY id")
            .map_err(fault)?;
        let no = self.epoch.no;
        let span = params![ledger::row_id(no, 0), ledger::last_row_id(no)];
        let mut rows = query.query(span).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let (id, body, hash) = ledger::stored(row).map_err(fault)?;
            let seq = ledger::seq_of(id);
            let before = self.head;
            self.head = Head {
                seq,
                hash: Hash::from_bytes(hash),
            };
            if is_checkpoint(&body) {
                self.close(db, (before, &body), proving)?;
            }
            if concerns(&body, worker, time) {
                self.his.push((seq, before.hash, body));
            }
            self.hashes.push(self.head.hash);
        }
        proving.uncovered += self.his.len();
        Ok(())
    }

    /// A checkpoint covers what came since the last one.
    fn close(
        &mut self,
        db: &Connection,
        (before, body): (Head, &[u8]),
        proving: &mut Proving,
    ) -> Result<(), StoreError> {
        let from = sync_wire::checkpoint::covered_from(self.last, before.seq);
        let first = before
            .seq
            .saturating_add(1)
            .saturating_sub(length(&self.hashes));
        let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
        let covered = self.hashes.iter().skip(skipped).copied();
        let leaves: Vec<Hash> = (from..)
            .zip(covered)
            .map(|(seq, hash)| merkle::leaf(seq, &hash))
            .collect();
        let his = std::mem::take(&mut self.his);
        let (proved, not): (Vec<_>, Vec<_>) = his.into_iter().partition(|(seq, ..)| *seq >= from);
        proving.uncovered += not.len();
        if !proved.is_empty() {
            let checkpoint = proving.checkpoints.len();
            proving.checkpoints.push(
                ProofCheckpoint::new(
                    &self.epoch.name,
                    (self.head, before.hash, body),
                    checkpoints::countersign(db, self.epoch.no, self.head)?,
                )
                .map_err(|error| odd(&error))?,
            );
            for (seq, prev, body) in proved {
                let index = usize::try_from(seq.saturating_sub(from)).unwrap_or(usize::MAX);
                let path = merkle::path(&leaves, index);
                let name = (self.epoch.name.as_str(), seq);
                let record = ProofRecord::new(name, (prev, &body), (checkpoint, path));
                proving.records.push(record.map_err(|error| odd(&error))?);
            }
        }
        self.hashes.clear();
        self.last = self.head.seq;
        Ok(())
    }
}

fn length(hashes: &[Hash]) -> u64 {
    u64::try_from(hashes.len()).unwrap_or(u64::MAX)
}

fn is_checkpoint(body: &[u8]) -> bool {
    judge::may_be_checkpoint(body)
        && Record::from_body(body).is_ok_and(|record| matches!(record.kind, Kind::Checkpoint(_)))
}

/// Whether a record names this worker and happened in this time.
fn concerns(body: &[u8], worker: u32, (from, to): (i64, i64)) -> bool {
    #[derive(Deserialize)]
    struct Named {
        at: i64,
        worker: Option<u32>,
    }
    let named: Option<Named> = serde_json::from_slice(body).ok();
    named.is_some_and(|one| one.worker == Some(worker) && (from..to).contains(&one.at))
}

fn odd(error: &WireError) -> StoreError {
    StoreError::Damaged {
        what: format!("a record that is no text: {error}"),
    }
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
