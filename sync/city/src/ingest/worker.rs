//! The thread that stores: a batch of messages, one transaction, then the acknowledgements.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sync_wire::down::SigningKey;
use sync_wire::seal::CityPrivateKey;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::batch::Batch;
use super::message::{Answer, Incoming, Outgoing, Read, read};
use super::{digest, notary};
use crate::clock;
use crate::db::Session;
use crate::down::{self, Letter};
use crate::error::CityError;
use crate::meaning::{Codes, Reading};
use crate::observe::{Effect, Observer, Verdict};

/// Messages that share one commit at most.
const MESSAGES_PER_COMMIT_MAX: usize = 64;
/// Messages that are read and not stored yet; beyond it reading waits.
const READ_AHEAD_MAX: usize = 64;
/// Pause before a box is tried again that another worker is at work on.
const BUSY: Duration = Duration::from_millis(2);
/// Messages that wait for such boxes at most.
const HELD_MAX: usize = 1_024;
/// A message that waited so long says that the database lags.
const LAG: Duration = Duration::from_secs(2);
/// The backlog of a box pauses at most so long for a database that lags, ms.
const RETRY_AFTER_MS_MAX: u128 = 60_000;
/// Pause before a database that is gone is tried again; doubles up to the last.
const AGAIN_FIRST: Duration = Duration::from_millis(200);
/// Longest pause before a database that is gone is tried again.
const AGAIN_LAST: Duration = Duration::from_secs(10);

/// What all workers of a city share.
#[derive(Clone)]
pub struct Shared {
    /// Sees commits.
    pub observer: Arc<dyn Observer>,
    /// Where acknowledgements go.
    pub acks: mpsc::Sender<Outgoing>,
    /// Counts commits, for whoever shows them.
    pub commits: watch::Sender<u64>,
    /// The codes that this city knows.
    pub codes: Arc<RwLock<Codes>>,
    /// The city's private key.
    pub key: Arc<CityPrivateKey>,
    /// What the city signs with.
    pub signer: Arc<SigningKey>,
    /// Since when, ms, the city is connected: who has said no hello since is to be asked for one. 0
    /// where that is done.
    pub greets: Arc<AtomicI64>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// One worker: one connection to the database and what is to be stored through it.
pub struct Ingest {
    /// The database.
    pub session: Session,
    /// What it shares with others.
    pub shared: Shared,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Ingest").finish_non_exhaustive()
    }
}

impl Ingest {
    /// Works until the sending side is gone.
    pub fn run(mut self, incoming: mpsc::Receiver<Incoming>) -> Result<(), CityError> {
        let mut ready = read_ahead(incoming, self.shared.reading())?;
        let mut held = Vec::new();
        while let Some(batch) = gather(&mut ready, held) {
            held = self.take(batch)?;
        }
        Ok(())
    }

    /// Stores a batch; gives back what is of boxes that another worker is at work on.
    fn take(&mut self, batch: Vec<Ready>) -> Result<Vec<Ready>, CityError> {
        let mut waited = Duration::ZERO;
        let mut reads = Vec::with_capacity(batch.len());
        for one in batch {
            match one {
                Ready::Connected => {
                    let greets = &self.shared.greets;
                    greets.store(clock::now_ms(), Ordering::Release);
                }
                Ready::Message(read, taken) => {
                    waited = waited.max(taken.elapsed());
                    reads.push(read);
                }
            }
        }
        let all: Vec<&Read> = reads.iter().map(AsRef::as_ref).collect();
        let busy = self.keep_on(|worker| worker.store_all(&all, waited))?;
        reads.retain(|read| busy.contains(&read.id));
        if reads.len() > HELD_MAX {
            tracing::warn!("Messages of a box that is busy were dropped, it will send them again");
            reads.truncate(HELD_MAX);
        }
        // What waits for another worker says nothing about the database.
        let held = reads.into_iter();
        Ok(held
            .map(|read| Ready::Message(read, Instant::now()))
            .collect())
    }

    /// Does something, and does it again with a new connection where the database is gone.
    fn keep_on<T>(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<T, CityError>,
    ) -> Result<T, CityError> {
        let mut pause = AGAIN_FIRST;
        loop {
            match work(self) {
                Err(error @ CityError::Database { .. }) if self.session.is_lost() => {
                    tracing::warn!(error = error.chain(), "The database is gone");
                }
                other => return other,
            }
            loop {
                std::thread::park_timeout(pause);
                pause = AGAIN_LAST.min(pause.saturating_mul(2));
                match self.session.again() {
                    Ok(session) => {
                        tracing::info!("The database is back");
                        self.session = session;
                        break;
                    }
                    Err(error) => tracing::warn!(error = error.chain(), "The database is gone"),
                }
            }
        }
    }

    /// Stores a batch; says which boxes were left out because another worker is at work on them. What the
    /// database refuses is tried message by message, so that one bad message cannot hold up the others;
    /// what it refuses alone is not acknowledged, and the box sends it again.
    fn store_all(&mut self, reads: &[&Read], waited: Duration) -> Result<Busy, CityError> {
        if reads.is_empty() {
            return Ok(Busy::new());
        }
        match self.store(reads, waited) {
            Err(error @ CityError::Database { .. }) if self.session.is_lost() => Err(error),
            Err(error @ CityError::Database { .. }) if reads.len() > 1 => {
                tracing::warn!(error = error.chain(), "A batch was not stored");
                let mut busy = Busy::new();
                for one in reads {
                    // What a box says stays in its order.
                    if !busy.contains(&one.id) {
                        busy.extend(self.store_all(std::slice::from_ref(one), waited)?);
                    }
                }
                Ok(busy)
            }
            Err(error @ CityError::Database { .. }) => {
                tracing::error!(error = error.chain(), "A message was not stored");
                Ok(Busy::new())
            }
            other => other,
        }
    }

