//! The model city: a table in the world's file. It stores what continues what it has, and says what it
//! has stored only when it is there.

use std::collections::BTreeMap;

use sync_wire::message::Message;
use sync_wire::{Ack, AckRange, Hash, Head, VERSION};
use tests::Result;
use tests::outage::{BOX, Fact, World};

/// What is stored of one epoch.
type Table = BTreeMap<u64, (Vec<u8>, Hash)>;

/// The city.
#[derive(Debug, Default)]
pub(crate) struct City {
    tables: BTreeMap<String, Table>,
}

impl City {
    /// As the world's file has it.
    pub(crate) fn of(world: &World) -> Self {
        let mut city = Self::default();
        for fact in world.facts() {
            if let Fact::Stored {
                epoch,
                from,
                bodies,
            } = fact
            {
                let bodies = bodies.iter().map(|body| body.clone().into_bytes());
                city.store(epoch, *from, bodies.collect());
            }
        }
        city
    }

    fn store(&mut self, epoch: &str, from: u64, bodies: Vec<Vec<u8>>) {
        let before = Head {
            seq: from - 1,
            hash: self
                .hash_at(epoch, from - 1)
                .unwrap_or(Hash::from_bytes([0; 32])),
        };
        let table = self.tables.entry(epoch.to_owned()).or_default();
        let mut head = before;
        for body in bodies {
            head = head.extend(&body);
            table.insert(head.seq, (body, head.hash));
        }
    }

    fn hash_at(&self, epoch: &str, seq: u64) -> Option<Hash> {
        if seq == 0 {
            return Some(Head::genesis(BOX, epoch).hash);
        }
        Some(self.tables.get(epoch)?.get(&seq)?.1)
    }

    /// Takes a message; a message that does not continue what is here stores nothing. Gives its epoch.
    pub(crate) fn take(&mut self, payload: &[u8], world: &mut World) -> Result<String> {
        let message = Message::decode(payload)?;
        let header = &message.header;
        let epoch = header.epoch.clone();
        let next = self.through(&epoch) + 1;
        let continues = self.hash_at(&epoch, header.from - 1) == Some(header.prev);
        if !continues || header.to < next {
            return Ok(epoch);
        }
        let hashes = message.hashes()?;
        let known =
            |(seq, hash): (u64, &Hash)| self.hash_at(&epoch, seq).is_some_and(|held| held != *hash);
        if (header.from..).zip(&hashes).any(known) {
            let what = format!(
                "the city has something else in {}..{}",
                header.from, header.to
            );
            world.add(Fact::Alarm { what })?;
            return Ok(epoch);
        }
        let skip = usize::try_from(next.saturating_sub(header.from))?;
        let from = header.from.max(next);
        let bodies: Vec<Vec<u8>> = message.bodies.into_iter().skip(skip).collect();
        let texts = bodies.iter().cloned().map(String::from_utf8);
        let texts = texts.collect::<std::result::Result<_, _>>()?;
        world.add(Fact::Stored {
            epoch: epoch.clone(),
            from,
            bodies: texts,
        })?;
        self.store(&epoch, from, bodies);
        Ok(epoch)
    }

    fn through(&self, epoch: &str) -> u64 {
        let table = self.tables.get(epoch);
        table
            .and_then(|table| table.keys().last().copied())
            .unwrap_or(0)
    }

    /// What it says about an epoch.
    pub(crate) fn ack(&self, epoch: &str, hello: Option<u64>, now: i64) -> Ack {
        let through = self.through(epoch);
        Ack {
            v: VERSION,
            epoch: epoch.to_owned(),
            through,
            head: self
                .hash_at(epoch, through)
                .unwrap_or(Hash::from_bytes([0; 32])),
            ranges: Vec::<AckRange>::new(),
            parked: Vec::new(),
            hello,
            compare: None,
            countersign: Vec::new(),
            digest: None,
            greet: false,
            retry_after_ms: None,
            bulk_rate: None,
            now,
        }
    }
}
