//! The thread that stores: a batch of messages, one transaction, then the acknowledgements.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sync_wire::seal::CityPrivateKey;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::batch::Batch;
use super::message::{Answer, Incoming, Outgoing, Read, read};
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
        while let Some(first) = ready.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < MESSAGES_PER_COMMIT_MAX
                && let Ok(next) = ready.try_recv()
            {
                batch.push(next);
            }
            self.take(batch)?;
        }
        Ok(())
    }

    fn take(&mut self, batch: Vec<Ready>) -> Result<(), CityError> {
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
                    reads.push(*read);
                }
            }
        }
        self.keep_on(|worker| worker.store_all(&reads, waited))
    }

    /// Does something, and does it again with a new connection where the database is gone.
    fn keep_on(
        &mut self,
        mut work: impl FnMut(&mut Self) -> Result<(), CityError>,
    ) -> Result<(), CityError> {
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

    /// Stores a batch. What the database refuses is tried message by message, so that one bad
    /// message cannot hold up the others; what it refuses alone is not acknowledged, and the box
    /// sends it again.
    fn store_all(&mut self, reads: &[Read], waited: Duration) -> Result<(), CityError> {
        if reads.is_empty() {
            return Ok(());
        }
        match self.store(reads, waited) {
            Err(error @ CityError::Database { .. }) if self.session.is_lost() => Err(error),
            Err(error @ CityError::Database { .. }) if reads.len() > 1 => {
                tracing::warn!(error = error.chain(), "A batch was not stored");
                reads
                    .iter()
                    .try_for_each(|one| self.store_all(std::slice::from_ref(one), waited))
            }
            Err(error @ CityError::Database { .. }) => {
                tracing::error!(error = error.chain(), "A message was not stored");
                Ok(())
            }
            other => other,
        }
    }

    fn store(&mut self, reads: &[Read], waited: Duration) -> Result<(), CityError> {
        let began = Instant::now();
        let mut tx = self.session.begin()?;
        tx.lock(
            &reads
                .iter()
                .map(|read| read.id.as_str())
                .collect::<BTreeSet<_>>(),
        )?;
        let mut batch = Batch::judge(&mut tx, reads, clock::now_ms())?;
        batch.write(&mut tx)?;
        let answers = batch.answers(&mut tx, retry_after(waited.max(began.elapsed())))?;
        let letters = down::due(&mut tx, &batch.greeted(), batch.now)?;
        if self.shared.observer.before(Effect::Commit) == Verdict::Die {
            return Err(CityError::Ended("ingest"));
        }
        tx.commit()?;
        self.shared.observer.after(Effect::Commit);
        self.shared.send(answers, letters);
        Ok(())
    }
}

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
