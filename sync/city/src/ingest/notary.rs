//! Checkpoints: each is checked as soon as nothing before it is missing, and signed by the city, too.

use std::collections::BTreeMap;

use sync_wire::checkpoint::{self, COUNTERSIGNS_MAX, Doubt};
use sync_wire::down::{SigningKey, VerifyingKey};
use sync_wire::record::Checkpoint;
use sync_wire::{Countersign, Hash, Head, Kind, Record, chain, merkle};

use super::batch::{Batch, Name};
use super::write::raise;
use crate::alarm::{self, AlarmNote};
use crate::db::{Session, Sql, Tx, Value};
use crate::error::CityError;

/// Checkpoints of one epoch that one commit checks.
const CHECKED_MAX: u64 = 256;

const PIN: Sql = Sql {
    step: "keep a box's key",
    text: "UPDATE box SET device_key = ?2 WHERE box = ?1 AND device_key = ''",
};
const PINNED: Sql = Sql {
    step: "read a box's key",
    text: "SELECT device_key FROM box WHERE box = ?1",
};
const FORGET: Sql = Sql {
    step: "forget a box's key",
    text: "UPDATE box SET device_key = '' WHERE box = ?1",
};
const NOTE: Sql = Sql {
    step: "note a checkpoint",
    text: "INSERT INTO checkpoint (box, epoch, seq) VALUES (?1, ?2, ?3)
           ON CONFLICT (box, epoch, seq) DO NOTHING",
};
const WAITING: Sql = Sql {
    step: "list checkpoints",
    text: "SELECT seq FROM checkpoint WHERE box = ?1 AND epoch = ?2 AND state = 0 AND seq <= ?3
           ORDER BY seq LIMIT ?4",
};
const BEFORE: Sql = Sql {
    step: "find the checkpoint before",
    text: "SELECT coalesce(max(seq), 0) FROM checkpoint
           WHERE box = ?1 AND epoch = ?2 AND seq < ?3",
};
const BODY: Sql = Sql {
    step: "read a checkpoint",
    text: "SELECT body, hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const HASHES: Sql = Sql {
    step: "read hashes",
    text: "SELECT seq, hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq BETWEEN ?3 AND ?4
           ORDER BY seq",
};
const JUDGED: Sql = Sql {
    step: "judge a checkpoint",
    text: "UPDATE checkpoint SET state = ?4, at = ?5, signature = ?6
           WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const SIGNED: Sql = Sql {
    step: "read a countersignature",
    text: "SELECT c.at, c.signature, r.hash FROM checkpoint c
           JOIN record r ON r.box = c.box AND r.epoch = c.epoch AND r.seq = c.seq
           WHERE c.box = ?1 AND c.epoch = ?2 AND c.seq = ?3 AND c.state = 1",
};

/// Checks what can be checked now, and puts what the city signs into the answers.
pub(super) fn notarize(
    batch: &mut Batch<'_>,
    tx: &mut Tx<'_>,
    key: &SigningKey,
) -> Result<(), CityError> {
    let mut alarms = pin(batch, tx)?;
    let new: Vec<_> = batch
        .fresh
        .iter()
        .filter(|one| matches!(one.meaning, Ok(record) if is_checkpoint(record)))
        .map(|one| set(one.name, [one.seq.into()]))
        .collect();
    tx.run_each(NOTE, &new)?;
    let mut pinned = BTreeMap::new();
    for (name, seq) in due(batch, tx)? {
        let ours = match pinned.get(name.0) {
            Some(ours) => *ours,
            None => *pinned.entry(name.0).or_insert(pinned_key(tx, name.0)?),
        };
        let Some(ours) = ours else { continue };
        alarms.extend(judge(batch, tx, (name, seq), (&ours, key))?);
    }
    again(batch, tx)?;
    raise(tx, &alarms, batch.now)
}

/// Forgets the key of a box: the next one that it tells is kept. Says which was forgotten.
pub fn forget_device_key(session: &mut Session, id: &str) -> Result<Option<String>, CityError> {
    let mut tx = session.begin()?;
    let rows = tx.rows(PINNED, &[id.into()])?;
    let text = rows.first().map(|row| row.text(0)).transpose()?;
    tx.run(FORGET, &[id.into()])?;
    tx.commit()?;
    Ok(text.filter(|key| !key.is_empty()))
}

fn is_checkpoint(record: &Record) -> bool {
    matches!(record.kind, Kind::Checkpoint(_))
}

/// The first key that a box tells is kept; another one is told to people.
fn pin<'a>(batch: &Batch<'a>, tx: &mut Tx<'_>) -> Result<Vec<(&'a str, AlarmNote)>, CityError> {
    let mut alarms = Vec::new();
    for (id, hello) in &batch.hellos {
        let Some(told) = hello.device_key.as_deref() else {
            continue;
        };
        if VerifyingKey::from_hex(told).is_err() {
            alarms.push((*id, alarm::other_key()));
            continue;
        }
        tx.run(PIN, &[(*id).into(), told.into()])?;
        let rows = tx.rows(PINNED, &[(*id).into()])?;
        if rows.first().map(|row| row.text(0)).transpose()?.as_deref() != Some(told) {
            alarms.push((*id, alarm::other_key()));
        }
    }
    Ok(alarms)
}

