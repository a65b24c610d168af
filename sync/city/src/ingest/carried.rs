//! Records that a box carried over from an epoch that forked. Each is taken once, whichever way it
//! comes: a second copy is stored as every record, and counts for nothing.

use std::collections::BTreeSet;

use sync_wire::chain::next;
use sync_wire::{Hash, Kind};

use super::batch::{Batch, Name};
use crate::db::{Sql, Tx};
use crate::error::CityError;

const ORIGIN: Sql = Sql {
    step: "read the origin of a carried record",
    text: "SELECT body FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const TAKE: Sql = Sql {
    step: "note a carried record",
    text: "INSERT INTO carried (box, from_epoch, from_seq, digest, epoch, seq)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
};

const ANY: Sql = Sql {
    step: "look for carried records of an epoch",
    text: "SELECT 1 FROM carried WHERE box = ?1 AND from_epoch = ?2 LIMIT 1",
};
const TAKEN: Sql = Sql {
    step: "look whether a record was carried before it came",
    text: "SELECT 1 FROM carried
           WHERE box = ?1 AND from_epoch = ?2 AND from_seq = ?3 AND digest = ?4",
};

/// Records that the city has from elsewhere: carried ones whose origin it has, and origins that came
/// after they had been carried.
pub(super) type Repeated<'a> = BTreeSet<(Name<'a>, u64)>;

/// Finds the carried records of a batch that the city has already, and notes the others.
pub(super) fn look<'a>(batch: &Batch<'a>, tx: &mut Tx<'_>) -> Result<Repeated<'a>, CityError> {
    let mut found = Vec::new();
    for one in &batch.fresh {
        if let Ok(record) = one.meaning
            && let Kind::Carried(carried) = &record.kind
        {
            found.push((one.name, one.seq, carried));
        }
    }
    let origins: Vec<_> = found
        .iter()
        .map(|((id, _), _, one)| vec![(*id).into(), one.epoch.as_str().into(), one.seq.into()])
        .collect();
    let held = tx.rows_each(ORIGIN, &origins)?;
    let mut repeated = Repeated::new();
    let (mut names, mut sets) = (Vec::new(), Vec::new());
    for ((((id, epoch), seq, one), rows), mut set) in found.into_iter().zip(held).zip(origins) {
        let same = rows.first().map_or(Ok(false), |row| {
            Ok::<_, CityError>(row.bytes(0)? == one.body)
        })?;
        if same {
            repeated.insert(((id, epoch), seq));
            continue;
        }
        let digest = next(&Hash::from_bytes([0; 32]), &one.body).to_hex();
        set.extend([digest.into(), epoch.into(), seq.into()]);
        names.push(((id, epoch), seq));
        sets.push(set);
    }
    for (name, taken) in names.into_iter().zip(tx.run_each(TAKE, &sets)?) {
        if taken == 0 {
            repeated.insert(name);
        }
    }
    repeated.extend(came_after(batch, tx)?);
    Ok(repeated)
}

/// Records of an old file that is recovered come under their own name when some of them were carried
/// over long ago.
fn came_after<'a>(batch: &Batch<'a>, tx: &mut Tx<'_>) -> Result<Repeated<'a>, CityError> {
    let names: BTreeSet<Name<'a>> = batch.fresh.iter().map(|one| one.name).collect();
    let asked: Vec<_> = names
        .iter()
        .map(|(id, epoch)| vec![(*id).into(), (*epoch).into()])
        .collect();
    let carried = names.into_iter().zip(tx.rows_each(ANY, &asked)?);
    let carried: BTreeSet<Name<'a>> = carried
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(name, _)| name)
        .collect();
    let fresh = batch.fresh.iter();
    let fresh: Vec<_> = fresh.filter(|one| carried.contains(&one.name)).collect();
    let asked: Vec<_> = fresh
        .iter()
        .map(|one| {
            let digest = next(&Hash::from_bytes([0; 32]), one.body).to_hex();
            let ((id, epoch), seq) = (one.name, one.seq);
            vec![id.into(), epoch.into(), seq.into(), digest.into()]
        })
        .collect();
    let taken = fresh.into_iter().zip(tx.rows_each(TAKEN, &asked)?);
    Ok(taken
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(one, _)| (one.name, one.seq))
        .collect())
}
