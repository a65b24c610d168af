//! Stores what arrives: a batch of messages, one commit, then the acknowledgements.
//!
//! Runs on a thread of its own, which is the only writer of the database. An acknowledgement is
//! read from the table inside the transaction and leaves this module only after its commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_wire::record::EpochReason;
use sync_wire::{
    Ack, Compare, Compared, Ctl, Hash, Header, Heartbeat, Hello, Kind, Message, Parked, Presence,
    Record, State, Tier, Topic,
};
use tokio::sync::{mpsc, watch};

use crate::alarm;
use crate::answer::{Replies, Reply, answer, code_word};
use crate::clock;
use crate::db::{Beat, NewRecord, Span, WriteTx, Writer};
use crate::decide::{Accepted, Claim, Decision, Held, decide};
use crate::error::CityError;
use crate::observe::{Effect, Observer, Verdict};

/// Messages that share one commit at most.
const MESSAGES_PER_COMMIT_MAX: usize = 64;
/// Boxes that one city takes.
const BOXES_MAX: u64 = 10_000;

/// Something that reached the city.
#[derive(Clone, Debug)]
pub enum Incoming {
    /// The subscriptions stand: every box is asked to say hello.
    Connected,
    /// A message.
    Message {
        /// Its topic.
        topic: String,
        /// Its bytes.
        payload: Vec<u8>,
    },
}

/// An acknowledgement whose records are durable.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The box it is for.
    pub id: String,
    /// What it says.
    pub ack: Ack,
}

/// The writer's side of the city.
pub struct Ingest {
    /// The database.
    pub writer: Writer,
    /// Sees commits.
    pub observer: Arc<dyn Observer>,
    /// Where acknowledgements go.
    pub acks: mpsc::Sender<Outgoing>,
    /// Counts commits, for whoever shows them.
    pub commits: watch::Sender<u64>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ingest").finish_non_exhaustive()
    }
}

impl Ingest {
    /// Works until the sending side is gone.
    pub fn run(mut self, mut incoming: mpsc::Receiver<Incoming>) -> Result<(), CityError> {
        while let Some(first) = incoming.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < MESSAGES_PER_COMMIT_MAX
                && let Ok(next) = incoming.try_recv()
            {
                batch.push(next);
            }
            self.take(&batch)?;
        }
        Ok(())
    }

    /// Stores a batch. What the database refuses is tried message by message, so that one bad
    /// message cannot hold up the others; what it refuses alone is not acknowledged, and the box
    /// sends it again.
    fn take(&mut self, batch: &[Incoming]) -> Result<(), CityError> {
        match self.store(batch) {
            Err(error @ CityError::Database { .. }) if batch.len() > 1 => {
                tracing::warn!(error = error.chain(), "A batch was not stored");
                for one in batch {
                    self.take(std::slice::from_ref(one))?;
                }
                Ok(())
            }
            Err(error @ CityError::Database { .. }) => {
                tracing::error!(error = error.chain(), "A message was not stored");
                Ok(())
            }
            other => other,
        }
    }

    fn store(&mut self, batch: &[Incoming]) -> Result<(), CityError> {
        let now = clock::now_ms();
        let tx = self.writer.begin()?;
        let mut replies = Replies::new();
        for one in batch {
            handle(&tx, one, &mut replies, now)?;
        }
        let mut answers = Vec::with_capacity(replies.len());
        for ((id, epoch), reply) in replies {
            let ack = answer(&tx, (&id, &epoch), reply, now)?;
            answers.push(Outgoing { id, ack });
        }
        if self.observer.before(Effect::Commit) == Verdict::Die {
            return Err(CityError::Ended("ingest"));
        }
        tx.commit()?;
        self.observer.after(Effect::Commit);
        for outgoing in answers {
            // Where the queue is full, the connection is slower than the disk or gone. The box
            // asks again, and the next answer says everything that this one would have said.
            if self.acks.try_send(outgoing).is_err() {
                tracing::warn!("An acknowledgement was dropped, the box will ask again");
            }
        }
        self.commits
            .send_modify(|count| *count = count.wrapping_add(1));
        Ok(())
    }
}

