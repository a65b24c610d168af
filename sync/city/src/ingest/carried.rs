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

/// Carried records that the city has from elsewhere.
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
    Ok(repeated)
}
