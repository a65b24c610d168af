//! The acknowledgements, as the transaction leaves the tables.

use sync_wire::{Ack, AckRange, Hash, ParkCode, Parked, VERSION, chain};

use super::batch::{Batch, Name};
use super::chain::Chain;
use super::message::Answer;
use crate::db::{Row, Sql, Tx, Value};
use crate::error::CityError;
use crate::runs::Span;

const HASH: Sql = Sql {
    step: "read a hash",
    text: "SELECT hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};
const ALL_PARKED: Sql = Sql {
    step: "list parked records",
    text: "SELECT seq, code, message FROM parked WHERE box = ?1 AND epoch = ?2
             AND seq > ?4 ORDER BY seq LIMIT ?3",
};
const ACK: Sql = Sql {
    step: "note an acknowledgement",
    text: "INSERT INTO ack (box, epoch, through, beyond, made_at) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, epoch) DO UPDATE SET through = excluded.through,
             beyond = excluded.beyond, made_at = excluded.made_at",
};

/// What an acknowledgement says beside its epoch and what the box asked.
struct Cursor {
    through: u64,
    head: Hash,
    ranges: Vec<AckRange>,
}

impl Batch<'_> {
    /// One acknowledgement for every epoch that is due one.
    pub(super) fn answers(
        &mut self,
        tx: &mut Tx<'_>,
        retry_after_ms: Option<u64>,
    ) -> Result<Vec<Answer>, CityError> {
        self.chains.retain(|_, chain| chain.reply.due);
        self.read_ends(tx)?;
        let hellos = self
            .chains
            .iter()
            .filter(|(_, one)| one.reply.hello.is_some());
        let limit = u64::try_from(sync_wire::ack::PARKED_MAX).unwrap_or(u64::MAX);
        let after = |chain: &Chain<'_>| chain.reply.parked_after.into();
        let (hellos, asked): (Vec<Name<'_>>, Vec<Vec<Value>>) = hellos
            .map(|((id, epoch), chain)| {
                let asked = vec![(*id).into(), (*epoch).into(), limit.into(), after(chain)];
                ((*id, *epoch), asked)
            })
            .unzip();
        for (name, rows) in hellos.iter().zip(tx.rows_each(ALL_PARKED, &asked)?) {
            if let Some(chain) = self.chains.get_mut(name) {
                chain.reply.parked = rows.iter().map(parked).collect::<Result<_, _>>()?;
            }
        }
        let now = self.now;
        let mut answers = Vec::with_capacity(self.chains.len());
        let mut noted = Vec::with_capacity(self.chains.len());
        for ((id, epoch), chain) in &mut self.chains {
            let cursor = cursor((id, epoch), chain);
            if chain.is_begun || !chain.is_new {
                noted.push(note((id, epoch), &cursor, now));
            }
            let reply = std::mem::take(&mut chain.reply);
            let ack = Ack {
                v: VERSION,
                epoch: (*epoch).to_owned(),
                through: cursor.through,
                head: cursor.head,
                ranges: cursor.ranges,
                parked: reply.parked,
                hello: reply.hello,
                countersign: reply.countersign,
                digest: reply.digest,
                greet: reply.greet,
                compare: reply.compare,
                retry_after_ms,
                bulk_rate: None,
                now,
            };
            let id = (*id).to_owned();
            answers.push(Answer { id, ack });
        }
        tx.run_each(ACK, &noted)?;
        Ok(answers)
    }

    /// Reads the hashes at the ends of runs that this batch did not bring.
    fn read_ends(&mut self, tx: &mut Tx<'_>) -> Result<(), CityError> {
        let mut wanted: Vec<(Name<'_>, u64)> = Vec::new();
        for (name, chain) in &self.chains {
            let ends = answered(chain).into_iter().map(|span| span.last);
            let ends = ends.chain([chain.runs.through()]);
            let unknown = ends.filter(|seq| *seq > 0 && chain.hash(*seq).is_none());
            wanted.extend(unknown.map(|seq| (*name, seq)));
        }
        let sets: Vec<Vec<Value>> = wanted
            .iter()
            .map(|((id, epoch), seq)| vec![(*id).into(), (*epoch).into(), (*seq).into()])
            .collect();
        for ((name, seq), rows) in wanted.into_iter().zip(tx.rows_each(HASH, &sets)?) {
            if let (Some(chain), Some(row)) = (self.chains.get_mut(&name), rows.first()) {
                chain.read.insert(seq, Hash::from_bytes(row.hash(0)?));
            }
        }
        Ok(())
    }
}

/// The runs beyond a hole that an answer names: the newest, as many as fit.
fn answered(chain: &Chain<'_>) -> Vec<Span> {
    let mut newest: Vec<Span> = chain
        .runs
        .beyond()
        .rev()
        .take(sync_wire::ack::RANGES_MAX)
        .collect();
    newest.reverse();
    newest
}

fn cursor((id, epoch): Name<'_>, chain: &Chain<'_>) -> Cursor {
    let through = chain.runs.through();
    let range = |span: Span| {
        chain.hash(span.last).map(|head| AckRange {
            from: span.first,
            to: span.last,
            head,
        })
    };
    Cursor {
        through,
        head: chain
            .hash(through)
            .filter(|_| through > 0)
            .unwrap_or_else(|| chain::genesis(id, epoch)),
        ranges: answered(chain).into_iter().filter_map(range).collect(),
    }
}

fn note((id, epoch): Name<'_>, cursor: &Cursor, now: i64) -> Vec<Value> {
    let beyond: Vec<[u64; 2]> = cursor.ranges.iter().map(|one| [one.from, one.to]).collect();
    let beyond = serde_json::to_string(&beyond).unwrap_or_else(|_| "[]".to_owned());
    vec![
        id.into(),
        epoch.into(),
        cursor.through.into(),
        beyond.into(),
        now.into(),
    ]
}

fn parked(row: &Row) -> Result<Parked, CityError> {
    let code = serde_json::from_value(row.text(1)?.into()).unwrap_or(ParkCode::Other);
    Ok(Parked {
        seq: row.count(0)?,
        code,
        message: row.text(2)?,
    })
}

/// The word that a code has on the wire.
pub(crate) fn code_word(code: ParkCode) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "other".to_owned(),
    }
}
