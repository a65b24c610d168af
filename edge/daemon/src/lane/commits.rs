//! The records that a lane has asked for: one commit under way, the rest waiting in order.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use edge_domain::{Record, Ticket};
use edge_store::{Appended, Entry, StoreError, Writer};
use tokio::time::Instant;

use crate::lane::numbers::{number, within};
use crate::records;

/// Most records in one commit.
const BATCH_MAX: usize = 32;

/// How long the thread stays awake for a commit before it sleeps until told. To be put to sleep and
/// woken costs a good part of what a commit takes, and whoever stands at the gate waits for both.
const STAY_AWAKE: Duration = Duration::from_millis(2);

type Batch = Vec<(Ticket, Record)>;
type Answer = Pin<Box<dyn Future<Output = Result<Appended, StoreError>>>>;

/// The body of a lane's record in an epoch of the ledger, exactly as it is committed; `None` where it has
/// none. Public for the tests that put the rules, the ledger and the way to the city together.
pub fn lane_body(epoch_no: u32, record: &Record) -> Option<Vec<u8>> {
    records::body(&within(epoch_no, record), None).ok()
}

/// What became of a batch.
#[derive(Debug)]
pub(super) enum Done {
    /// Durable: each record with the lane's number of it.
    Recorded(Vec<(Ticket, Record, u64)>),
    /// Certainly not in the ledger.
    Failed(Vec<Ticket>, StoreError),
}

/// The queue to the ledger of one lane.
pub(super) struct Commits {
    writer: Writer,
    waiting: Batch,
    under_way: Option<(Batch, Answer)>,
}

impl Commits {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writer,
            waiting: Vec::new(),
            under_way: None,
        }
    }

    /// Asks for a record; it is committed after all asked for before.
    pub(super) fn push(&mut self, ticket: Ticket, record: Record) {
        self.waiting.push((ticket, record));
    }

    /// Waits for the next batch; for ever while nothing is asked for. May be dropped and called
    /// again: the commit under way goes on.
    pub(super) async fn next(&mut self) -> Done {
        if self.under_way.is_none() {
            self.begin();
        }
        let Some((_, answer)) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let answer = stay_awake_for(answer).await;
        let batch = self
            .under_way
            .take()
            .map(|(batch, _)| batch)
            .unwrap_or_default();
        match answer {
            Ok(appended) => {
                let of = |seq| number(appended.epoch_no, seq);
                let seqs = (appended.first_seq..=appended.last_seq).map(of);
                let recorded = batch.into_iter().zip(seqs);
                Done::Recorded(
                    recorded
                        .map(|((ticket, record), seq)| (ticket, record, seq))
                        .collect(),
                )
            }
            Err(error) => {
                Done::Failed(batch.into_iter().map(|(ticket, _)| ticket).collect(), error)
            }
        }
    }

    /// A record is likely near.
    pub(super) fn expect(&self) {
        self.writer.expect_append();
    }

    fn begin(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let batch: Batch = self
            .waiting
            .drain(..self.waiting.len().min(BATCH_MAX))
            .collect();
        let epoch_no = self.writer.epoch_no();
        let bodies: Result<Vec<Entry>, _> = batch
            .iter()
            .map(|(_, record)| records::body(&within(epoch_no, record), None).map(Entry::new))
            .collect();
        let writer = self.writer.clone();
        let answer: Answer = match bodies {
            Ok(entries) => Box::pin(async move { writer.append(entries).await }),
            Err(error) => {
                tracing::error!(%error, "A lane asked for a record that has no body");
                Box::pin(std::future::ready(Err(StoreError::Closed)))
            }
        };
        self.under_way = Some((batch, answer));
    }
}

/// Waits for an answer that is likely near: gives way to the other threads, but does not sleep, for
/// at most [`STAY_AWAKE`].
async fn stay_awake_for(answer: &mut Answer) -> Result<Appended, StoreError> {
    let until = Instant::now() + STAY_AWAKE;
    std::future::poll_fn(|context: &mut Context<'_>| {
        loop {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            if Instant::now() >= until {
                return Poll::Pending;
            }
            std::thread::yield_now();
        }
    })
    .await
}
