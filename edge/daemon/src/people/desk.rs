//! The one desk where people change, whoever asks: one change after the other, whole or not at
//! all, and the lanes know it before anyone is answered.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edge_domain::{Act, Moment, Record, Roster, WorkerId};
use edge_store::{Entry, ImportStep, KeptSheet, Reader, Writer};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;

use crate::clock::Clock;
use crate::people::sealer::Sealer;

/// Tries to hand a committed roster to the lanes before giving up, and the pause between two.
const HAND_ON_TRIES: u32 = 5;
const HAND_ON_PAUSE: Duration = Duration::from_secs(1);

/// Anything that keeps a change from being made.
pub(crate) type DeskError = Box<dyn Error + Send + Sync>;

/// What one change writes.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Acts on people and crews, in order.
    pub(crate) acts: Vec<Act>,
    /// Records of another kind, after them.
    pub(crate) entries: Vec<Entry>,
    /// Settings stored in the same commit.
    pub(crate) settings: Vec<(String, String)>,
    /// How far a file of the clerk's is with them, stored in the same commit; without settings.
    pub(crate) import: Option<ImportStep>,
    /// Most records of one commit; `None`: all in one, whole or not at all.
    pub(crate) batch: Option<usize>,
}

/// Seals, stamps and appends.
pub(crate) struct PeopleDesk {
    sealer: Arc<Sealer>,
    clock: Clock,
    writer: Writer,
    reader: Arc<Mutex<Reader>>,
    roster: watch::Sender<Arc<Roster>>,
    turn: tokio::sync::Mutex<()>,
    /// What was committed about people is not with the lanes yet.
    stale: AtomicBool,
    /// Somebody gave up handing it to them.
    given_up: Notify,
    /// How the ledger is asked for the roster.
    look: Look,
}

/// Asks the ledger for the roster.
type Look = fn(&Reader) -> Result<Roster, DeskError>;

impl fmt::Debug for PeopleDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeopleDesk").finish_non_exhaustive()
    }
}

impl PeopleDesk {
    /// A desk with a connection of its own; `roster` is what the lanes watch.
    pub(crate) fn new(
        sealer: Sealer,
        clock: Clock,
        (reader, writer): (Reader, Writer),
        roster: watch::Sender<Arc<Roster>>,
    ) -> Self {
        Self {
            sealer: Arc::new(sealer),
            clock,
            writer,
            reader: Arc::new(Mutex::new(reader)),
            roster,
            turn: tokio::sync::Mutex::default(),
            stale: AtomicBool::default(),
            given_up: Notify::default(),
            look: |reader| Ok(reader.roster()?),
        }
    }

    /// The same, asking another way for the roster.
    #[cfg(test)]
    pub(crate) fn looking(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// Whether something that was committed about people is not with the lanes yet.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Acquire)
    }

    /// Hands to the lanes what somebody could not, until it is with them. Never ends.
    pub(crate) async fn keep_fresh(self: Arc<Self>) {
        loop {
            self.given_up.notified().await;
            while self.is_stale() {
                let turn = self.turn.lock().await;
                let done = self.freshen().await;
                drop(turn);
                if done.is_err() {
                    tokio::time::sleep(HAND_ON_PAUSE).await;
                }
            }
        }
    }

    /// What is committed is with the lanes after this.
    async fn freshen(&self) -> Result<(), DeskError> {
        if self.is_stale() {
            return self.hand_on().await;
        }
        Ok(())
    }

    /// Asks the ledger off the runtime's thread.
    ///
    /// # Errors
    /// The question's own.
    pub(crate) async fn ask<T, F>(&self, question: F) -> Result<T, DeskError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T, DeskError> + Send + 'static,
    {
        let reader = Arc::clone(&self.reader);
        spawn_blocking(move || question(&reader.lock().unwrap_or_else(PoisonError::into_inner)))
            .await?
    }

