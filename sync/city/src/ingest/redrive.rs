//! Tries parked records again: the city has learned a code or a kind since.

use std::collections::BTreeSet;

use sync_wire::{Hash, ParkCode, Record};

use super::answer::code_word;
use super::batch::{Batch, Fresh};
use super::waiting;
use crate::clock;
use crate::db::{Row, Session, Sql, Tx};
use crate::error::CityError;
use crate::meaning::{Reading, understand};

/// Records that share one commit.
const PAGE: u32 = 500;

const NEXT: Sql = Sql {
    step: "list parked records",
    text: "SELECT p.box, p.epoch, p.seq, p.code, r.body, r.hash FROM parked p
           JOIN record r ON r.box = p.box AND r.epoch = p.epoch AND r.seq = p.seq
           WHERE (p.box, p.epoch, p.seq) > (?1, ?2, ?3) AND p.code <> 'unknown_reference'
             AND (?5 = 0 OR p.code = 'in_future')
           ORDER BY p.box, p.epoch, p.seq LIMIT ?4",
};
const STATUS: Sql = Sql {
    step: "redrive a record",
    text: "UPDATE record SET status = ?4 WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const UNPARK: Sql = Sql {
    step: "take a record out of the parked",
    text: "DELETE FROM parked WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const RECODE: Sql = Sql {
    step: "park a record for another reason",
    text: "UPDATE parked SET code = ?4, message = ?5 WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};

const STILL: Sql = Sql {
    step: "look whether a record is parked still",
    text: "SELECT 1 FROM parked WHERE box = ?1 AND epoch = ?2 AND seq = ?3 AND code = ?4",
};

struct Parked {
    id: String,
    epoch: String,
    seq: u64,
    code: String,
    body: Vec<u8>,
    hash: Hash,
    meaning: Result<Record, ParkCode>,
}

/// Which parked records are tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Which {
    /// All: the city has learned something.
    All,
    /// Those whose time had not come.
    InFuture,
}

/// Reads parked records again; says how many are parked no longer.
pub fn redrive(
    session: &mut Session,
    which: Which,
    reading: Reading<'_>,
) -> Result<u64, CityError> {
    let mut after = (String::new(), String::new(), 0_u64);
    let mut freed = 0_u64;
    loop {
        let (id, epoch, seq) = &after;
        let asked = [
            id.as_str().into(),
            epoch.as_str().into(),
            (*seq).into(),
            PAGE.into(),
            (which == Which::InFuture).into(),
        ];
        let rows = session.rows(NEXT, &asked)?;
        let page = rows
            .iter()
            .map(|row| parked(row, reading))
            .collect::<Result<Vec<_>, _>>()?;
        let Some(last) = page.last() else {
            return Ok(freed);
        };
        after = (last.id.clone(), last.epoch.clone(), last.seq);
        freed = freed.saturating_add(again(session, &page)?);
    }
}

fn parked(row: &Row, reading: Reading<'_>) -> Result<Parked, CityError> {
    let (id, epoch, body) = (row.text(0)?, row.text(1)?, row.bytes(4)?);
    Ok(Parked {
        seq: row.count(2)?,
        code: row.text(3)?,
        hash: Hash::from_bytes(row.hash(5)?),
        meaning: understand((&id, &epoch), &body, reading),
        id,
        epoch,
        body,
    })
}

/// Those that nobody else took since they were read.
fn still<'a>(tx: &mut Tx<'_>, page: &'a [Parked]) -> Result<Vec<&'a Parked>, CityError> {
    let asked: Vec<_> = page
        .iter()
        .map(|one| {
            let (id, epoch) = (one.id.as_str().into(), one.epoch.as_str().into());
            vec![id, epoch, one.seq.into(), one.code.as_str().into()]
        })
        .collect();
    let found = tx.rows_each(STILL, &asked)?;
    let kept = page.iter().zip(found).filter(|(_, rows)| !rows.is_empty());
    Ok(kept.map(|(one, _)| one).collect())
}

/// What is understood now has the whole effect of a record that has just come.
fn again(session: &mut Session, page: &[Parked]) -> Result<u64, CityError> {
    let mut tx = session.begin()?;
    tx.lock(
        &page
            .iter()
            .map(|one| one.id.as_str())
            .collect::<BTreeSet<_>>(),
    )?;
    let mut batch = Batch::judge(&mut tx, &[], clock::now_ms())?;
    let (good, bad): (Vec<&Parked>, Vec<&Parked>) = still(&mut tx, page)?
        .into_iter()
        .partition(|one| one.meaning.is_ok());
    batch.fresh.extend(good.iter().map(|one| Fresh {
        name: (&one.id, &one.epoch),
        seq: one.seq,
        body: &one.body,
        hash: one.hash,
        meaning: &one.meaning,
    }));
    let (unmet, repeated) = batch.learn(&mut tx)?;
    let (mut freed, mut statuses, mut recoded) = (Vec::new(), Vec::new(), Vec::new());
    for (at, one) in batch.fresh.iter().enumerate() {
        let (id, epoch) = one.name;
        let named = vec![id.into(), epoch.into(), one.seq.into()];
        let mut more = named.clone();
        if unmet.contains_key(&at) {
            let code = ParkCode::UnknownReference;
            more.extend([code_word(code).into(), code.text().into()]);
            recoded.push(more);
        } else {
            let is_repeated = repeated.contains(&(one.name, one.seq));
            more.push(if is_repeated { "repeated" } else { "stored" }.into());
            statuses.push(more);
            freed.push(named);
        }
    }
    for one in bad {
        if let Err(code) = one.meaning
            && code_word(code) != one.code
        {
            let (id, epoch) = (one.id.as_str().into(), one.epoch.as_str().into());
            let (word, text) = (code_word(code).into(), code.text().into());
            recoded.push(vec![id, epoch, one.seq.into(), word, text]);
        }
    }
    tx.run_each(STATUS, &statuses)?;
    tx.run_each(UNPARK, &freed)?;
    tx.run_each(RECODE, &recoded)?;
    waiting::free(&batch, &mut tx)?;
    tx.commit()?;
    Ok(u64::try_from(freed.len()).unwrap_or(u64::MAX))
}