    fn store(&mut self, reads: &[&Read], waited: Duration) -> Result<Busy, CityError> {
        let began = Instant::now();
        let is_live = self.session.is_urgent();
        let boxes: BTreeSet<&str> = reads.iter().map(|read| read.id.as_str()).collect();
        let mut tx = self.session.begin()?;
        // A box whose backlog is being stored delays nobody else's gate.
        let busy = if is_live {
            tx.try_lock(&boxes)?
        } else {
            tx.lock(&boxes)?;
            Busy::new()
        };
        let free = reads.iter().copied();
        let free: Vec<&Read> = free.filter(|read| !busy.contains(&read.id)).collect();
        if free.is_empty() {
            return Ok(busy);
        }
        let mut batch = Batch::judge(&mut tx, &free, clock::now_ms())?;
        batch.write(&mut tx)?;
        notary::notarize(&mut batch, &mut tx, &self.shared.signer)?;
        digest::compare(&mut batch, &mut tx)?;
        let answers = batch.answers(&mut tx, retry_after(waited.max(began.elapsed())))?;
        let letters = down::due(&mut tx, &batch.greeted(), batch.now)?;
        if self.shared.observer.before(Effect::Commit) == Verdict::Die {
            return Err(CityError::Ended("ingest"));
        }
        tx.commit()?;
        self.shared.observer.after(Effect::Commit);
        self.shared.send(answers, letters);
        Ok(busy)
    }
}

/// The next messages, those first that were left out; none where nothing comes any more.
fn gather(ready: &mut mpsc::Receiver<Ready>, held: Vec<Ready>) -> Option<Vec<Ready>> {
    let mut batch = held;
    let most = batch.len().saturating_add(MESSAGES_PER_COMMIT_MAX);
    if batch.is_empty() {
        batch.push(ready.blocking_recv()?);
    } else if ready.is_closed() && ready.is_empty() {
        // The city ends; the boxes send it again.
        return None;
    } else {
        std::thread::park_timeout(BUSY);
    }
    while batch.len() < most
        && let Ok(next) = ready.try_recv()
    {
        batch.push(next);
    }
    Some(batch)
}

/// Boxes that another worker is at work on.
type Busy = BTreeSet<String>;

/// What came, read.
enum Ready {
    Connected,
    Message(Box<Read>, Instant),
}

/// Reads what comes on a thread of its own, in its order: unpacking, hashing and understanding need
/// no database, and the database works meanwhile. Ends with either side.
fn read_ahead(
    mut incoming: mpsc::Receiver<Incoming>,
    (codes, key): (Arc<RwLock<Codes>>, Arc<CityPrivateKey>),
) -> Result<mpsc::Receiver<Ready>, CityError> {
    let (pass, ready) = mpsc::channel(READ_AHEAD_MAX);
    let work = move || {
        while let Some(one) = incoming.blocking_recv() {
            let next = match one {
                Incoming::Connected => Some(Ready::Connected),
                Incoming::Message {
                    topic,
                    payload,
                    taken,
                } => {
                    let reading = Reading {
                        codes: &codes.read().unwrap_or_else(PoisonError::into_inner),
                        key: &key,
                        now: clock::now_ms(),
                    };
                    read(&topic, &payload, reading)
                        .map(|read| Ready::Message(Box::new(read), taken))
                }
            };
            if next.is_some_and(|next| pass.blocking_send(next).is_err()) {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("read".to_owned())
        .spawn(work)
        .map_err(|_| CityError::Ended("read"))?;
    Ok(ready)
}

impl Shared {
    /// What messages are read with.
    fn reading(&self) -> (Arc<RwLock<Codes>>, Arc<CityPrivateKey>) {
        (Arc::clone(&self.codes), Arc::clone(&self.key))
    }

    pub(crate) fn send(&self, answers: Vec<Answer>, letters: Vec<Letter>) {
        for outgoing in outgoing(answers, letters) {
            // Where the queue is full, the connection is slower than the disk or gone. The box
            // asks again, and then it gets all that it would have got now.
            if self.acks.try_send(outgoing).is_err() {
                tracing::warn!("A message was dropped, the box will ask again");
            }
        }
        self.count_commit();
    }

    /// The same for what nobody asks for again, on a thread that may wait for the connection: nothing
    /// that the connection waits for is done there.
    pub(crate) fn send_patiently(&self, answers: Vec<Answer>, letters: Vec<Letter>) {
        for outgoing in outgoing(answers, letters) {
            if self.acks.blocking_send(outgoing).is_err() {
                // The city ends.
                return;
            }
        }
        self.count_commit();
    }

    /// Tells who shows them that there is something new.
    pub(crate) fn count_commit(&self) {
        self.commits
            .send_modify(|count| *count = count.wrapping_add(1));
    }
}

fn outgoing(answers: Vec<Answer>, letters: Vec<Letter>) -> impl Iterator<Item = Outgoing> {
    let answers = answers.into_iter().map(Outgoing::Answer);
    answers.chain(letters.into_iter().map(Outgoing::Letter))
}

/// How long boxes should pause their backlogs, ms: a database that lags is left to catch up.
fn retry_after(waited: Duration) -> Option<u64> {
    if waited < LAG {
        return None;
    }
    u64::try_from(waited.as_millis().saturating_mul(2).min(RETRY_AFTER_MS_MAX)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_lags_asks_for_a_pause_of_bounded_length() {
        assert_eq!(retry_after(Duration::from_millis(1_999)), None);
        assert_eq!(retry_after(Duration::from_secs(3)), Some(6_000));
        assert_eq!(retry_after(Duration::from_mins(10)), Some(60_000));
    }
}