fn pinned_key(tx: &mut Tx<'_>, id: &str) -> Result<Option<VerifyingKey>, CityError> {
    let rows = tx.rows(PINNED, &[id.into()])?;
    let text = rows.first().map(|row| row.text(0)).transpose()?;
    Ok(text.and_then(|text| VerifyingKey::from_hex(&text).ok()))
}

/// Checkpoints that nothing is missing before, in the epochs that grew or that a box has just named.
fn due<'a>(batch: &Batch<'a>, tx: &mut Tx<'_>) -> Result<Vec<(Name<'a>, u64)>, CityError> {
    let grown = batch.chains.iter().filter(|(_, chain)| {
        let through = chain.runs.through();
        through > 0 && (through != chain.before.through() || chain.reply.hello.is_some())
    });
    let (names, sets): (Vec<Name<'a>>, Vec<Vec<Value>>) = grown
        .map(|(name, chain)| {
            let asked = [chain.runs.through().into(), CHECKED_MAX.into()];
            (*name, set(*name, asked))
        })
        .unzip();
    let mut due = Vec::new();
    for (name, rows) in names.into_iter().zip(tx.rows_each(WAITING, &sets)?) {
        for row in rows {
            due.push((name, row.count(0)?));
        }
    }
    Ok(due)
}

/// Checks one checkpoint; signs it, or says what is wrong with it.
fn judge<'a>(
    batch: &mut Batch<'a>,
    tx: &mut Tx<'_>,
    (name, seq): (Name<'a>, u64),
    (ours, key): (&VerifyingKey, &SigningKey),
) -> Result<Vec<(&'a str, AlarmNote)>, CityError> {
    let found = tx.rows(BODY, &set(name, [seq.into()]))?;
    let Some(row) = found.first() else {
        return Ok(Vec::new());
    };
    let (body, hash) = (row.bytes(0)?, Hash::from_bytes(row.hash(1)?));
    let Ok(Kind::Checkpoint(said)) = Record::from_body(&body).map(|record| record.kind) else {
        return Ok(Vec::new());
    };
    let mut alarms = Vec::new();
    if let Some(lost) = &said.lost {
        alarms.push((name.0, alarm::end_lost((name.1, seq), lost)));
    }
    let doubt = doubt(batch, tx, (name, seq), (&said, &body, ours))?;
    let judged = if let Some(doubt) = doubt {
        let (id, seq) = (name.0, seq);
        tracing::error!(id, seq, ?doubt, "A checkpoint is not to be believed");
        alarms.push((id, alarm::bad_checkpoint((name.1, seq), doubt)));
        [seq.into(), 2_u64.into(), Value::Null, Value::Null]
    } else {
        let signed = Countersign::new(key, name, Head { seq, hash }, batch.now);
        let judged = [
            seq.into(),
            1_u64.into(),
            signed.at.into(),
            signed.signature.as_str().into(),
        ];
        if let Some(chain) = batch.chains.get_mut(&name)
            && chain.reply.countersign.len() < COUNTERSIGNS_MAX
        {
            chain.reply.countersign.push(signed);
        }
        judged
    };
    tx.run(JUDGED, &set(name, judged))?;
    Ok(alarms)
}

fn doubt(
    batch: &Batch<'_>,
    tx: &mut Tx<'_>,
    (name, seq): (Name<'_>, u64),
    (said, body, ours): (&Checkpoint, &[u8], &VerifyingKey),
) -> Result<Option<Doubt>, CityError> {
    let rows = tx.rows(BEFORE, &set(name, [seq.into()]))?;
    let last = rows.first().map_or(Ok(0), |row| row.count(0))?;
    let to = seq.saturating_sub(1);
    let from = checkpoint::covered_from(last, to);
    let hashes = hashes(batch, tx, name, (from, to))?;
    let before = match hashes.last() {
        Some((_, hash)) => Head {
            seq: to,
            hash: *hash,
        },
        None => Head {
            seq: 0,
            hash: chain::genesis(name.0, name.1),
        },
    };
    let root = merkle::root(hashes);
    Ok(match checkpoint::check_place(said, before, last, root) {
        Err(doubt) => Some(doubt),
        Ok(()) if said.key != ours.to_hex() => Some(Doubt::Key),
        Ok(()) if !checkpoint::is_signed(name, body, said) => Some(Doubt::Signature),
        Ok(()) => None,
    })
}

/// The city's own hashes of a run that it has.
fn hashes(
    batch: &Batch<'_>,
    tx: &mut Tx<'_>,
    name: Name<'_>,
    (from, to): (u64, u64),
) -> Result<Vec<(u64, Hash)>, CityError> {
    let chain = batch.chains.get(&name);
    let here = (from..=to).map_while(|seq| {
        let (hash, _) = chain?.fresh.get(&seq)?;
        Some((seq, *hash))
    });
    let here: Vec<_> = here.collect();
    let wanted = to.saturating_sub(from).saturating_add(1);
    if u64::try_from(here.len()).is_ok_and(|len| len == wanted) {
        return Ok(here);
    }
    let rows = tx.rows(HASHES, &set(name, [from.into(), to.into()]))?;
    rows.iter()
        .map(|row| Ok((row.count(0)?, Hash::from_bytes(row.hash(1)?))))
        .collect()
}

/// Countersignatures that a box says it lacks.
fn again(batch: &mut Batch<'_>, tx: &mut Tx<'_>) -> Result<(), CityError> {
    for (id, digest) in &batch.digests {
        let name = (*id, digest.epoch.as_str());
        let Some(chain) = batch.chains.get_mut(&name) else {
            continue;
        };
        let sets: Vec<_> = digest
            .unsigned
            .iter()
            .map(|seq| set(name, [(*seq).into()]))
            .collect();
        for (seq, rows) in digest.unsigned.iter().zip(tx.rows_each(SIGNED, &sets)?) {
            let Some(row) = rows.first() else { continue };
            if chain.reply.countersign.len() >= COUNTERSIGNS_MAX {
                break;
            }
            chain.reply.countersign.push(Countersign {
                seq: *seq,
                head: Hash::from_bytes(row.hash(2)?),
                at: row.int(0)?,
                signature: row.text(1)?,
            });
            chain.reply.due = true;
        }
    }
    Ok(())
}

pub(super) fn set<const N: usize>((id, epoch): Name<'_>, rest: [Value; N]) -> Vec<Value> {
    let mut values = vec![id.into(), epoch.into()];
    values.extend(rest);
    values
}
