//! The acknowledgement, read from the table.

use std::collections::{BTreeMap, BTreeSet};

use sync_wire::{Ack, AckRange, Compared, Hash, ParkCode, Parked, VERSION, chain};

use crate::db::WriteTx;
use crate::error::CityError;

/// Beside the cursor, what a box and epoch get as an answer after the commit.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) parked: Vec<Parked>,
    pub(crate) hello: Option<u64>,
    pub(crate) compare: Option<Compared>,
    pub(crate) greet: bool,
}

/// By box and epoch.
pub(crate) type Replies = BTreeMap<(String, String), Reply>;

/// The acknowledgement, from the table as this transaction leaves it.
pub(crate) fn answer(
    tx: &WriteTx<'_>,
    (id, epoch): (&str, &str),
    reply: Reply,
    now: i64,
) -> Result<Ack, CityError> {
    let through = tx.through(id, epoch)?;
    let head = match tx.hash_at(id, epoch, through)? {
        Some(hash) => Hash::from_bytes(hash),
        None => chain::genesis(id, epoch),
    };
    let mut ranges = Vec::new();
    let mut beyond = Vec::new();
    for span in tx.spans_beyond(id, epoch)?.into_iter().rev() {
        let Some(hash) = tx.hash_at(id, epoch, span.last)? else {
            continue;
        };
        ranges.push(AckRange {
            from: span.first,
            to: span.last,
            head: Hash::from_bytes(hash),
        });
        beyond.push([span.first, span.last]);
    }
    let beyond = serde_json::to_string(&beyond).unwrap_or_else(|_| "[]".to_owned());
    tx.set_ack(id, epoch, (through, &beyond), now)?;
    let parked = match reply.hello {
        None => reply.parked,
        Some(_) => all_parked(tx, (id, epoch))?,
    };
    let (hello, greet) = (reply.hello, reply.greet);
    Ok(Ack {
        v: VERSION,
        epoch: epoch.to_owned(),
        through,
        head,
        ranges,
        parked,
        hello,
        greet,
        compare: reply.compare,
        retry_after_ms: None,
        bulk_rate: None,
        now,
    })
}

fn all_parked(tx: &WriteTx<'_>, (id, epoch): (&str, &str)) -> Result<Vec<Parked>, CityError> {
    let limit = u32::try_from(sync_wire::ack::PARKED_MAX).unwrap_or(u32::MAX);
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for (seq, word, message) in tx.parked(id, epoch, limit)? {
        let code = serde_json::from_value(word.into()).unwrap_or(ParkCode::Other);
        if seen.insert(seq) {
            all.push(Parked { seq, code, message });
        }
    }
    Ok(all)
}

/// The word that a code has on the wire.
pub(crate) fn code_word(code: ParkCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}