fn handle(
    tx: &WriteTx<'_>,
    incoming: &Incoming,
    replies: &mut Replies,
    now: i64,
) -> Result<(), CityError> {
    let Incoming::Message { topic, payload } = incoming else {
        for (id, epoch) in tx.newest_epochs()? {
            replies.entry((id, epoch)).or_default().greet = true;
        }
        return Ok(());
    };
    let Ok((id, topic)) = Topic::parse(topic) else {
        tracing::warn!("A message came on a topic that nobody knows");
        return Ok(());
    };
    if !tx.knows_box(id)? && tx.boxes()? >= BOXES_MAX {
        tracing::error!(id, "A box was turned away, there are too many");
        return Ok(());
    }
    tx.touch_box(id, "", now)?;
    match topic {
        Topic::UpLive | Topic::UpBulk => records(tx, (id, topic), payload, (replies, now)),
        Topic::UpCtl => match Ctl::decode(payload) {
            Ok(Ctl::Hello(hello)) => answer_hello(tx, id, &hello, (replies, now)),
            Ok(Ctl::Compare(compare)) => answer_compare(tx, id, &compare, (replies, now)),
            Ok(Ctl::Result(report)) => {
                tracing::info!(
                    id,
                    number = report.number,
                    ok = report.ok,
                    "A box answered a command"
                );
                Ok(())
            }
            Ok(Ctl::Heartbeat(beat)) => heartbeat(tx, id, &beat, (payload, now)),
            Err(error) => tx.raise(id, &alarm::bad_message(&error), now),
        },
        Topic::State => match State::decode(payload) {
            Ok(state) => tx.set_online(id, state.state == Presence::Online, now),
            Err(error) => tx.raise(id, &alarm::bad_message(&error), now),
        },
        Topic::DownAck | Topic::DownCmd | Topic::DownRoster => Ok(()),
    }
}

fn records(
    tx: &WriteTx<'_>,
    (id, topic): (&str, Topic),
    payload: &[u8],
    (replies, now): (&mut Replies, i64),
) -> Result<(), CityError> {
    let message = match Message::decode(payload) {
        Ok(message) => message,
        Err(error) => return tx.raise(id, &alarm::bad_message(&error), now),
    };
    let header = &message.header;
    let lane = if topic == Topic::UpLive {
        Tier::Live
    } else {
        Tier::Bulk
    };
    if header.r#box != id || header.lane != lane {
        return tx.raise(id, &alarm::foreign(header), now);
    }
    tx.touch_box(id, &header.site, now)?;
    if !tx.touch_epoch(id, &header.epoch, now)? {
        return tx.raise(id, &alarm::too_many_epochs(), now);
    }
    let held = held(tx, header)?;
    let claim = Claim {
        id,
        epoch: &header.epoch,
        from: header.from,
        prev: header.prev,
        head: header.head,
        bodies: &message.bodies,
    };
    let reply = replies
        .entry((id.to_owned(), header.epoch.clone()))
        .or_default();
    match decide(claim, &held) {
        Decision::Store(fresh) => {
            let bodies = (header.from..)
                .zip(&message.bodies)
                .collect::<BTreeMap<_, _>>();
            for record in fresh {
                let Some(body) = bodies.get(&record.seq) else {
                    continue;
                };
                store_one(tx, claim, (&record, body), (reply, now))?;
            }
            tx.add_span(
                id,
                &header.epoch,
                Span {
                    first: header.from,
                    last: header.to,
                },
            )
        }
        Decision::Refuse { code, seq } => {
            tracing::warn!(id, seq, code = code.code(), "Records were refused");
            tx.raise(id, &alarm::refused(header, code, seq), now)
        }
    }
}

fn store_one(
    tx: &WriteTx<'_>,
    claim: Claim<'_>,
    (record, body): (&Accepted, &[u8]),
    (reply, now): (&mut Reply, i64),
) -> Result<(), CityError> {
    let parked = match &record.meaning {
        Ok(meaning) => {
            note_meaning(tx, claim, (record.seq, meaning))?;
            None
        }
        Err(code) => {
            let message = code.text().to_owned();
            if reply.parked.len() < sync_wire::ack::PARKED_MAX {
                let message = message.clone();
                reply.parked.push(Parked {
                    seq: record.seq,
                    code: *code,
                    message,
                });
            }
            Some((code_word(*code), message))
        }
    };
    let hash = *record.hash.as_bytes();
    let row = NewRecord {
        seq: record.seq,
        body: body.to_vec(),
        hash,
        parked,
    };
    tx.insert(claim.id, claim.epoch, &row, now)
}

