//! What the clerk does becomes records, and the gate knows it at once.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use edge_domain::{Record, Roster};
use edge_store::{Entry, Reader, Writer};
use edge_web::{ActMaker, BoxFuture, Recorder, Refusal, SourceError};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::people::Sealer;

/// Records of one commit: the gate's own records never wait long behind a team that leaves.
const BATCH_RECORDS: usize = 100;

/// Seals, stamps and appends; one act after the other.
pub(crate) struct ClerkDesk {
    sealer: Sealer,
    clock: Clock,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    roster: watch::Sender<Arc<Roster>>,
    turn: tokio::sync::Mutex<()>,
}

impl fmt::Debug for ClerkDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClerkDesk").finish_non_exhaustive()
    }
}

impl ClerkDesk {
    /// A desk with a connection of its own; `roster` is what the lanes watch.
    pub(crate) fn new(
        sealer: Sealer,
        clock: Clock,
        (reader, writer): (Reader, Writer),
        roster: watch::Sender<Arc<Roster>>,
    ) -> Self {
        Self {
            sealer,
            clock,
            writer,
            reader: Arc::new(Mutex::new(reader)),
            roster,
            turn: tokio::sync::Mutex::default(),
        }
    }

    async fn ask<T, F>(&self, question: F) -> Result<T, SourceError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, SourceError> + Send + 'static,
    {
        let reader = Arc::clone(&self.reader);
        spawn_blocking(move || question(&reader.lock().unwrap_or_else(PoisonError::into_inner)))
            .await?
    }

    async fn carry_out(&self, maker: ActMaker) -> Result<Result<(), Refusal>, SourceError> {
        let _turn = self.turn.lock().await;
        self.writer.catch_up().await?;
        let acts = match self.ask(maker).await? {
            Ok(acts) => acts,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let at = self.clock.now();
        let entries = acts
            .into_iter()
            .map(|act| self.sealer.entry(&Record { at, act }))
            .collect::<Result<Vec<Entry>, _>>()?;
        for batch in entries.chunks(BATCH_RECORDS) {
            self.writer.append(batch.to_vec()).await?;
        }
        self.writer.catch_up().await?;
        let roster = self.ask(|reader| Ok(reader.roster()?)).await?;
        self.roster.send_replace(Arc::new(roster));
        Ok(Ok(()))
    }
}

impl Recorder for ClerkDesk {
    fn record(&self, maker: ActMaker) -> BoxFuture<'_, Result<Result<(), Refusal>, SourceError>> {
        Box::pin(self.carry_out(maker))
    }
}
