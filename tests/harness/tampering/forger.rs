//! What somebody does who has the database, its key and all of this code, and not the box's own key.

use std::path::Path;

use rusqlite::params;
use sync_wire::checkpoint::{self, Facts};
use sync_wire::down::SigningKey;
use sync_wire::record::{Checkpoint, Stamp};
use sync_wire::{Head, Kind, Record, merkle};

use super::ledger::SignedLedger;
use crate::backlog::Generator;
use crate::{BOX_ID, Result};

/// A key of the forger's own.
const FORGERS_KEY: [u8; 32] = [0x66; 32];

/// What is done to the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// A body is edited, the hashes are left.
    Edit,
    /// A body is edited, and every later hash computed anew.
    EditAndRehash,
    /// The same for a hash alone.
    Rehash,
    /// A record is taken out, the later ones move up and are hashed anew.
    Delete,
    /// A record is put in between, likewise.
    Insert,
    /// Two records change places, likewise.
    Swap,
    /// The end is cut off, with all traces in the other tables.
    Cut,
    /// The end is cut off, and so is the note.
    CutWithNote,
    /// A body is edited, and what the checkpoints after it say is brought in line, their signatures
    /// are left.
    EditUnderOldSignatures,
    /// The same, signed with the forger's own key.
    EditUnderOwnSignatures,
    /// A checkpoint of the forger's is put at the end.
    ForgedCheckpoint,
    /// Database and note are put back together, to how they stood before.
    PutBack,
}

/// All of them.
pub(super) const CHANGES: [Change; 12] = [
    Change::Edit,
    Change::EditAndRehash,
    Change::Rehash,
    Change::Delete,
    Change::Insert,
    Change::Swap,
    Change::Cut,
    Change::CutWithNote,
    Change::EditUnderOldSignatures,
    Change::EditUnderOwnSignatures,
    Change::ForgedCheckpoint,
    Change::PutBack,
];

type Bodies = Vec<Vec<u8>>;

/// Does it, and says to which record.
pub(super) fn forge(
    ledger: &SignedLedger,
    earlier: &SignedLedger,
    (change, dice): (Change, &mut Generator),
) -> Result<u64> {
    if change == Change::PutBack {
        let folder = ledger.file.parent().ok_or("no folder")?;
        earlier.copy_to(folder)?;
        return Ok(u64::try_from(earlier.records()?.len())? + 1);
    }
    let records = ledger.records()?;
    let count = u64::try_from(records.len())?;
    let at = dice.below(count);
    let place = usize::try_from(at)?;
    let mut bodies: Bodies = records.iter().map(|(_, body, _)| body.clone()).collect();
    let mut touched = at + 1;
    match change {
        Change::Edit => return edit_alone(ledger, &bodies, place),
        Change::Rehash => {
            let sql = "UPDATE ledger SET hash = randomblob(32) WHERE seq = ?1";
            unlocked(ledger)?.execute(sql, [at + 1])?;
            return Ok(at + 1);
        }
        Change::Cut | Change::CutWithNote => {
            let left = at.max(1);
            cut(ledger, left)?;
            if change == Change::CutWithNote {
                std::fs::remove_file(ledger.note())?;
            }
            return Ok(left + 1);
        }
        Change::EditAndRehash | Change::EditUnderOldSignatures | Change::EditUnderOwnSignatures => {
            bodies[place] = edited(&bodies[place]);
        }
        Change::Delete => drop(bodies.remove(place)),
        Change::Insert => bodies.insert(place, dice.body(at + 1)?),
        Change::Swap => {
            let other = (place + 1 + usize::try_from(dice.below(count - 1))?) % bodies.len();
            bodies.swap(place, other);
            touched = touched.min(u64::try_from(other)? + 1);
        }
        Change::ForgedCheckpoint => {
            touched = count + 1;
            bodies.push(forged_checkpoint(ledger, &bodies)?);
        }
        Change::PutBack => {}
    }
    let own = change == Change::EditUnderOwnSignatures;
    let resign = (own || change == Change::EditUnderOldSignatures).then_some(own);
    rewrite(ledger, &bodies, (touched, resign))?;
    Ok(touched)
}

/// A database without its triggers.
fn unlocked(ledger: &SignedLedger) -> Result<rusqlite::Connection> {
    let db = ledger.database()?;
    db.execute_batch("DROP TRIGGER ledger_is_never_updated; DROP TRIGGER ledger_is_never_deleted")?;
    Ok(db)
}

fn edited(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    text.replacen("\"boot\":", "\"boot\":1", 1).into_bytes()
}

fn edit_alone(ledger: &SignedLedger, bodies: &[Vec<u8>], place: usize) -> Result<u64> {
    let seq = u64::try_from(place)? + 1;
    let db = unlocked(ledger)?;
    let body = edited(&bodies[place]);
    db.execute(
        "UPDATE ledger SET body = ?1 WHERE seq = ?2",
        params![body, seq],
    )?;
    Ok(seq)
}

