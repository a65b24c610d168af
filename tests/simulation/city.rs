//! The model city: a table, and what it says of it.

use std::collections::BTreeMap;

use sync_wire::message::Message;
use sync_wire::{Ack, AckRange, Compare, Compared, Ctl, Hash, Head, Hello, Topic, VERSION};

use super::fault::{Promise, Step};

/// What stands at a number: the record and the hash at it.
type Row = (Vec<u8>, Hash);
/// Box and epoch.
pub(super) type Name = (String, String);

/// The city: every record that it has, by box, epoch and number.
#[derive(Debug, Clone, Default)]
pub(super) struct City {
    pub(super) tables: BTreeMap<Name, BTreeMap<u64, Row>>,
    /// The epochs of a box in the order in which they came.
    seen: Vec<Name>,
}

impl City {
    /// Takes a message, and answers it.
    pub(super) fn hear(
        &mut self,
        from: &str,
        (topic, payload): (Topic, &[u8]),
        now: i64,
    ) -> Step<Option<Ack>> {
        match topic {
            Topic::UpLive | Topic::UpBulk => {
                let epoch = self.store(from, payload)?;
                Ok(Some(self.ack(from, &epoch, now)))
            }
            Topic::UpCtl => Ok(match Ctl::decode(payload)? {
                Ctl::Hello(hello) => Some(self.greeted(from, &hello, now)),
                Ctl::Compare(compare) => Some(self.compared(from, &compare, now)),
                Ctl::Heartbeat(beat) => {
                    let known = self.through(from, &beat.epoch);
                    let went_back = beat.acked_through > known;
                    went_back.then(|| Ack {
                        greet: true,
                        ..self.ack(from, &beat.epoch, now)
                    })
                }
                Ctl::Result(_) | Ctl::Digest(_) => None,
            }),
            _ => Ok(None),
        }
    }

    /// Stores a message whole, or nothing of it where another record stands at, before or behind it.
    fn store(&mut self, from: &str, payload: &[u8]) -> Step<String> {
        let message = Message::decode(payload)?;
        let (hashes, header) = (message.hashes()?, &message.header);
        let epoch = header.epoch.clone();
        let name = (from.to_owned(), epoch.clone());
        let chained = hashes.last() == Some(&header.head) && header.r#box == from;
        Promise::Other.holds(chained, || format!("{from} sent {header:?}: no chain"))?;
        let before = self.hash(from, &epoch, header.from - 1);
        let after = self
            .tables
            .get(&name)
            .and_then(|rows| rows.get(&(header.to + 1)));
        let end = Head {
            seq: header.to,
            hash: header.head,
        };
        let fits = before.is_none_or(|hash| hash == header.prev)
            && after.is_none_or(|(body, hash)| end.extend(body).hash == *hash)
            && (header.from..).zip(&hashes).all(|(seq, hash)| {
                self.hash(from, &epoch, seq)
                    .is_none_or(|held| held == *hash)
            });
        if fits {
            if !self.seen.contains(&name) {
                self.seen.push(name.clone());
            }
            let rows = message.bodies.into_iter().zip(hashes);
            let table = self.tables.entry(name).or_default();
            table.extend((header.from..).zip(rows));
        }
        Ok(epoch)
    }

    fn hash(&self, of: &str, epoch: &str, seq: u64) -> Option<Hash> {
        if seq == 0 {
            return Some(Head::genesis(of, epoch).hash);
        }
        let table = self.tables.get(&(of.to_owned(), epoch.to_owned()))?;
        table.get(&seq).map(|(_, hash)| *hash)
    }

    /// How far an epoch is there without a hole.
    pub(super) fn through(&self, of: &str, epoch: &str) -> u64 {
        let table = self.tables.get(&(of.to_owned(), epoch.to_owned()));
        let rows = table.into_iter().flat_map(BTreeMap::keys);
        let run = rows.zip(1..).take_while(|(seq, place)| **seq == *place);
        run.count() as u64
    }

    fn ack(&self, of: &str, epoch: &str, now: i64) -> Ack {
        let through = self.through(of, epoch);
        let table = self.tables.get(&(of.to_owned(), epoch.to_owned()));
        let mut ranges: Vec<AckRange> = Vec::new();
        for (seq, (_, hash)) in table.into_iter().flat_map(|rows| rows.range(through + 1..)) {
            match ranges.last_mut() {
                Some(run) if run.to + 1 == *seq => (run.to, run.head) = (*seq, *hash),
                _ => ranges.push(AckRange {
                    from: *seq,
                    to: *seq,
                    head: *hash,
                }),
            }
        }
        let excess = ranges.len().saturating_sub(sync_wire::ack::RANGES_MAX);
        ranges.drain(..excess);
        Ack {
            v: VERSION,
            epoch: epoch.to_owned(),
            through,
            head: self
                .hash(of, epoch, through)
                .unwrap_or(Head::genesis(of, epoch).hash),
            ranges,
            parked: Vec::new(),
            countersign: Vec::new(),
            digest: None,
            hello: None,
            compare: None,
            greet: false,
            retry_after_ms: None,
            bulk_rate: None,
            now,
        }
    }

    fn greeted(&self, of: &str, hello: &Hello, now: i64) -> Ack {
        Ack {
            hello: Some(hello.number),
            ..self.ack(of, &hello.epoch, now)
        }
    }

    fn compared(&self, of: &str, compare: &Compare, now: i64) -> Ack {
        let alike = |seq, hash| self.hash(of, &compare.epoch, seq) == Some(hash);
        let mut marks = compare.marks.iter().rev();
        let same = marks.find(|mark| alike(mark.seq, mark.hash));
        Ack {
            compare: Some(Compared {
                number: compare.number,
                same: same.map_or(0, |mark| mark.seq),
            }),
            ..self.ack(of, &compare.epoch, now)
        }
    }

    /// What the city says to the boxes that it knows when it starts.
    pub(super) fn greet(&self, of: &str, now: i64) -> Option<Ack> {
        let newest = self.seen.iter().rev().find(|(name, _)| name == of)?;
        Some(Ack {
            greet: true,
            ..self.ack(of, &newest.1, now)
        })
    }
}