/// Keeps beside the record only what makes it found again.
fn note_meaning(
    tx: &WriteTx<'_>,
    claim: Claim<'_>,
    (seq, record): (u64, &Record),
) -> Result<(), CityError> {
    if let Kind::Worker(worker) = &record.kind {
        return tx.set_worker_at(claim.id, claim.epoch, (worker.worker, seq));
    }
    if let Kind::EpochBegan(began) = &record.kind
        && matches!(began.reason, EpochReason::Restored | EpochReason::Forked)
        && let Some(previous) = &began.previous
    {
        return tx.set_previous(claim.id, claim.epoch, &previous.epoch);
    }
    Ok(())
}

fn held(tx: &WriteTx<'_>, header: &Header) -> Result<Held, CityError> {
    let (id, epoch) = (&header.r#box, &header.epoch);
    let before = match header.from {
        0 | 1 => None,
        from => tx.hash_at(id, epoch, from - 1)?.map(Hash::from_bytes),
    };
    let range = Span {
        first: header.from,
        last: header.to,
    };
    let within = tx.hashes(id, epoch, range)?;
    let within = within
        .into_iter()
        .map(|(seq, hash)| (seq, Hash::from_bytes(hash)))
        .collect();
    let after = tx.record_at(id, epoch, header.to.saturating_add(1))?;
    let after = after.map(|one| (one.body, Hash::from_bytes(one.hash)));
    Ok(Held {
        before,
        within,
        after,
    })
}

fn answer_hello(
    tx: &WriteTx<'_>,
    id: &str,
    hello: &Hello,
    (replies, now): (&mut Replies, i64),
) -> Result<(), CityError> {
    if hello.r#box != id {
        return tx.raise(id, &alarm::foreign_hello(&hello.r#box), now);
    }
    tx.touch_box(id, &hello.site, now)?;
    if !tx.touch_epoch(id, &hello.epoch, now)? {
        return tx.raise(id, &alarm::too_many_epochs(), now);
    }
    replies
        .entry((id.to_owned(), hello.epoch.clone()))
        .or_default()
        .hello = Some(hello.number);
    let through = tx.through(id, &hello.epoch)?;
    let behind = hello.last < through && !hello.closed;
    let other = match hello.last {
        0 => None,
        last => tx
            .hash_at(id, &hello.epoch, last)?
            .filter(|hash| hash != hello.head.as_bytes()),
    };
    if behind || other.is_some() {
        tx.raise(id, &alarm::went_back(hello), now)?;
    }
    Ok(())
}

/// Up to where the box and the table agree.
fn answer_compare(
    tx: &WriteTx<'_>,
    id: &str,
    compare: &Compare,
    (replies, now): (&mut Replies, i64),
) -> Result<(), CityError> {
    if compare.r#box != id {
        return tx.raise(id, &alarm::foreign_hello(&compare.r#box), now);
    }
    let mut same = 0;
    for mark in compare.marks.iter().rev() {
        let held = tx.hash_at(id, &compare.epoch, mark.seq)?;
        if held.is_some_and(|held| held == *mark.hash.as_bytes()) {
            same = mark.seq;
            break;
        }
    }
    let number = compare.number;
    replies
        .entry((id.to_owned(), compare.epoch.clone()))
        .or_default()
        .compare = Some(Compared { number, same });
    Ok(())
}

fn heartbeat(
    tx: &WriteTx<'_>,
    id: &str,
    beat: &Heartbeat,
    (payload, now): (&[u8], i64),
) -> Result<(), CityError> {
    if beat.r#box != id {
        return tx.raise(id, &alarm::foreign_hello(&beat.r#box), now);
    }
    let skew_ms = now.saturating_sub(beat.sent_at);
    let beat = Beat {
        backlog: beat.backlog,
        skew_ms,
        body: payload.to_vec(),
    };
    tx.add_heartbeat(id, &beat, now)
}