fn cut(ledger: &SignedLedger, left: u64) -> Result<()> {
    let db = unlocked(ledger)?;
    db.execute("DELETE FROM ledger WHERE seq > ?1", [left])?;
    db.execute("UPDATE folded SET through = ?1 WHERE through > ?1", [left])?;
    db.execute("UPDATE cursor SET through = 0, ranges = '[]'", [])?;
    let kept = "DELETE FROM checkpoint WHERE ledger_id NOT IN (SELECT id FROM ledger)";
    db.execute(kept, [])?;
    Ok(())
}

/// Writes these bodies as the ledger, with hashes that fit.
fn rewrite(
    ledger: &SignedLedger,
    bodies: &[Vec<u8>],
    (touched, resign): (u64, Option<bool>),
) -> Result<()> {
    let mut db = unlocked(ledger)?;
    let work = db.transaction()?;
    let first: i64 = work.query_row("SELECT min(id) FROM ledger", [], |row| row.get(0))?;
    work.execute("DELETE FROM ledger", [])?;
    let mut head = Head::genesis(BOX_ID, &ledger.epoch);
    let (mut hashes, mut last) = (Vec::new(), 0);
    let mut insert = work.prepare("INSERT INTO ledger (id, body, hash) VALUES (?1, ?2, ?3)")?;
    for (id, body) in (first..).zip(bodies) {
        let mut body = body.clone();
        if is_checkpoint(&body) {
            if let (Some(own), true) = (resign, head.seq >= touched) {
                let facts = Facts {
                    from: checkpoint::covered_from(last, head.seq),
                    head,
                    root: merkle::root(hashes.iter().copied()).ok_or("no root")?,
                    lost: None,
                };
                body = signed(ledger, (stamp(&body)?, facts), own)?;
            }
            hashes.clear();
            last = head.seq + 1;
        }
        head = head.extend(&body);
        hashes.push((head.seq, head.hash));
        insert.execute(params![id, body, head.hash.as_bytes()])?;
    }
    drop(insert);
    work.commit()?;
    Ok(())
}

fn checkpoint_of(body: &[u8]) -> Option<Checkpoint> {
    let record = Record::from_body(body).ok()?;
    if let Kind::Checkpoint(checkpoint) = record.kind {
        Some(checkpoint)
    } else {
        None
    }
}

fn is_checkpoint(body: &[u8]) -> bool {
    checkpoint_of(body).is_some()
}

fn stamp(body: &[u8]) -> Result<Stamp> {
    Ok(Record::from_body(body)?.stamp)
}

/// A checkpoint that says this: by the forger's key, or (where no own key is to show) under the
/// signature and the key of the old one.
fn signed(ledger: &SignedLedger, (stamp, facts): (Stamp, Facts), is_own: bool) -> Result<Vec<u8>> {
    let key = SigningKey::from_bytes(&FORGERS_KEY);
    let body = checkpoint::write(&key, (BOX_ID, &ledger.epoch), stamp, &facts)?;
    if is_own {
        return Ok(body);
    }
    let Some(mut made) = checkpoint_of(&body) else {
        return Err("no checkpoint".into());
    };
    let records = ledger.records()?;
    let old = records.iter().find_map(|(_, body, _)| checkpoint_of(body));
    let old = old.ok_or("no checkpoint")?;
    (made.key, made.signature) = (old.key, old.signature);
    let kind = Kind::Checkpoint(made);
    Ok(Record { stamp, kind }.to_body()?)
}

fn forged_checkpoint(ledger: &SignedLedger, bodies: &[Vec<u8>]) -> Result<Vec<u8>> {
    let (mut head, mut last) = (Head::genesis(BOX_ID, &ledger.epoch), 0);
    let mut hashes = Vec::new();
    for body in bodies {
        head = head.extend(body);
        if is_checkpoint(body) {
            hashes.clear();
            last = head.seq;
        }
        hashes.push((head.seq, head.hash));
    }
    let facts = Facts {
        from: checkpoint::covered_from(last, head.seq),
        head,
        root: merkle::root(hashes).ok_or("no root")?,
        lost: None,
    };
    let last = bodies.last().ok_or("no records")?;
    signed(ledger, (stamp(last)?, facts), true)
}

/// Flips one bit of a file; a second time flips it back.
pub(super) fn flip(file: &Path, (byte, bit): (u64, u64)) -> Result<()> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::options().read(true).write(true).open(file)?;
    let mut one = [0];
    file.read_exact_at(&mut one, byte)?;
    file.write_all_at(&[one[0] ^ (1 << bit)], byte)?;
    Ok(())
}