    /// Commits what `maker` makes of the ledger as it is now, stamped with the given moment, and
    /// hands the new roster to the lanes. Nobody else changes people in between. A change without
    /// anything in it only answers.
    ///
    /// # Errors
    /// `maker`'s own, or the ledger does not take it: then nothing of that commit is in it.
    pub(crate) async fn carry_out<T, F>(&self, maker: F) -> Result<T, DeskError>
    where
        T: Send + 'static,
        F: FnOnce(&Reader, Moment) -> Result<(Change, T), DeskError> + Send + 'static,
    {
        let _turn = self.turn.lock().await;
        self.freshen().await?;
        self.writer.catch_up().await?;
        let (sealer, at) = (Arc::clone(&self.sealer), self.clock.now());
        let work = move |reader: &Reader| {
            let (change, answer) = maker(reader, at)?;
            let only_office =
                change.entries.is_empty() && change.acts.iter().all(Act::is_of_the_office);
            let mut entries = Vec::with_capacity(change.acts.len());
            for act in change.acts {
                entries.push(sealer.entry_anew(reader, &Record { at, act })?);
            }
            entries.extend(change.entries);
            Ok((
                entries,
                (change.settings, change.import),
                change.batch,
                (only_office, answer),
            ))
        };
        let (entries, (settings, import), batch, (only_office, answer)) = self.ask(work).await?;
        if let Some(step) = import {
            let is_about_people = !entries.is_empty();
            self.stale.fetch_or(is_about_people, Ordering::AcqRel);
            self.writer.append_import(entries, step).await?;
            if is_about_people {
                self.hand_on().await?;
            }
            return Ok(answer);
        }
        if entries.is_empty() && settings.is_empty() {
            return Ok(answer);
        }
        // Before the commit: whoever stops waiting for it here must leave a true word behind.
        self.stale.fetch_or(!only_office, Ordering::AcqRel);
        match batch {
            None => drop(self.writer.append_and_note(entries, settings).await?),
            Some(batch) => {
                for some in entries.chunks(batch.max(1)) {
                    self.writer.append(some.to_vec()).await?;
                }
            }
        }
        if only_office {
            self.writer.catch_up().await?;
        } else {
            self.hand_on().await?;
        }
        Ok(answer)
    }

    /// Keeps a file that speaks for a correction, sealed with the worker's key, part by part: a swipe
    /// waits behind one of them at most. False where he has no key any more.
    ///
    /// # Errors
    /// No randomness, or the ledger's file does not take it.
    pub(crate) async fn keep_file(
        &self,
        worker: WorkerId,
        digest: String,
        bytes: Vec<u8>,
    ) -> Result<bool, DeskError> {
        let (sealer, name) = (Arc::clone(&self.sealer), digest.clone());
        let work = move |reader: &Reader| {
            let Some(key) = reader.data_key(worker)? else {
                return Ok(None);
            };
            Ok(Some(sealer.file_parts(worker, (&name, &bytes), &key)?))
        };
        let Some(parts) = self.ask(work).await? else {
            return Ok(false);
        };
        for (part, sealed) in (0..).zip(parts) {
            let place = (digest.as_str(), part);
            self.writer.keep_evidence(worker.0, place, sealed).await?;
        }
        Ok(true)
    }

    /// Keeps a sheet as it is.
    ///
    /// # Errors
    /// The ledger's file does not take it.
    pub(crate) async fn keep_sheet(&self, sheet: KeptSheet) -> Result<(), DeskError> {
        Ok(self.writer.keep_sheet(sheet).await?)
    }

    /// Gives the lanes the roster as committed. What is committed must reach them, so a failure is
    /// tried again.
    async fn hand_on(&self) -> Result<(), DeskError> {
        let mut tries = 1;
        loop {
            let fresh = async {
                self.writer.catch_up().await?;
                self.ask(self.look).await
            };
            match fresh.await {
                Ok(roster) => {
                    self.roster.send_replace(Arc::new(roster));
                    self.stale.store(false, Ordering::Release);
                    return Ok(());
                }
                Err(error) if tries >= HAND_ON_TRIES => {
                    self.given_up.notify_one();
                    return Err(error);
                }
                Err(error) => {
                    tracing::error!(%error, "The lanes do not have the new roster yet");
                    tries += 1;
                    tokio::time::sleep(HAND_ON_PAUSE).await;
                }
            }
        }
    }
}
