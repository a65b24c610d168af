//! The city of the model: a table of each epoch, and what it answers.

use std::collections::{BTreeMap, BTreeSet};

use sync_wire::ack::{AckRange, Compared, PARKED_MAX, Parked};
use sync_wire::message::Message;
use sync_wire::record::Record;
use sync_wire::{Ack, Compare, Hash, Head, Hello, Kind, ParkCode, VERSION};

pub(crate) const BOX: &str = "box-demo";
pub(crate) const WALL_MS: i64 = 1_795_302_124_000;

pub(crate) type Table = BTreeMap<u64, (Vec<u8>, Hash)>;

/// The city's table: what is stored, by epoch and number.
#[derive(Default)]
pub(crate) struct City {
    pub(crate) stored: BTreeMap<String, Table>,
    /// Messages of which nothing was stored because another record stands there.
    pub(crate) refused: u32,
    /// Numbers that are parked, of any epoch.
    pub(crate) parked: BTreeSet<u64>,
}

impl City {
    pub(crate) fn hash_at(&self, epoch: &str, seq: u64) -> Option<Hash> {
        if seq == 0 {
            return Some(Head::genesis(BOX, epoch).hash);
        }
        Some(self.stored.get(epoch)?.get(&seq)?.1)
    }

    pub(crate) fn take(&mut self, payload: &[u8]) -> String {
        let message = Message::decode(payload).unwrap();
        let hashes = message.hashes().unwrap();
        let header = &message.header;
        let epoch = header.epoch.clone();
        let seqs = header.from..=header.to;
        let before = self.hash_at(&epoch, header.from - 1);
        let other =
            |(seq, hash): (u64, &Hash)| self.hash_at(&epoch, seq).is_some_and(|held| held != *hash);
        let after = self
            .stored
            .get(&epoch)
            .and_then(|table| table.get(&(header.to + 1)));
        let bad_after = after.is_some_and(|(body, hash)| {
            let head = Head {
                seq: header.to,
                hash: header.head,
            };
            head.extend(body).hash != *hash
        });
        if before.is_some_and(|hash| hash != header.prev)
            || seqs.clone().zip(&hashes).any(other)
            || bad_after
        {
            self.refused += 1;
            return epoch;
        }
        let table = self.stored.entry(epoch.clone()).or_default();
        table.extend(seqs.zip(message.bodies.into_iter().zip(hashes)));
        epoch
    }

    pub(crate) fn through(&self, epoch: &str) -> u64 {
        let Some(table) = self.stored.get(epoch) else {
            return 0;
        };
        let run = table
            .keys()
            .zip(1..)
            .take_while(|(seq, place)| **seq == *place);
        run.count().try_into().unwrap()
    }

    pub(crate) fn ack(&self, epoch: &str, hello: Option<u64>) -> Ack {
        let through = self.through(epoch);
        let mut ranges: Vec<AckRange> = Vec::new();
        let beyond = self
            .stored
            .get(epoch)
            .map(|table| table.range(through + 1..));
        for (seq, (_, hash)) in beyond.into_iter().flatten() {
            match ranges.last_mut() {
                Some(range) if range.to + 1 == *seq => (range.to, range.head) = (*seq, *hash),
                _ => ranges.push(AckRange {
                    from: *seq,
                    to: *seq,
                    head: *hash,
                }),
            }
        }
        ranges.truncate(64);
        Ack {
            v: VERSION,
            epoch: epoch.to_owned(),
            through,
            head: self.hash_at(epoch, through).unwrap(),
            ranges,
            parked: Vec::new(),
            hello,
            compare: None,
            countersign: Vec::new(),
            digest: None,
            greet: false,
            retry_after_ms: None,
            bulk_rate: None,
            now: WALL_MS,
        }
    }

    /// The answer to a hello: with what is parked of what it asks about.
    pub(crate) fn greeted(&self, hello: &Hello) -> Ack {
        let mut ack = self.ack(&hello.epoch, Some(hello.number));
        let held = |seq: &u64| self.hash_at(&hello.epoch, *seq).is_some();
        let after = hello.parked_after.unwrap_or(0) + 1;
        let parked = self.parked.range(after..).copied().filter(held);
        ack.parked = parked
            .take(PARKED_MAX)
            .map(|seq| Parked {
                seq,
                code: ParkCode::BadField,
                message: format!("第 {seq} 条缺内容"),
            })
            .collect();
        ack
    }

    pub(crate) fn compared(&self, compare: &Compare) -> Ack {
        let alike = |seq, hash| self.hash_at(&compare.epoch, seq) == Some(hash);
        let marks = compare.marks.iter().rev();
        let same = marks
            .filter(|mark| alike(mark.seq, mark.hash))
            .map(|mark| mark.seq)
            .next();
        Ack {
            compare: Some(Compared {
                number: compare.number,
                same: same.unwrap_or(0),
            }),
            ..self.ack(&compare.epoch, None)
        }
    }

    /// Loses everything after `through` of every epoch, as a restore from an old backup does.
    pub(crate) fn restore(&mut self, through: u64) {
        for table in self.stored.values_mut() {
            table.retain(|seq, _| *seq <= through);
        }
    }

    /// How often the city has an act: under its own name or carried.
    pub(crate) fn count(&self, act: &[u8]) -> usize {
        let bodies = self.stored.values().flat_map(BTreeMap::values);
        bodies.filter(|(body, _)| act_of(body) == act).count()
    }
}

/// The act in a body: what a carried record carries, else the body itself.
pub(crate) fn act_of(body: &[u8]) -> Vec<u8> {
    match Record::from_body(body) {
        Ok(Record {
            kind: Kind::Carried(carried),
            ..
        }) => carried.body,
        _ => body.to_vec(),
    }
}
