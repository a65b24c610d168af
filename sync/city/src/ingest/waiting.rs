//! Records that refer to what has not come yet. They are stored and wait; nothing behind them waits.
//!
//! A record waits while something before it is missing. Once everything before it is here and the
//! reference is not, it is parked, so that a person sees it. It is used as soon as the reference comes.

use std::collections::{BTreeMap, BTreeSet};

use sync_wire::ParkCode;

use super::answer::code_word;
use super::batch::{Batch, Name};
use crate::db::{Row, Session, Sql, Tx, Value};
use crate::error::CityError;
use crate::meaning::{act, gives, needs};

/// Records that one arrival sets free at most; the rest is found when all that wait are looked at again.
const FREED_MAX: u64 = 10_000;
/// Needs that are looked at again in one commit.
const PAGE: u32 = 500;

/// The epochs whose numbers an epoch continues, and itself; each once, should they go round in a circle.
macro_rules! line {
    () => {
        "WITH RECURSIVE line (epoch) AS (
           SELECT CAST(?2 AS TEXT)
           UNION
           SELECT e.previous FROM line
           JOIN epoch e ON e.box = ?1 AND e.epoch = line.epoch
           WHERE e.previous IS NOT NULL) "
    };
}
const KNOWN: Sql = Sql {
    step: "look for what a record refers to",
    text: concat!(
        line!(),
        "SELECT k.seq FROM line JOIN known k
           ON k.box = ?1 AND k.epoch = line.epoch AND k.what = ?3 AND k.no = ?4 LIMIT 1"
    ),
};
const LEARN: Sql = Sql {
    step: "note what a record makes known",
    text: "INSERT INTO known (box, epoch, what, no, seq) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, epoch, what, no) DO UPDATE
           SET seq = CASE WHEN known.seq > excluded.seq THEN known.seq ELSE excluded.seq END",
};
const NEED: Sql = Sql {
    step: "note what a record waits for",
    text: "INSERT INTO need (box, epoch, seq, what, no) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, epoch, seq, what) DO NOTHING",
};
const WANTED: Sql = Sql {
    step: "list what is waited for",
    text: "SELECT DISTINCT n.what, n.no FROM need n WHERE n.box = ?1",
};
const WAITERS: Sql = Sql {
    step: "list who waits",
    text: "SELECT epoch, seq FROM need WHERE box = ?1 AND what = ?3 AND no = ?4
             AND (epoch = ?2 OR epoch IN
               (SELECT e.epoch FROM epoch e WHERE e.box = ?1 AND e.previous = ?2))
           ORDER BY seq LIMIT ?5",
};
const MET: Sql = Sql {
    step: "forget a need",
    text: "DELETE FROM need WHERE box = ?1 AND epoch = ?2 AND seq = ?3 AND what = ?4",
};
const FREE: Sql = Sql {
    step: "free a record",
    text: "UPDATE record SET status = 'stored'
           WHERE box = ?1 AND epoch = ?2 AND seq = ?3 AND NOT EXISTS
             (SELECT 1 FROM need n WHERE n.box = ?1 AND n.epoch = ?2 AND n.seq = ?3)",
};
const UNPARK: Sql = Sql {
    step: "take a record out of the parked",
    text: "DELETE FROM parked WHERE box = ?1 AND epoch = ?2 AND seq = ?3 AND NOT EXISTS
             (SELECT 1 FROM need n WHERE n.box = ?1 AND n.epoch = ?2 AND n.seq = ?3)",
};
const OVERDUE: Sql = Sql {
    step: "list who waits in vain",
    text: "SELECT DISTINCT n.seq FROM need n JOIN record r
             ON r.box = n.box AND r.epoch = n.epoch AND r.seq = n.seq
           WHERE n.box = ?1 AND n.epoch = ?2 AND n.seq <= ?3 AND r.status = 'waiting'
           ORDER BY n.seq LIMIT ?4",
};
const PARK: Sql = Sql {
    step: "park a record",
    text: "UPDATE record SET status = 'parked' WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};

const NEEDS: Sql = Sql {
    step: "list needs",
    text: "SELECT box, epoch, seq, what, no FROM need
           WHERE (box, epoch, seq, what) > (?1, ?2, ?3, ?4)
           ORDER BY box, epoch, seq, what LIMIT ?5",
};
const PARK_OVERDUE: Sql = Sql {
    step: "park who waits in vain",
    text: "UPDATE record SET status = 'parked'
           WHERE box = ?1 AND epoch = ?2 AND seq = ?3 AND status = 'waiting' AND seq <=
             (SELECT s.last FROM span s WHERE s.box = ?1 AND s.epoch = ?2 AND s.first = 1)",
};

/// What new records refer to and nobody knows: (word, number) by the record's place in the batch.
pub(super) type Unmet = BTreeMap<usize, Vec<(&'static str, u32)>>;

/// Epoch, word and number of what a record makes known.
type Given<'a> = (&'a str, &'static str, u32);

/// Finds out which of the batch's records must wait, and notes what they make known.
pub(super) fn look(batch: &Batch<'_>, tx: &mut Tx<'_>) -> Result<Unmet, CityError> {
    let mut given: BTreeSet<(Name<'_>, &str, u32)> = BTreeSet::new();
    let mut learned = Vec::new();
    let mut open = Vec::new();
    for (at, one) in batch.fresh.iter().enumerate() {
        let Ok(record) = one.meaning else { continue };
        let record = act(record);
        if let Some((what, no)) = gives(&record.kind) {
            given.insert((one.name, what.word(), no));
            learned.push(values(one.name, what.word(), (no, Some(one.seq))));
        }
        let wanted = needs(&record.kind).into_iter();
        open.extend(wanted.map(|(what, no)| (at, one.name, what.word(), no)));
    }
    tx.run_each(LEARN, &learned)?;
    open.retain(|(_, name, what, no)| !given.contains(&(*name, *what, *no)));
    let asked: BTreeSet<_> = open
        .iter()
        .map(|(_, name, what, no)| (*name, *what, *no))
        .collect();
    let sets: Vec<_> = asked
        .iter()
        .map(|(name, what, no)| values(*name, what, (*no, None)))
        .collect();
    let found = tx.rows_each(KNOWN, &sets)?;
    let absent: BTreeSet<_> = asked
        .into_iter()
        .zip(found)
        .filter(|(_, rows)| rows.is_empty())
        .map(|(wanted, _)| wanted)
        .collect();
    let mut unmet = Unmet::new();
    for (at, name, what, no) in open {
        if absent.contains(&(name, what, no)) {
            unmet.entry(at).or_default().push((what, no));
        }
    }
    Ok(unmet)
}

/// Writes down who waits for what.
pub(super) fn note(batch: &Batch<'_>, unmet: &Unmet, tx: &mut Tx<'_>) -> Result<(), CityError> {
    let mut sets = Vec::new();
    for (at, wanted) in unmet {
        let Some(one) = batch.fresh.get(*at) else {
            continue;
        };
        let (id, epoch) = one.name;
        sets.extend(wanted.iter().map(|(what, no)| {
            vec![
                id.into(),
                epoch.into(),
                one.seq.into(),
                (*what).into(),
                (*no).into(),
            ]
        }));
    }
    tx.run_each(NEED, &sets).map(|_| ())
}

/// Sets free who waited for what this batch made known.
pub(super) fn free(batch: &Batch<'_>, tx: &mut Tx<'_>) -> Result<(), CityError> {
    let mut given: BTreeMap<&str, BTreeSet<Given<'_>>> = BTreeMap::new();
    for one in &batch.fresh {
        if let Ok(record) = one.meaning
            && let Some((what, no)) = gives(&act(record).kind)
        {
            let of_box = given.entry(one.name.0).or_default();
            of_box.insert((one.name.1, what.word(), no));
        }
    }
    let boxes: Vec<Vec<Value>> = given.keys().map(|id| vec![(*id).into()]).collect();
    let wanted = tx.rows_each(WANTED, &boxes)?;
    let mut freed = Vec::new();
    for ((id, given), rows) in given.into_iter().zip(wanted) {
        let wanted = rows
            .iter()
            .map(|row| Ok((row.text(0)?, row.int(1)?)))
            .collect::<Result<BTreeSet<_>, CityError>>()?;
        for (epoch, what, no) in given {
            if wanted.contains(&(what.to_owned(), i64::from(no))) {
                freed.push(((id, epoch), what, no));
            }
        }
    }
    for (name, what, no) in freed {
        let mut asked = values(name, what, (no, None));
        asked.push(FREED_MAX.into());
        let waiters = tx.rows(WAITERS, &asked)?;
        let met = waiters.iter().map(|row| {
            let record = vec![name.0.into(), row.text(0)?.into(), row.count(1)?.into()];
            Ok((record, what.to_owned()))
        });
        release(tx, &met.collect::<Result<Vec<_>, CityError>>()?)?;
    }
    Ok(())
}

/// Forgets needs that are met; whose last one it was is used from now on.
fn release(tx: &mut Tx<'_>, met: &[(Vec<Value>, String)]) -> Result<(), CityError> {
    let needs = met.iter().map(|(record, what)| {
        let mut need = record.clone();
        need.push(what.as_str().into());
        need
    });
    tx.run_each(MET, &needs.collect::<Vec<_>>())?;
    let records: Vec<_> = met.iter().map(|(record, _)| record.clone()).collect();
    tx.run_each(FREE, &records)?;
    tx.run_each(UNPARK, &records).map(|_| ())
}

/// A record and what it waits for: where a look at all of them has come to.
pub(crate) type Waiter = (String, String, u64, String);

/// Looks again at a page of all that wait, whatever was missed when it could have been set free or
/// given up: who is set free, and where the next page begins.
pub(crate) fn look_again(
    session: &mut Session,
    (id, epoch, seq, what): &Waiter,
) -> Result<(u64, Waiter), CityError> {
    let texts = [id, epoch].map(|text| Value::from(text.as_str()));
    let [id, epoch] = texts;
    let after = [id, epoch, (*seq).into(), what.as_str().into(), PAGE.into()];
    let read = |row: &Row| {
        let waiter = (row.text(0)?, row.text(1)?, row.count(2)?, row.text(3)?);
        Ok((waiter, row.int(4)?))
    };
    let rows = session.rows(NEEDS, &after)?;
    let page = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<(Waiter, i64)>, CityError>>()?;
    let Some((next, _)) = page.last().cloned() else {
        return Ok((0, Waiter::default()));
    };
    let mut tx = session.begin()?;
    tx.lock(&page.iter().map(|((id, ..), _)| id.as_str()).collect())?;
    let asked: Vec<Vec<Value>> = page
        .iter()
        .map(|((id, epoch, _, what), no)| {
            let texts = [id, epoch, what].map(|text| Value::from(text.as_str()));
            texts.into_iter().chain([(*no).into()]).collect()
        })
        .collect();
    let known = tx.rows_each(KNOWN, &asked)?;
    let (mut met, mut open) = (Vec::new(), Vec::new());
    for (((id, epoch, seq, what), _), known) in page.into_iter().zip(known) {
        let record = vec![id.as_str().into(), epoch.as_str().into(), seq.into()];
        if known.is_empty() {
            open.push(((id, epoch, seq), record));
        } else {
            met.push((record, what));
        }
    }
    release(&mut tx, &met)?;
    let (names, records): (Vec<_>, Vec<_>) = open.into_iter().unzip();
    let parked = tx.run_each(PARK_OVERDUE, &records)?;
    let code = ParkCode::UnknownReference;
    for ((id, epoch, seq), _) in names.iter().zip(parked).filter(|(_, rows)| *rows > 0) {
        super::write::park(&mut tx, (id, epoch, *seq), (&code_word(code), code.text()))?;
    }
    tx.commit()?;
    Ok((u64::try_from(met.len()).unwrap_or(u64::MAX), next))
}

/// Parks who waited for what did not come although everything before them has.
pub(super) fn give_up(batch: &mut Batch<'_>, tx: &mut Tx<'_>) -> Result<(), CityError> {
    for ((id, epoch), chain) in &mut batch.chains {
        let through = chain.runs.through();
        if chain.before.beyond().next().is_none() || through == chain.before.through() {
            continue;
        }
        let limit = u64::try_from(sync_wire::ack::PARKED_MAX).unwrap_or(u64::MAX);
        let asked = [(*id).into(), (*epoch).into(), through.into(), limit.into()];
        let code = ParkCode::UnknownReference;
        for row in tx.rows(OVERDUE, &asked)? {
            let seq = row.count(0)?;
            let named = [(*id).into(), (*epoch).into(), seq.into()];
            tx.run(PARK, &named)?;
            super::write::park(tx, (id, epoch, seq), (&code_word(code), code.text()))?;
            chain.reply.parked(seq, code);
        }
    }
    Ok(())
}

fn values((id, epoch): Name<'_>, what: &str, (no, seq): (u32, Option<u64>)) -> Vec<Value> {
    let mut values = vec![id.into(), epoch.into(), what.into(), no.into()];
    values.extend(seq.map(Value::from));
    values
}
